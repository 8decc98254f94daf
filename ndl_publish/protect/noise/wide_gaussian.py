"""Discrete Gaussian noise with a large sigma, exact, from a table of about a thousand entries.

A magnitude is y = m a + b with a coarse step m of about sigma / 64 and 0 <= b < m. Draw a from weights
exp(-(m a)^2 / (2 sigma2)), b uniformly, and accept with probability exp(-(y^2 - (m a)^2) / (2 sigma2)),
which is 99 times in 100. The product of the two is proportional to exp(-y^2 / (2 sigma2)), so accepted
magnitudes are exact. The sign is a fair bit; a negative zero is drawn again, so that 0 is not counted twice.

Distance from the discrete Gaussian: proposals are off by less than 2**-239 (table; ``inversion``) and at
least half are accepted, the coins are exact, the cut tail is below 2**-200 as in
``discrete_gaussian``. Refused: a single table (1.7 million entries at sigma = 100,000, a second to build),
and sums of smaller draws (not exactly discrete Gaussian).
"""

import math
from fractions import Fraction
from functools import lru_cache

import numpy as np

from ndl_publish.privacy.randomness import WordStream
from ndl_publish.protect.noise.exact_coins import bernoulli_exp, fitting, uniform_below
from ndl_publish.protect.noise.exponential import gaussian_weights
from ndl_publish.protect.noise.inversion import BLOCK, Integers, InversionTable, signed

_STEPS_PER_SIGMA = 64


def draw_wide_gaussian(stream: WordStream, *, sigma2: Fraction, n: int) -> Integers:
    """Draw ``n`` integers from the discrete Gaussian with parameter ``sigma2``, at least 64**2."""
    step = math.isqrt(sigma2.numerator // sigma2.denominator) // _STEPS_PER_SIGMA
    if step < 1:
        raise ValueError("sigma2 is too small for the wide sampler")
    out = np.empty(n, dtype=np.int64)
    done = 0
    while done < n:
        draws = _propose(stream, sigma2=sigma2, step=step, n=min(BLOCK, n - done + (n - done) // 50 + 16))
        kept = draws[: n - done]
        out[done : done + kept.size] = kept
        done += kept.size
    return out


def _propose(stream: WordStream, *, sigma2: Fraction, step: int, n: int) -> Integers:
    words = stream.take(n)
    coarse = _coarse_table(sigma2, step).outcomes(words, stream=stream) * step
    fine = uniform_below(stream, step, n)
    magnitude = coarse + fine
    largest = int(magnitude.max()) ** 2 * sigma2.denominator
    excess = (fitting(2 * coarse + fine, largest) * fine) * sigma2.denominator
    kept = bernoulli_exp(stream, excess, 2 * sigma2.numerator)
    kept &= (magnitude > 0) | (words >> np.uint64(63) == 0)
    return signed(magnitude, words)[kept]


@lru_cache(maxsize=32)
def _coarse_table(sigma2: Fraction, step: int) -> InversionTable:
    return InversionTable(gaussian_weights(step * step / (2 * sigma2)))
