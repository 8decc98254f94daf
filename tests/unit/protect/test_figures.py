"""From protected cells to figures: one mask for all, percentages once rounded, honest intervals."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from ndl_publish.cube.model import Cube
from ndl_publish.cube.possible import possible_cells
from ndl_publish.cube.protected import BoolArray, PublicTable
from ndl_publish.protect.figures import CellValues, public_tables
from ndl_publish.protect.intervals import Z_95
from ndl_publish.protect.primary.mean_room import shown_means
from ndl_publish.protect.tree_residuals import plan_tree_residuals
from tests.unit.cube.small_release import BANDS, MEANS_BY_SEX, World, children, world
from tests.unit.protect.conftest import DpBuild

AT = {"geographic_level": "local_authority", "area_code": "la_b"}
CELL = {**AT, "sex": "Male", "ethnic_minor": "a2", "ethnic_major": "Total"}
MARGIN = {**AT, "sex": "Total", "ethnic_minor": "Total", "ethnic_major": "Total"}


@pytest.fixture
def cells(small: World, cube: Cube) -> CellValues:
    everything = np.ones(small.layout.grid.n_cells, bool)
    return CellValues(small.layout, cube.counts, everything, everything, cube.sums)


def _hide(cells: CellValues, levels: tuple[str, ...], *index: int) -> CellValues:
    block = cells.layout.grid.block(levels)
    shown: BoolArray = cells.is_shown.copy()
    shown[block.cells].reshape(block.shape)[index] = False
    return replace(cells, is_shown=shown)


def _rows(table: PublicTable, **where: str) -> dict[str, tuple[float | None, str]]:
    found = table.figures.filter(*(pl.col(name) == value for name, value in where.items()))
    return {m: (v, s) for m, v, s in found.select("measure", "value", "status").rows()}


def _main(small: World, cells: CellValues) -> PublicTable:
    return public_tables(small.spec, cells)[0]


def _at_la_b_male_a2(small: World) -> tuple[int, int, int]:
    grid = small.layout.grid
    return (
        grid.dimensions[0].level("local_authority").groups.index("la_b"),
        grid.dimensions[1].codes.index("Male"),
        grid.dimensions[2].codes.index("a2"),
    )


def test_every_area_crossing_and_measure_has_one_row(small: World, cells: CellValues) -> None:
    main = _main(small, cells).figures
    n_areas = 1 + 2 + 1 + 4
    assert main.height == n_areas * (1 + 2 + 4 + 8 + 2) * 7
    keys = ["geographic_level", "area_code", "sex", "ethnic_major", "ethnic_minor", "measure"]
    assert not main.select(keys).is_duplicated().any()


def test_rows_stand_in_order_of_level_area_breakdown_measure(small: World, cells: CellValues) -> None:
    main = _main(small, cells).figures
    assert main["geographic_level"].unique(maintain_order=True).to_list() == [
        "national", "region", "combined_authority", "local_authority",
    ]  # fmt: skip
    first = main.head(7)
    assert first.select("sex", "ethnic_major", "ethnic_minor").unique().rows() == [("Total", "Total", "Total")]
    assert first["measure"].to_list() == [
        "children_count", "comm_count", "comm_percent", "gld_count", "gld_percent", "all_goals_count",
        "all_goals_percent",
    ]  # fmt: skip
    assert first["unit"].to_list() == ["children", "children", "percent", "children", "percent", "children", "percent"]


def test_figures_are_what_the_children_give(small: World, cells: CellValues) -> None:
    frame = (
        children(2500)
        .filter(pl.col("place").is_in(["s2", "s3"]), sex_code="Male", minor="a2")
        .with_columns(is_child=True)
    )
    n, comm, gld, every = (int(frame[name].sum()) for name in ("is_child", "is_comm", "is_gld", "is_all"))
    found = _rows(_main(small, cells), **CELL)
    assert {name: value for name, (value, _) in found.items()} == {
        "children_count": n,
        "comm_count": comm,
        "comm_percent": round(100 * comm / n, 1),
        "gld_count": gld,
        "gld_percent": round(100 * gld / n, 1),
        "all_goals_count": every,
        "all_goals_percent": round(100 * every / comm, 1),
    }
    assert {status for _, status in found.values()} == {"published"}


@pytest.mark.parametrize(
    ("levels", "group", "hidden"),
    [
        ("gld", 1, {"gld_count", "gld_percent"}),
        ("gld", 0, {"gld_percent"}),
        ("comm", 0, {"comm_percent"}),
        ("comm", 1, {"comm_count", "comm_percent", "all_goals_percent"}),
        ("all_goals", 1, {"all_goals_count", "all_goals_percent"}),
        ("all_goals", 0, set()),
        ("total", 0, {"children_count", "comm_percent", "gld_percent"}),
    ],
)
def test_a_percentage_is_withheld_with_any_count_it_gives_away(
    small: World, cells: CellValues, levels: str, group: int, hidden: set[str]
) -> None:
    at = _at_la_b_male_a2(small)
    masked = _hide(cells, ("local_authority", "sex", "ethnic_minor", levels), *at, group)
    found = _rows(_main(small, masked), **CELL)
    assert {name for name, (value, status) in found.items() if status == "suppressed" and value is None} == hidden
    assert all(status == "published" for name, (_, status) in found.items() if name not in hidden)
    untouched = _rows(_main(small, masked), **{**CELL, "sex": "Female"})
    assert all(status == "published" for _, status in untouched.values())


def test_a_mean_is_withheld_with_the_children_it_is_over(small: World, cells: CellValues) -> None:
    masked = _hide(cells, ("region", "total", "total", "total"), 0, 0, 0, 0)
    means = public_tables(small.spec, masked)[2]
    assert _rows(means, geographic_level="region", area_code="north")["score_mean"] == (None, "suppressed")
    assert _rows(means, geographic_level="region", area_code="south")["score_mean"][1] == "published"


@pytest.mark.parametrize("rank", range(4))
def test_a_mean_is_withheld_with_any_outcome_of_its_children(small: World, cells: CellValues, rank: int) -> None:
    masked = _hide(cells, ("region", "total", "total", "comm+gld+all_goals"), 0, 0, 0, rank)
    means = public_tables(small.spec, masked)[2]
    assert _rows(means, geographic_level="region", area_code="north")["score_mean"] == (None, "suppressed")


def test_a_mean_is_the_sum_over_the_children(small: World, cells: CellValues) -> None:
    means = public_tables(small.spec, cells)[2]
    mean = children(2500).filter(pl.col("place").is_in(["s1", "s2", "s3"]))["score"].mean()
    assert isinstance(mean, float)
    value, _ = _rows(means, geographic_level="region", area_code="north")["score_mean"]
    assert value == round(mean, 2)


def test_a_mean_that_says_that_all_are_at_an_end_is_withheld_among_exact_figures(tmp_path: Path) -> None:
    made = world(tmp_path, "classic")
    frame = children(2500).with_columns(score=pl.when(pl.col("place") == "s1").then(6).otherwise(pl.col("score")))
    frame = frame.filter(pl.col("place").is_in(["s1", "s4"]))
    cube = made.cube(frame)
    everything = np.ones(made.layout.grid.n_cells, bool)
    limits = shown_means(cube, made.spec, minimum_sum=5, sensitive_sums={})
    given = CellValues(made.layout, cube.counts, everything, everything, cube.sums, shown_means=limits)
    means = public_tables(made.spec, given)[2]
    assert _rows(means, geographic_level="region", area_code="north")["score_mean"] == (None, "suppressed")
    assert _rows(means, geographic_level="region", area_code="south")["score_mean"][1] == "published"
    assert _rows(means, geographic_level="national", area_code="all")["score_mean"] == (None, "suppressed")


def test_a_ratio_to_nobody_is_not_applicable(small: World) -> None:
    cube = small.cube(children(2500).filter(pl.col("place") != "s1"))
    everything = np.ones(small.layout.grid.n_cells, bool)
    given = CellValues(small.layout, cube.counts, everything, everything, cube.sums)
    found = _rows(_main(small, given), **{**MARGIN, "area_code": "la_a"})
    assert found["children_count"] == (0.0, "published")
    assert found["gld_percent"] == (None, "not_applicable")


def test_what_cannot_occur_is_not_applicable_everywhere(tmp_path: Path) -> None:
    made = world(tmp_path, tables=(BANDS,))
    cube = made.cube(children(2500))
    possible = possible_cells(made.layout.grid, made.layout.implications)
    given = CellValues(made.layout, cube.counts, np.ones_like(possible), possible, cube.sums)
    (table,) = public_tables(made.spec, given)
    here = {"geographic_level": "local_authority", "area_code": "la_a"}
    assert set(_rows(table, **here, band="high").values()) == {(None, "not_applicable")}
    assert {status for _, status in _rows(table, **here, band="low").values()} == {"published"}


def test_counts_have_the_interval_their_noise_implies(dp_build: DpBuild) -> None:
    plan = plan_tree_residuals(dp_build.made.spec, dp_build.made.layout)
    block = dp_build.made.layout.grid.block(("region", "total", "total", "total"))
    half = Z_95 * np.sqrt(plan.covariance("children", block, (), ()))
    table = dp_build.result.protected.tables[0].figures
    for i, area in enumerate(("north", "south")):
        row = table.filter(
            geographic_level="region", area_code=area, sex="Total", ethnic_minor="Total", ethnic_major="Total",
            measure="children_count",
        )  # fmt: skip
        value, lower, upper = row.select("value", "lower", "upper").row(0)
        assert lower == np.floor(value - half[i])
        assert upper == np.ceil(value + half[i])


def test_every_interval_holds_its_figure_within_what_is_possible(dp_build: DpBuild) -> None:
    for table in dp_build.result.protected.tables:
        shown = table.figures.filter(pl.col("status") == "published")
        assert shown.filter((pl.col("lower") > pl.col("value")) | (pl.col("upper") < pl.col("value"))).height == 0
        assert shown.filter(pl.col("lower").is_null() | pl.col("upper").is_null()).height == 0
        percent = shown.filter(pl.col("unit") == "percent", pl.col("value").is_between(0, 100))
        assert percent.filter((pl.col("lower") < 0) | (pl.col("upper") > 100)).height == 0


def test_uncertain_percentages_are_marked_and_blank_and_their_counts_stay(dp_build: DpBuild) -> None:
    main = dp_build.result.protected.tables[0].figures
    unsure = main.filter(pl.col("status") == "low_reliability")
    assert unsure.height > 0
    assert set(unsure["unit"]) == {"percent"}
    assert unsure.select("value", "lower", "upper").null_count().row(0) == (unsure.height,) * 3
    sure = main.filter(pl.col("status") == "published", pl.col("unit") == "percent")
    assert (((sure["upper"] - sure["lower"]) / 2) <= 10.2).all()


def test_a_smaller_margin_marks_more(dp_build: DpBuild) -> None:
    plan = plan_tree_residuals(dp_build.made.spec, dp_build.made.layout)
    result = dp_build.result
    given = CellValues(
        dp_build.made.layout, result.values, result.withheld.is_shown, result.withheld.is_possible, dp_build.cube.sums,
        plan, 1.0,
    )  # fmt: skip

    def unsure(margin: float) -> int:
        main = public_tables(dp_build.made.spec, replace(given, maximum_margin=margin))[0].figures
        return main.filter(pl.col("status") == "low_reliability").height

    assert unsure(0.5) > unsure(5.0) > unsure(100.0)  # what has no ends at all is uncertain by any margin


def test_means_by_characteristic_follow_their_own_cells(tmp_path: Path) -> None:
    made = world(tmp_path, tables=(MEANS_BY_SEX,))
    frame = children(2500)
    cube = made.cube(frame)
    everything = np.ones(made.layout.grid.n_cells, bool)
    (table,) = public_tables(made.spec, CellValues(made.layout, cube.counts, everything, everything, cube.sums))
    for sex in ("Female", "Male"):
        mean = frame.filter(pl.col("sex_code") == sex)["score"].mean()
        assert isinstance(mean, float)
        value, _ = _rows(table, geographic_level="national", sex=sex)["score_mean"]
        assert value == round(mean, 2)


@pytest.mark.parametrize("change", [lambda x: x, lambda x: x * 0])
def test_withheld_values_never_reach_a_figure(
    small: World,
    cells: CellValues,
    change: Callable[[np.ndarray], np.ndarray],
) -> None:
    """Whatever stands in withheld cells, the tables are the same."""
    rng = np.random.default_rng(4)
    shown = rng.random(len(cells.is_shown)) < 0.5
    values = np.where(shown, cells.values, change(cells.values))
    one = public_tables(small.spec, replace(cells, is_shown=shown, sums={k: v * 0 for k, v in cells.sums.items()}))
    two = public_tables(
        small.spec, replace(cells, values=values, is_shown=shown, sums={k: v * 0 for k, v in cells.sums.items()})
    )
    for a, b in zip(one, two, strict=True):
        assert a.figures.equals(b.figures)
