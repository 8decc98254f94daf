"""Withhold shares of 0% and 100%, which tell something about every child they are a share of."""

from collections.abc import Iterable

import numpy as np

from ndl_publish.cube.grid import IntArray
from ndl_publish.cube.shares import ShareCells
from ndl_publish.errors import RuleError
from ndl_publish.protect.primary.found import Found


def group_disclosure_rule(values: IntArray, shares: Iterable[ShareCells], *, uncertainty: int) -> Found:
    """Mark numerator and complement of every share that is nobody or everybody of its denominator.

    A numerator of nobody must leave an outsider in doubt whether it is as much as ``uncertainty``, one of everybody
    whether it is as little as everybody less ``uncertainty``; the complement likewise. Where the complement is made of
    several cells it is not marked itself: it follows from the numerator, which is. A share of nobody is no share.

    Args:
        values: Exact count of every cell, ``n_cells``.
        shares: Which cells are numerator and complement of which share.
        uncertainty: How far from nobody, or everybody, the numerator must remain possible, in children.

    Returns:
        The cells marked, and their protection intervals.

    Raises:
        RuleError: ``NDL-R030`` when ``uncertainty`` is below 1.

    Source:
        ESSnet SDC handbook, section on group disclosure; the number stands in ``disclosure_rules/``.

    Example:
        Of 7 children nobody reached the goal, of 9 everybody, of 8 some; in doubt by 3.

        >>> share = ShareCells("gld", np.array([0, 2, 4]), np.array([[1], [3], [5]]))
        >>> found = group_disclosure_rule(np.array([0, 7, 9, 0, 5, 3]), (share,), uncertainty=3)
        >>> found.is_primary.tolist()
        [True, True, True, True, False, False]
        >>> found.lowest.tolist()[:4], found.highest.tolist()[:4]
        ([0, 4, 6, 0], [3, 7, 9, 3])
    """
    if uncertainty < 1:
        raise RuleError("NDL-R030", "uncertainty must be at least 1 child; write how far off 0% and 100% must seem")
    marked, lowest, highest = np.zeros(len(values), bool), values.copy(), values.copy()
    for share in shares:
        rest = values[share.rest].sum(axis=1)
        everybody = values[share.reached] + rest
        doubt = np.minimum(uncertainty, everybody)
        for is_nobody, none, of_cells in (
            (values[share.reached] == 0, share.reached[:, None], share.rest),
            (rest == 0, share.rest, share.reached[:, None]),
        ):
            told = is_nobody & (everybody > 0)
            _mark(none[told], (marked, highest), doubt[told], values, sign=1)
            _mark(of_cells[told], (marked, lowest), doubt[told], values, sign=-1)
    return Found("group_disclosure", marked, lowest, highest)


def _mark(
    cells: IntArray, into: tuple[np.ndarray[tuple[int], np.dtype[np.bool_]], IntArray], doubt: IntArray,
    values: IntArray, *, sign: int,
) -> None:  # fmt: skip
    """Mark cells that stand alone on their side of a share, and widen their intervals by the doubt."""
    if cells.shape[1] == 1:
        marked, end = into
        marked[cells[:, 0]] = True
        end[cells[:, 0]] = values[cells[:, 0]] + sign * doubt
