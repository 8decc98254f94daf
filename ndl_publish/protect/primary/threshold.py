"""Withhold small counts."""

from ndl_publish.cube.grid import IntArray
from ndl_publish.errors import RuleError
from ndl_publish.protect.secondary.problem import BoolArray


def threshold_rule(counts: IntArray, *, minimum_count: int) -> BoolArray:
    """Mark the cells that hold at least one but fewer than ``minimum_count`` children.

    Empty cells are left alone; ``zero_rule`` decides about those.

    Args:
        counts: Exact counts of children, any shape, margins included.
        minimum_count: Smallest count that may be shown, in children.

    Returns:
        Boolean array of the shape of ``counts``; true = primary suppressed.

    Raises:
        RuleError: ``NDL-R030`` when ``minimum_count`` is below 1.

    Source:
        ESSnet SDC handbook, glossary entry "Threshold (rule)"; the number stands in ``disclosure_rules/``.

    Example:
        >>> import numpy as np
        >>> threshold_rule(np.array([0, 1, 4, 5]), minimum_count=5).tolist()
        [False, True, True, False]
    """
    if minimum_count < 1:
        raise RuleError(
            "NDL-R030", "minimum_count must be at least 1 child; write the smallest count that may be shown"
        )
    marked: BoolArray = (counts > 0) & (counts < minimum_count)
    return marked
