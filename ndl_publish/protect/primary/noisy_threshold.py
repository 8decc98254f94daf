"""Withhold small noisy counts."""

from ndl_publish.cube.grid import IntArray
from ndl_publish.errors import RuleError
from ndl_publish.protect.secondary.problem import BoolArray


def noisy_threshold_rule(values: IntArray, *, minimum_count: int) -> BoolArray:
    """Mark the noisy counts below ``minimum_count``, zeros and negative ones included.

    The rule reads noisy values only: judging on exact counts would break the privacy guarantee. A noisy zero is not
    known to be empty, so unlike ``threshold_rule`` it does not spare zeros.

    Args:
        values: Noisy counts of children, any shape.
        minimum_count: Smallest noisy count that may be shown, in children.

    Returns:
        Boolean array of the shape of ``values``; true = primary suppressed.

    Raises:
        RuleError: ``NDL-R030`` when ``minimum_count`` is below 1.

    Source:
        The number stands in ``disclosure_rules/``; output checkers ask for it, the privacy guarantee does not.

    Example:
        >>> import numpy as np
        >>> noisy_threshold_rule(np.array([-2, 0, 4, 5]), minimum_count=5).tolist()
        [True, True, True, False]
    """
    if minimum_count < 1:
        raise RuleError(
            "NDL-R030", "minimum_count must be at least 1 child; write the smallest count that may be shown"
        )
    marked: BoolArray = values < minimum_count
    return marked
