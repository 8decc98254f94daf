"""What a privacy loss means to one child: how often the best guess about being in the data is right.

An attacker knows everything about everybody else and all about one child except whether it is in the data; beforehand
both are equally likely. The loss decides how much better than a coin toss the best guess from the published figures is.
For reading only; nothing is charged by it.
"""

from fractions import Fraction
from math import exp, sqrt
from statistics import NormalDist

COIN_TOSS = 0.5


def right_guesses_gaussian(rho: Fraction) -> float:
    """Return the share of right guesses that Gaussian noise of this total loss allows, at the most.

    With and without the child, the measurements are normal with the same variances and means that lie
    ``mu = sqrt(sum D^2 / sigma2) = sqrt(2 rho)`` apart, in units of the noise; the best test asks on which side of the
    middle they fall, and is right with probability ``Phi(mu / 2)``. The noise is normal on whole numbers only, so this
    holds about: within 0.01 percentage points for many counts at rho 0.1, within one point for a single count with a
    noise variance of 1. Whatever is worked out from the measurements tells no more.

    Source:
        Dong, Roth and Su, "Gaussian differential privacy" (arXiv 1905.02383), for the trade-off; the bound
        ``1/2 + sqrt(rho / 8)``, by Pinsker's inequality, holds for every mechanism of this loss.

    Example:
        >>> [round(right_guesses_gaussian(Fraction(r)), 3) for r in ("0", "0.1", "0.5")]
        [0.5, 0.588, 0.691]
    """
    return NormalDist().cdf(sqrt(2 * rho) / 2)


def right_guesses_pure(epsilon: Fraction) -> float:
    """Return the share of right guesses that no attack on a pure ``epsilon`` release exceeds.

    The odds change by a factor of at most ``e^epsilon`` and begin at 1.

    Example:
        >>> [round(right_guesses_pure(Fraction(e)), 3) for e in ("0", "1")]
        [0.5, 0.731]
    """
    return 1 / (1 + exp(-float(epsilon)))
