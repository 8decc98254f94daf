"""What rules cost: each alternative is another rule book, searched the same way."""

from dataclasses import replace

import numpy as np
import pytest

from ndl_publish.columns import Mask
from ndl_publish.errors import DisclosureError
from ndl_publish.protect.posed import Posed
from ndl_publish.protect.secondary.problem import Suppression, SuppressionProblem
from ndl_publish.spec.primary_rules import GroupDisclosure
from ndl_publish.spec.rules import ClassicRules
from ndl_publish.suppression_report import what_if as module
from ndl_publish.suppression_report.what_if import MOST_CELLS, SECONDS, is_small, other_rules, what_if
from tests.suppression_cases import classic_rules
from tests.unit.suppression_report.conftest import judged


def poser(posed: Posed) -> module.Pose:
    def pose(rules: ClassicRules) -> Posed:
        found = judged(posed.problem.values, rules)
        problem = replace(posed.problem, primary=found.is_primary, lowest=found.lowest, highest=found.highest)
        return Posed(found, problem)

    return pose


def primaries_only(problem: SuppressionProblem) -> Suppression:
    """Answer with the primaries alone, and one that is open where insiders are guarded against."""
    assert problem.seconds == SECONDS
    mask = np.where(problem.primary, Mask.PRIMARY_SUPPRESSED, Mask.SHOWN).astype(np.uint8)
    return Suppression(mask, None, np.zeros(int(not problem.has_insiders), np.int64))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("least", "words"),
    [
        (5, ["threshold 3 instead of 5", "threshold 10 instead of 5"]),
        (6, ["threshold 5 instead of 6", "threshold 10 instead of 6"]),
        (1, ["threshold 3 instead of 1"]),
        (30, ["threshold 20 instead of 30"]),
    ],
)
def test_the_next_thresholds_in_common_use(least: int, words: list[str]) -> None:
    assert [change for change, _ in other_rules(classic_rules(least)) if "threshold" in change] == words


def test_each_alternative_differs_in_one_rule() -> None:
    rules = classic_rules(5)
    least = rules.primary[0].minimum_count  # type: ignore[union-attr]
    group = GroupDisclosure(method="group_disclosure", uncertainty=least)
    rules = rules.model_copy(update={"primary": (*rules.primary, group)})
    found = dict(other_rules(rules))
    assert list(found)[2:] == ["observed zeros protected instead of shown", "without the rule group_disclosure"]
    assert found["threshold 10 instead of 5"].minimum_count == 10
    assert found["observed zeros protected instead of shown"].protects_zeros
    assert len(found["without the rule group_disclosure"].primary) == 2
    for other in found.values():
        kept = [rule for rule in other.primary if rule in rules.primary]
        assert len(kept) == len(rules.primary) - 1


def test_a_threshold_of_some_measures_says_which() -> None:
    rules = classic_rules(5)
    one = rules.primary[0].model_copy(update={"measures": ("gld", "funded")})
    words = [change for change, _ in other_rules(rules.model_copy(update={"primary": (one,)}))]
    assert words == ["threshold 3 instead of 5 for gld, funded", "threshold 10 instead of 5 for gld, funded"]


def test_differences_are_from_the_same_search(
    monkeypatch: pytest.MonkeyPatch, posed: Posed, rules: ClassicRules
) -> None:
    monkeypatch.setattr(module, "suppress", primaries_only)
    told: list[tuple[int, int]] = []
    found = what_if(rules, pose=poser(posed), progress=lambda _, done, of: told.append((done, of)))
    rows = {row.change: (row.withheld, row.more_withheld, row.unprotected) for row in found.alternatives}
    assert (found.seconds, found.withheld) == (SECONDS, 1)
    assert rows == {
        "threshold 3 instead of 5": (1, 0, 0),
        "threshold 10 instead of 5": (1, 0, 0),
        "observed zeros protected instead of shown": (2, 1, 0),
        "without protection against insiders": (1, 0, 1),
    }
    assert told[0] == (0, 4)
    assert told[-1] == (4, 4)


def test_cells_that_must_be_shown_are_let_go(monkeypatch: pytest.MonkeyPatch, posed: Posed) -> None:
    monkeypatch.setattr(module, "suppress", primaries_only)
    forced = np.zeros(posed.problem.grid.n_cells, bool)

    def words(is_any: bool) -> list[str]:
        forced[1] = is_any
        kept = Posed(posed.sensitive, replace(posed.problem, forced=forced.copy(), has_insiders=False))
        return [row.change for row in what_if(classic_rules(5), pose=poser(kept)).alternatives]

    assert words(is_any=True)[-1] == "without the cells that must be shown"
    assert words(is_any=False)[-1] == "with protection against insiders"


def test_rules_that_withhold_what_must_be_shown_are_not_searched(
    monkeypatch: pytest.MonkeyPatch, posed: Posed, rules: ClassicRules
) -> None:
    monkeypatch.setattr(module, "suppress", primaries_only)

    def pose(other: ClassicRules) -> Posed:
        if other.minimum_count > rules.minimum_count:
            raise DisclosureError("NDL-D040", "kept and withheld")
        return poser(posed)(other)

    found = {row.change: row.more_withheld for row in what_if(rules, pose=pose).alternatives}
    assert found["threshold 10 instead of 5"] is None
    assert found["threshold 3 instead of 5"] == 0


def test_a_real_search_needs_more_for_a_higher_threshold(posed: Posed) -> None:
    rules = classic_rules(3)
    found = {row.change: row for row in what_if(rules, pose=poser(posed)).alternatives}
    more = found["observed zeros protected instead of shown"].more_withheld
    assert more is not None
    assert more >= 0
    assert all(row.unprotected == 0 for row in found.values())


def test_small_grids_are_tried_unasked(posed: Posed) -> None:
    assert is_small(posed.problem.grid)
    assert posed.problem.grid.n_cells < MOST_CELLS
