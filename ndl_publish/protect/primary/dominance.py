"""The (n, k) dominance rule: withhold a total that a few contributors bring nearly alone."""

from decimal import Decimal

import numpy as np

from ndl_publish.cube.grid import IntArray
from ndl_publish.errors import RuleError

HUNDRED = 10_000
"""One hundred percent in hundredths of a percent, the finest a rule may be written in."""


def dominance_rule(largest: IntArray, total: IntArray, *, percent: Decimal) -> IntArray:
    """Return how far above its value each total must remain possible; 0 where the rule does not mark it.

    A total is marked when its largest contributors together bring more than ``percent`` of it. It is safe once an
    outsider cannot rule out a total of which they bring just ``percent``.

    Args:
        largest: What the largest contributors of each cell bring together, any shape.
        total: What all of them bring, same shape.
        percent: Largest share of the total that may be theirs, at most two decimals.

    Returns:
        Integer array of the shape of ``total``, in the unit of the total, rounded up; above 0 = primary suppressed.

    Raises:
        RuleError: ``NDL-R030`` when ``percent`` is not above 0 and at most 100.

    Source:
        ESSnet SDC handbook, (n,k)-dominance rule and its protection level; n and k stand in ``disclosure_rules/``.

    Example:
        Two of the largest bring 90 of 100, of which 80% are allowed: 90 would be 80% of 112.5.

        >>> dominance_rule(np.array([90, 80, 0]), np.array([100, 100, 0]), percent=Decimal(80)).tolist()
        [13, 0, 0]
    """
    share = hundredths(percent)
    beyond = largest * HUNDRED - total * share
    return np.asarray(np.maximum(-(-beyond // share), 0))


def hundredths(percent: Decimal) -> int:
    """Return a percentage in hundredths of a percent.

    Raises:
        RuleError: ``NDL-R030`` when it is not above 0 and at most 100.
    """
    if not 0 < percent <= 100:  # noqa: PLR2004 - a hundred percent
        raise RuleError("NDL-R030", "percent must be above 0 and at most 100")
    return int(percent * 100)
