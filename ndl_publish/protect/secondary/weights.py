"""What it costs to withhold a cell: about one, more for large and headline cells, most for zeros.

A secret draw weighs more than the size of a count does: if the cheapest cells were always the smallest, the pattern
would tell a reader who knows the method which of the blanks are small.
"""

from hashlib import sha256

import numpy as np

from ndl_publish.columns import TOTAL_LEVEL
from ndl_publish.cube.grid import CellGrid
from ndl_publish.protect.secondary.problem import FloatArray, SuppressionProblem

LOG_WEIGHT = 0.05
"""How much a cell's weight grows with the logarithm of its count; 1 for a cell of nothing."""
SECRET_WEIGHT = 0.3
"""Largest share by which the secret draw makes a cell dearer."""
TOTAL_WEIGHT = 0.4
"""How much heavier a cell gets when all but none of its dimensions are totals."""
COARSER_WEIGHT = 1.5
"""How many times heavier a cell gets with every step to larger areas, by the levels that are published."""
ZERO_WEIGHT = 12.0
"""Weight added to a cell of nothing: a blank zero is allowed, and rare."""
UNPUBLISHED = 1e-3
"""Weight of a cell that no table prints."""
FORCED = 1e19
"""Weight of a cell that is never withheld for another one."""


def weights(problem: SuppressionProblem) -> FloatArray:
    """Return what it costs to withhold each cell, ``n_cells``; the grand total and forced cells cost too much for any.

    Args:
        problem: Grid, figures, preferences and the secret bytes; all starts of a problem have the same weights.
    """
    weight = 1.0 + LOG_WEIGHT * np.log1p(np.maximum(problem.values, 0))
    seed = int.from_bytes(sha256(b"ndl-publish weights" + problem.tie_break).digest()[:6], "big")
    weight *= 1.0 + SECRET_WEIGHT * np.random.default_rng(seed).random(len(weight))
    if not problem.signed:
        weight += np.where(problem.values == 0, ZERO_WEIGHT, 0.0)
    if problem.preference is not None:
        weight *= problem.preference
    longest, coarseness = _coarseness(problem.grid)
    for block in problem.grid.blocks:
        totals = sum(level == TOTAL_LEVEL for level in block.levels)
        weight[block.cells] *= COARSER_WEIGHT ** coarseness[block.levels[longest]]
        weight[block.cells] *= 1.0 + TOTAL_WEIGHT * totals / max(1, len(block.levels))
        if totals == len(block.levels):
            weight[block.cells] = FORCED
    if problem.forced is not None:
        weight[problem.forced] = FORCED
    if problem.unpublished is not None:
        weight[problem.unpublished] = UNPUBLISHED
    return weight


def _coarseness(grid: CellGrid) -> tuple[int, dict[str, int]]:
    """Return the dimension with most codes (areas), and for each of its published levels how many have more groups."""
    longest = max(range(len(grid.dimensions)), key=lambda d: len(grid.dimensions[d].codes))
    sizes = {
        name: len(grid.dimensions[longest].level(name).groups) for name in {b.levels[longest] for b in grid.blocks}
    }
    return longest, {name: sum(other > n for other in set(sizes.values())) for name, n in sizes.items()}
