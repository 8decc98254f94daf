"""Say what could not be protected, what to do about it, and what that would cost."""

from collections.abc import Callable

import numpy as np

from ndl_publish.errors import Finding
from ndl_publish.protect.secondary.problem import Suppression, SuppressionProblem
from ndl_publish.protect.secondary.remedies import Tried, block_words, try_remedies

Progress = Callable[[str, int, int], None]


def explain_unprotected(
    problem: SuppressionProblem, suppression: Suppression, *, progress: Progress | None = None
) -> tuple[Finding, ...]:
    """Return one finding ``NDL-D020`` for each block with primaries that nothing can protect.

    Args:
        problem: What was asked.
        suppression: What was answered.
        progress: Called with (stage, done, of).

    Returns:
        Findings that name the levels of the block and how many cells, with the remedies that were tried for it and
        what each costs in cells; never a code or a count.
    """
    grid, unprotected = problem.grid, suppression.unprotected
    tried = try_remedies(problem, suppression, progress=progress)
    found = []
    for b, block in enumerate(grid.blocks):
        n = int(np.count_nonzero((unprotected >= block.offset) & (unprotected < block.offset + block.n_cells)))
        if n:
            subject = "1 small count" if n == 1 else f"{n:,} small counts"
            message = f"{subject} cannot be protected; merge categories, or leave out a table or a level."
            mine = [remedy_words(remedy) for remedy in tried if remedy.block == b]
            if mine:
                message += f" Tried: {' '.join(f'({i}) {words}' for i, words in enumerate(mine, 1))}"
            found.append(Finding("NDL-D020", "error", block_words(grid, block), message))
    return tuple(found)


def remedy_words(tried: Tried) -> str:
    """Return a remedy, the file to change, whether it helps, and what it costs.

    Example:
        >>> remedy_words(Tried("leave out area:ward", "tables in the release or tables file", 0, 0, 1200, -3))
        'leave out area:ward (tables in the release or tables file): helps; 1,200 cells fewer published, 3 fewer blank.'
        >>> remedy_words(Tried("merge", "metadata", 0, 2, 0, 1))
        'merge (metadata): 2 small counts would still be open; 1 more blank.'
    """
    n = tried.n_unprotected
    helps = "helps" if n == 0 else f"{n:,} small {'count' if n == 1 else 'counts'} would still be open"
    return f"{tried.words} ({tried.file}): {helps}; {_cost(tried)}."


def _cost(tried: Tried) -> str:
    parts = []
    if tried.n_unpublished:
        parts.append(f"{tried.n_unpublished:,} {'cell' if tried.n_unpublished == 1 else 'cells'} fewer published")
    more = tried.n_more_blank
    parts.append(f"{abs(more):,} {'more' if more > 0 else 'fewer'} blank" if more else "as many blank")
    return ", ".join(parts)
