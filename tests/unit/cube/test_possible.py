"""Structural zeros follow from public look-ups alone."""

from pathlib import Path

import numpy as np

from ndl_publish.cube.grid import CellGrid, make_dimension
from ndl_publish.cube.possible import possible_cells
from ndl_publish.cube.protected import Implication
from tests.unit.cube.small_release import BAND, BANDS, NESTING, World, children, world


def test_a_band_that_no_area_of_an_authority_has_cannot_occur(tmp_path: Path) -> None:
    made = world(tmp_path, tables=(BANDS,))
    grid = made.layout.grid
    possible = possible_cells(grid, made.layout.implications)
    block = grid.block(("local_authority", "band", "gld"))
    table = possible[block.cells].reshape(block.shape)
    for i, authority in enumerate(grid.dimensions[0].level("local_authority").groups):
        here = {BAND[row[0]] or "unknown" for row in NESTING if row[1] == authority}
        for j, band in enumerate(grid.dimensions[1].codes):
            assert table[i, j].tolist() == [band in here] * 2
    assert possible[grid.block(("national", "band", "total")).cells].all()
    assert possible[grid.block(("local_authority", "total", "gld")).cells].all()


def test_nobody_is_ever_in_a_cell_that_cannot_occur(tmp_path: Path) -> None:
    made = world(tmp_path, tables=(BANDS,))
    counts = made.cube(children(2000)).counts
    assert not counts[~possible_cells(made.layout.grid, made.layout.implications)].any()


def test_without_implications_everything_can_occur(small: World) -> None:
    assert possible_cells(small.layout.grid, ()).all()


def test_the_deciding_dimension_may_stand_second() -> None:
    band = make_dimension("band", ("x", "y"), {"band": ("x", "y")})
    area = make_dimension("area", ("s1", "s2", "s3"), {"city": ("c", None, None), "small": ("s1", "s2", "s3")})
    grid = CellGrid.build((band, area), [("band", "small"), ("band", "city"), ("total", "city")])
    possible = possible_cells(grid, (Implication(0, 1, np.array([0, 1, 1])),))
    tables = [possible[block.cells].reshape(block.shape).tolist() for block in grid.blocks]
    assert tables == [[[True, False, False], [False, True, True]], [[True], [False]], [[True]]]
