"""Decide about cells that hold nobody."""

from typing import Literal, get_args

import numpy as np

from ndl_publish.cube.grid import IntArray
from ndl_publish.errors import RuleError
from ndl_publish.protect.secondary.problem import BoolArray

ZeroPolicy = Literal["show", "protect"]


def zero_rule(counts: IntArray, *, policy: ZeroPolicy, structural: BoolArray | None = None) -> BoolArray:
    """Mark the observed zeros that must be withheld.

    An observed zero says that nobody is in the cell; where all others of a group are in one cell, it discloses. A
    structural zero (a combination that cannot occur) says nothing and is never marked.

    Args:
        counts: Exact counts of children, any shape.
        policy: ``show`` marks none; ``protect`` marks every observed zero.
        structural: True where the combination cannot occur; default: nowhere.

    Returns:
        Boolean array of the shape of ``counts``; true = primary suppressed.

    Raises:
        RuleError: ``NDL-R031`` for any other policy.

    Source:
        ESSnet SDC handbook, section on zero cells and group disclosure.

    Example:
        >>> import numpy as np
        >>> zero_rule(np.array([0, 3, 0]), policy="protect", structural=np.array([False, False, True])).tolist()
        [True, False, False]
    """
    if policy not in get_args(ZeroPolicy):
        raise RuleError("NDL-R031", "the policy for zeros must be 'show' or 'protect'")
    zeros: BoolArray = counts == 0
    if policy == "show":
        return np.zeros_like(zeros)
    return zeros if structural is None else zeros & ~structural
