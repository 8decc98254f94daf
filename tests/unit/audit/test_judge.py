import numpy as np

from ndl_publish.audit.judge import Required, judge, judged
from ndl_publish.audit.published import Intervals, PublishedCells
from ndl_publish.audit.registry import COUNT_ATTACKS, SIGNED_ATTACKS, attacks_on
from tests.suppression_cases import table

CASE = table(np.array([[2, 3], [4, 99]]), [("code", "code")])
PRIMARY = np.array([True, True, True, False])
SECONDARY = np.array([False, False, False, True])
NEEDED = (np.zeros(4, np.int64), np.full(4, 5))


def intervals(lower: list[float], upper: list[float], exact: list[bool]) -> Intervals:
    return Intervals("test", np.array(lower), np.array(upper), np.array(exact))


def test_what_holds_gives_no_finding() -> None:
    found = intervals([0, 0, 0, 90], [5, 9, np.inf, 100], [False] * 4)
    assert judge(found, Required(CASE.grid, PRIMARY, SECONDARY, *NEEDED)) == ()


def test_exact_narrow_and_secondary_are_told_apart_and_never_quoted() -> None:
    found = intervals([2, 1, 0, 99], [2, 9, 4, 99], [True, False, False, True])
    findings = judge(found, Required(CASE.grid, PRIMARY, SECONDARY, *NEEDED))
    assert [finding.code for finding in findings] == ["NDL-D001", "NDL-D002", "NDL-D003"]
    assert all(finding.severity == "error" for finding in findings)
    text = " ".join(map(str, findings))
    assert "d0:code x d1:code" in text
    assert "99" not in text
    assert "c0" not in text


def test_levels_that_are_total_are_left_out_and_the_grand_total_has_its_name() -> None:
    case = table(np.array([[2, 3], [4, 99]]))
    everything = np.ones(case.grid.n_cells, dtype=bool)
    found = Intervals("test", np.zeros(case.grid.n_cells), np.zeros(case.grid.n_cells), everything)
    findings = judge(found, Required(case.grid, everything, ~everything, np.zeros(9, np.int64), np.full(9, 5)))
    assert [finding.where for finding in findings] == ["grand total", "d1:code", "d0:code", "d0:code x d1:code"]


def test_noisy_values_need_no_interval() -> None:
    found = intervals([2, 2, 2, 2], [3, 3, 3, 3], [False] * 4)
    assert judge(found, Required(CASE.grid, PRIMARY, SECONDARY)) == ()


def test_optional_attacks_are_made_on_exact_counts_where_asked_for() -> None:
    exact, noisy = (PublishedCells(CASE.grid, CASE.values, PRIMARY, is_count=is_count) for is_count in (True, False))
    assert attacks_on(exact, is_whole=False) == COUNT_ATTACKS
    assert attacks_on(exact, is_whole=True) == (*COUNT_ATTACKS, "whole_numbers")
    assert attacks_on(noisy, is_whole=True) == SIGNED_ATTACKS


def test_cells_are_handed_over_and_stay_out_of_words() -> None:
    found = judged(
        intervals([2, 1, 0, 99], [2, 9, 9, 99], [True, False, False, True]),
        Required(CASE.grid, PRIMARY, SECONDARY, *NEEDED),
    )
    assert found.cells == (0, 1, 3)
    assert [finding.code for finding in found.findings] == ["NDL-D001", "NDL-D002", "NDL-D003"]
    assert "(0, 1, 3)" not in repr(found)


def test_small_counts_are_found_in_any_cell_where_nobody_says_which_they_are() -> None:
    """Printed blanks hold secondaries only; the last two cells are printed in no table."""
    printed = np.array([True, True, False, False])
    found = intervals([4, 5, 4, 3.9999999], [4, 5, 4, 4], [True] * 4)
    outside = Required(CASE.grid, np.zeros(4, bool), printed, minimum_count=5)
    assert [(finding.code, finding.message[:2]) for finding in judge(found, outside)] == [
        ("NDL-D001", "1 "),
        ("NDL-D003", "1 "),
        ("NDL-D023", "2 "),
    ]
    assert [finding.code for finding in judge(found, Required(CASE.grid, ~printed & printed, printed))] == ["NDL-D003"]


def test_nothing_and_enough_are_not_small() -> None:
    found = intervals([0, 5, 4, 1], [0, 5, 9, 3], [True, True, False, False])
    assert judge(found, Required(CASE.grid, np.zeros(4, bool), np.zeros(4, bool), minimum_count=5)) == ()
