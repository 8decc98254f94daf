"""Exact counts: is a small one printed, or the difference of two printed ones?"""

from ndl_publish.audit.published import PublishedCells
from ndl_publish.cube.grid import IntArray
from ndl_publish.errors import Finding


def small_counts(published: PublishedCells, *, minimum_count: int | IntArray) -> tuple[Finding, ...]:
    """Return ``NDL-D019`` for every block in which a seen count is at least one and below the minimum.

    Args:
        published: What an outsider has, complements by subtraction included.
        minimum_count: Smallest count that may be shown: of all cells, or of each, ``n_cells``.
    """
    small = published.is_shown & (published.values >= 1) & (published.values < minimum_count)
    return tuple(
        Finding("NDL-D019", "error", " x ".join(block.levels), f"{n} small counts can be seen or subtracted.")
        for block in published.grid.blocks
        if (n := int(small[block.cells].sum()))
    )
