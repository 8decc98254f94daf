"""A worked example of the literature: Activity II in Region C, which must not be deduced.

Source:
    Fischetti and Salazar, "Solving the Cell Suppression Problem on Tabular Data with Linear Constraints", Management
    Science 47 (2001) 1008, introduction: investment by activity and region; the table with Activity II and III of
    Regions A and C blank is its example of a pattern.
"""

import numpy as np
import pytest

from ndl_publish.audit.linear_programme import linear_programme
from ndl_publish.audit.published import BoolArray, PublishedCells
from ndl_publish.columns import Mask
from tests.suppression_cases import Case, integer_ranges, table

INVESTMENT = np.array([[20, 50, 10], [8, 19, 22], [17, 32, 12]])
SENSITIVE = (1, 2)
PATTERN = [(1, 0), (1, 2), (2, 0), (2, 2)]


def cell(case: Case, at: tuple[int, int]) -> int:
    return case.grid.block(("code", "code")).offset + at[0] * 3 + at[1]


def example(*, below: int, above: int) -> Case:
    """Return the table, asking that the sensitive figure may be so much less or more."""
    case = table(INVESTMENT)
    primary = np.zeros(case.grid.n_cells, bool)
    primary[cell(case, SENSITIVE)] = True
    return case.asking(primary, case.values - below, case.values + above)


def pattern(case: Case) -> BoolArray:
    is_shown = np.ones(case.grid.n_cells, bool)
    is_shown[[cell(case, at) for at in PATTERN]] = False
    return is_shown


def test_totals_are_those_of_the_paper() -> None:
    case = table(INVESTMENT)
    assert case.values[case.grid.block(("code", "total")).cells].tolist() == [80, 49, 61]
    assert case.values[case.grid.block(("total", "code")).cells].tolist() == [45, 101, 44]
    assert case.values[case.grid.block(("total", "total")).cells].tolist() == [190]


def test_the_blank_alone_is_subtracted() -> None:
    case = example(below=5, above=5)
    found = linear_programme(PublishedCells(case.grid, case.values, ~case.primary))
    assert np.flatnonzero(found.is_exact).tolist() == [cell(case, SENSITIVE)]
    assert found.lower[found.is_exact].tolist() == [22.0]


def test_its_pattern_leaves_5_to_30() -> None:
    """Region A has 25 left for both activities: all of it in II leaves 30 - 25 in Region C, none of it leaves 30."""
    case = example(below=17, above=8)
    found = linear_programme(PublishedCells(case.grid, case.values, pattern(case)))
    at = cell(case, SENSITIVE)
    assert (found.lower[at], found.upper[at]) == (5.0, 30.0)
    low, high = integer_ranges(case, pattern(case))
    assert (low[at], high[at]) == (5, 30)
    assert case.attack(pattern(case)) == ()


@pytest.mark.parametrize(("below", "above"), [(18, 8), (17, 9)])
def test_a_wider_interval_is_not_had_from_it(below: int, above: int) -> None:
    case = example(below=below, above=above)
    assert [finding.code for finding in case.attack(pattern(case))] == ["NDL-D002"]


@pytest.mark.parametrize(("below", "above"), [(1, 1), (5, 5), (12, 8), (17, 8)])
def test_the_search_needs_no_more_than_three_further_blanks(below: int, above: int) -> None:
    case = example(below=below, above=above)
    found = case.suppress()
    assert len(found.unprotected) == 0
    assert (found.mask == Mask.SECONDARY_SUPPRESSED).sum() == 3
    assert case.attack(found.mask == Mask.SHOWN) == ()


def test_each_of_them_is_needed() -> None:
    case = example(below=5, above=5)
    mask = case.suppress().mask
    for blank in np.flatnonzero(mask == Mask.SECONDARY_SUPPRESSED):
        is_shown = mask == Mask.SHOWN
        is_shown[blank] = True
        assert "NDL-D001" in {finding.code for finding in case.attack(is_shown)}
