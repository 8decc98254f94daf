"""From rho to the numbers people ask for: (epsilon, delta), and the loss under replace-one.

Everything in the ledger is exact and in rho. These conversions are for reading only.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations

from ndl_publish.errors import RuleError

_STEPS = 200
_GOLDEN = (math.sqrt(5) - 1) / 2


def epsilon_of_rho(rho: Fraction, *, delta: float) -> float:
    """Return an epsilon such that rho-zCDP implies (epsilon, delta)-differential privacy.

    The bound is ``rho a + log(1 / (a delta)) / (a - 1) + log(1 - 1/a)``, smallest over orders a > 1.
    Every order gives a valid bound, so a search that stops early errs on the safe side only.

    Args:
        rho: zCDP loss; zero gives zero.
        delta: Probability, above 0 and below 1.

    Raises:
        RuleError: ``NDL-R047`` when ``delta`` is not between 0 and 1 or ``rho`` is negative.

    Source:
        Canonne, Kamath, Steinke (2020), arXiv 2004.00010, Proposition 12 and Corollary 13.

    Example:
        >>> [round(epsilon_of_rho(Fraction(r), delta=1e-7), 2) for r in ("0.1", "0.5", "1")]
        [2.35, 5.67, 8.4]
    """
    if not 0 < delta < 1 or rho < 0:
        raise RuleError("NDL-R047", "rho must be at least 0, and delta above 0 and below 1.")
    if rho == 0:
        return 0.0
    loss = float(rho)
    low, high = -25.0, 50.0
    for _ in range(_STEPS):
        width = _GOLDEN * (high - low)
        if _bound(loss, delta, high - width) <= _bound(loss, delta, low + width):
            high = low + width
        else:
            low = high - width
    return max(0.0, _bound(loss, delta, (low + high) / 2))


def _bound(rho: float, delta: float, log_excess: float) -> float:
    excess = math.exp(log_excess)
    order = 1 + excess
    return rho * order + (-math.log(delta) - math.log(order)) / excess + log_excess - math.log(order)


@dataclass(frozen=True, slots=True)
class ResidualQuery:
    """One residual table of the planner: level 0 is the top; ``attributes`` may be empty (the total)."""

    level: int
    attributes: tuple[str, ...]
    rho: Fraction


def replace_one_rho(
    queries: Iterable[ResidualQuery], *, categories: Mapping[str, int], single_root: bool = True
) -> Fraction:
    """Return the exact rho when one child is replaced by another, from the add/remove losses.

    Replacing child e by f moves a residual table by ``Q e - Q f``. In different areas the two columns
    do not meet, which costs ``2 rho``. In one area the cosine of the two columns is the product of
    ``-1 / (n_i - 1)`` over the attributes of the table in which the children differ, which costs
    ``2 rho (1 - cosine)``, at most ``4 rho``. The worst pair is found among all sets of differing attributes and
    all depths to which the areas agree: exact, because areas nest and nothing else enters.

    Args:
        queries: Every residual table of the release, with its add/remove rho.
        categories: Number of categories of each attribute.
        single_root: Level 0 is one area (England), so that all children share it.

    Returns:
        The largest loss over all pairs of children, as a fraction.

    Source:
        Xiao, He, Zhang, Kifer (2023), arXiv 2305.08175, for the columns; the maximum is enumerated.

    Example:
        >>> total = ResidualQuery(0, (), Fraction(1, 20))
        >>> sex = ResidualQuery(0, ("sex",), Fraction(1, 20))
        >>> replace_one_rho([total, sex], categories={"sex": 2})
        Fraction(1, 5)
    """
    tables = tuple(queries)
    varying = sorted(name for name, n in categories.items() if n > 1)
    depths = range(1 if single_root else 0, max((table.level for table in tables), default=0) + 2)
    differing = [set(some) for size in range(len(varying) + 1) for some in combinations(varying, size)]
    return max(
        sum((2 * t.rho * _departure(t, some, depth, categories) for t in tables), Fraction(0))
        for some in differing
        for depth in depths
    )


def _departure(
    table: ResidualQuery, differing: set[str], shared_levels: int, categories: Mapping[str, int]
) -> Fraction:
    if table.level >= shared_levels:
        return Fraction(1)
    cosine = Fraction(1)
    for name in differing.intersection(table.attributes):
        cosine *= Fraction(-1, categories[name] - 1)
    return 1 - cosine
