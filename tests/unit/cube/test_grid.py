"""Cells against counting by hand: every grouping, none left out, none counted twice."""

import numpy as np
import pytest

from ndl_publish.cube.grid import CellGrid, Dimension, make_dimension

AREAS = ("s1", "s2", "s3", "s4")
WARD: tuple[str | None, ...] = ("w2", "w2", "w1", "w1")
CITY: tuple[str | None, ...] = (None, "c", "c", None)


@pytest.fixture
def areas() -> Dimension:
    return make_dimension("area", AREAS, {"ward": WARD, "city": CITY, "small": AREAS}, {"ward": ("w1", "w2")})


@pytest.fixture
def grid(areas: Dimension) -> CellGrid:
    sex = make_dimension("sex", ("F", "M"), {"sex": ("F", "M")})
    return CellGrid.build(
        (areas, sex), [("ward", "sex"), ("city", "total"), ("small", "sex"), ("ward", "sex"), ("total", "total")]
    )


def test_groups_stand_in_the_order_asked_for(areas: Dimension) -> None:
    assert areas.level("ward").groups == ("w1", "w2")
    assert areas.level("ward").group_of.tolist() == [1, 1, 0, 0]
    assert areas.level("small").groups == AREAS


def test_only_a_level_that_leaves_nobody_out_is_complete(areas: Dimension) -> None:
    assert [level.name for level in areas.levels if level.is_complete] == ["total", "ward", "small"]
    assert areas.level("city").group_of.tolist() == [-1, 0, 0, -1]


def test_the_finest_level_is_the_codes_themselves(areas: Dimension) -> None:
    assert areas.finest_level == "small"
    with pytest.raises(KeyError):
        areas.level("county")


def test_a_dimension_without_its_finest_codes_says_so() -> None:
    swapped = make_dimension("d", ("a", "b"), {"turned": ("x", "y")}, {"turned": ("y", "x")})
    with pytest.raises(ValueError, match="no level of its finest codes"):
        _ = swapped.finest_level


def test_blocks_are_kept_once_and_lie_end_to_end(grid: CellGrid) -> None:
    assert [block.levels for block in grid.blocks] == [
        ("ward", "sex"),
        ("city", "total"),
        ("small", "sex"),
        ("total", "total"),
    ]
    assert [block.shape for block in grid.blocks] == [(2, 2), (1, 1), (4, 2), (1, 1)]
    ends = [0, *(block.cells.stop for block in grid.blocks)]
    assert [block.offset for block in grid.blocks] == ends[:-1]
    assert grid.n_cells == ends[-1] == 14
    with pytest.raises(KeyError):
        grid.block(("city", "sex"))


def test_members_name_the_one_cell_a_row_is_in(grid: CellGrid) -> None:
    codes = np.array([[0, 1], [2, 0], [3, 1]])
    ward, city = grid.block(("ward", "sex")), grid.block(("city", "total"))
    assert grid.members(ward, codes).tolist() == [ward.offset + 3, ward.offset, ward.offset + 1]
    assert grid.members(city, codes).tolist() == [-1, city.offset, -1]


def test_tabulate_is_what_counting_one_by_one_gives(grid: CellGrid) -> None:
    rng = np.random.default_rng(3)
    codes = np.column_stack([rng.integers(0, 4, 50), rng.integers(0, 2, 50)])
    weights = rng.integers(-3, 9, 50)
    counted = grid.tabulate(codes, weights)
    for block in grid.blocks:
        area, sex = grid.dimensions[0].level(block.levels[0]), grid.dimensions[1].level(block.levels[1])
        for a in range(block.shape[0]):
            for s in range(block.shape[1]):
                mine = sum(
                    int(w)
                    for (x, y), w in zip(codes, weights, strict=True)
                    if area.group_of[x] == a and sex.group_of[y] == s
                )
                assert counted[block.cells].reshape(block.shape)[a, s] == mine


def test_no_rows_give_zeros_and_every_key_is_there(grid: CellGrid) -> None:
    counted = grid.tabulate(np.zeros((0, 2), np.int64), np.zeros(0, np.int64))
    assert counted.shape == (14,)
    assert not counted.any()


def test_large_sums_stay_whole(grid: CellGrid) -> None:
    codes = np.array([[0, 0], [1, 0]])
    counted = grid.tabulate(codes, np.array([2**52, 1]))
    assert counted[grid.block(("total", "total")).offset] == 2**52 + 1
