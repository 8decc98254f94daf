"""Discrete Gaussian noise: integers k with probability proportional to exp(-k^2 / (2 sigma2)).

Up to a reach of 32,768 (sigma about 1,950) by inversion of one table; beyond by ``wide_gaussian``.

Distance from the discrete Gaussian, in total variation: cutting the tail at K with
``K^2 / (2 sigma2) >= 140`` leaves out P(|X| > K) <= 2 P(N(0, sigma2) >= K) <= exp(-140) < 2**-201
(Canonne, Kamath, Steinke, arXiv 2004.00010, Proposition 25; then the bound 2 Q(x) <= exp(-x^2 / 2)); the table
adds less than 2**-239 (see ``inversion``). Together below 2**-200 per draw, so below 2**-160 for 10**12 draws.
"""

from fractions import Fraction
from functools import lru_cache

import numpy as np

from ndl_publish.errors import RuleError
from ndl_publish.privacy.events import LARGEST_SIGMA2
from ndl_publish.privacy.randomness import RandomSource, WordStream
from ndl_publish.protect.noise.exponential import gaussian_reach, gaussian_weights
from ndl_publish.protect.noise.inversion import (
    MAX_ENTRIES,
    Integers,
    InversionTable,
    draw_symmetric,
    symmetric,
)
from ndl_publish.protect.noise.wide_gaussian import draw_wide_gaussian


def draw_discrete_gaussian(source: RandomSource, *, label: str, sigma2: Fraction, n: int) -> Integers:
    """Draw ``n`` independent integers from the discrete Gaussian with parameter ``sigma2``.

    Args:
        source: Random words; the same source, label, ``sigma2`` and ``n`` give the same draws.
        label: Names the noise. ``sigma2`` is added to it, so two values never share noise.
        sigma2: Variance parameter in squared counts, above 0 and at most 10**16. The variance is a
            little smaller when ``sigma2`` is small.
        n: Number of draws; zero gives an empty array.

    Raises:
        RuleError: ``NDL-R045`` when ``sigma2`` is out of range.

    Source:
        Canonne, Kamath, Steinke (2020), The Discrete Gaussian for Differential Privacy, arXiv 2004.00010.
    """
    if not isinstance(sigma2, Fraction):
        raise TypeError("sigma2 must be a Fraction, never a float")
    if not 0 < sigma2 <= LARGEST_SIGMA2:
        raise RuleError("NDL-R045", f"sigma2 must be above 0 and at most {LARGEST_SIGMA2:.0e}.")
    stream = WordStream(source, f"{label}|discrete_gaussian|{sigma2.numerator}/{sigma2.denominator}")
    if gaussian_reach(1 / (2 * sigma2)) >= MAX_ENTRIES:
        return draw_wide_gaussian(stream, sigma2=sigma2, n=n)
    return draw_symmetric(_table(sigma2), stream=stream, n=n) if n else np.empty(0, dtype=np.int64)


@lru_cache(maxsize=32)
def _table(sigma2: Fraction) -> InversionTable:
    return symmetric(gaussian_weights(1 / (2 * sigma2)))
