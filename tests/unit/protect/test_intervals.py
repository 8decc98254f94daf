"""Interval ends against a numerical solution of Fieller's inequality, and rounding that only ever widens."""

import numpy as np
import pytest
from scipy.optimize import brentq

from ndl_publish.privacy.least_squares import FloatArray
from ndl_publish.protect.intervals import Z_95, count_ends, fieller_ends, round_outward


def _one(value: float) -> FloatArray:
    return np.array([value])


@pytest.mark.parametrize("seed", range(30))
def test_ends_solve_fiellers_equation(seed: int) -> None:
    rng = np.random.default_rng(seed)
    bottom = rng.uniform(50, 500)
    top = rng.uniform(-0.1, 1.1) * bottom
    var_bottom = (bottom / rng.uniform(3, 40)) ** 2
    var_top = var_bottom * rng.uniform(0.3, 1)
    covariance = rng.uniform(-0.5, 0.9) * np.sqrt(var_top * var_bottom)

    def excess(ratio: float) -> float:
        spread = var_top - 2 * ratio * covariance + ratio**2 * var_bottom
        return float((top - ratio * bottom) ** 2 - Z_95**2 * spread)

    centre = top / bottom
    low = brentq(excess, centre - 50, centre, xtol=1e-13)
    high = brentq(excess, centre, centre + 50, xtol=1e-13)
    value, lower, upper = fieller_ends(
        _one(top), _one(bottom), [_one(var_top), _one(var_bottom), _one(covariance)], scale=100.0
    )
    assert np.isclose(value[0], 100 * centre)
    assert np.isclose(lower[0], 100 * low, rtol=1e-8, atol=1e-7)
    assert np.isclose(upper[0], 100 * high, rtol=1e-8, atol=1e-7)


@pytest.mark.parametrize(("bottom", "sd"), [(10.0, 6.0), (0.0, 1.0), (-30.0, 1.0), (19.0, 10.0)])
def test_a_denominator_that_may_be_nothing_gives_no_bounds(bottom: float, sd: float) -> None:
    _, lower, upper = fieller_ends(_one(5.0), _one(bottom), [_one(sd**2), _one(sd**2), _one(0.0)], scale=100.0)
    assert (lower[0], upper[0]) == (-np.inf, np.inf)


def test_a_ratio_to_nothing_is_no_number() -> None:
    value, _, _ = fieller_ends(np.array([1.0, 0.0, 3.0]), np.array([0.0, 0.0, -2.0]), [None] * 3, scale=1.0)
    assert np.isnan(value).all()


def test_without_noise_there_are_no_ends() -> None:
    value, lower, upper = fieller_ends(_one(1.0), _one(4.0), [None, None, None], scale=100.0)
    assert value.tolist() == [25.0]
    assert np.isnan([*lower, *upper]).all()
    low, high = count_ends(np.array([4.0]), None)
    assert np.isnan([*low, *high]).all()


def test_covariance_of_part_and_whole_narrows_the_interval() -> None:
    _, low, high = fieller_ends(_one(60.0), _one(100.0), [_one(50.0), _one(100.0), _one(50.0)], scale=1.0)
    _, wide_low, wide_high = fieller_ends(_one(60.0), _one(100.0), [_one(50.0), _one(100.0), _one(0.0)], scale=1.0)
    assert high[0] - low[0] < wide_high[0] - wide_low[0]


def test_count_ends_are_whole_outward_and_not_below_nothing() -> None:
    value = np.array([0.0, 3.0, 100.0, -8.0])
    low, high = count_ends(value, np.array([4.0, 4.0, 2.25, 4.0]))
    assert low.tolist() == [0.0, 0.0, 97.0, 0.0]
    assert high.tolist() == [4.0, 7.0, 103.0, 0.0]
    wide = np.sqrt(np.array([4.0, 4.0, 2.25, 4.0])) * Z_95
    assert (high >= np.maximum(value + wide, 0)).all()
    assert (low <= np.maximum(value - wide, 0)).all()


@pytest.mark.parametrize("decimals", [0, 1, 2, 4])
def test_rounding_outward_never_loses_a_point(decimals: int) -> None:
    rng = np.random.default_rng(decimals)
    lower = rng.uniform(0, 100, 2000)
    upper = lower + rng.uniform(0, 5, 2000)
    low, high = round_outward(lower, upper, decimals=decimals, within=(-1e9, 1e9))
    assert (low <= lower + 1e-9).all()
    assert (high >= upper - 1e-9).all()
    assert (lower - low < 10.0**-decimals + 1e-9).all()
    assert np.array_equal(low, np.round(low, decimals))
    assert np.array_equal(high, np.round(high, decimals))


def test_ends_are_held_within_what_is_possible() -> None:
    low, high = round_outward(_one(-np.inf), _one(np.inf), decimals=1, within=(0.0, 100.0))
    assert (low[0], high[0]) == (0.0, 100.0)
