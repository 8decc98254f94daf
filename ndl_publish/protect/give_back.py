"""Noisy figures of large areas that were withheld to protect others, shown again where nothing follows from them.

The search for further blanks looks for closed chains of cells. Where two groupings of small areas cross (deprivation
deciles and wards), it finds none through small areas alone and takes the decile of a whole region instead. Yet many
small counts are withheld there anyhow, and together they hide one another. So the coarsest levels are tried again, with
the attack itself as the judge: as many of them are shown as leave no small count to follow. In the England example that
gives back every figure by deprivation decile.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from ndl_publish.columns import Mask
from ndl_publish.cube.grid import CellGrid, IntArray
from ndl_publish.cube.protected import BoolArray, Implication
from ndl_publish.protect.secondary.problem import MaskArray

Recoverable = Callable[[CellGrid, IntArray, BoolArray, tuple[Implication, ...]], BoolArray]
"""Grid, noisy values, which cells are seen, public facts -> withheld cells that follow from the seen ones."""
LARGE_LEVEL = 12
"""Levels with at most so many areas are tried; each trial attacks the whole release once."""


@dataclass(frozen=True, slots=True)
class Figures:
    """What the attack is made on.

    Attributes:
        grid: All cells.
        values: Noisy counts, ``n_cells``.
        printed: Whether a table prints the cell, ``n_cells``.
        implications: Public facts about which combinations can occur.
    """

    grid: CellGrid
    values: IntArray = field(repr=False)
    printed: BoolArray = field(repr=False)
    implications: tuple[Implication, ...] = field(repr=False)


def give_back(figures: Figures, mask: MaskArray, recoverable: Recoverable) -> MaskArray:
    """Return the mask with secondaries of the coarsest area levels shown, as long as nothing follows.

    Args:
        figures: What is attacked.
        mask: A ``columns.Mask`` per cell, ``n_cells``.
        recoverable: Finds withheld cells that follow from shown ones.

    Returns:
        A new mask. A secondary that follows from what is shown now is shown, too; no primary does.
    """
    levels = _coarse_levels(figures.grid)
    for n in range(len(levels), 0, -1):
        shown = _shown(figures, mask, levels[:n], recoverable)
        if shown is not None:
            return shown
    return mask


def _shown(figures: Figures, mask: MaskArray, levels: tuple[str, ...], recoverable: Recoverable) -> MaskArray | None:
    """Return the mask with the secondaries of some levels shown; none when a primary follows then."""
    trial = mask.copy()
    for block in figures.grid.blocks:
        if block.levels[0] in levels:
            own = trial[block.cells]
            own[(own == Mask.SECONDARY_SUPPRESSED) & figures.printed[block.cells]] = Mask.SHOWN
    if np.array_equal(trial, mask):
        return mask
    is_shown = np.asarray(trial == Mask.SHOWN) & figures.printed
    found = recoverable(figures.grid, figures.values, is_shown, figures.implications)
    if (found & (mask == Mask.PRIMARY_SUPPRESSED)).any():
        return None
    trial[found & figures.printed] = Mask.SHOWN
    return trial


def _coarse_levels(grid: CellGrid) -> tuple[str, ...]:
    """Return the levels of the first dimension with few areas, the fewest first, the finest published one left out."""
    areas = grid.dimensions[0]
    sizes = {name: len(areas.level(name).groups) for name in {block.levels[0] for block in grid.blocks}}
    few = [name for name, n in sizes.items() if n <= LARGE_LEVEL and n < max(sizes.values())]
    return tuple(sorted(few, key=lambda name: (sizes[name], name)))
