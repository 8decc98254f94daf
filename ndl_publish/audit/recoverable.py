"""Which withheld noisy counts follow from the seen ones: the auditor's answer, asked before as well as after."""

from ndl_publish.audit.published import BoolArray, PublishedCells
from ndl_publish.audit.rank import rank
from ndl_publish.cube.grid import CellGrid, IntArray
from ndl_publish.cube.protected import Implication


def recoverable_cells(
    grid: CellGrid, values: IntArray, is_shown: BoolArray, implications: tuple[Implication, ...]
) -> BoolArray:
    """Return, for every cell, whether it is withheld and yet a combination of seen cells.

    Args:
        grid: All cells.
        values: Noisy counts that add up.
        is_shown: Which of them are seen.
        implications: Public facts about which combinations can occur.
    """
    return rank(PublishedCells(grid, values, is_shown, implications, is_count=False)).is_exact
