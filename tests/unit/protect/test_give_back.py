"""Noisy figures of large areas are shown again exactly when the attack finds no small count with them."""

import numpy as np
import pytest

from ndl_publish.audit.recoverable import recoverable_cells
from ndl_publish.columns import Mask
from ndl_publish.cube.grid import CellGrid, make_dimension
from ndl_publish.cube.protected import BoolArray
from ndl_publish.protect.give_back import LARGE_LEVEL, Figures, give_back
from ndl_publish.protect.secondary.problem import MaskArray

LEAVES = tuple(f"s{k}" for k in range(8))
AREAS = make_dimension(
    "area", LEAVES, {"all": ("E",) * 8, "city": ("a", "a", "b", "b", "c", "c", "d", "d"),
                     "band": ("x", "y", "x", "y", "x", "y", "x", "y"), "leaf": LEAVES},
)  # fmt: skip
GRID = CellGrid.build((AREAS,), [("all",), ("band",), ("city",), ("leaf",)])
VALUES = GRID.tabulate(np.arange(8)[:, None], np.array([3, 20, 4, 25, 30, 35, 40, 45]))
FIGURES = Figures(GRID, VALUES, np.ones(GRID.n_cells, bool), ())


def _mask(primaries: tuple[int, ...], secondaries: tuple[int, ...], *, bands: bool) -> MaskArray:
    """Return a mask of leaves by number, with both bands withheld to protect them if asked."""
    mask = np.full(GRID.n_cells, Mask.SHOWN, np.uint8)
    leaf = GRID.block(("leaf",)).offset
    mask[[leaf + k for k in primaries]] = Mask.PRIMARY_SUPPRESSED
    mask[[leaf + k for k in secondaries]] = Mask.SECONDARY_SUPPRESSED
    if bands:
        mask[GRID.block(("band",)).cells] = Mask.SECONDARY_SUPPRESSED
    return mask


def test_bands_are_shown_where_the_leaves_hide_one_another() -> None:
    """Leaves 0 to 3 cross two cities with two bands: a circle of four hides itself."""
    mask = _mask((0, 2), (1, 3), bands=True)
    shown = give_back(FIGURES, mask, recoverable_cells)
    assert (shown[GRID.block(("band",)).cells] == Mask.SHOWN).all()
    assert (shown[GRID.block(("leaf",)).cells] == mask[GRID.block(("leaf",)).cells]).all()
    assert (mask == _mask((0, 2), (1, 3), bands=True)).all(), "the mask given stays as it is"


def test_bands_stay_withheld_where_a_small_count_would_follow() -> None:
    mask = _mask((0,), (1,), bands=True)
    assert np.array_equal(give_back(FIGURES, mask, recoverable_cells), mask)


def test_a_secondary_that_follows_then_is_shown_and_no_primary_ever_is() -> None:
    mask = _mask((0, 2), (1, 3, 4, 5), bands=True)
    shown = give_back(FIGURES, mask, recoverable_cells)
    found = recoverable_cells(GRID, VALUES, np.asarray(shown == Mask.SHOWN), ())
    assert not (found & (shown != Mask.SHOWN)).any()
    assert ((shown == Mask.PRIMARY_SUPPRESSED) == (mask == Mask.PRIMARY_SUPPRESSED)).all()


def test_the_attack_is_not_made_where_nothing_could_be_given_back() -> None:
    def never(*_: object) -> BoolArray:
        pytest.fail("nothing is withheld at a coarse level")

    mask = _mask((), (), bands=False)
    assert np.array_equal(give_back(FIGURES, mask, never), mask)


def test_levels_of_many_areas_are_left_alone() -> None:
    leaves = tuple(f"s{k}" for k in range(LARGE_LEVEL + 1))
    grid = CellGrid.build((make_dimension("area", leaves, {"leaf": leaves}),), [("leaf",)])
    mask = np.full(grid.n_cells, Mask.SECONDARY_SUPPRESSED, np.uint8)
    figures = Figures(grid, np.zeros(grid.n_cells, np.int64), np.ones(grid.n_cells, bool), ())
    assert np.array_equal(give_back(figures, mask, recoverable_cells), mask)
