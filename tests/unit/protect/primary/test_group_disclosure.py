"""Shares of 0% and 100%: found, with their complement, and no others."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ndl_publish.cube.shares import ShareCells
from ndl_publish.errors import RuleError
from ndl_publish.protect.primary.group_disclosure import group_disclosure_rule

PAIR = ShareCells("gld", np.array([0]), np.array([[1]]))
counts = st.integers(0, 12)


def one(reached: int, rest: int, uncertainty: int = 3) -> tuple[list[bool], list[int], list[int]]:
    found = group_disclosure_rule(np.array([reached, rest]), (PAIR,), uncertainty=uncertainty)
    return found.is_primary.tolist(), found.lowest.tolist(), found.highest.tolist()


def test_nobody_reached_it() -> None:
    assert one(0, 20) == ([True, True], [0, 17], [3, 20])


def test_everybody_reached_it() -> None:
    assert one(20, 0) == ([True, True], [17, 0], [20, 3])


def test_fewer_than_the_uncertainty_can_all_be_off() -> None:
    assert one(2, 0) == ([True, True], [0, 0], [2, 2])


@pytest.mark.parametrize(("reached", "rest"), [(1, 19), (19, 1), (0, 0), (10, 10)])
def test_other_shares_and_shares_of_nobody_are_left_alone(reached: int, rest: int) -> None:
    assert one(reached, rest)[0] == [False, False]


def test_a_complement_of_several_cells_follows_from_the_numerator() -> None:
    share = ShareCells("all_goals", np.array([0]), np.array([[1, 2]]))
    found = group_disclosure_rule(np.array([9, 0, 0]), (share,), uncertainty=2)
    assert found.is_primary.tolist() == [True, False, False]
    assert found.lowest.tolist() == [7, 0, 0]
    found = group_disclosure_rule(np.array([0, 4, 5]), (share,), uncertainty=2)
    assert (found.is_primary.tolist(), found.highest.tolist()) == ([True, False, False], [2, 4, 5])


def test_one_zero_among_several_cells_of_a_complement_is_no_end() -> None:
    share = ShareCells("all_goals", np.array([0]), np.array([[1, 2]]))
    assert not group_disclosure_rule(np.array([9, 0, 4]), (share,), uncertainty=2).is_primary.any()


@given(reached=counts, rest=counts, uncertainty=st.integers(1, 6))
def test_marked_exactly_at_the_ends_and_the_two_intervals_fit_one_another(
    reached: int, rest: int, uncertainty: int
) -> None:
    marked, lowest, highest = one(reached, rest, uncertainty)
    everybody = reached + rest
    assert marked == [everybody > 0 and 0 in (reached, rest)] * 2
    if marked[0]:
        assert lowest[0] + highest[1] == highest[0] + lowest[1] == everybody
        assert highest[0] - lowest[0] == min(uncertainty, everybody)


def test_no_shares() -> None:
    assert not group_disclosure_rule(np.array([0, 4711]), (), uncertainty=1).is_primary.any()


def test_refuses_an_uncertainty_that_leaves_no_doubt() -> None:
    with pytest.raises(RuleError) as error:
        group_disclosure_rule(np.array([4711, 0]), (PAIR,), uncertainty=0)
    assert error.value.code == "NDL-R030"
    assert "4711" not in str(error.value)
