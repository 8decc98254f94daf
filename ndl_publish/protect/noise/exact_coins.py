"""Coins and dice that are exact: integers only, and a further word whenever one does not decide.

A coin with probability a/b compares a uniform real number, revealed 64 bits at a time, with a/b. The
first 32 bits decide all but one in four thousand million; the rest is settled in Python integers.
"""

import numpy as np
import numpy.typing as npt

from ndl_publish.privacy.randomness import WordStream
from ndl_publish.protect.noise.inversion import Integers

Booleans = npt.NDArray[np.bool_]
_LIMIT = 1 << 62
_LEAD = 32
_SMALLEST_DIGIT = 4


def fitting(values: Integers, largest: int) -> Integers:
    """Return the values as they are when ``largest`` fits 62 bits, else as Python integers (slow, exact)."""
    return values if largest < _LIMIT else values.astype(object)


def uniform_below(stream: WordStream, bound: int, n: int) -> Integers:
    """Return ``n`` integers, uniform on 0 to ``bound - 1``; ``1 <= bound <= 2**63``.

    As many bits as ``bound - 1`` has are taken from each word; values that reach ``bound`` are drawn again.
    """
    bits = (bound - 1).bit_length()
    out = np.zeros(n, dtype=np.int64)
    missing = np.arange(n if bits else 0)
    while missing.size:
        values = stream.take(missing.size) >> np.uint64(64 - bits)
        good = values < np.uint64(bound)
        out[missing[good]] = values[good].view(np.int64)
        missing = missing[~good]
    return out


def bernoulli(stream: WordStream, numerators: Integers, denominator: int) -> Booleans:
    """Toss one coin per numerator; true with probability ``numerator / denominator``, exactly.

    Args:
        stream: Random words.
        numerators: ``n`` integers from 0 to ``denominator``, 64-bit or Python's own.
        denominator: Above 0, of any size.
    """
    words = stream.take(numerators.size)
    lead = words >> np.uint64(64 - _LEAD)
    threshold = _leading_bits(numerators, denominator)
    result: Booleans = lead < threshold
    for place in np.flatnonzero(lead == threshold):
        result[place] = _settle(stream, int(words[place]), int(numerators[place]), denominator)
    return result


def bernoulli_exp(stream: WordStream, numerators: Integers, denominator: int) -> Booleans:
    """Toss one coin per numerator; true with probability ``exp(-numerator / denominator)``, exactly.

    Source:
        Canonne, Kamath, Steinke (2020), arXiv 2004.00010, Algorithm 1; numerators may exceed the denominator.
    """
    numerators = fitting(numerators, denominator)
    whole, rest = numerators // denominator, numerators % denominator
    result = _bernoulli_exp_unit(stream, rest, denominator)
    turn = 0
    while True:
        open_places = np.flatnonzero(result & (whole > turn))
        if not open_places.size:
            return result
        result[open_places] = bernoulli_exp_one(stream, open_places.size)
        turn += 1


def bernoulli_exp_one(stream: WordStream, n: int) -> Booleans:
    """Toss ``n`` coins, each true with probability ``exp(-1)``, exactly."""
    return _bernoulli_exp_unit(stream, np.ones(n, dtype=np.int64), 1)


def _bernoulli_exp_unit(stream: WordStream, numerators: Integers, denominator: int) -> Booleans:
    """Count coins of probability x, x/2, x/3, ... until the first false one; true when it is an odd toss."""
    result = np.zeros(numerators.size, dtype=np.bool_)
    places = np.arange(numerators.size)
    turn = 1
    while places.size:
        again = bernoulli(stream, numerators, denominator * turn)
        result[places[~again]] = turn % 2 == 1
        places, numerators = places[again], numerators[again]
        turn += 1
    return result


def _leading_bits(numerators: Integers, denominator: int) -> npt.NDArray[np.uint64]:
    """Return ``floor(2**32 numerator / denominator)`` by long division, a few bits at a time."""
    digit = min(_LEAD, 62 - denominator.bit_length())
    if numerators.dtype == object or digit < _SMALLEST_DIGIT:
        return np.array([(int(value) << _LEAD) // denominator for value in numerators], dtype=np.uint64)
    quotient = np.zeros(numerators.size, dtype=np.int64)
    rest, left = numerators, _LEAD
    while left:
        width = min(digit, left)
        shifted = rest << width
        part = shifted // denominator
        quotient = (quotient << width) + part
        rest = shifted - part * denominator
        left -= width
    return quotient.view(np.uint64)


def _settle(stream: WordStream, uniform: int, numerator: int, denominator: int) -> bool:
    bits = 64
    while True:
        if (uniform + 1) * denominator <= numerator << bits:
            return True
        if uniform * denominator >= numerator << bits:
            return False
        uniform, bits = uniform << 64 | stream.take_tie(), bits + 64
