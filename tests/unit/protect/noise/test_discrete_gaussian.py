"""Discrete Gaussian: known answers, repetition, and the table against exact probabilities."""

from fractions import Fraction

import numpy as np
import pytest

from ndl_publish.errors import RuleError
from ndl_publish.privacy.events import LARGEST_SIGMA2
from ndl_publish.privacy.randomness import KeyedRandomSource, ScriptedRandomSource
from ndl_publish.privacy.secret_key import SecretKey
from ndl_publish.protect.noise.discrete_gaussian import draw_discrete_gaussian

SOURCE = KeyedRandomSource(SecretKey(bytes(range(32))))
KNOWN = {
    "1/4": [0, 0, 0, 0, 0, 0, 1, 0, 0, 0],
    "5": [3, -1, 2, -2, 0, 2, -1, 1, 3, -2],
    "269": [1, 9, -4, -17, 22, -13, 0, 4, -2, 14],
    "100000000": [-4162, -10267, 7328, -885, 12809, -710, 5841, -3282, -11609, 3254],
    "10000000001/3": [-17833, 54908, 45474, 5074, 6000, -40027, -100745, -42951, -12744, 18887],
}


@pytest.mark.parametrize("sigma2", KNOWN)
def test_known_answers(sigma2: str) -> None:
    draws = draw_discrete_gaussian(SOURCE, label="kat", sigma2=Fraction(sigma2), n=10)
    assert draws.dtype == np.int64
    assert draws.tolist() == KNOWN[sigma2]


@pytest.mark.parametrize("sigma2", ["5", "25000000"])
def test_repeats_exactly_and_numpys_generator_is_not_asked(sigma2: str) -> None:
    state = repr(np.random.get_state())  # noqa: NPY002 (to see that it does not move)
    first = draw_discrete_gaussian(SOURCE, label="a", sigma2=Fraction(sigma2), n=50000)
    again = draw_discrete_gaussian(SOURCE, label="a", sigma2=Fraction(sigma2), n=50000)
    assert (first == again).all()
    assert repr(np.random.get_state()) == state  # noqa: NPY002


def test_label_key_and_sigma2_each_change_the_noise() -> None:
    sigma2, n = Fraction(10**6), 1000
    first = draw_discrete_gaussian(SOURCE, label="a", sigma2=sigma2, n=n)
    other = KeyedRandomSource(SecretKey(bytes(32)))
    for draws in (
        draw_discrete_gaussian(SOURCE, label="b", sigma2=sigma2, n=n),
        draw_discrete_gaussian(other, label="a", sigma2=sigma2, n=n),
        draw_discrete_gaussian(SOURCE, label="a", sigma2=sigma2 + Fraction(1, 10**9), n=n),
    ):
        assert (first == draws).mean() < 0.05
        assert abs(np.corrcoef(first, draws)[0, 1]) < 0.2


@pytest.mark.parametrize("sigma2", ["1/400", "3", "1000", "30000000"])
@pytest.mark.parametrize("n", [0, 1, 7])
def test_as_many_as_asked(sigma2: str, n: int) -> None:
    assert draw_discrete_gaussian(SOURCE, label="n", sigma2=Fraction(sigma2), n=n).shape == (n,)


def test_extreme_words_reach_the_cut_and_no_further() -> None:
    low = 2**63 - 1
    name = "x|discrete_gaussian|4/1"
    full = ScriptedRandomSource({name: [low, low + 2**63], f"{name}|ties": [2**64 - 1] * 6})
    draws = draw_discrete_gaussian(full, label="x", sigma2=Fraction(4), n=2)
    assert draws.tolist() == [34, -34]  # the first k with k^2 / 8 >= 140


def test_tiny_sigma_gives_zero() -> None:
    assert not draw_discrete_gaussian(SOURCE, label="x", sigma2=Fraction(1, 400), n=10000).any()


@pytest.mark.parametrize("sigma2", [Fraction(0), Fraction(-1), Fraction(LARGEST_SIGMA2 + 1)])
def test_out_of_range_is_refused(sigma2: Fraction) -> None:
    with pytest.raises(RuleError) as caught:
        draw_discrete_gaussian(SOURCE, label="x", sigma2=sigma2, n=1)
    assert caught.value.code == "NDL-R045"


def test_floats_are_refused() -> None:
    with pytest.raises(TypeError, match="never a float"):
        draw_discrete_gaussian(SOURCE, label="x", sigma2=269.0, n=1)  # type: ignore[arg-type]
