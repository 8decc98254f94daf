"""From rho to the numbers people ask for: (epsilon, delta).

Everything in the ledger is exact and in rho. These conversions are for reading only.
"""

import math
from fractions import Fraction

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
