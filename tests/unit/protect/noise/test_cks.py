"""The table-free samplers: size, repetition, and numbers too long for a machine word."""

from fractions import Fraction

import numpy as np
import pytest

from ndl_publish.privacy.randomness import KeyedRandomSource
from ndl_publish.privacy.secret_key import SecretKey
from ndl_publish.protect.noise.cks import draw_discrete_gaussian_cks, draw_discrete_laplace_cks

SOURCE = KeyedRandomSource(SecretKey(bytes(32)))


@pytest.mark.parametrize("sigma2", ["1/4", "5", "40000", "10000000000", "100000000000001/10000000"])
@pytest.mark.parametrize("n", [0, 1, 5000])
def test_gaussian_size_and_spread(sigma2: str, n: int) -> None:
    draws = draw_discrete_gaussian_cks(SOURCE, label="g", sigma2=Fraction(sigma2), n=n)
    assert draws.shape == (n,)
    assert draws.dtype == np.int64
    if n > 1000 and Fraction(sigma2) > 1:
        assert abs(draws.astype(float).var() / float(Fraction(sigma2)) - 1) < 6 * (2 / n) ** 0.5


@pytest.mark.parametrize("scale", ["1/2", "7/3", "54", "100000000"])
@pytest.mark.parametrize("n", [0, 1, 5000])
def test_laplace_size_and_spread(scale: str, n: int) -> None:
    draws = draw_discrete_laplace_cks(SOURCE, label="l", scale=Fraction(scale), n=n)
    assert draws.shape == (n,)
    ratio = np.exp(-1 / float(Fraction(scale)))
    if n > 1000:
        assert abs(abs(draws).mean() / (2 * ratio / (1 - ratio**2)) - 1) < 0.12


def test_repeats_exactly_and_depends_on_the_label() -> None:
    first = draw_discrete_gaussian_cks(SOURCE, label="a", sigma2=Fraction(269), n=2000)
    assert (first == draw_discrete_gaussian_cks(SOURCE, label="a", sigma2=Fraction(269), n=2000)).all()
    assert (first == draw_discrete_gaussian_cks(SOURCE, label="b", sigma2=Fraction(269), n=2000)).mean() < 0.1


def test_more_than_one_block() -> None:
    assert draw_discrete_laplace_cks(SOURCE, label="n", scale=Fraction(3), n=70001).shape == (70001,)
