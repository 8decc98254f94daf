"""Fixed-point exponentials in Python integers, with error bounds: no float stands before the noise.

Weights are integers in units of ``2**-WEIGHT_BITS``. One unit is called an ulp below.
"""

import math
from fractions import Fraction

WEIGHT_BITS = 320
TAIL_EXPONENT = 140  # exp(-139) < 2**-200, and one to spare
_GUARD_BITS = 64


def exp_minus(exponent: Fraction) -> int:
    """Return ``exp(-exponent)`` in units of ``2**-WEIGHT_BITS``, within one unit; ``exponent >= 0``.

    The exponent is halved until it is below 1/8, the Taylor series summed with 64 guard bits, and the
    result squared back. Each of fewer than 64 terms errs by less than 4 of the small units, each
    of at most 13 squarings doubles the error and adds one: below ``2**22`` small units, that is ``2**-42`` ulp, and
    the last shift loses less than one ulp. Above 320 the true value is below one ulp, and 0 is returned.

    Example:
        >>> exp_minus(Fraction(0)) == 1 << WEIGHT_BITS
        True
        >>> round(exp_minus(Fraction(1)) / (1 << WEIGHT_BITS), 12)
        0.367879441171
    """
    if exponent > WEIGHT_BITS:
        return 0
    bits = WEIGHT_BITS + _GUARD_BITS
    halvings = (exponent.numerator // exponent.denominator + 1).bit_length() + 3
    reduced = (exponent.numerator << bits) // (exponent.denominator << halvings)
    term = total = 1 << bits
    order = 0
    while term:
        order += 1
        term = (term * reduced >> bits) // order
        total += -term if order % 2 else term
    for _ in range(halvings):
        total = total * total >> bits
    return total >> _GUARD_BITS


def gaussian_weights(rate: Fraction) -> list[int]:
    """Return ``exp(-rate k^2)`` for k = 0, 1, ... up to the first with ``rate k^2 >= 140``.

    From one weight to the next by ``w <- w g, g <- g exp(-2 rate)``, which starts at ``g = exp(-rate)``.
    All factors are at most 1, so truncation adds up: g errs by less than ``2 k + 1`` ulp at step k, w by less than
    ``2 (k + 1)**2`` ulp.
    """
    step, squared_step = exp_minus(rate), exp_minus(2 * rate)
    weight = 1 << WEIGHT_BITS
    weights = [weight]
    for _ in range(gaussian_reach(rate)):
        weight = weight * step >> WEIGHT_BITS
        step = step * squared_step >> WEIGHT_BITS
        weights.append(weight)
    return weights


def gaussian_reach(rate: Fraction) -> int:
    """Return the smallest k with ``rate k^2 >= 140``, in integers."""
    return integer_root(-(-TAIL_EXPONENT * rate.denominator // rate.numerator))


def integer_root(value: int) -> int:
    """Return the smallest integer whose square is at least ``value``.

    Example:
        >>> [integer_root(value) for value in (0, 1, 2, 4, 5)]
        [0, 1, 2, 2, 3]
    """
    root = math.isqrt(value)
    return root if root * root == value else root + 1


def laplace_weights(rate: Fraction) -> list[int]:
    """Return ``exp(-rate k)`` for k = 0, 1, ... up to the first with ``rate k >= 140``; each errs by ``2 k`` ulp."""
    step = exp_minus(rate)
    weight = 1 << WEIGHT_BITS
    weights = [weight]
    for _ in range(laplace_reach(rate)):
        weight = weight * step >> WEIGHT_BITS
        weights.append(weight)
    return weights


def laplace_reach(rate: Fraction) -> int:
    """Return the smallest k with ``rate k >= 140``."""
    return -(-TAIL_EXPONENT * rate.denominator // rate.numerator)
