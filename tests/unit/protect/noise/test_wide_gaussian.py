"""The sampler for large sigma: size, sign, zero, and numbers too long for a machine word."""

from fractions import Fraction

import numpy as np
import pytest

from ndl_publish.privacy.randomness import KeyedRandomSource, ScriptedRandomSource, WordStream
from ndl_publish.privacy.secret_key import SecretKey
from ndl_publish.protect.noise.wide_gaussian import draw_wide_gaussian

SOURCE = KeyedRandomSource(SecretKey(bytes(32)))


def draw(sigma2: Fraction, n: int) -> np.ndarray:
    return draw_wide_gaussian(WordStream(SOURCE, "w"), sigma2=sigma2, n=n)


@pytest.mark.parametrize("sigma2", ["4096", "10000", "25000000", "10000000000", "10000000000000000"])
def test_variance_and_symmetry(sigma2: str) -> None:
    draws = draw(Fraction(sigma2), 40000).astype(float) / float(Fraction(sigma2)) ** 0.5
    assert abs(draws.var() - 1) < 6 * (2 / 40000) ** 0.5
    assert abs(draws.mean()) < 6 / 200
    assert abs((draws**4).mean() - 3) < 0.4


def test_long_fractions_take_the_slow_exact_way() -> None:
    sigma2 = Fraction(10**10 * 3**50 + 1, 3**50)
    draws = draw(sigma2, 3000).astype(float)
    assert abs(draws.var() / 1e10 - 1) < 0.2


def test_a_negative_zero_is_drawn_again() -> None:
    # one batch of 17 words with step 1: sixteen negative zeros, then the positive median; all coins say yes
    negative_zero, median = 1 << 63, 1 << 62
    source = ScriptedRandomSource({"w": [negative_zero] * 16 + [median] + [2**64 - 1] * 17})
    (first,) = draw_wide_gaussian(WordStream(source, "w"), sigma2=Fraction(4096), n=1)
    assert 40 < first < 46  # two thirds of sigma


def test_too_small_for_it() -> None:
    with pytest.raises(ValueError, match="too small"):
        draw(Fraction(4095), 1)


def test_blocks_do_not_show_in_the_size() -> None:
    assert draw(Fraction(10**8), 100001).shape == (100001,)
