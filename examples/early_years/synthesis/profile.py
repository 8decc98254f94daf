"""Writes children as rows of the early years foundation stage profile return."""

import numpy as np
import polars as pl

from examples.early_years.synthesis.children import COUNTED, NOBODY, OUTSIDE, Children
from examples.early_years.synthesis.codes import ETHNICITY, FSM, LANGUAGE, OLD_CODES, SEN, SEX, UNKNOWN_ETHNICITY
from examples.early_years.synthesis.numeric import Bools, Ints, stream
from examples.early_years.synthesis.places import CHILDREN_A_SCHOOL, WELSH_HOMES, WELSH_SCHOOLS, providers
from examples.early_years.synthesis.reference import Reference

_SECOND_RETURN = 0.003
_OLD_CODE = 0.30
_WELSH_LSOAS = 1900


def month_names(months: Ints | pl.Series) -> pl.Series:
    """Write months counted from January of year 0 as "2019-09"."""
    numbers = np.asarray(months)
    span = np.arange(int(numbers.min()), int(numbers.max()) + 1)
    names = pl.Series([f"{month // 12:04d}-{month % 12 + 1:02d}" for month in span.tolist()])
    return names.gather((numbers - span[0]).astype(np.uint32))


def _coded(codes: tuple[str, ...], positions: Ints) -> pl.Series:
    """Write positions as codes; an empty code is a missing value."""
    return pl.Series([code or None for code in codes], dtype=pl.String).gather(positions.astype(np.uint32))


def _homes(reference: Reference, children: Children, lsoa: Ints, rng: np.random.Generator) -> pl.DataFrame:
    """Return home LSOA, home authority and IDACI rank; some rows carry the authority's code before 2025."""
    area = reference.areas["new_la_code"].gather(children.area.astype(np.uint32))
    outside = pl.Series(children.kind == OUTSIDE)
    old = pl.Series(rng.random(lsoa.size) < _OLD_CODE) | outside
    rows = lsoa.astype(np.uint32)
    return pl.select(
        FSP_LLSOA21=reference.lsoas["lsoa"].gather(rows),
        FSP_HOME_LA_9CODE=pl.when(old).then(area.replace(OLD_CODES)).otherwise(area),
        FSP_IDACIRANK=reference.lsoas["idaci_rank"].gather(rows),
    )


def _move_to_wales(table: pl.DataFrame, outside: Bools, rng: np.random.Generator) -> pl.DataFrame:
    """Give children of border schools a home in Wales: codes that no English area list has."""
    homes = dict(zip(WELSH_SCHOOLS, WELSH_HOMES, strict=True))
    invented = pl.Series([f"W0100{n:04d}" for n in range(1, _WELSH_LSOAS + 1)])
    lsoa = invented.gather(rng.integers(0, _WELSH_LSOAS, table.height).astype(np.uint32))
    moved = pl.Series(outside) & pl.col("FSP_LA_9CODE").is_in(WELSH_SCHOOLS)
    return table.with_columns(
        FSP_LLSOA21=pl.when(moved).then(lsoa).otherwise("FSP_LLSOA21"),
        FSP_HOME_LA_9CODE=pl.when(moved).then(pl.col("FSP_LA_9CODE").replace(homes)).otherwise("FSP_HOME_LA_9CODE"),
        FSP_IDACIRANK=pl.when(~moved).then("FSP_IDACIRANK"),
    )


def profile_rows(
    reference: Reference, children: Children, schools: Ints, results: pl.DataFrame, *, seed: tuple[int, int]
) -> pl.DataFrame:
    """Return one row per child and, for a few, a second return of a child who moved.

    Args:
        reference: Calibration.
        children: Children of one academic year.
        schools: Position of the provider's authority; shape (n,).
        results: The seventeen results.
        seed: Seed and academic year.

    Returns:
        The columns of the profile file, with ``person`` (position of the child) in place of ``pupil_id``.
    """
    rng = stream(*seed, "profile")
    year = seed[1]
    first_month = first_month_of_birth(year)
    refused = rng.choice(3, size=schools.size, p=[0.25, 0.45, 0.30])
    known = children.ethnicity < len(ETHNICITY)
    ethnic = np.where(known, children.ethnicity, len(ETHNICITY) + refused)
    urn = providers(rng, reference, schools, children.lsoa, size=CHILDREN_A_SCHOOL, first=0)
    table = pl.select(
        person=pl.Series(np.arange(schools.size)),
        FSP_ACADYR=pl.lit(str(year)),
        FSP_RETURN_SEQUENCE=pl.lit(1, dtype=pl.Int8),
        FSP_LA_9CODE=reference.areas["new_la_code"].gather(schools.astype(np.uint32)),
        FSP_URN=pl.Series(urn.astype(np.int32)),
    ).hstack(_homes(reference, children, children.lsoa, rng))
    table = _move_to_wales(table, children.kind == OUTSIDE, rng) if _has_border(table) else table
    table = table.with_columns(
        FSP_SEX=_coded(SEX, children.sex),
        FSP_BIRTH_MONTH=month_names(children.month + first_month),
        FSP_FSM=_coded(FSM, children.fsm),
        FSP_ETHNICITY=_coded((*ETHNICITY, *UNKNOWN_ETHNICITY), ethnic),
        FSP_LANGUAGE=_coded(LANGUAGE, children.language),
        FSP_SEN=_coded(SEN, children.sen),
    ).hstack(results)
    columns = [c for c in table.columns if c != "FSP_IDACIRANK"]
    columns.insert(columns.index("FSP_SEN") + 1, "FSP_IDACIRANK")
    table = table.select(columns)
    again = _second_returns(reference, children, schools, table, rng)
    return pl.concat([table.filter(pl.Series(children.kind != NOBODY)), again])


def _has_border(table: pl.DataFrame) -> bool:
    """Tell whether schools on the Welsh border are among the rows."""
    return not table.filter(pl.col("FSP_LA_9CODE").is_in(WELSH_SCHOOLS)).is_empty()


def _second_returns(
    reference: Reference, children: Children, schools: Ints, table: pl.DataFrame, rng: np.random.Generator
) -> pl.DataFrame:
    """Repeat a few children with another provider and, for half, another home in the same authority."""
    twice = np.flatnonzero((children.kind == COUNTED) & (rng.random(schools.size) < _SECOND_RETURN))
    place = {"size": CHILDREN_A_SCHOOL, "first": 0}
    urn = providers(rng, reference, schools[twice], children.lsoa[twice], **place)
    last = np.searchsorted(reference.lsoa_area, children.area[twice], side="right") - 1
    beside = np.minimum(children.lsoa[twice] + 1, last)
    lsoa = np.where(rng.random(twice.size) < 0.5, beside, children.lsoa[twice]).astype(np.uint32)
    return table[twice].with_columns(
        FSP_RETURN_SEQUENCE=pl.lit(2, dtype=pl.Int8),
        FSP_URN=pl.Series(urn.astype(np.int32)),
        FSP_LLSOA21=reference.lsoas["lsoa"].gather(lsoa),
        FSP_IDACIRANK=reference.lsoas["idaci_rank"].gather(lsoa),
    )


def first_month_of_birth(year: int) -> int:
    """Return the September five years before the academic year begins, as months from January of year 0."""
    return (year // 100 - 5) * 12 + 8
