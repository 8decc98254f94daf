"""The (n, k) rule and its protection level."""

from decimal import Decimal
from fractions import Fraction
from math import ceil

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ndl_publish.errors import RuleError
from ndl_publish.protect.primary.dominance import dominance_rule, hundredths


def one(largest: int, total: int, percent: str) -> int:
    return int(dominance_rule(np.array([largest]), np.array([total]), percent=Decimal(percent))[0])


def test_worked_example_of_the_handbook() -> None:
    """One contributor brings 90 of 100 and k is 75: 90 is 75% of 120, so 20 more must remain possible."""
    assert one(90, 100, "75") == 20


def test_exactly_k_percent_is_no_dominance() -> None:
    assert one(75, 100, "75") == 0
    assert one(76, 100, "75") == 2


def test_percent_with_decimals() -> None:
    assert one(8501, 10_000, "85.01") == 0
    assert one(8502, 10_000, "85.01") == 2


def test_nobody_dominates_nothing() -> None:
    assert one(0, 0, "80") == 0


def test_a_hundred_percent_marks_nothing() -> None:
    assert one(5, 5, "100") == 0


@given(rest=st.integers(0, 10**6), largest=st.integers(0, 10**6), percent=st.integers(1, 10_000))
def test_just_as_far_as_needed(rest: int, largest: int, percent: int) -> None:
    k = Fraction(percent, 10_000)
    reach = one(largest, largest + rest, str(Decimal(percent) / 100))
    assert (reach > 0) == (largest > k * (largest + rest))
    if reach:
        assert reach == ceil(largest / k - (largest + rest))


def test_large_sums_do_not_overflow() -> None:
    assert one(2**40, 2**40, "50") == 2**40


@pytest.mark.parametrize("percent", ["0", "-1", "100.01"])
def test_refuses_a_percentage_that_is_none(percent: str) -> None:
    with pytest.raises(RuleError) as error:
        hundredths(Decimal(percent))
    assert error.value.code == "NDL-R030"
