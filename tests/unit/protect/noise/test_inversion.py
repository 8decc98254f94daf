"""The table must give every outcome exactly at its boundaries, ties included."""

from bisect import bisect_right
from itertools import accumulate

import numpy as np
import pytest

from ndl_publish.privacy.randomness import KeyedRandomSource, ScriptedRandomSource, WordStream
from ndl_publish.privacy.secret_key import SecretKey
from ndl_publish.protect.noise.inversion import InversionTable, draw_symmetric, signed, symmetric

TOP = 1 << 63
NO_TIES = WordStream(ScriptedRandomSource({}), "none")


def outcomes(table: InversionTable, words: list[int], ties: tuple[int, ...] = ()) -> list[int]:
    stream = WordStream(ScriptedRandomSource({"t|ties": ties}), "t")
    return [int(outcome) for outcome in table.outcomes(np.array(words, dtype=np.uint64), stream=stream)]


def test_words_below_at_and_above_a_boundary() -> None:
    table = InversionTable([1, 1, 2])  # boundaries at 1/4 and 1/2
    quarter = TOP // 4
    assert outcomes(table, [0, quarter - 1, quarter + 1, TOP // 2 - 1, TOP // 2 + 1, TOP - 1]) == [0, 0, 1, 1, 2, 2]


def test_the_top_bit_does_not_matter() -> None:
    table = InversionTable([1, 1, 2])
    assert outcomes(table, [TOP, TOP + TOP // 2 + 1]) == [0, 2]


def test_a_tie_is_settled_by_three_more_words() -> None:
    table = InversionTable([1, 2])  # boundary at a third: 0.0101... in binary, 63 bits, then again 64-bit words
    top, rest = divmod((1 << 255) // 3, 1 << 192)
    low, middle, high = rest & (2**64 - 1), rest >> 64 & (2**64 - 1), rest >> 128
    assert outcomes(table, [top], (high, middle, low)) == [1]
    assert outcomes(table, [top], (high, middle, low - 1)) == [0]
    assert outcomes(table, [top], (high - 1, 2**64 - 1, 2**64 - 1)) == [0]
    assert outcomes(table, [top], (high + 1, 0, 0)) == [1]


def test_ties_are_settled_among_boundaries_with_one_top_word() -> None:
    tiny = 1
    table = InversionTable([1 << 200, tiny, tiny, tiny])  # three boundaries within the last top word
    last = TOP - 1
    grid = [(part << 255) // ((1 << 200) + 3) for part in accumulate([1 << 200, 1, 1])]
    for value in [*grid, *(edge - 1 for edge in grid), (1 << 255) - 1]:
        assert value >> 192 == last
        ties = tuple(value >> shift & (2**64 - 1) for shift in (128, 64, 0))
        assert outcomes(table, [last], ties) == [bisect_right(grid, value)]


def test_ties_take_words_in_the_order_of_draws() -> None:
    table = InversionTable([1, 1])
    half = TOP // 2
    assert outcomes(table, [half, 0, half], (0, 0, 0, 0, 0, 0)) == [1, 0, 1]


def test_guide_and_search_agree_with_bisection() -> None:
    weights = [int(1e6 / (1 + k)) for k in range(3000)]
    edges = [(part << 255) // sum(weights) >> 192 for part in accumulate(weights[:-1])]
    words = KeyedRandomSource(SecretKey(bytes(32))).words("x", 20000)
    expected = [bisect_right(edges, word & (TOP - 1)) for word in words.tolist()]
    assert InversionTable(weights).outcomes(words, stream=NO_TIES).tolist() == expected


def test_one_outcome_needs_no_boundary() -> None:
    assert outcomes(InversionTable([5]), [0, TOP - 1]) == [0, 0]


def test_symmetric_counts_zero_once() -> None:
    table = symmetric([1, 1])  # P(0) = 1/3, so magnitude 0 has weight 1 of 3
    third = TOP // 3
    assert outcomes(table, [third - 1, third + 1]) == [0, 1]


def test_sign_is_the_top_bit() -> None:
    words = np.array([0, TOP, TOP, 0], dtype=np.uint64)
    assert signed(np.array([5, 5, 0, 0]), words).tolist() == [5, -5, 0, 0]


@pytest.mark.parametrize("n", [0, 1, (1 << 15) - 1, (1 << 15) + 1, 70000])
def test_blocks_do_not_show(n: int) -> None:
    source = KeyedRandomSource(SecretKey(bytes(32)))
    table = symmetric([10, 5, 1])
    draws = draw_symmetric(table, stream=WordStream(source, "x"), n=n)
    words = source.words("x", n)
    assert draws.dtype == np.int64
    assert draws.tolist() == signed(table.outcomes(words, stream=NO_TIES), words).tolist()
