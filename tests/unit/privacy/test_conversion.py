"""(epsilon, delta) against published figures and a fine grid of orders; dp-accounting is in tests/statistical."""

import math
from fractions import Fraction

import numpy as np
import pytest

from ndl_publish.errors import RuleError
from ndl_publish.privacy.conversion import epsilon_of_rho


@pytest.mark.parametrize(("rho", "epsilon"), [("0.1", 2.35), ("0.5", 5.67), ("1", 8.40)])
def test_published_figures(rho: str, epsilon: float) -> None:
    assert abs(epsilon_of_rho(Fraction(rho), delta=1e-7) - epsilon) < 0.005


def test_zero_costs_zero() -> None:
    assert epsilon_of_rho(Fraction(0), delta=1e-7) == 0


@pytest.mark.parametrize("rho", ["1/100000", "1/100", "1/3", "7", "500"])
def test_no_order_on_a_fine_grid_does_better(rho: str) -> None:
    loss, delta = float(Fraction(rho)), 1e-7
    orders = 1 + np.exp(np.linspace(-10, 20, 200_001))
    bound = loss * orders - (np.log(orders) + math.log(delta)) / (orders - 1) + np.log1p(-1 / orders)
    found = epsilon_of_rho(Fraction(rho), delta=delta)
    assert found <= max(0.0, float(bound.min())) * (1 + 1e-9) + 1e-12
    assert found >= float(bound.min()) * (1 - 1e-6)


def test_grows_with_rho_and_shrinks_with_delta() -> None:
    values = [epsilon_of_rho(Fraction(k, 100), delta=1e-7) for k in range(1, 40)]
    assert values == sorted(values)
    assert epsilon_of_rho(Fraction(1, 10), delta=1e-9) > values[9] > epsilon_of_rho(Fraction(1, 10), delta=1e-5)


@pytest.mark.parametrize(("rho", "delta"), [("0.1", 0.0), ("0.1", 1.0), ("0.1", -0.1), ("-1", 1e-7)])
def test_impossible_arguments_are_refused(rho: str, delta: float) -> None:
    with pytest.raises(RuleError) as caught:
        epsilon_of_rho(Fraction(rho), delta=delta)
    assert caught.value.code == "NDL-R047"
