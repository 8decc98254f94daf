"""Numbers of primary rules: their units and ranges."""

from typing import Any

import pytest
from pydantic import ValidationError

from ndl_publish.spec.primary_rules import OfContributors
from tests.rule_books import as_written, book, dominance, group_disclosure, minimum_contributors, p_percent, threshold
from tests.unit.cube.small_release import number


def with_number(rule: dict[str, Any], key: str, value: str, unit: str) -> dict[str, Any]:
    return {**rule, key: number(value, unit)}


@pytest.mark.parametrize(
    ("rule", "told"),
    [
        (with_number(threshold(5), "minimum_count", "5", "contributors"), "the unit must be children or persons"),
        (with_number(group_disclosure(3), "uncertainty", "0", "children"), "uncertainty: must be at least 1"),
        (with_number(group_disclosure(3), "uncertainty", "2.5", "children"), "uncertainty: must be a whole number"),
        (with_number(group_disclosure(3), "uncertainty", "3", "percent"), "the unit must be children or persons"),
        (with_number(minimum_contributors(3), "minimum_count", "1", "contributors"), "must be at least 2"),
        (with_number(minimum_contributors(3), "minimum_count", "3", "children"), "the unit must be contributors"),
        (
            with_number(dominance(1, "80"), "largest", "11", "contributors"),
            "largest: must be at least 1 and at most 10",
        ),
        (with_number(dominance(1, "80"), "percent", "0.5", "percent"), "percent: must be at least 1 and at most 100"),
        (with_number(dominance(1, "80"), "percent", "80", "children"), "percent: the unit must be percent"),
        (with_number(p_percent("10"), "percent", "0", "percent"), "percent: must be above 0"),
        (with_number(p_percent("10"), "percent", "10.001", "percent"), "with at most two decimals"),
        ({**p_percent("10"), "contributor": ""}, "match pattern"),
        ({**p_percent("10"), "measures": ["gld"]}, "not permitted"),
        ({"method": "threshhold"}, "does not match any of the expected tags"),
    ],
)
def test_a_number_that_means_nothing_is_refused(rule: dict[str, Any], told: str) -> None:
    written = as_written(threshold(5), rule) if rule["method"] != "threshold" else as_written(rule)
    with pytest.raises(ValidationError) as caught:
        type(book()).model_validate(written)
    assert told in str(caught.value)


@pytest.mark.parametrize("percent", ["0.01", "12.5", "100"])
def test_percentages_to_two_decimals(percent: str) -> None:
    assert book(p_percent(percent)).primary[-1].method == "p_percent"


def test_contributors_are_named_once_in_order() -> None:
    rules = book(p_percent("10", contributor="household"), minimum_contributors(3), dominance(1, "80"))
    assert rules.contributors == ("household", "provider")
    assert sum(isinstance(rule, OfContributors) for rule in rules.primary) == 3


def test_more_rules_than_bits_are_refused() -> None:
    many = [threshold(5), *(threshold(6, f"m{i}") for i in range(32))]
    with pytest.raises(ValidationError):
        book(*many)
    assert len(book(*many[:-1]).primary) == 32
