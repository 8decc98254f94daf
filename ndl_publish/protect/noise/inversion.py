"""Draws from a table of weights by inversion, exact to 255 bits at the price of one word per draw.

A 255-bit uniform number V falls into one of the intervals that the cumulated weights cut out of
[0, 2**255). Its first 63 bits nearly always decide; only when they equal those of a boundary are three more
words drawn. The 64th bit of the word is left to the caller, as the sign. A guide of 65,536 buckets
answers most look-ups without a search.

Distance from the promised distribution: every boundary is rounded down to the grid, so each of the n
intervals is off by less than one unit of 2**-255 beyond the error of its weights. The weights err by
less than ``2 (k + 1)**2`` ulp of 2**-320 while their sum is at least 1, so for n <= 2**15 boundaries
are off by less than 2**-273 from this cause. Total variation: below ``n (2**-255 + 2**-272) < 2**-239``.
"""

from collections.abc import Sequence
from itertools import accumulate

import numpy as np
import numpy.typing as npt

from ndl_publish.privacy.randomness import Words, WordStream

Integers = npt.NDArray[np.int64]

MAX_ENTRIES = 1 << 15
BLOCK = 1 << 15  # draws at a time: the arrays of one block stay in the processor's cache
_GRID_BITS = 255
_LOW_63 = np.uint64((1 << 63) - 1)
_GUIDE_SHIFT = np.uint64(47)
_GUIDE_BUCKETS = 1 << 16


class InversionTable:
    """The cumulated weights of the outcomes 0, 1, ..., n - 1, ready to be looked up."""

    __slots__ = ("_guide", "_rows", "_tops")

    def __init__(self, weights: Sequence[int]) -> None:
        total = sum(weights)
        boundaries = [(part << _GRID_BITS) // total for part in accumulate(weights[:-1])]
        packed = b"".join(boundary.to_bytes(32, "big") for boundary in boundaries)
        self._rows = np.frombuffer(packed, dtype=">u8").reshape(-1, 4)
        self._tops = self._rows[:, 0].astype(np.uint64)
        self._guide = _guide(self._tops)

    def outcomes(self, words: Words, *, stream: WordStream) -> Integers:
        """Return one outcome per word, from its low 63 bits.

        Args:
            words: ``n`` uniform words.
            stream: Where the further words come from when 63 bits do not decide.

        Returns:
            ``n`` integers from 0 to the number of weights minus 1.
        """
        low = words & _LOW_63
        found = self._guide[(low >> _GUIDE_SHIFT).view(np.int64)]
        unclear = np.flatnonzero(found < 0)
        keys = low[unclear]
        ranks = np.searchsorted(self._tops, keys, side="right")
        found[unclear] = ranks
        tied = (ranks > 0) & (self._tops[ranks - 1] == keys) if self._tops.size else ranks > 0
        for place in np.flatnonzero(tied):
            found[unclear[place]] = self._exact_rank(int(keys[place]), stream)
        return found

    def _exact_rank(self, top: int, stream: WordStream) -> int:
        value = top
        for _ in range(3):
            value = value << 64 | stream.take_tie()
        first, last = (int(np.searchsorted(self._tops, np.uint64(top), side=side)) for side in ("left", "right"))
        while first < last and int.from_bytes(self._rows[first].tobytes(), "big") <= value:
            first += 1
        return first


def signed(magnitudes: Integers, words: Words) -> Integers:
    """Return the magnitudes, negated where the top bit of the word is set."""
    negative = -(words >> np.uint64(63)).view(np.int64)
    return (magnitudes ^ negative) - negative


def symmetric(weights: Sequence[int]) -> InversionTable:
    """Return a table of magnitudes for a symmetric distribution whose sign is a fair bit.

    The sign splits every magnitude in two halves except 0, which both signs hit; so 0 enters once and
    every other magnitude twice.
    """
    return InversionTable([weights[0], *(2 * weight for weight in weights[1:])])


def draw_symmetric(table: InversionTable, *, stream: WordStream, n: int) -> Integers:
    """Return ``n`` signed draws from a table made by ``symmetric``."""
    out = np.empty(n, dtype=np.int64)
    for begin in range(0, n, BLOCK):
        words = stream.take(min(BLOCK, n - begin))
        out[begin : begin + words.size] = signed(table.outcomes(words, stream=stream), words)
    return out


def _guide(tops: Words) -> Integers:
    """Return for each bucket of leading bits the outcome, or -1 where a boundary lies in the bucket."""
    edges = np.arange(_GUIDE_BUCKETS + 1, dtype=np.uint64) << _GUIDE_SHIFT
    below = np.searchsorted(tops, edges, side="left").astype(np.int64)
    return np.where(below[1:] == below[:-1], below[:-1], np.int64(-1))
