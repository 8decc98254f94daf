"""Other people's code as a second opinion: opendp and diffprivlib on the noise, dp-accounting on the loss."""

import math
from collections.abc import Callable
from fractions import Fraction

import numpy as np
import numpy.typing as npt
import opendp.prelude as dp
import pytest
from diffprivlib.mechanisms import Geometric
from dp_accounting.privacy_loss_distribution import PrivacyLossDistribution

from ndl_publish.privacy.conversion import epsilon_of_rho
from ndl_publish.privacy.randomness import KeyedRandomSource
from ndl_publish.protect.noise.discrete_gaussian import draw_discrete_gaussian
from ndl_publish.protect.noise.discrete_laplace import draw_discrete_laplace
from tests.statistical.two_samples import two_sample_p

pytestmark = pytest.mark.statistical

Integers = npt.NDArray[np.int64]
LIMIT = 1e-6
WRONG = Fraction(110, 100)
"""opendp draws with its own randomness: the sample is small, so what must be noticed is 10%, not 2%."""


def _opendp(make: Callable[..., Callable[[list[int]], list[int]]], metric: object, scale: float, n: int) -> Integers:
    """Return noise of opendp's on zeros; its source cannot be seeded, so the limit is one in a million per test."""
    dp.enable_features("contrib")
    domain = dp.vector_domain(dp.atom_domain(T="i64"))
    return np.array(make(domain, metric, scale=scale)([0] * n), np.int64)


@pytest.mark.parametrize("text", ["1", "5", "269", "40000"])
def test_opendp_draws_the_same_discrete_gaussian(source: KeyedRandomSource, text: str) -> None:
    sigma2, n = Fraction(text), 25_000
    oracle = _opendp(dp.m.make_gaussian, dp.l2_distance(T=float), float(sigma2) ** 0.5, n)
    ours = draw_discrete_gaussian(source, label="opendp", sigma2=sigma2, n=n)
    assert two_sample_p(ours, oracle) > LIMIT
    wrong = draw_discrete_gaussian(source, label="opendp wrong", sigma2=sigma2 * WRONG**2, n=n)
    assert two_sample_p(wrong, oracle) < LIMIT


@pytest.mark.parametrize("text", ["1", "54"])
def test_opendp_draws_the_same_discrete_laplace(source: KeyedRandomSource, text: str) -> None:
    scale, n = Fraction(text), 40_000
    oracle = _opendp(dp.m.make_laplace, dp.l1_distance(T="i64"), float(scale), n)
    ours = draw_discrete_laplace(source, label="opendp", scale=scale, n=n)
    assert two_sample_p(ours, oracle) > LIMIT
    wrong = draw_discrete_laplace(source, label="opendp wrong", scale=scale * WRONG, n=n)
    assert two_sample_p(wrong, oracle) < LIMIT


@pytest.mark.parametrize("text", ["1", "5"])
def test_diffprivlib_draws_the_same_discrete_laplace_with_its_own_randomness(
    source: KeyedRandomSource, text: str
) -> None:
    scale, n = Fraction(text), 40_000
    mechanism = Geometric(epsilon=float(1 / scale), sensitivity=1, random_state=7)
    oracle = np.array([mechanism.randomise(0) for _ in range(n)], np.int64)
    ours = draw_discrete_laplace(source, label="diffprivlib", scale=scale, n=n)
    assert two_sample_p(ours, oracle) > LIMIT
    wrong = draw_discrete_laplace(source, label="diffprivlib wrong", scale=scale * WRONG, n=n)
    assert two_sample_p(wrong, oracle) < LIMIT


def pld_epsilon(rho: float, delta: float) -> float:
    """Return what dp-accounting's privacy loss distribution says of Gaussian noise that costs ``rho``."""
    made = PrivacyLossDistribution.from_gaussian_mechanism(1 / math.sqrt(2 * rho), value_discretization_interval=1e-3)
    return float(made.get_epsilon_for_delta(delta))


@pytest.mark.parametrize(("rho", "known"), [("1/10", 2.21), ("1/2", 5.35), ("1", 7.94)])
def test_epsilon_is_not_below_the_exact_one_of_dp_accounting(rho: str, known: float) -> None:
    """The loss distribution of the continuous Gaussian is exact; ours is the bound of zCDP, a little above it."""
    exact, ours = pld_epsilon(float(Fraction(rho)), 1e-7), epsilon_of_rho(Fraction(rho), delta=1e-7)
    assert exact == pytest.approx(known, abs=0.01)
    assert exact <= ours <= 1.08 * exact


@pytest.mark.parametrize("sigma2", [25, 269])
def test_the_discrete_gaussian_has_the_same_loss(sigma2: int) -> None:
    """A count changed by one, twelve times over: the loss distribution of the noise that is really drawn."""
    made = PrivacyLossDistribution.from_discrete_gaussian_mechanism(sigma2**0.5, value_discretization_interval=1e-4)
    exact = float(made.self_compose(12).get_epsilon_for_delta(1e-7))
    ours = epsilon_of_rho(Fraction(12, 2 * sigma2), delta=1e-7)
    assert exact <= ours <= 1.15 * exact


def test_the_bound_is_the_renyi_curve_of_zcdp() -> None:
    """An order at a time: rho-zCDP is (a, rho a)-RDP, turned into epsilon as RDP accountants do, on a fine grid."""
    orders, delta = 1 + np.exp(np.linspace(-6, 8, 20_001)), 1e-7
    for rho in (0.01, 0.1, 0.5, 1.0, 5.0):
        curve = rho * orders + np.log1p(-1 / orders) - (math.log(delta) + np.log(orders)) / (orders - 1)
        assert epsilon_of_rho(Fraction(rho), delta=delta) == pytest.approx(float(curve.min()), rel=1e-5)
