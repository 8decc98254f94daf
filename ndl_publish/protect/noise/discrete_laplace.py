"""Discrete Laplace noise: integers k with probability proportional to exp(-|k| / scale).

Scales up to 234 by inversion of one table; beyond by the table-free ``cks`` sampler, which is exact.

Distance from the discrete Laplace, in total variation: the cut tail is P(|X| > K) <= 2 exp(-(K + 1) / scale) with
``K / scale >= 140``, below 2**-200; the table adds less than 2**-239 (see ``inversion``).
"""

from fractions import Fraction
from functools import lru_cache

import numpy as np

from ndl_publish.errors import RuleError
from ndl_publish.privacy.events import LARGEST_SCALE
from ndl_publish.privacy.randomness import RandomSource, WordStream
from ndl_publish.protect.noise.cks import draw_discrete_laplace_cks
from ndl_publish.protect.noise.exponential import laplace_reach, laplace_weights
from ndl_publish.protect.noise.inversion import (
    MAX_ENTRIES,
    Integers,
    InversionTable,
    draw_symmetric,
    symmetric,
)

LARGEST_NUMERATOR = 1 << 62


def draw_discrete_laplace(source: RandomSource, *, label: str, scale: Fraction, n: int) -> Integers:
    """Draw ``n`` independent integers from the discrete Laplace distribution.

    Args:
        source: Random words; the same source, label, ``scale`` and ``n`` give the same draws.
        label: Names the noise. ``scale`` is added to it, so two values never share noise.
        scale: Sensitivity divided by epsilon, in counts, above 0 and at most 10**8.
        n: Number of draws; zero gives an empty array.

    Raises:
        RuleError: ``NDL-R045`` when ``scale`` is out of range, or above 200 with a numerator of 2**62 or more.

    Source:
        Ghosh, Roughgarden, Sundararajan (2009), arXiv 0811.2841 (two-sided geometric mechanism).
    """
    if not isinstance(scale, Fraction):
        raise TypeError("scale must be a Fraction, never a float")
    if not 0 < scale <= LARGEST_SCALE:
        raise RuleError("NDL-R045", f"The scale must be above 0 and at most {LARGEST_SCALE:.0e}.")
    if laplace_reach(1 / scale) >= MAX_ENTRIES:
        if scale.numerator >= LARGEST_NUMERATOR:
            raise RuleError("NDL-R045", "A scale above 200 must be a fraction with a numerator below 2**62.")
        return draw_discrete_laplace_cks(source, label=label, scale=scale, n=n)
    stream = WordStream(source, f"{label}|discrete_laplace|{scale.numerator}/{scale.denominator}")
    return draw_symmetric(_table(scale), stream=stream, n=n) if n else np.empty(0, dtype=np.int64)


@lru_cache(maxsize=32)
def _table(scale: Fraction) -> InversionTable:
    return symmetric(laplace_weights(1 / scale))
