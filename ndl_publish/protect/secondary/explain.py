"""Say what could not be protected, and what to do about it."""

import numpy as np

from ndl_publish.columns import TOTAL_LEVEL
from ndl_publish.errors import Finding
from ndl_publish.protect.secondary.problem import Suppression, SuppressionProblem


def explain_unprotected(problem: SuppressionProblem, suppression: Suppression) -> tuple[Finding, ...]:
    """Return one finding ``NDL-D020`` for each block with primaries that nothing can protect.

    Args:
        problem: What was asked.
        suppression: What was answered.

    Returns:
        Findings that name the levels of the block and how many cells, with remedies; never a code or a count.
    """
    grid, unprotected = problem.grid, suppression.unprotected
    found = []
    for block in grid.blocks:
        n = int(np.count_nonzero((unprotected >= block.offset) & (unprotected < block.offset + block.n_cells)))
        if n:
            names = [
                f"{dim.name}:{level}"
                for dim, level in zip(grid.dimensions, block.levels, strict=True)
                if level != TOTAL_LEVEL
            ]
            where = " x ".join(names) or "grand total"
            message = f"{n} small counts cannot be protected; merge categories, drop a table, or allow blank zeros"
            found.append(Finding("NDL-D020", "error", where, message))
    return tuple(found)
