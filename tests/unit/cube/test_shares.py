"""Which cells belong to which measure, and which make up each share."""

import numpy as np
import pytest

from ndl_publish.cube.grid import CellGrid, IntArray, make_dimension
from ndl_publish.cube.shares import (
    ShareCells,
    measure_cells,
    outcome_cells,
    outcome_shares,
    published_chain,
    share_cells,
)
from tests.unit.cube.small_release import MAIN, SMALL, World, children, world


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> World:
    return world(tmp_path_factory.mktemp("shares"), "classic", tables=(MAIN, SMALL))


@pytest.fixture(scope="module")
def counts(made: World) -> IntArray:
    return made.cube(children(900)).counts


def test_numerator_and_complement_add_up_to_the_denominator(made: World, counts: IntArray) -> None:
    found = list(share_cells(made.layout))
    assert {share.measure for share in found} == {"comm", "gld", "all_goals"}
    grid = made.layout.grid
    for share in found:
        block = next(b for b in grid.blocks if b.cells.start <= share.reached[0] < b.cells.stop)
        of = made.layout.share_of[share.measure]
        levels = (*block.levels[:-1], "total" if of == "children" else of)
        whole = grid.block(levels)
        denominator = counts[whole.cells].reshape(whole.shape)[..., -1].ravel()
        assert np.array_equal(counts[share.reached] + counts[share.rest].sum(axis=1), denominator)


def test_a_share_of_a_share_has_the_cells_between_as_its_complement(made: World) -> None:
    rest = {share.measure: share.rest.shape[1] for share in share_cells(made.layout)}
    assert rest == {"comm": 1, "gld": 1, "all_goals": 2}


def test_every_published_share_is_there_once(made: World) -> None:
    cells = np.concatenate([share.reached for share in share_cells(made.layout)])
    assert len(np.unique(cells)) == len(cells)


def test_every_cell_belongs_to_a_measure(made: World) -> None:
    cells = measure_cells(made.layout)
    assert list(cells) == ["children", "comm", "gld", "all_goals"]
    assert np.logical_or.reduce(list(cells.values())).all()
    shares = np.logical_or.reduce([cells[name] for name in ("comm", "gld", "all_goals")])
    assert not (cells["children"] & shares).any()


def test_cells_between_two_measures_belong_to_both_and_the_ends_to_one(made: World) -> None:
    grid, cells = made.layout.grid, measure_cells(made.layout)
    block = grid.block(("region", "total", "total", "comm+gld+all_goals"))
    names = ("comm", "gld", "all_goals")
    held = {name: cells[name][block.cells].reshape(block.shape)[0, 0, 0].tolist() for name in names}
    assert held == {
        "comm": [True, True, False, False],
        "gld": [False, True, True, False],
        "all_goals": [False, False, True, True],
    }


def test_the_chain_is_that_of_the_grouping(made: World) -> None:
    grid = made.layout.grid
    assert published_chain(made.layout, grid.block(("lsoa", "sex", "total", "gld")), "profile") == ("gld",)
    main = grid.block(("region", "sex", "total", "gld"))
    assert published_chain(made.layout, main, "profile") == ("comm", "gld", "all_goals")


AREAS, LEVELS = ("a", "b"), ("0", "1", "2")
TABLE = CellGrid.build(
    (make_dimension("area", AREAS, {"area": AREAS}), make_dimension("level", LEVELS, {"level": LEVELS})),
    [("area", "level"), ("area", "total"), ("total", "level")],
)


def test_each_group_of_an_outcome_of_a_table_of_counts_is_a_share_of_all() -> None:
    values = np.arange(TABLE.n_cells)
    found = list(outcome_shares(TABLE, ("level",)))
    assert [(len(share.reached), share.rest.shape[1]) for share in found] == [(2, 2)] * 3 + [(1, 2)] * 3
    for share in found:
        together = np.column_stack([share.reached[:, None], share.rest])
        assert all(len(set(row)) == 3 for row in together.tolist())
        assert len(set(values[together].sum(axis=1))) == len(together)


def test_cells_of_an_outcome_of_a_table_of_counts() -> None:
    cells = outcome_cells(TABLE, ("level",))
    assert cells["level"].tolist() == [True] * 6 + [False] * 2 + [True] * 3
    assert outcome_cells(TABLE, ()) == {}
    assert list(outcome_shares(TABLE, ())) == []


def test_repr_is_short() -> None:
    assert repr(ShareCells("gld", np.arange(3), np.arange(3)[:, None])) == "ShareCells(measure='gld')"
