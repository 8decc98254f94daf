"""Discrete Gaussian draws follow their law, and 2% more sigma is noticed with the same number of draws."""

from collections.abc import Callable
from fractions import Fraction

import numpy as np
import numpy.typing as npt
import pytest

from ndl_publish.privacy.randomness import KeyedRandomSource, WordStream
from ndl_publish.protect.noise.cks import draw_discrete_gaussian_cks
from ndl_publish.protect.noise.discrete_gaussian import draw_discrete_gaussian
from ndl_publish.protect.noise.wide_gaussian import _propose, draw_wide_gaussian

pytestmark = pytest.mark.statistical

Integers = npt.NDArray[np.int64]
Probabilities = Callable[[Fraction], npt.NDArray[np.float64]]
PValue = Callable[[Integers, npt.NDArray[np.float64]], float]

LIMIT = 1e-6
WRONG = Fraction(102, 100) ** 2  # 2% in sigma
TABLE = [Fraction(text) for text in ("1/4", "1", "5", "269", "40000", "1000000")]
WIDE = [Fraction(text) for text in ("25000000", "10000000001/3", "10000000000")]


@pytest.mark.parametrize("sigma2", TABLE, ids=str)
def test_table_sampler(
    source: KeyedRandomSource, gaussian_probabilities: Probabilities, p_value: PValue, sigma2: Fraction
) -> None:
    law, n = gaussian_probabilities(sigma2), 2_000_000
    assert p_value(draw_discrete_gaussian(source, label="law", sigma2=sigma2, n=n), law) > LIMIT
    assert p_value(draw_discrete_gaussian(source, label="wrong", sigma2=sigma2 * WRONG, n=n), law) < LIMIT


@pytest.mark.parametrize("sigma2", WIDE, ids=str)
def test_wide_sampler(
    source: KeyedRandomSource, gaussian_probabilities: Probabilities, p_value: PValue, sigma2: Fraction
) -> None:
    law, n = gaussian_probabilities(sigma2), 500_000
    assert p_value(draw_discrete_gaussian(source, label="law", sigma2=sigma2, n=n), law) > LIMIT
    assert p_value(draw_discrete_gaussian(source, label="wrong", sigma2=sigma2 * WRONG, n=n), law) < LIMIT


@pytest.mark.parametrize("sigma2", [Fraction(4096), Fraction(70001, 10)], ids=str)
def test_wide_sampler_where_single_integers_can_be_told_apart(
    source: KeyedRandomSource, gaussian_probabilities: Probabilities, p_value: PValue, sigma2: Fraction
) -> None:
    draws = draw_wide_gaussian(WordStream(source, f"narrow {sigma2}"), sigma2=sigma2, n=1_000_000)
    law = gaussian_probabilities(sigma2)
    assert p_value(draws, law) > LIMIT
    zeros = float(law[law.size // 2]) * draws.size
    assert abs(int((draws == 0).sum()) - zeros) < 6 * zeros**0.5


@pytest.mark.parametrize("step", [1, 16, 40, 200])
def test_wide_sampler_with_steps_so_coarse_that_the_coins_do_the_work(
    source: KeyedRandomSource, gaussian_probabilities: Probabilities, p_value: PValue, step: int
) -> None:
    sigma2 = Fraction(16001, 10)
    draws = _propose(WordStream(source, f"coarse {step}"), sigma2=sigma2, step=step, n=1_000_000)
    assert draws.size > 100_000
    assert p_value(draws, gaussian_probabilities(sigma2)) > LIMIT


@pytest.mark.parametrize("sigma2", [Fraction(1, 4), Fraction(269), Fraction(10**6)], ids=str)
def test_second_sampler(
    source: KeyedRandomSource, gaussian_probabilities: Probabilities, p_value: PValue, sigma2: Fraction
) -> None:
    law, n = gaussian_probabilities(sigma2), 200_000
    assert p_value(draw_discrete_gaussian_cks(source, label="law", sigma2=sigma2, n=n), law) > LIMIT
    assert p_value(draw_discrete_gaussian_cks(source, label="wrong", sigma2=sigma2 * WRONG, n=n), law) < LIMIT


@pytest.mark.slow
@pytest.mark.parametrize("sigma2", TABLE + WIDE, ids=str)
def test_ten_million_draws(
    source: KeyedRandomSource, gaussian_probabilities: Probabilities, p_value: PValue, sigma2: Fraction
) -> None:
    law, n = gaussian_probabilities(sigma2), 10_000_000
    assert p_value(draw_discrete_gaussian(source, label="long", sigma2=sigma2, n=n), law) > LIMIT
    slightly_wrong = sigma2 * Fraction(1005, 1000) ** 2
    assert p_value(draw_discrete_gaussian(source, label="wrong", sigma2=slightly_wrong, n=n), law) < LIMIT


@pytest.mark.slow
@pytest.mark.parametrize("sigma2", [*TABLE, Fraction(10**10)], ids=str)
def test_two_million_draws_of_the_second_sampler(
    source: KeyedRandomSource, gaussian_probabilities: Probabilities, p_value: PValue, sigma2: Fraction
) -> None:
    draws = draw_discrete_gaussian_cks(source, label="long", sigma2=sigma2, n=2_000_000)
    assert p_value(draws, gaussian_probabilities(sigma2)) > LIMIT
