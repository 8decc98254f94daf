"""What a loss lets an attacker guess, held against the noise that is really drawn."""

from fractions import Fraction
from itertools import pairwise
from math import exp, sqrt

import numpy as np
import numpy.typing as npt
import pytest

from ndl_publish.privacy.guessing import COIN_TOSS, right_guesses_gaussian, right_guesses_pure

FloatArray = npt.NDArray[np.float64]


def discrete_gaussian(sigma2: float) -> FloatArray:
    reach = int(12 * sqrt(sigma2)) + 2
    mass = np.exp(-(np.arange(-reach, reach + 1) ** 2) / (2 * sigma2))
    return np.asarray(mass / mass.sum(), np.float64)


def best_guess(mass: FloatArray, shift: int) -> float:
    """Return how often the better of two equally likely explanations is the true one."""
    without, within = np.pad(mass, (0, shift)), np.pad(mass, (shift, 0))
    return float(np.maximum(without, within).sum() / 2)


@pytest.mark.parametrize(
    ("sigma2", "shift", "within"), [(5, 1, 1e-3), (20, 2, 1e-3), (500, 10, 1e-4), (1, 1, 1e-2), (4, 2, 1e-2)]
)
def test_one_count_with_discrete_gaussian_noise(sigma2: int, shift: int, within: float) -> None:
    rho = Fraction(shift**2, 2 * sigma2)
    assert best_guess(discrete_gaussian(sigma2), shift) == pytest.approx(right_guesses_gaussian(rho), abs=within)


@pytest.mark.parametrize("n", [4, 16])
def test_many_counts_with_discrete_gaussian_noise(n: int) -> None:
    """With one shift and one variance the likelihood ratio depends on the sum alone: noise n times convolved."""
    sigma2 = 5 * n
    total = one = discrete_gaussian(sigma2)
    for _ in range(n - 1):
        total = np.convolve(total, one)
    found = best_guess(total, n)
    assert found == pytest.approx(right_guesses_gaussian(Fraction(1, 10)), abs=1e-4)


def test_it_lies_below_what_holds_for_every_mechanism() -> None:
    for rho in (Fraction(1, 1000), Fraction(1, 10), Fraction(1, 2), Fraction(2)):
        assert COIN_TOSS < right_guesses_gaussian(rho) < COIN_TOSS + sqrt(rho / 8)


def test_more_loss_is_more_right_guesses() -> None:
    losses = [Fraction(n, 10) for n in range(30)]
    for of in (right_guesses_gaussian, right_guesses_pure):
        assert of(Fraction(0)) == COIN_TOSS
        assert all(less < more < 1 for less, more in pairwise(map(of, losses)))


@pytest.mark.parametrize("epsilon", [Fraction(1, 2), Fraction(1), Fraction(3)])
def test_geometric_noise_reaches_the_pure_bound_and_does_not_pass_it(epsilon: Fraction) -> None:
    mass = np.exp(-float(epsilon) * np.abs(np.arange(-200, 201)))
    found = best_guess(mass / mass.sum(), 1)
    assert found <= right_guesses_pure(epsilon) + 1e-12
    assert right_guesses_pure(epsilon) == pytest.approx(exp(epsilon) / (1 + exp(epsilon)))
