"""Discrete Laplace: known answers, both ways to draw, and refusals."""

from fractions import Fraction

import numpy as np
import pytest

from ndl_publish.errors import RuleError
from ndl_publish.privacy.randomness import KeyedRandomSource, ScriptedRandomSource
from ndl_publish.privacy.secret_key import SecretKey
from ndl_publish.protect.noise.discrete_laplace import draw_discrete_laplace

SOURCE = KeyedRandomSource(SecretKey(bytes(range(32))))
KNOWN = {
    "1/2": [0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
    "54": [22, 68, -69, -20, 18, -34, -24, 56, -88, -8],
    "1000": [1788, -349, -1414, 2391, -2118, -102, 528, -1623, -824, -625],
}


@pytest.mark.parametrize("scale", KNOWN)
def test_known_answers(scale: str) -> None:
    assert draw_discrete_laplace(SOURCE, label="kat", scale=Fraction(scale), n=10).tolist() == KNOWN[scale]


@pytest.mark.parametrize("scale", ["1/50", "3", "200", "5000", "100000000"])
@pytest.mark.parametrize("n", [0, 1, 1000])
def test_as_many_as_asked(scale: str, n: int) -> None:
    draws = draw_discrete_laplace(SOURCE, label="n", scale=Fraction(scale), n=n)
    assert draws.shape == (n,)
    assert draws.dtype == np.int64


@pytest.mark.parametrize("scale", ["7/3", "233", "235", "100000/7"])
def test_mean_absolute_value(scale: str) -> None:
    draws = draw_discrete_laplace(SOURCE, label="mean", scale=Fraction(scale), n=20000)
    ratio = np.exp(-1 / float(Fraction(scale)))
    expected = 2 * ratio / (1 - ratio**2)
    assert abs(abs(draws).mean() / expected - 1) < 0.05


def test_extreme_words_reach_the_cut_and_no_further() -> None:
    low = 2**63 - 1
    name = "x|discrete_laplace|2/1"
    full = ScriptedRandomSource({name: [low, low + 2**63], f"{name}|ties": [2**64 - 1] * 6})
    assert draw_discrete_laplace(full, label="x", scale=Fraction(2), n=2).tolist() == [280, -280]


@pytest.mark.parametrize("scale", [Fraction(0), Fraction(-1), Fraction(10**8 + 1), Fraction(2**70 + 1, 2**60)])
def test_out_of_range_is_refused(scale: Fraction) -> None:
    with pytest.raises(RuleError) as caught:
        draw_discrete_laplace(SOURCE, label="x", scale=scale, n=1)
    assert caught.value.code == "NDL-R045"


def test_floats_are_refused() -> None:
    with pytest.raises(TypeError, match="never a float"):
        draw_discrete_laplace(SOURCE, label="x", scale=1.5, n=1)  # type: ignore[arg-type]
