"""Two samplers that share nothing but the random words agree; draws are independent of each other."""

from fractions import Fraction

import numpy as np
import numpy.typing as npt
import pytest

from ndl_publish.privacy.randomness import KeyedRandomSource
from ndl_publish.protect.noise.cks import draw_discrete_gaussian_cks, draw_discrete_laplace_cks
from ndl_publish.protect.noise.discrete_gaussian import draw_discrete_gaussian
from ndl_publish.protect.noise.discrete_laplace import draw_discrete_laplace
from tests.statistical.two_samples import two_sample_p

pytestmark = pytest.mark.statistical

Integers = npt.NDArray[np.int64]
LIMIT = 1e-6


@pytest.mark.parametrize("text", ["1/4", "5", "40000", "25000000"])
def test_gaussian(source: KeyedRandomSource, text: str) -> None:
    sigma2, n = Fraction(text), 300_000
    oracle = draw_discrete_gaussian_cks(source, label="agree", sigma2=sigma2, n=n)
    assert two_sample_p(draw_discrete_gaussian(source, label="agree", sigma2=sigma2, n=n), oracle) > LIMIT
    wrong = sigma2 * Fraction(103, 100) ** 2
    assert two_sample_p(draw_discrete_gaussian(source, label="agree", sigma2=wrong, n=n), oracle) < LIMIT


@pytest.mark.parametrize("text", ["1", "54"])
def test_laplace(source: KeyedRandomSource, text: str) -> None:
    scale, n = Fraction(text), 300_000
    oracle = draw_discrete_laplace_cks(source, label="agree", scale=scale, n=n)
    assert two_sample_p(draw_discrete_laplace(source, label="agree", scale=scale, n=n), oracle) > LIMIT
    wrong = scale * Fraction(103, 100)
    assert two_sample_p(draw_discrete_laplace(source, label="agree", scale=wrong, n=n), oracle) < LIMIT


def correlation(one: Integers, two: Integers) -> float:
    return float(np.corrcoef(one, two)[0, 1])


@pytest.mark.parametrize("text", ["269", "25000000"])
def test_neighbouring_draws_and_neighbouring_labels_are_unrelated(source: KeyedRandomSource, text: str) -> None:
    sigma2, n = Fraction(text), 1_000_000
    one = draw_discrete_gaussian(source, label="table 1", sigma2=sigma2, n=n)
    two = draw_discrete_gaussian(source, label="table 2", sigma2=sigma2, n=n)
    near = draw_discrete_gaussian(source, label="table 1", sigma2=sigma2 + Fraction(1, 10**6), n=n)
    limit = 6 / n**0.5
    assert abs(correlation(one[1:], one[:-1])) < limit
    assert abs(correlation(one, two)) < limit
    assert abs(correlation(one, near)) < limit
    assert abs(correlation(np.abs(one[1:]), np.abs(one[:-1]))) < limit
    assert abs(correlation(one, np.abs(one))) < limit
