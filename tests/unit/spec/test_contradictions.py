"""Rules that cannot all hold are refused when the book is read, each contradiction by itself and all at once."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from ndl_publish.errors import RuleError
from ndl_publish.spec.base import CONTRADICTIONS
from ndl_publish.spec.contradictions import contradictions
from ndl_publish.spec.load import load_rules
from tests.command import ROOT
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

PROTECT = {**ZEROS, "policy": "protect"}
TWICE = number("2", "times")
THRICE = number("3", "times")


def refusal(*primary: dict[str, Any], **more: Any) -> str:  # noqa: ANN401 - YAML
    with pytest.raises(ValidationError) as caught:
        book(*primary, **more)
    (error,) = caught.value.errors()
    assert error["type"] == CONTRADICTIONS
    return "; ".join(f"{'.'.join(map(str, at))}: {message}" for at, message in error["ctx"]["told"])


@pytest.mark.parametrize(
    ("rules", "told"),
    [
        ((threshold(5), threshold(10)), "two threshold rules without measures"),
        ((threshold(5), threshold(10, "gld"), threshold(8, "comm", "gld")), "two threshold rules for gld"),
        ((threshold(5), threshold(10, "gld", "gld")), "two threshold rules for gld"),
        ((ZEROS, PROTECT), "two rules about zeros"),
        ((ZEROS, ZEROS), "two rules about zeros"),
        ((group_disclosure(3), group_disclosure(4)), "two group_disclosure rules for all measures"),
        ((group_disclosure(3, "gld"), group_disclosure(4, "gld")), "two group_disclosure rules for gld"),
        ((minimum_contributors(3), minimum_contributors(4)), "minimum_contributors by provider stands twice"),
        ((p_percent("10"), p_percent("15")), "p_percent by provider stands twice"),
        ((dominance(1, "80"), dominance(1, "70")), "dominance by the largest 1 provider stands twice"),
        (
            (p_percent("10", of="score"), p_percent("15", of="score")),
            "p_percent by provider of score stands twice",
        ),
    ],
)
def test_two_numbers_for_one_thing(rules: tuple[dict[str, Any], ...], told: str) -> None:
    message = refusal(*rules)
    assert message.startswith("primary.")
    assert told in message
    assert message.count("primary.") == 1


@pytest.mark.parametrize(
    "rules",
    [
        (threshold(5), threshold(10, "gld"), threshold(8, "comm")),
        (group_disclosure(3), group_disclosure(4, "gld")),
        (dominance(1, "80"), dominance(2, "85")),
        (p_percent("10"), p_percent("10", of="score")),
        (p_percent("10"), p_percent("10", contributor="household")),
    ],
)
def test_rules_that_stand_beside_one_another(rules: tuple[dict[str, Any], ...]) -> None:
    assert len(book(*rules).primary) >= 2


def test_without_a_general_threshold_most_cells_would_have_none() -> None:
    primary = book(threshold(5), threshold(9, "gld")).primary[1:]
    ((at, message),) = contradictions(primary, keep=(), prefer=(), levels=frozenset())
    assert at == ("primary",)
    assert message.startswith("a threshold rule without measures is needed")


def test_a_selection_that_stands_twice() -> None:
    one = selection("region", "sex", "band", measures=("children", "gld"))
    other = selection("region", "band", "sex", measures=("gld",))
    assert refusal(keep=[one, other]).startswith("keep.1: region x band x sex, gld stands twice")


def test_a_selection_with_two_factors() -> None:
    two = [selection("region", factor=TWICE), selection("region", factor=THRICE)]
    assert refusal(prefer=two).startswith("prefer.1: region, children stands twice")


def test_a_selection_that_is_kept_and_preferred() -> None:
    told = refusal(keep=[selection("region")], prefer=[selection("region", factor=TWICE)])
    assert told == "prefer.0: region, children is kept already; take it out of one of the two."


def test_a_level_that_may_not_be_published_at_all() -> None:
    assert refusal(keep=[selection("parish")]) == "keep.0.level: finest allows no table at level parish."


def test_all_contradictions_at_once() -> None:
    told = refusal(threshold(5), threshold(6), ZEROS, PROTECT, keep=[selection("parish"), selection("parish")])
    assert [part.split(":")[0] for part in told.split("; ") if ":" in part] == [
        "primary.1", "primary.3", "keep.1", "keep.0.level", "keep.1.level",
    ]  # fmt: skip


def test_each_contradiction_is_told_at_its_rule_in_the_order_of_lines(tmp_path: Path) -> None:
    text = (ROOT / "disclosure_rules/classic_threshold.yaml").read_text(encoding="utf-8")
    zero = "  - {method: zero, policy: show}\n"
    selected = "keep: [{level: parish, measures: [children]}]\n"
    path = tmp_path / "odd.yaml"
    path.write_text(
        text.replace(zero, zero * 3).replace("mode: classic\n", f"mode: classic\n{selected}"), encoding="utf-8"
    )
    with pytest.raises(RuleError) as caught:
        load_rules(path)
    lines = path.read_text(encoding="utf-8").splitlines()
    places = [i for i, line in enumerate(lines, 1) if "method: zero" in line]
    kept = lines.index(selected.strip()) + 1
    assert [finding.where for finding in caught.value.findings] == [
        f"odd.yaml:{kept}: keep.0.level",
        f"odd.yaml:{places[1]}: primary.2 (zero)",
        f"odd.yaml:{places[2]}: primary.3 (zero)",
    ]
    assert "3 mistakes" in caught.value.message
