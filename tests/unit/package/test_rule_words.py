"""Rules in sentences: every method that withholds has one, with its numbers."""

import typing

import pytest

from ndl_publish.package.rule_words import (
    hides_shares_at_the_ends,
    interval_sentences,
    interval_words,
    rule_sentences,
)
from ndl_publish.spec.primary_rules import Primary

BY = {"contributor": "Childcare provider"}


def one(**rule: object) -> str:
    (sentence,) = rule_sentences([rule])
    return sentence


def test_thresholds() -> None:
    assert one(method="threshold", minimum_count=5) == "Counts of at least one but fewer than 5 are withheld."
    assert one(method="threshold", minimum_count=10, measures=["gld_count", "b"]) == (
        "For `gld_count`, `b`, counts of at least one but fewer than 10 are withheld, "
        "of those who reached it and of those who did not."
    )


def test_zeros_have_words_elsewhere() -> None:
    assert list(rule_sentences([{"method": "zero", "policy": "protect"}])) == []


def test_group_disclosure() -> None:
    words = one(method="group_disclosure", uncertainty=3, measures=["gld_count"])
    assert words.startswith("Where a percentage would be 0 or 100 (`gld_count`), it is withheld")
    assert words.endswith("of those who reached the measure and of those who did not.")


def test_what_must_remain_possible_is_said_for_each_rule() -> None:
    rules: list[dict[str, object]] = [
        {"method": "threshold", "minimum_count": 5},
        {"method": "zero", "policy": "show"},
        {"method": "threshold", "minimum_count": 10, "measures": ["gld_count"]},
        {"method": "group_disclosure", "uncertainty": 3, "measures": ["gld_count"]},
        {"method": "minimum_contributors", "minimum_count": 3, **BY},
    ]
    five, ten, ends, contributors = interval_sentences(rules)
    assert five.endswith("fewer than 5: it is 0 in one such table, and 5 or more in another.")
    assert ten.endswith("fewer than 10 (`gld_count`): it is 0 in one such table, and 10 or more in another.")
    assert "(`gld_count`): it is off by 3 or more" in ends
    assert contributors.startswith("A count withheld for its contributors (Childcare provider, minimum contributors)")


def test_zeros_that_are_protected_have_an_interval() -> None:
    assert interval_words({"method": "zero", "policy": "show"}) is None
    (words,) = interval_sentences([{"method": "zero", "policy": "protect"}])
    assert words.startswith("A zero withheld like a small count: it is 0 in one such table")


@pytest.mark.parametrize("method", ["dominance", "p_percent"])
def test_rules_about_shares_of_contributors_may_ask_for_more(method: str) -> None:
    assert str(interval_words({"method": method, "largest": 1, "percent": 80, **BY})).endswith(
        "further where the rule needs it"
    )


@pytest.mark.parametrize(
    ("rule", "parts"),
    [
        (
            {"method": "minimum_contributors", "minimum_count": 3},
            ("Counts that", "fewer than 3 contributors"),
        ),
        ({"method": "dominance", "largest": 1, "percent": 80}, ("from one contributor to more than 80%",)),
        ({"method": "dominance", "largest": 2, "percent": 82.5}, ("the 2 largest contributors together", "82.5%")),
        ({"method": "p_percent", "percent": 10, "of": "hours_mean"}, ("Means `hours_mean`, with their counts", "10%")),
    ],
)
def test_rules_about_contributors_name_them(rule: dict[str, object], parts: tuple[str, ...]) -> None:
    words = one(**rule, **BY)
    assert all(part in words for part in parts)
    assert "(contributor: Childcare provider)" in words


def test_no_rule_is_without_words() -> None:
    numbers = {"minimum_count": 3, "uncertainty": 3, "largest": 1, "percent": 10, **BY}
    for model in typing.get_args(typing.get_args(Primary)[0]):
        method = typing.get_args(model.model_fields["method"].annotation)[0]
        assert (method == "zero") == (list(rule_sentences([{"method": method, **numbers}])) == [])


def test_nothing_tells_primary_from_secondary() -> None:
    for model in typing.get_args(typing.get_args(Primary)[0]):
        method = typing.get_args(model.model_fields["method"].annotation)[0]
        numbers = {"minimum_count": 3, "uncertainty": 3, "largest": 1, "percent": 10, **BY}
        assert "primary" not in "".join(rule_sentences([{"method": method, **numbers}]))


def test_shares_at_the_ends() -> None:
    assert hides_shares_at_the_ends([{"method": "threshold"}, {"method": "group_disclosure"}])
    assert not hides_shares_at_the_ends([{"method": "threshold"}])
