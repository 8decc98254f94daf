"""The report of a pattern: primaries by rule, the attacker, intervals, what was opened."""

from dataclasses import replace

import numpy as np

from ndl_publish.columns import Mask
from ndl_publish.protect.posed import Posed
from ndl_publish.protect.secondary.problem import Suppression
from ndl_publish.spec.rules import ClassicRules
from ndl_publish.suppression_report.make import make_report
from ndl_publish.suppression_report.model import SuppressionReport, WhatIf
from ndl_publish.suppression_report.sections import Naming
from tests.suppression_cases import classic_rules
from tests.unit.suppression_report.conftest import two_rules


def made(posed: Posed, answer: Suppression, rules: ClassicRules, naming: Naming) -> SuppressionReport:
    return make_report("Test", posed=posed, answer=answer, rules=rules, naming=naming, what_if=None)


def test_total_of_a_small_table(posed: Posed, answer: Suppression, rules: ClassicRules, naming: Naming) -> None:
    total = made(posed, answer, rules, naming).total.as_json()
    assert (total["cells"], total["primary"], total["secondary"], total["shown"]) == (20, 1, 3, 16)
    assert (total["withheld"], total["share_withheld"], total["secondaries_per_primary"]) == (4, 0.2, 3.0)
    assert (total["zeros_withheld"], total["large_secondary"]) == (1, 0)
    n = 1238
    assert (total["children"], total["children_secondary"]) == (4 * n, 40 + 25 + 0)
    assert total["share_of_children_in_secondaries"] == 0.013


def test_large_secondaries_follow_the_threshold(posed: Posed, answer: Suppression, naming: Naming) -> None:
    assert made(posed, answer, classic_rules(5), naming).large_from == 100
    low = made(posed, answer, classic_rules(2), naming)
    assert (low.large_from, low.total.large_secondary) == (40, 1)


def test_rules_and_overlaps(posed: Posed, answer: Suppression, rules: ClassicRules, naming: Naming) -> None:
    one = made(posed, answer, rules, naming)
    assert [(rule.rule, rule.marked, rule.only) for rule in one.rules] == [("threshold", 1, 1), ("zero", 0, 0)]
    assert one.overlaps == {"threshold": 1}
    both = made(replace(posed, sensitive=two_rules(posed.sensitive)), answer, rules, naming)
    assert [(rule.rule, rule.marked, rule.only) for rule in both.rules] == [("threshold", 1, 0), ("other", 2, 1)]
    assert both.overlaps == {"other": 1, "threshold + other": 1}


def test_the_attacker_is_stated(posed: Posed, answer: Suppression, rules: ClassicRules, naming: Naming) -> None:
    attacker = made(posed, answer, rules, naming).attacker
    assert (attacker.zeros, attacker.insiders) == ("shown", True)
    trusting = replace(posed, problem=replace(posed.problem, has_insiders=False))
    assert not made(trusting, answer, rules, naming).attacker.insiders
    assert made(posed, answer, classic_rules(5, zeros="protect"), naming).attacker.zeros == "protected"


def test_an_interval_that_no_witness_spans_is_counted(
    posed: Posed, answer: Suppression, rules: ClassicRules, naming: Naming
) -> None:
    assert made(posed, answer, rules, naming).without_interval == 0
    for change in ([2, -2], [3, -1], [3, 3]):
        short = replace(answer, witnesses=replace(answer.witnesses, change=np.array(change)))
        assert made(posed, short, rules, naming).without_interval == 1


def test_opened_cells_are_named(posed: Posed, answer: Suppression, rules: ClassicRules, naming: Naming) -> None:
    report = made(posed, answer, rules, naming)
    assert report.opened == ("ward A", "ward A x kind y")
    assert not report.is_cut_short
    assert made(posed, replace(answer, is_cut_short=True), rules, naming).is_cut_short


def test_json_carries_everything(posed: Posed, answer: Suppression, rules: ClassicRules, naming: Naming) -> None:
    report = replace(made(posed, answer, rules, naming), what_if=WhatIf(3.0, 4, ()))
    content = report.as_json()
    assert set(content) == set(SuppressionReport.__dataclass_fields__)
    assert content["what_if"]["withheld"] == 4
    assert content["rules"][0]["interval"] == "0 in one such table, and 5 or more in another"
    assert content["rules"][1]["interval"] is None


def test_repr_tells_no_area(posed: Posed, answer: Suppression, rules: ClassicRules, naming: Naming) -> None:
    assert "Ashby" not in repr(made(posed, answer, rules, naming))


def test_cells_that_nobody_sees_count_as_withheld(
    posed: Posed, answer: Suppression, rules: ClassicRules, naming: Naming
) -> None:
    before = answer.mask.copy()
    seen = answer.mask == Mask.SHOWN
    seen[[0, 1]] = False
    seen[answer.mask == Mask.PRIMARY_SUPPRESSED] = True
    report = make_report(
        "Test", posed=posed, answer=answer, rules=rules, naming=naming, what_if=None, is_seen=np.asarray(seen)
    )
    total = report.total.as_json()
    assert (report.underivable, total["primary"], total["secondary"], total["shown"]) == (2, 1, 5, 14)
    assert np.array_equal(answer.mask, before), "the pattern stays as it is"
    assert made(posed, answer, rules, naming).underivable == 0
