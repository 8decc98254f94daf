"""The arrow validated -> cube: one group-by over the records, then everything else on that small result.

Rows are put into one canonical order (by code), so neither the order of the records nor the number of threads can
change a byte of what follows.
"""

import numpy as np
import polars as pl

from ndl_publish.columns import AREA_CODE, CHILDREN, PLACE, TIME_PERIOD
from ndl_publish.cube.contributions import Contributions
from ndl_publish.cube.grid import IntArray
from ndl_publish.cube.layout import CubeLayout, lay_out
from ndl_publish.cube.model import Cube, FinestRows
from ndl_publish.engines.protocol import Engine
from ndl_publish.errors import InputError
from ndl_publish.geography.lookup import Geography
from ndl_publish.records.model import CONTRIBUTOR, IS_FIRST, PERIOD, ValidatedRecords, amount_column
from ndl_publish.spec.load import ReleaseSpec


def tabulate(records: ValidatedRecords, spec: ReleaseSpec, geography: Geography, *, engine: Engine) -> Cube:
    """Return the exact counts of a release.

    Args:
        records: One row per child.
        spec: What is published.
        geography: The areas the release covers.
        engine: Where the one group-by runs.

    Raises:
        InputError: ``NDL-V060`` when measures that should contain one another do not, or nobody is left to count.
    """
    layout = lay_out(spec, geography)
    means = _means(spec)
    sum_columns = {name: spec.dataset.column_of(name) for name in means}
    keys = _key_columns(spec, layout)
    finest = engine.aggregate(records.frame, keys=keys, sums=tuple(dict.fromkeys(sum_columns.values())))
    if finest.height == 0:
        raise InputError("NDL-V060", "No child is left to count. Check the time period, the areas and the population.")
    codes = _codes(finest, spec, geography, layout)
    order = np.lexsort(codes.T[::-1])
    children = finest[CHILDREN].cast(pl.Int64).to_numpy()[order]
    codes = np.asfortranarray(codes[order])  # cells are looked up dimension by dimension
    row_sums = {name: finest[column].cast(pl.Int64).to_numpy()[order] for name, column in sum_columns.items()}
    sums = {name: layout.base.tabulate(codes, values) for name, values in row_sums.items()}
    counts = layout.grid.tabulate(codes, children)
    by = {
        name: _contributions(
            engine.aggregate(frame, keys=(*keys, CONTRIBUTOR), sums=_amounts(spec, name)), name, spec, geography, layout
        )
        for name, frame in records.contributions.items()
    }
    return Cube(layout, FinestRows(codes, children, row_sums), counts, sums, records.linkage, by)


def _amounts(spec: ReleaseSpec, contributor: str) -> tuple[str, ...]:
    return (IS_FIRST, *(amount_column(measure) for measure in spec.contributed_sums(contributor)))


def _contributions(
    finest: pl.DataFrame, contributor: str, spec: ReleaseSpec, geography: Geography, layout: CubeLayout
) -> Contributions:
    numbers = finest.select(pl.exclude(pl.String, pl.Boolean).cast(pl.Int64))
    return Contributions(
        codes=_codes(finest, spec, geography, layout),
        contributor=numbers[CONTRIBUTOR].to_numpy(),
        children=numbers[CHILDREN].to_numpy(),
        known=numbers[IS_FIRST].to_numpy(),
        amounts={name: numbers[amount_column(name)].to_numpy() for name in spec.contributed_sums(contributor)},
    )


def _means(spec: ReleaseSpec) -> list[str]:
    used = {measure for table in spec.release.tables for measure in table.measures}
    return [name for name, measure in spec.dataset.measures.items() if name in used and measure.kind == "mean"]


def _key_columns(spec: ReleaseSpec, layout: CubeLayout) -> tuple[str, ...]:
    breakdowns = [column_of(dimension.name, spec) for dimension in layout.breakdown_dimensions]
    shares = [spec.dataset.column_of(measure) for chain in layout.chains.values() for measure in chain]
    return tuple(dict.fromkeys([PLACE, *breakdowns, *shares]))


def column_of(dimension: str, spec: ReleaseSpec) -> str:
    """Return the column of the records that a dimension between areas and outcomes is read from."""
    return PERIOD if dimension == TIME_PERIOD else spec.dataset.breakdowns[dimension].column


def _codes(finest: pl.DataFrame, spec: ReleaseSpec, geography: Geography, layout: CubeLayout) -> IntArray:
    """Return the finest code of each row in every dimension, ``(n_rows, n_dimensions)``."""
    to_area = geography.nesting.select(
        pl.col(geography.finest).alias(PLACE), pl.col(layout.area_level).alias(AREA_CODE)
    )
    areas = finest.select(PLACE).join(to_area, on=PLACE, how="left", maintain_order="left")[AREA_CODE]
    labels = {d.name: finest[column_of(d.name, spec)] for d in layout.breakdown_dimensions}
    ranks = {o: [spec.dataset.column_of(measure) for measure in chain] for o, chain in layout.chains.items()}
    columns = [
        _positions(areas, layout.grid.dimensions[0].codes),
        *(_positions(labels[d.name], d.codes) for d in layout.breakdown_dimensions),
        *(_rank(finest, outcome, reached) for outcome, reached in ranks.items()),
    ]
    return np.column_stack(columns)


def _positions(labels: pl.Series, codes: tuple[str, ...]) -> IntArray:
    """Return the position of each label among the codes.

    Raises:
        InputError: ``NDL-V061`` when a label is not a code; validation should have found it.
    """
    positions = labels.replace_strict(list(codes), list(range(len(codes))), default=None, return_dtype=pl.Int64)
    if positions.null_count():
        raise InputError("NDL-V061", f"{labels.name}: {positions.null_count()} rows hold no declared category.")
    return np.asarray(positions.to_numpy(), np.int64)


def _rank(finest: pl.DataFrame, outcome: str, columns: list[str]) -> IntArray:
    """Return how many of the nested measures each row reached.

    Raises:
        InputError: ``NDL-V062`` when a row reached a narrower measure and not the wider one before it.
    """
    flags = finest.select(columns).to_numpy().astype(np.int64)
    broken = int((np.diff(flags, axis=1) > 0).any(axis=1).sum())
    if broken:
        raise InputError(
            "NDL-V062",
            f"outcomes.{outcome}: the measures do not contain one another in this order. "
            "List the widest first, or put them into outcomes of their own.",
        )
    return np.asarray(flags.sum(axis=1), np.int64)
