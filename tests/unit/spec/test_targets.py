"""Targets in words: what is understood, what is refused, and what a refusal says."""

from decimal import Decimal

import pytest

from ndl_publish.geography.levels import LEVEL_LABELS
from ndl_publish.spec.rules import DpRules
from ndl_publish.spec.targets import GRAMMAR, Target, parse_target, parse_targets, target_mistakes
from tests.unit.spec.conftest import Project

LEVELS = tuple(LEVEL_LABELS)


@pytest.mark.parametrize(
    ("text", "level", "kind", "within", "group"),
    [
        ("local authority rates within 2 points for groups of 200", "local_authority", "rate", "2", "200"),
        ("LA rates within 2 points for groups of 200", "local_authority", "rate", "2", "200"),
        ("local_authority rate within 1 point for group of 50 children", "local_authority", "rate", "1", "50"),
        ("region counts within 15 children", "region", "count", "15", None),
        ("Regional counts within 1,500 persons.", "region", "count", "1500", None),
        ("  ward   rates within 2.5 percentage points for groups of 1,000 ", "ward", "rate", "2.5", "1000"),
        ("LSOA count within 0.5 children", "lsoa", "count", "0.5", None),
        ("England counts within 60 children", "national", "count", "60", None),
    ],
)
def test_what_is_understood(text: str, level: str, kind: str, within: str, group: str | None) -> None:
    found = parse_target(text, levels=LEVELS)
    assert (found.level, found.kind, found.within) == (level, kind, Decimal(within))
    assert found.group == (None if group is None else Decimal(group))


@pytest.mark.parametrize(("name", "label"), LEVEL_LABELS.items())
def test_labels_of_published_files_are_understood(name: str, label: str) -> None:
    assert parse_target(f"{label} counts within 9 children", levels=LEVELS).level == name


@pytest.mark.parametrize(
    "text",
    [
        "local authority rates to 2 points for groups of 200",
        "local authority rates within two points for groups of 200",
        "local authority rates within 2 points",
        "region counts within 15",
        "region counts within 15 points",
        "region counts within -15 children",
        "rates within 2 points for groups of 200",
        "region counts within 1e3 children",
        "region counts within 15 children and 20 at wards",
        "",
    ],
)
def test_other_words_are_refused_with_the_grammar(text: str) -> None:
    with pytest.raises(ValueError, match="is not written as a target") as caught:
        parse_target(text, levels=LEVELS)
    assert GRAMMAR in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        "region counts within 0 children",
        "ward rates within 101 points for groups of 200",
        "ward rates within 2 points for groups of 0",
        "ward rates within 2 points for groups of 2.5",
    ],
)
def test_numbers_that_mean_nothing_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="above 0, points at most 100, groups whole numbers"):
        parse_target(text, levels=LEVELS)


def test_a_level_that_may_not_be_published_is_refused_with_the_nearest() -> None:
    with pytest.raises(ValueError, match='no level "wart"; did you mean "ward"'):
        parse_target("wart counts within 2 children", levels=LEVELS)
    with pytest.raises(ValueError, match="known names are: region"):
        parse_target("LA counts within 2 children", levels=["region"])


def test_all_mistakes_come_with_their_place() -> None:
    texts = ("region counts within 15 children", "nonsense", "moon counts within 1 children")
    assert [at for at, _ in target_mistakes(texts, levels=LEVELS)] == [("targets", 1), ("targets", 2)]
    (found,) = parse_targets(texts[:1], levels=LEVELS)
    assert found == Target(texts[0], "region", "count", Decimal(15))


def test_a_rule_book_is_refused_at_the_line_of_the_target(project: Project) -> None:
    targets = "targets:\n  - region counts within 15 children\n  - ward counts within 15 children\nfinest:\n"
    line = project.edit(project.noisy, "finest:\n", targets)
    found = project.finding()
    assert found.code == "NDL-R003"
    assert found.where == f"noisy.yaml:{line + 2}: targets.1"
    assert GRAMMAR in found.message


def test_a_rule_book_holds_its_targets(project: Project) -> None:
    project.edit(project.noisy, "finest:\n", "targets: [region counts within 15 children]\nfinest:\n")
    rules = project.load().rules
    assert isinstance(rules, DpRules)
    assert rules.targets == ("region counts within 15 children",)
