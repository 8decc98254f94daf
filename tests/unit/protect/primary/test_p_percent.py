"""The p% rule and its protection level."""

from decimal import Decimal
from fractions import Fraction
from math import ceil

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from ndl_publish.protect.primary.p_percent import p_percent_rule


def one(parts: list[int], percent: str) -> int:
    largest, second = (*sorted(parts, reverse=True), 0, 0)[:2]
    arrays = (np.array([value]) for value in (largest, second, sum(parts)))
    return int(p_percent_rule(*arrays, percent=Decimal(percent))[0])


def test_two_contributors_know_each_other() -> None:
    assert one([60, 40], "10") == 6


def test_a_rest_of_p_percent_is_enough() -> None:
    assert one([60, 30, 6], "10") == 0
    assert one([60, 30, 5], "10") == 1


def test_one_contributor_alone() -> None:
    assert one([50], "20") == 10


def test_nobody() -> None:
    assert one([], "20") == 0


@given(parts=st.lists(st.integers(1, 10**5), max_size=6), percent=st.integers(1, 10_000))
def test_just_as_far_as_needed(parts: list[int], percent: int) -> None:
    p = Fraction(percent, 10_000)
    ordered = [*sorted(parts, reverse=True), 0, 0]
    needed = p * ordered[0] - sum(ordered[2:])
    assert one(parts, str(Decimal(percent) / 100)) == max(0, ceil(needed))
