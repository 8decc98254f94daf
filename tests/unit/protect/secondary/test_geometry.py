"""Look-ups of a grid: which groupings refine which, and by what a child is looked for who changes one code."""

import numpy as np

from ndl_publish.cube.grid import CellGrid, make_dimension
from ndl_publish.protect.secondary.axes import Axes
from ndl_publish.protect.secondary.geometry import NOWHERE, build_geometry, build_rows

AREAS = make_dimension(
    "area", ("a", "b", "c"), {"ward": ("a", "b", "c"), "region": ("north", "north", "south"), "city": ("x", None, None)}
)
SEX = make_dimension("sex", ("F", "M"), {"sex": ("F", "M")})
FSM = make_dimension("fsm", ("yes", "no"), {"fsm": ("yes", "no")})
GRID = CellGrid.build(
    (AREAS, SEX, FSM),
    [("ward", "sex", "total"), ("region", "sex", "fsm"), ("ward", "total", "fsm"), ("city", "total", "total")],
)
GEOMETRY = build_geometry(GRID, Axes.build(GRID, ()))
BLOCK = {block.levels: i for i, block in enumerate(GRID.blocks)}


def grouping(*levels: str) -> int:
    return int(GEOMETRY.partition[BLOCK[levels], 0])


def test_wards_refine_regions_and_not_the_other_way_round() -> None:
    ward, region = grouping("ward", "sex", "total"), grouping("region", "sex", "fsm")
    assert GEOMETRY.refines[ward, region]
    assert GEOMETRY.refines[ward, ward]
    assert not GEOMETRY.refines[region, ward]


def test_groupings_of_other_axes_refine_nothing() -> None:
    block = BLOCK["region", "sex", "fsm"]
    assert not GEOMETRY.refines[GEOMETRY.partition[block, 0], GEOMETRY.partition[block, 1]]


def test_outside_every_group_is_nowhere() -> None:
    steps = GEOMETRY.far_steps[BLOCK["city", "total", "total"]]
    assert steps[:3].tolist() == [0, NOWHERE, NOWHERE]
    assert (GEOMETRY.far_steps[BLOCK["ward", "sex", "total"]] < NOWHERE).all()


def test_a_child_is_looked_for_by_all_that_sees_the_code_it_changes() -> None:
    codes = np.array([[0, 0, 0], [1, 1, 1]])
    rows = build_rows(GEOMETRY, codes, np.array([4, 5]))
    block = BLOCK["ward", "sex", "total"]
    at = block * 3 + 1  # the line is sex, which the regional table sees by meals, too
    chosen = rows.sets[rows.choices[rows.choice_start[at] : rows.choice_start[at + 1]]]
    assert chosen.tolist() == [[True, True, False]], "agreeing on all axes is tried before any set"
    assert rows.sets[rows.own_set[block]].tolist() == [True, True, False]
    assert rows.own_set[BLOCK["region", "sex", "fsm"]] == -1


def test_linked_tables_give_further_sets() -> None:
    sen = make_dimension("sen", ("yes", "no"), {"sen": ("yes", "no")})
    grid = CellGrid.build(
        (AREAS, SEX, FSM, sen),
        [
            ("total", "total", "total", "total"), ("ward", "sex", "total", "total"),
            ("region", "sex", "fsm", "total"), ("region", "total", "fsm", "total"), ("ward", "total", "total", "sen"),
        ],
    )  # fmt: skip
    geometry = build_geometry(grid, Axes.build(grid, ()))
    block = [b.levels for b in grid.blocks].index(("ward", "sex", "total", "total"))
    rows = build_rows(geometry, np.zeros((1, 4), np.int64), np.ones(1, np.int64))
    at = block * 4 + 1
    chosen = rows.sets[rows.choices[rows.choice_start[at] : rows.choice_start[at + 1]]]
    assert chosen.tolist() == [[True, True, True, False], [True, True, False, False]]
