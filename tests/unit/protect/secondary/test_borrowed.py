"""Arrays lent to compiled code: the same numbers, written through, and no count of references kept."""

import sys
from typing import Any, NamedTuple

import numpy as np
from numba import njit

from ndl_publish.cube.grid import IntArray
from ndl_publish.protect.secondary.borrowed import borrowed


class Pair(NamedTuple):
    first: IntArray
    second: IntArray
    number: int


def _doubled(pair: Pair) -> int:
    lent = borrowed(pair)
    lent.second[:] = 2 * lent.first
    return int(lent.number + lent.second.sum())


doubled: Any = njit(_doubled)


def test_the_same_arrays_are_read_and_written() -> None:
    pair = Pair(np.arange(4), np.zeros(4, np.int64), 5)
    counts = []
    for _ in range(4):
        counts.append(sys.getrefcount(pair.first))
        assert doubled(pair) == 5 + 12
    assert pair.second.tolist() == [0, 2, 4, 6]
    assert len(set(counts)) == 1
