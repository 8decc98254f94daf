"""Exact probabilities and the chi-square test that the tests in this folder share.

Sample sizes are fixed and the key is fixed, so nothing here can flake; the limit for p is one in a million.
"""

from collections.abc import Callable
from fractions import Fraction

import numpy as np
import numpy.typing as npt
import pytest
from scipy.special import chdtrc

from ndl_publish.privacy.randomness import KeyedRandomSource
from ndl_publish.privacy.secret_key import SecretKey

Integers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
BINS = 40


@pytest.fixture(scope="session")
def source() -> KeyedRandomSource:
    return KeyedRandomSource(SecretKey(bytes(range(1, 33))))


def _normalised(log_weights: Floats) -> Floats:
    weights = np.exp(log_weights)
    result: Floats = weights / weights.sum()
    return result


@pytest.fixture(scope="session")
def gaussian_probabilities() -> Callable[[Fraction], Floats]:
    """Probabilities of -K, ..., K of the discrete Gaussian, K at 12 sigma and at least 8."""

    def probabilities(sigma2: Fraction) -> Floats:
        reach = max(8, int(12 * float(sigma2) ** 0.5))
        k = np.arange(-reach, reach + 1, dtype=np.float64)
        return _normalised(-k * k / (2 * float(sigma2)))

    return probabilities


@pytest.fixture(scope="session")
def laplace_probabilities() -> Callable[[Fraction], Floats]:
    """Probabilities of -K, ..., K of the discrete Laplace distribution, K at 40 scales and at least 8."""

    def probabilities(scale: Fraction) -> Floats:
        reach = max(8, int(40 * float(scale)))
        return _normalised(-np.abs(np.arange(-reach, reach + 1)) / float(scale))

    return probabilities


@pytest.fixture(scope="session")
def p_value() -> Callable[[Integers, Floats], float]:
    """Chi-square p-value of draws against probabilities of -K, ..., K in about 40 bins of like size."""

    def chi_square(draws: Integers, probabilities: Floats) -> float:
        reach = probabilities.size // 2
        if int(np.abs(draws).max()) > reach:
            return 0.0
        middle = np.cumsum(probabilities) - probabilities / 2
        bin_of = np.unique(np.minimum(middle * BINS, BINS - 1).astype(np.int64), return_inverse=True)[1]
        expected = np.bincount(bin_of, weights=probabilities) * draws.size
        observed = np.bincount(bin_of[draws + reach], minlength=expected.size)
        assert expected.min() > 20, "a bin is too small for the chi-square approximation"
        return float(chdtrc(expected.size - 1, ((observed - expected) ** 2 / expected).sum()))

    return chi_square
