"""Protections spoilt on purpose: the audit must catch every one."""

from collections.abc import Mapping

import numpy as np
import polars as pl
import pytest

from ndl_publish.audit.judge import Required
from ndl_publish.audit.run import audit_tables
from ndl_publish.columns import Mask
from ndl_publish.cube.protected import ProtectedCube
from ndl_publish.protect.classic import protect_classic
from tests.suppression_cases import Case, table
from tests.unit.cube.small_release import SMALL, World, children, world

TABLES = (SMALL, SMALL | {"name": "again", "levels": ["region", "local_authority"]})
Tables = Mapping[str, pl.DataFrame]


def one_small_count(n: int) -> Case:
    """Return a square table whose one small count needs three other blanks."""
    counts = np.random.default_rng(n).integers(20, 60, (n, n))
    counts[0, 0] = 2
    return table(counts)


@pytest.mark.parametrize("n", [2, 3, 5, 8])
def test_any_secondary_that_is_shown_gives_the_small_count_away(n: int) -> None:
    case = one_small_count(n)
    mask = case.suppress().mask
    secondaries = np.flatnonzero(mask == Mask.SECONDARY_SUPPRESSED)
    assert len(secondaries) == 3
    for cell in secondaries:
        is_shown = mask == Mask.SHOWN
        is_shown[cell] = True
        assert "NDL-D001" in {finding.code for finding in case.attack(is_shown)}


def test_most_secondaries_of_crowded_tables_are_needed() -> None:
    """What is not needed by itself may be there for insiders, or because the search is not exact; it is not much."""
    needed = total = 0
    for seed in range(4):
        case = table(np.random.default_rng(seed).poisson(9.0, (6, 7)))
        mask = case.suppress().mask
        assert case.attack(mask == Mask.SHOWN) == ()
        for cell in np.flatnonzero(mask == Mask.SECONDARY_SUPPRESSED):
            is_shown = mask == Mask.SHOWN
            is_shown[cell] = True
            needed += bool(case.attack(is_shown))
            total += 1
    assert needed >= 0.6 * total > 0


def test_a_primary_that_is_shown_is_caught() -> None:
    case = one_small_count(3)
    is_shown = case.suppress().mask == Mask.SHOWN
    assert "NDL-D002" in {finding.code for finding in case.attack(is_shown | case.primary)}


@pytest.mark.parametrize("levels", [("code", "total"), ("total", "code"), ("total", "total")])
def test_a_total_recomputed_from_visible_cells_is_caught(levels: tuple[str, str]) -> None:
    """It says that the blanks under it are empty, which no other total confirms."""
    case = one_small_count(4)
    is_shown = case.suppress().mask == Mask.SHOWN
    block, inner = case.grid.block(levels), case.grid.block(("code", "code"))
    visible = np.where(is_shown, case.values, 0)[inner.cells].reshape(inner.shape)
    axes = tuple(axis for axis, level in enumerate(levels) if level == "total")
    spoilt = case.values.copy()
    spoilt[block.cells] = visible.sum(axis=axes).reshape(-1)
    mutant = one_small_count(4)
    object.__setattr__(mutant, "values", spoilt)
    assert mutant.attack(is_shown)


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> tuple[World, ProtectedCube, Required]:
    """Give a small release of exact counts, and what must not be deduced from it."""
    made = world(tmp_path_factory.mktemp("mutants"), "classic", tables=TABLES, minimum_count=5)
    result = protect_classic(made.cube(children(1200)), made.spec, tie_break=b"mutants")
    mask = result.withheld.mask
    primary = np.asarray(mask == Mask.PRIMARY_SUPPRESSED)
    required = Required(made.layout.grid, primary, np.asarray(mask == Mask.SECONDARY_SUPPRESSED))
    return made, result.protected, required


def codes_found(release: tuple[World, ProtectedCube, Required], tables: Tables) -> set[str]:
    """Return the codes of the errors that the audit of a release finds."""
    made, protected, required = release
    checks = audit_tables(made.spec, made.layout, tables, protected.privacy, required)
    return {finding.code for check in checks for finding in check.findings if finding.severity == "error"}


def figures(protected: ProtectedCube) -> dict[str, pl.DataFrame]:
    return {one.name: one.figures for one in protected.tables}


def shown_instead(figure: pl.DataFrame, at: pl.Expr, value: float) -> pl.DataFrame:
    return figure.with_columns(
        value=pl.when(at).then(pl.lit(value)).otherwise("value"),
        status=pl.when(at).then(pl.lit("published")).otherwise(pl.col("status").cast(pl.String)),
    )


def at(row: Mapping[str, object]) -> pl.Expr:
    keys = ("geographic_level", "area_code", "sex", "measure")
    return pl.all_horizontal(pl.col(name).cast(pl.String) == row[name] for name in keys)


def withheld(protected: ProtectedCube, unit: str) -> list[dict[str, object]]:
    small = figures(protected)["small"]
    return small.filter(pl.col("status") == "suppressed", pl.col("unit") == unit).to_dicts()


def test_the_release_itself_passes(release: tuple[World, ProtectedCube, Required]) -> None:
    assert codes_found(release, figures(release[1])) == set()


def test_every_rate_whose_count_is_withheld_is_caught_when_shown(
    release: tuple[World, ProtectedCube, Required],
) -> None:
    rows = withheld(release[1], "percent")
    assert rows
    for row in rows:
        tables = {name: shown_instead(figure, at(row), 50.0) for name, figure in figures(release[1]).items()}
        assert codes_found(release, tables) & {"NDL-D012", "NDL-D013"}


def test_a_count_of_the_release_that_is_shown_is_caught(release: tuple[World, ProtectedCube, Required]) -> None:
    rows = withheld(release[1], "children")
    assert rows
    caught = 0
    for row in rows[:: max(1, len(rows) // 8)]:
        tables = {name: shown_instead(figure, at(row), 3.0) for name, figure in figures(release[1]).items()}
        caught += bool(codes_found(release, tables))
    assert caught == len(rows[:: max(1, len(rows) // 8)])


def test_a_release_whose_totals_are_sums_of_what_is_seen_is_caught(
    release: tuple[World, ProtectedCube, Required],
) -> None:
    """An authority's total, added up anew from those of its small areas that can be seen."""
    small = figures(release[1])["small"].filter(unit="children")
    parents = dict(release[0].geography.nesting.select("lsoa", "local_authority").iter_rows())
    mutants = 0
    for row in small.filter(geographic_level="lsoa", status="suppressed").iter_rows(named=True):
        parent = parents[row["area_code"]]
        total = {**row, "geographic_level": "local_authority", "area_code": parent}
        if small.filter(at(total), pl.col("status") == "published").is_empty():
            continue
        parts = [area for area, above in parents.items() if above == parent]
        same = (pl.col("sex") == row["sex"]) & (pl.col("measure") == row["measure"])
        seen = small.filter(same, pl.col("area_code").is_in(parts))["value"].sum()
        tables = {name: shown_instead(figure, at(total), float(seen)) for name, figure in figures(release[1]).items()}
        assert codes_found(release, tables)
        mutants += 1
    assert mutants > 0
