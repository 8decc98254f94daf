"""Withhold what comes from too few contributors."""

import numpy as np

from ndl_publish.cube.grid import IntArray
from ndl_publish.errors import RuleError
from ndl_publish.protect.secondary.problem import BoolArray


def minimum_contributors_rule(contributors: IntArray, *, minimum_count: int) -> BoolArray:
    """Mark the cells that at least one but fewer than ``minimum_count`` contributors stand behind.

    One contributor knows what it brings: of two, each can subtract its own part and has the other's.

    Args:
        contributors: Different contributors (providers, households) of each cell, any shape.
        minimum_count: Fewest contributors of a cell that is shown.

    Returns:
        Boolean array of the shape of ``contributors``; true = primary suppressed.

    Raises:
        RuleError: ``NDL-R030`` when ``minimum_count`` is below 2.

    Source:
        ESSnet SDC handbook, minimum frequency rule for contributors; the number stands in ``disclosure_rules/``.

    Example:
        >>> minimum_contributors_rule(np.array([0, 1, 2, 3]), minimum_count=3).tolist()
        [False, True, True, False]
    """
    if minimum_count < 2:  # noqa: PLR2004 - one contributor is what the rule is about
        raise RuleError("NDL-R030", "minimum_count of contributors must be at least 2; one contributor knows all")
    return np.asarray((contributors > 0) & (contributors < minimum_count))
