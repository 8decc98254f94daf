"""Coins must be exact at the very bit where a word stops deciding."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ndl_publish.privacy.randomness import KeyedRandomSource, ScriptedRandomSource, WordStream
from ndl_publish.privacy.secret_key import SecretKey
from ndl_publish.protect.noise.exact_coins import (
    _leading_bits,
    bernoulli,
    bernoulli_exp,
    bernoulli_exp_one,
    fitting,
    uniform_below,
)

FULL = 2**64 - 1


def toss(word: int, numerator: int, denominator: int, ties: tuple[int, ...] = ()) -> bool:
    stream = WordStream(ScriptedRandomSource({"c": [word], "c|ties": ties}), "c")
    return bool(bernoulli(stream, np.array([numerator]), denominator)[0])


def keyed(label: str) -> WordStream:
    return WordStream(KeyedRandomSource(SecretKey(bytes(32))), label)


def test_half_splits_the_words_in_two() -> None:
    assert toss(2**63 - 1, 1, 2)
    assert not toss(2**63, 1, 2)


def test_never_and_always() -> None:
    assert not toss(0, 0, 7)
    assert toss(FULL, 7, 7)


def test_a_third_is_settled_by_further_words() -> None:
    edge = 2**64 // 3  # 0x5555...; a third goes on in the same way for ever
    assert toss(edge - 1, 1, 3)
    assert not toss(edge + 1, 1, 3)
    assert toss(edge, 1, 3, (edge - 1,))
    assert not toss(edge, 1, 3, (edge + 1,))
    assert toss(edge, 1, 3, (edge, edge, 0))


@given(st.integers(1, 2**200), st.data())
def test_leading_bits_are_exact_for_any_denominator(denominator: int, data: st.DataObject) -> None:
    numerator = data.draw(st.integers(0, denominator))
    numerators = np.array([numerator], dtype=np.int64 if numerator < 2**62 else object)
    assert _leading_bits(numerators, denominator).tolist() == [(numerator << 32) // denominator]


@pytest.mark.parametrize("bound", [1, 2, 3, 5, 64, 1000, 2**62 + 1, 2**63])
def test_uniform_stays_below(bound: int) -> None:
    values = uniform_below(keyed("u"), bound, 2000)
    assert values.min() >= 0
    assert int(values.max()) < bound
    if bound <= 5:
        counts = np.bincount(values, minlength=bound)
        assert (abs(counts - 2000 / bound) < 7 * (2000 / bound) ** 0.5).all()


def test_uniform_draws_again_what_reaches_the_bound() -> None:
    words = [value << 62 for value in (3, 1, 3, 2)]  # two bits each; 3 is not below 3
    stream = WordStream(ScriptedRandomSource({"u": words}), "u")
    assert uniform_below(stream, 3, 2).tolist() == [2, 1]


@pytest.mark.parametrize("text", ["0", "1/1000", "1/2", "1", "3/2", "4", "29/7"])
def test_exponential_coins_have_their_rate(text: str) -> None:
    gamma, n = Fraction(text), 40000
    hits = int(bernoulli_exp(keyed(text), np.full(n, gamma.numerator), gamma.denominator).sum())
    expected = math.exp(-gamma)
    assert abs(hits - n * expected) <= 6 * (n * expected * (1 - expected)) ** 0.5


def test_exponential_of_one() -> None:
    assert abs(int(bernoulli_exp_one(keyed("one"), 40000).sum()) / 40000 - math.exp(-1)) < 6 * 0.0025


def test_long_numbers_give_the_same_coins() -> None:
    numerators = np.arange(0, 3000)
    short = bernoulli_exp(keyed("s"), numerators, 1000)
    factor = 10**30
    long = bernoulli_exp(keyed("s"), numerators.astype(object) * factor, 1000 * factor)
    assert (short == long).all()


def test_fitting_changes_type_only_when_needed() -> None:
    values = np.arange(3)
    assert fitting(values, 2**61) is values
    assert fitting(values, 2**62).dtype == object


def test_no_coins() -> None:
    assert bernoulli_exp(keyed("none"), np.empty(0, dtype=np.int64), 5).size == 0
