"""Fixed-point exponentials against decimal arithmetic with many more digits."""

from decimal import Decimal, localcontext
from fractions import Fraction

import pytest

from ndl_publish.protect.noise.exponential import (
    WEIGHT_BITS,
    exp_minus,
    gaussian_reach,
    gaussian_weights,
    integer_root,
    laplace_reach,
    laplace_weights,
)


def exact(exponent: Fraction) -> Decimal:
    """2**320 exp(-exponent), to 200 digits; call inside ``localcontext``."""
    return (-Decimal(exponent.numerator) / Decimal(exponent.denominator)).exp() * (1 << WEIGHT_BITS)


@pytest.mark.parametrize("text", ["0", "1/1000000007", "1/8", "1", "22/7", "139", "221", "319", "320"])
def test_exponential_is_within_one_unit(text: str) -> None:
    with localcontext(prec=200):
        assert abs(exp_minus(Fraction(text)) - exact(Fraction(text))) <= 1


@pytest.mark.parametrize("text", ["321", "1000000"])
def test_beyond_the_last_bit_is_zero(text: str) -> None:
    assert exp_minus(Fraction(text)) == 0


@pytest.mark.parametrize("sigma2", ["1/400", "1/4", "5", "400", "10000/7", "3000001/3"])
def test_gaussian_weights_keep_their_error_bound(sigma2: str) -> None:
    rate = 1 / (2 * Fraction(sigma2))
    weights = gaussian_weights(rate)
    with localcontext(prec=200):
        for k in {0, 1, 2, len(weights) // 3, len(weights) // 2, len(weights) - 1} & set(range(len(weights))):
            assert abs(weights[k] - exact(rate * k * k)) <= 2 * (k + 1) ** 2


@pytest.mark.parametrize("scale", ["1/50", "1/2", "1", "54", "1000/7"])
def test_laplace_weights_keep_their_error_bound(scale: str) -> None:
    rate = 1 / Fraction(scale)
    weights = laplace_weights(rate)
    with localcontext(prec=200):
        for k in {0, 1, len(weights) // 2, len(weights) - 1}:
            assert abs(weights[k] - exact(rate * k)) <= 2 * (k + 1)


@pytest.mark.parametrize("text", ["1/1000", "1/7", "1", "5", "140", "1000"])
def test_reach_is_the_smallest_that_cuts_deep_enough(text: str) -> None:
    rate = Fraction(text)
    far = gaussian_reach(rate)
    assert rate * far * far >= 140 > rate * (far - 1) ** 2
    near = laplace_reach(rate)
    assert rate * near >= 140 > rate * (near - 1)


def test_integer_root_of_large_numbers() -> None:
    assert integer_root(10**40) == 10**20
    assert integer_root(10**40 + 1) == 10**20 + 1
