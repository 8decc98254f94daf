"""The problem that rules pose: everything the rule book says reaches it."""

import os

import numpy as np
import pytest

from ndl_publish.errors import DisclosureError
from ndl_publish.protect.posed import available_threads, posed_exactly
from ndl_publish.protect.primary.judged import judged_counts
from ndl_publish.protect.selected import Selected
from tests.rule_books import book, threshold
from tests.suppression_cases import table
from tests.unit.cube.small_release import number

CASE = table(np.array([[9, 2, 30], [6, 8, 40], [3, 70, 80]]))
JUDGED = judged_counts(CASE.grid, CASE.values, outcomes=())


def test_rules_attacker_and_time_reach_the_problem() -> None:
    rules = book(threshold(5), attacker={"insiders": False}, improvement_seconds=number("2.5", "seconds"))
    forced = CASE.values == CASE.values.max()
    selected = Selected(forced, np.ones(CASE.grid.n_cells))
    posed = posed_exactly(JUDGED, rules, rows=(CASE.codes, CASE.counts), selected=selected, tie_break=b"x")
    problem = posed.problem
    assert np.array_equal(problem.primary, CASE.primary)
    assert np.array_equal(problem.lowest, posed.sensitive.lowest)
    assert np.array_equal(problem.highest, posed.sensitive.highest)
    assert problem.forced is forced
    assert (problem.has_insiders, problem.seconds, problem.signed, problem.tie_break) == (False, 2.5, False, b"x")
    assert problem.threads == available_threads()


def test_insiders_are_the_default() -> None:
    rules = book(threshold(5))
    posed = posed_exactly(JUDGED, rules, rows=(CASE.codes, CASE.counts), selected=Selected(), tie_break=b"")
    assert posed.problem.has_insiders
    assert posed.problem.forced is None
    assert posed.problem.preference is None


def test_a_contradiction_is_told_before_anything_is_solved() -> None:
    selected = Selected(CASE.primary)
    with pytest.raises(DisclosureError) as caught:
        posed_exactly(JUDGED, book(threshold(5)), rows=(CASE.codes, CASE.counts), selected=selected, tie_break=b"")
    assert caught.value.code == "NDL-D040"


def test_threads_are_those_this_process_may_use(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 3, 5}, raising=False)
    assert available_threads() == 3
    monkeypatch.delattr(os, "sched_getaffinity")
    assert available_threads() == (os.cpu_count() or 1)
