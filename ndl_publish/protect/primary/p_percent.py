"""The p% rule: withhold a total from which one contributor could estimate another too well."""

from decimal import Decimal

import numpy as np

from ndl_publish.cube.grid import IntArray
from ndl_publish.protect.primary.dominance import HUNDRED, hundredths


def p_percent_rule(largest: IntArray, second: IntArray, total: IntArray, *, percent: Decimal) -> IntArray:
    """Return how far above its value each total must remain possible; 0 where the rule does not mark it.

    The second largest contributor takes its own part off the total, and what is left is the largest and the rest: a
    total is marked when the rest is less than ``percent`` of the largest.

    Args:
        largest: What the largest contributor of each cell brings, any shape.
        second: What the second largest brings, same shape; 0 where there is none.
        total: What all of them bring, same shape.
        percent: How near an estimate of the largest may not come, at most two decimals.

    Returns:
        Integer array of the shape of ``total``, in the unit of the total, rounded up; above 0 = primary suppressed.

    Raises:
        RuleError: ``NDL-R030`` when ``percent`` is not above 0 and at most 100.

    Source:
        ESSnet SDC handbook, p%-rule and its protection level; p stands in ``disclosure_rules/``.

    Example:
        The largest brings 60, the second 35, the rest 5; 10% of 60 are 6.

        >>> arrays = np.array([60, 60]), np.array([35, 30]), np.array([100, 100])
        >>> p_percent_rule(*arrays, percent=Decimal(10)).tolist()
        [1, 0]
    """
    wanted = largest * hundredths(percent)
    rest = (total - largest - second) * HUNDRED
    return np.asarray(np.maximum(-(-(wanted - rest) // HUNDRED), 0))
