"""Rules that a table of counts cannot serve are refused, all at once; others are not."""

import pytest

from ndl_publish.errors import RuleError
from ndl_publish.protect.lacking import refuse_lacking
from tests.rule_books import (
    ZEROS,
    book,
    dominance,
    group_disclosure,
    minimum_contributors,
    p_percent,
    selection,
    threshold,
)
from tests.unit.cube.small_release import number


def test_everything_that_is_lacking_is_told() -> None:
    rules = book(
        ZEROS,
        threshold(9, "gld", "comm"),
        group_disclosure(3),
        minimum_contributors(3),
        dominance(1, "80"),
        p_percent("10"),
        keep=[selection("region")],
        prefer=[selection("lsoa", factor=number("2", "times"))],
    )
    with pytest.raises(RuleError) as caught:
        refuse_lacking(rules, ())
    assert caught.value.code == "NDL-R066"
    told = {finding.where.removeprefix("small_rules: "): finding.message for finding in caught.value.findings}
    assert list(told) == [
        "primary.2 (threshold)",
        "primary.3 (group_disclosure)",
        "primary.4 (minimum_contributors)",
        "primary.5 (dominance)",
        "primary.6 (p_percent)",
        "keep",
        "prefer",
    ]
    assert told["primary.2 (threshold)"].startswith("comm, gld: no dimension of that name stands under outcomes")
    assert "which provider stands behind a count" in told["primary.5 (dominance)"]
    assert "under outcomes" in told["primary.3 (group_disclosure)"]


def test_named_outcomes_are_enough_for_measures() -> None:
    refuse_lacking(book(threshold(9, "gld"), group_disclosure(3), ZEROS), ("gld",))


def test_a_measure_that_is_no_outcome_is_told_beside_those_that_are() -> None:
    with pytest.raises(RuleError) as caught:
        refuse_lacking(book(group_disclosure(3, "gld", "sex")), ("gld",))
    assert [finding.message[:3] for finding in caught.value.findings] == ["sex"]


def test_plain_rules_need_nothing() -> None:
    refuse_lacking(book(threshold(5), ZEROS), ())
