"""Exact counts against filtering the children themselves, and refusal of what cannot be counted."""

from dataclasses import replace
from pathlib import Path

import narwhals as nw
import numpy as np
import polars as pl
import pytest

from ndl_publish.cube.layout import between_level
from ndl_publish.cube.model import Cube
from ndl_publish.cube.tabulate import tabulate
from ndl_publish.engines.polars import PolarsEngine
from ndl_publish.errors import InputError
from ndl_publish.records.model import CONTRIBUTOR, IS_FIRST, amount_column
from ndl_publish.spec.rules import ClassicRules
from tests.rule_books import as_written, dominance
from tests.unit.cube.small_release import (
    BANDS,
    LEVELS,
    MEANS_BY_SEX,
    NESTING,
    World,
    children,
    validated,
    world,
)

CHAIN = ("comm", "gld", "all_goals")


@pytest.fixture(scope="module")
def frame() -> pl.DataFrame:
    return children(400)


@pytest.fixture(scope="module")
def cube(small: World, frame: pl.DataFrame) -> Cube:
    return small.cube(frame)


def _with_areas(frame: pl.DataFrame) -> pl.DataFrame:
    areas = pl.DataFrame(NESTING, schema=list(LEVELS), orient="row")
    reached = pl.sum_horizontal("is_comm", "is_gld", "is_all").cast(pl.String)
    return frame.join(areas, left_on="place", right_on="lsoa").with_columns(lsoa="place", reached=reached)


COLUMN = {
    "sex": "sex_code", "ethnic_minor": "minor", "ethnic_major": "major", "comm": "is_comm", "gld": "is_gld",
    "all_goals": "is_all", "band": "area_band", between_level(CHAIN): "reached",
}  # fmt: skip


def _counted(frame: pl.DataFrame, world_: World, levels: tuple[str, ...], weight: pl.Expr) -> list[int]:
    """Return the cells of a block by filtering, in row-major order."""
    wanted = []
    shown = [(dim, name) for dim, name in zip(world_.layout.grid.dimensions, levels, strict=True) if name != "total"]
    block = world_.layout.grid.block(levels)
    for cell in np.ndindex(*block.shape):
        chosen = frame
        for (dim, name), i in zip(
            shown, (i for i, level in zip(cell, levels, strict=True) if level != "total"), strict=True
        ):
            label: object = dim.level(name).groups[i]
            column = COLUMN.get(name, name)
            chosen = chosen.filter(pl.col(column) == ((label == "yes") if label in {"no", "yes"} else label))
        wanted.append(int(chosen.select(weight).item() or 0))
    return wanted


def test_every_cell_is_what_filtering_the_children_gives(small: World, cube: Cube, frame: pl.DataFrame) -> None:
    whole = _with_areas(frame)
    checked = 0
    for block in small.layout.grid.blocks:
        if "+" in block.levels[3] and block.levels[3] != between_level(CHAIN):
            continue
        assert cube.counts[block.cells].tolist() == _counted(whole, small, block.levels, pl.len())
        checked += block.n_cells
    assert checked > 1000


def test_sums_of_a_mean_are_what_adding_up_gives(tmp_path: Path, frame: pl.DataFrame) -> None:
    made = world(tmp_path, tables=(MEANS_BY_SEX,))
    cube = made.cube(frame)
    for block in made.layout.base.blocks:
        wanted = _counted(_with_areas(frame), made, block.levels, pl.col("score").sum())
        assert cube.sums["score"][block.cells].tolist() == wanted


def test_what_the_area_decides_is_counted_by_area(tmp_path: Path, frame: pl.DataFrame) -> None:
    made = world(tmp_path, tables=(BANDS,))
    cube = made.cube(frame)
    block = made.layout.grid.block(("local_authority", "band", "total"))
    assert cube.counts[block.cells].tolist() == _counted(_with_areas(frame), made, block.levels, pl.len())


def test_neither_order_nor_number_of_rows_per_child_changes_a_byte(small: World, frame: pl.DataFrame) -> None:
    one = small.cube(frame)
    other = small.cube(frame.sample(fraction=1.0, shuffle=True, seed=5))
    assert one.counts.tobytes() == other.counts.tobytes()
    assert one.rows.codes.tobytes() == other.rows.codes.tobytes()
    assert one.rows.children.tobytes() == other.rows.children.tobytes()
    assert one.rows.sums["score"].tobytes() == other.rows.sums["score"].tobytes()


def test_finest_rows_hold_every_child_once_and_no_empty_row(cube: Cube, frame: pl.DataFrame) -> None:
    assert cube.rows.children.sum() == frame.height
    assert cube.rows.children.min() >= 1
    assert len(np.unique(cube.rows.codes, axis=0)) == len(cube.rows.codes)
    assert cube.rows.sums["score"].sum() == frame["score"].sum()


def test_one_child_more_changes_one_cell_of_a_complete_block(small: World, frame: pl.DataFrame) -> None:
    before, after = small.cube(frame), small.cube(pl.concat([frame, frame[:1]]))
    for block in small.layout.grid.blocks:
        change = (after.counts - before.counts)[block.cells]
        is_complete = block.levels[0] != "combined_authority"
        assert change.sum() == (1 if is_complete or change.any() else 0)
        assert set(change.tolist()) <= {0, 1}


@pytest.mark.parametrize("broken", [{"is_gld": True, "is_comm": False}, {"is_all": True, "is_gld": False}])
def test_measures_that_do_not_contain_one_another_are_refused(
    small: World, frame: pl.DataFrame, broken: dict[str, bool]
) -> None:
    child = frame[:1].with_columns(*(pl.lit(value).alias(name) for name, value in broken.items()))
    with pytest.raises(InputError, match="do not contain one another") as caught:
        small.cube(pl.concat([frame, child]))
    assert caught.value.code == "NDL-V062"
    assert "400" not in str(caught.value)


def test_a_release_about_nobody_is_refused(small: World, frame: pl.DataFrame) -> None:
    with pytest.raises(InputError) as caught:
        small.cube(frame.clear())
    assert caught.value.code == "NDL-V060"


def test_a_label_that_is_no_category_is_refused_without_naming_it(small: World, frame: pl.DataFrame) -> None:
    with pytest.raises(InputError) as caught:
        small.cube(frame.with_columns(sex_code=pl.lit("Secret")))
    assert caught.value.code == "NDL-V061"
    assert "Secret" not in str(caught.value)


def test_a_place_that_is_no_area_is_refused(small: World, frame: pl.DataFrame) -> None:
    with pytest.raises(InputError) as caught:
        small.cube(frame.with_columns(place=pl.lit("nowhere")))
    assert caught.value.code == "NDL-V061"


def test_a_printed_cube_shows_no_count(cube: Cube) -> None:
    text = repr(cube)
    assert "array" not in text
    assert "400" not in text


def test_contributions_are_counted_by_finest_row_and_contributor(small: World, frame: pl.DataFrame) -> None:
    rules = ClassicRules.model_validate(as_written(dominance(1, "80", of="score")))
    spec = replace(small.spec, rules=rules)
    by = frame.with_row_index("row").with_columns((pl.col("row") % 7).cast(pl.Int64).alias(CONTRIBUTOR))
    by = by.with_columns(pl.col("score").alias(amount_column("score")), pl.lit(value=True).alias(IS_FIRST))
    second = by.head(50).with_columns(pl.lit(9).alias(CONTRIBUTOR), pl.lit(value=False).alias(IS_FIRST))
    both = nw.from_native(pl.concat([by.cast({CONTRIBUTOR: pl.Int64}), second.cast({CONTRIBUTOR: pl.Int64})]).lazy())
    records = replace(validated(spec, frame), contributions={"provider": both})
    cube = tabulate(records, spec, small.geography, engine=PolarsEngine())
    found = cube.contributions["provider"]
    grid = cube.layout.grid
    assert np.array_equal(grid.tabulate(found.codes, found.known), cube.counts)
    ninth = found.contributor == 9
    assert (int(found.children[ninth].sum()), int(found.known[ninth].sum())) == (50, 0)
    assert int(found.children.sum()) == frame.height + 50
    base = cube.layout.base
    assert np.array_equal(base.tabulate(found.codes[~ninth], found.amounts["score"][~ninth]), cube.sums["score"])


def test_without_rules_about_contributors_there_are_none(cube: Cube) -> None:
    assert cube.contributions == {}
