"""The samplers of Canonne, Kamath and Steinke, from exact coins alone: no table, no exponential.

They share nothing with the inversion tables but the random words, so each is the other's check. They are
ten times slower; the Laplace one also serves scales too large for a table.
"""

import math
from fractions import Fraction

import numpy as np

from ndl_publish.privacy.randomness import RandomSource, WordStream
from ndl_publish.protect.noise.exact_coins import (
    Booleans,
    bernoulli_exp,
    bernoulli_exp_one,
    fitting,
    uniform_below,
)
from ndl_publish.protect.noise.inversion import BLOCK, Integers


def draw_discrete_laplace_cks(source: RandomSource, *, label: str, scale: Fraction, n: int) -> Integers:
    """Draw ``n`` integers k with probability proportional to exp(-|k| / scale); Algorithm 2, exact."""
    stream = WordStream(source, f"{label}|discrete_laplace_cks|{scale.numerator}/{scale.denominator}")
    out = np.empty(n, dtype=np.int64)
    done = 0
    while done < n:
        kept = _laplace(stream, scale, min(BLOCK, 2 * (n - done) + 16))[: n - done]
        out[done : done + kept.size] = kept
        done += kept.size
    return out


def draw_discrete_gaussian_cks(source: RandomSource, *, label: str, sigma2: Fraction, n: int) -> Integers:
    """Draw ``n`` integers from the discrete Gaussian with parameter ``sigma2``; Algorithm 3, exact.

    Source:
        Canonne, Kamath, Steinke (2020), arXiv 2004.00010, section 5.
    """
    stream = WordStream(source, f"{label}|discrete_gaussian_cks|{sigma2.numerator}/{sigma2.denominator}")
    out = np.empty(n, dtype=np.int64)
    done = 0
    while done < n:
        kept = _gaussian(stream, sigma2, min(BLOCK, 3 * (n - done) + 16))[: n - done]
        out[done : done + kept.size] = kept
        done += kept.size
    return out


def _gaussian(stream: WordStream, sigma2: Fraction, n: int) -> Integers:
    p, q = sigma2.numerator, sigma2.denominator
    width = math.isqrt(p // q) + 1
    draws = _laplace(stream, Fraction(width), n)
    reach = (int(np.abs(draws).max(initial=0)) * q * width + p) ** 2
    distance = fitting(np.abs(draws), reach) * (q * width) - p
    kept: Integers = draws[bernoulli_exp(stream, distance * distance, 2 * p * q * width * width)]
    return kept


def _laplace(stream: WordStream, scale: Fraction, n: int) -> Integers:
    """Propose ``n`` draws and return those that stand, fewer than ``n``."""
    period = scale.numerator
    part = uniform_below(stream, period, n)
    part = part[bernoulli_exp(stream, part, period)]
    periods = _geometric(stream, part.size)
    largest = (int(periods.max(initial=0)) + 1) * period
    magnitude = ((part + fitting(periods, largest) * period) // scale.denominator).astype(np.int64)
    negative: Booleans = stream.take(magnitude.size) >> np.uint64(63) == 1
    kept: Integers = np.where(negative, -magnitude, magnitude)[~(negative & (magnitude == 0))]
    return kept


def _geometric(stream: WordStream, n: int) -> Integers:
    """Return how many coins of probability exp(-1) came up true before the first false one."""
    counts = np.zeros(n, dtype=np.int64)
    places = np.arange(n)
    while places.size:
        places = places[bernoulli_exp_one(stream, places.size)]
        counts[places] += 1
    return counts
