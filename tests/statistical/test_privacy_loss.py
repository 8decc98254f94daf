"""What the ledger is charged is what the draws cost: from exact probabilities, and from the draws alone."""

import math
from collections.abc import Callable
from fractions import Fraction

import numpy as np
import numpy.typing as npt
import pytest
from scipy.special import betaincinv

from ndl_publish.privacy.conversion import epsilon_of_rho
from ndl_publish.privacy.events import GaussianQuery, LaplaceQuery
from ndl_publish.privacy.randomness import KeyedRandomSource
from ndl_publish.protect.noise.discrete_gaussian import draw_discrete_gaussian
from ndl_publish.protect.noise.discrete_laplace import draw_discrete_laplace

pytestmark = pytest.mark.statistical

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Probabilities = Callable[[Fraction], Floats]


def both_laws(law: Floats, shift: int) -> tuple[Floats, Floats]:
    """Probabilities of one count and of a count larger by ``shift``, over the integers both can give."""
    return law[shift:], law[: law.size - shift]


@pytest.mark.parametrize("text", ["1/2", "5", "269"])
@pytest.mark.parametrize("order", [1.5, 2.0, 10.0])
@pytest.mark.parametrize("shift", [1, 2])
def test_renyi_divergence_is_at_most_order_times_rho(
    gaussian_probabilities: Probabilities, text: str, order: float, shift: int
) -> None:
    query = GaussianQuery("t", ("c",), Fraction(text), Fraction(shift * shift), 1)
    p, q = both_laws(gaussian_probabilities(query.sigma2), shift)
    keep = (p > 0) & (q > 0)
    divergence = math.log(float((p[keep] ** order * q[keep] ** (1 - order)).sum())) / (order - 1)
    assert divergence <= order * float(query.rho) * (1 + 1e-9)
    if query.sigma2 > 4:
        assert divergence > 0.99 * order * float(query.rho)


@pytest.mark.parametrize("rho", ["1/10", "1/2", "1"])
def test_epsilon_and_delta_hold_for_the_exact_law(gaussian_probabilities: Probabilities, rho: str) -> None:
    """The sum of what p exceeds exp(epsilon) q by is the true delta; a much smaller epsilon would break it."""
    sigma2 = 400 / (2 * Fraction(rho))
    p, q = both_laws(gaussian_probabilities(sigma2), 20)
    epsilon = epsilon_of_rho(Fraction(rho), delta=1e-7)
    assert np.maximum(p - math.exp(epsilon) * q, 0).sum() <= 1e-7
    assert np.maximum(p - math.exp(0.85 * epsilon) * q, 0).sum() > 1e-7


@pytest.mark.parametrize("text", ["1/2", "1", "54"])
def test_pure_epsilon_holds_for_the_exact_law(laplace_probabilities: Probabilities, text: str) -> None:
    query = LaplaceQuery("t", ("c",), Fraction(text), Fraction(1), 1)
    p, q = both_laws(laplace_probabilities(query.scale), 1)
    ratio = np.abs(np.log(p) - np.log(q))
    assert float(ratio.max()) == pytest.approx(float(query.epsilon), rel=1e-9)


def epsilon_seen(without: Integers, with_child: Integers) -> float:
    """Lower bound (99%) on epsilon from draws alone; the event is chosen on one half, measured on the other."""
    half = without.size // 2
    thresholds = range(-6, 7)
    chosen = max(thresholds, key=lambda t: _log_ratio(without[:half] <= t, with_child[:half] <= t))
    hits_p, hits_q = (int((draws[half:] <= chosen).sum()) for draws in (without, with_child))
    lower = betaincinv(hits_p, half - hits_p + 1, 0.005)
    upper = betaincinv(hits_q + 1, half - hits_q, 0.995)
    return math.log(lower / upper)


def _log_ratio(one: npt.NDArray[np.bool_], two: npt.NDArray[np.bool_]) -> float:
    """Log ratio of two shares, less three standard errors, so that rare events do not win by luck."""
    a, b = int(one.sum()) + 1, int(two.sum()) + 1
    return math.log(a / b) - 3 * math.sqrt(1 / a + 1 / b)


def test_epsilon_seen_in_laplace_draws(source: KeyedRandomSource) -> None:
    n = 1_000_000

    def seen(scale: Fraction) -> float:
        pair = [draw_discrete_laplace(source, label=f"seen {side}", scale=scale, n=n) for side in (0, 1)]
        return epsilon_seen(pair[0], pair[1] + 1)

    assert 0.95 < seen(Fraction(1)) <= 1
    assert seen(Fraction(9, 10)) > 1.05


def test_likelihood_ratio_of_gaussian_draws_is_twice_rho(source: KeyedRandomSource) -> None:
    """The log likelihood ratio of a count and the count plus one has mean rho and variance 2 rho."""
    query = GaussianQuery("t", ("c",), Fraction(5), Fraction(1), 1)
    noise = draw_discrete_gaussian(source, label="ratio", sigma2=query.sigma2, n=2_000_000).astype(float)
    ratio = ((noise - 1) ** 2 - noise**2) / (2 * float(query.sigma2))
    assert ratio.mean() == pytest.approx(float(query.rho), rel=0.01)
    assert ratio.var() == pytest.approx(2 * float(query.rho), rel=0.01)
