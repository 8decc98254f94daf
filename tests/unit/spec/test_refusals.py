"""Mistakes that would pass silently into figures, and places that were once told wrongly."""

from collections.abc import Iterator

import pytest
from pydantic import BaseModel

from ndl_publish.errors import Finding, RuleError
from ndl_publish.spec.base import _CHOOSERS
from ndl_publish.spec.dataset import Dataset
from ndl_publish.spec.load import load_rules
from ndl_publish.spec.rules import ClassicRules, DpRules
from ndl_publish.spec.yaml_source import read_yaml
from tests.unit.spec.conftest import Project

BANDS = "    bands:\n      - {label: Few, minimum: 0, maximum: 99}\n"


def in_metadata(project: Project, old: str, new: str) -> Finding:
    project.edit(project.metadata, old, new)
    return project.finding()


@pytest.mark.parametrize("value", ["20261126", '"2026"', "1.5", '"20261126T093000Z"', "true"])
def test_a_number_is_no_release_time(project: Project, value: str) -> None:
    """Read as seconds since 1970 it would lift the embargo."""
    project.edit(project.release, "publish_at: 2026-11-26T09:30:00+00:00", f"publish_at: {value}")
    assert project.finding().where == "release.yaml:9: publish_at"


@pytest.mark.parametrize("crossings", ["[[sex], [sex]]", "[[sex, fine], [fine, sex]]", "[[], []]"])
def test_a_crossing_stands_once_in_a_table(project: Project, crossings: str) -> None:
    project.edit(project.release, "breakdowns: [[sex], [sex, fine]]", f"breakdowns: {crossings}")
    assert project.finding().message == "a crossing stands here twice."


@pytest.mark.parametrize("value", ["010", "1:30", "0x10", "0b11", "1_0"])
def test_numbers_mean_what_people_read(project: Project, value: str) -> None:
    path = project.folder / "numbers.yaml"
    path.write_text(f"a: {value}\n", encoding="utf-8")
    assert read_yaml(path).content == {"a": value}


def test_a_threshold_with_a_leading_zero_is_decimal(project: Project) -> None:
    project.edit(project.exact, "value: 5,", "value: 010,")
    rules = load_rules(project.exact)
    assert isinstance(rules, ClassicRules)
    assert rules.minimum_count == 10


@pytest.mark.parametrize("text", ["a: &x [*x]\n", "a: &x {b: *x}\n", "? [a, b]\n: c\n", "? {a: b}\n: c\n"])
def test_yaml_that_cannot_be_meant(project: Project, text: str) -> None:
    path = project.folder / "odd.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(RuleError) as caught:
        read_yaml(path)
    assert caught.value.code == "NDL-R002"
    assert "ScalarNode" not in str(caught.value)


@pytest.mark.parametrize("number", ["value: 0,", "value: -3,", "value: 4.5,"])
def test_a_threshold_is_a_whole_number_of_people(project: Project, number: str) -> None:
    project.edit(project.exact, "value: 5,", number)
    project.edit(project.noisy, "minimum_count: {value: 10,", f"minimum_count: {{{number}")
    for path in (project.exact, project.noisy):
        with pytest.raises(RuleError, match="minimum_count: must be"):
            load_rules(path)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("value: 5, unit: children", "value: 5, unit: rho", "minimum_count: the unit must be children or persons."),
        ("value: 1, unit: decimals", "value: 7, unit: decimals", "percent_decimals: must be at least 0 and at most 4."),
        ("value: 1, unit: decimals", "value: 1, unit: children", "percent_decimals: the unit must be decimals."),
        ("value: 2, unit: breakdowns", "value: -1, unit: breakdowns", "finest.region: must be at least 0."),
        ("value: 2, unit: breakdowns", "value: 2, unit: children", "finest.region: the unit must be breakdowns."),
    ],
)
def test_numbers_of_classic_rules(project: Project, old: str, new: str, message: str) -> None:
    project.edit(project.exact, old, new)
    with pytest.raises(RuleError) as caught:
        load_rules(project.exact)
    assert [finding.message for finding in caught.value.findings] == [message]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("value: 0.0000001,", "value: 1,", "delta: must be above 0, below 1 and in unit probability."),
        ("value: 0.0000001,", "value: 0,", "delta: must be above 0, below 1 and in unit probability."),
        ("unit: probability", "unit: rho", "delta: must be above 0, below 1 and in unit probability."),
        (
            "maximum_margin: {value: 10,",
            "maximum_margin: {value: -1,",
            "maximum_margin: must be at least 0 and at most 100.",
        ),
        ("unit: percentage_points", "unit: children", "maximum_margin: the unit must be percentage_points."),
    ],
)
def test_numbers_of_rules_with_noise(project: Project, old: str, new: str, message: str) -> None:
    project.edit(project.noisy, old, new)
    with pytest.raises(RuleError) as caught:
        load_rules(project.noisy)
    assert [finding.message for finding in caught.value.findings] == [message]
    assert caught.value.findings[0].where.startswith("noisy.yaml:")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("has_record, source: reviews", "has_record, source: review", "derived.has_review.source names review, which"),
        ("fine: [A, B]", "fine: [A, b]", "derived.coarse compares fine with b, which it never holds"),
        ('value: "2", not', 'value: "3", not', "derived.is_good compares goal with 3, which it never holds"),
        ("not_assessed: [A]", "not_assessed: [a]", "derived.is_good compares goal with a, which it never holds"),
        ("percent_name: good_percent", "percent_name: good_count", "two figures have the name good_count"),
        ("mean_name: average", "mean_name: children_count", "two figures have the name children_count"),
        ("of: children,", "of: good,", "measures.good.of leads back to itself"),
        ("of: children,", "of: average,", "measures.good.of names average, which is a mean"),
        ("  hours: {title", "  status: {title", "breakdowns.status has the name of a column of every published file"),
        ("minimum: 0, maximum: 17}\nout", "minimum: 0, maximum: -1}\nout", "measures.average: minimum is larger"),
    ],
)
def test_metadata_that_would_give_wrong_figures(project: Project, old: str, new: str, message: str) -> None:
    assert message in in_metadata(project, old, new).message


def test_a_key_inside_a_rule_spelt_like_the_rule(project: Project) -> None:
    line = project.edit(project.metadata, BANDS, BANDS + "    mising: x\n")
    finding = project.finding()
    assert finding.where == f"small.yaml:{line + 2}: derived.hours_band.mising"
    assert 'did you mean "missing"?' in finding.message
    project.edit(project.metadata, BANDS + "    mising: x\n", "    bands: few\n")
    assert project.finding().where == f"small.yaml:{line}: derived.hours_band.bands"


def test_a_wrong_item_is_told_once(project: Project) -> None:
    finding = in_metadata(project, "minimum: 0, maximum: 99", "minimum: 0, maximum: x")
    assert finding.where.endswith(": derived.hours_band.bands.0.maximum")


def test_a_wrong_choice_is_told_without_quoting_it(project: Project) -> None:
    line = project.edit(project.metadata, "type: month", "type: canary7431")
    finding = project.finding()
    assert finding.where == f"small.yaml:{line}: sources.profile.columns.born.type"
    assert finding.message == "must be one of category, integer, month, area."


def test_a_missing_choice_is_a_missing_key(project: Project) -> None:
    finding = in_metadata(project, "{type: month, source: BORN}", "{source: BORN}")
    assert finding.where.endswith(": sources.profile.columns.born.type")
    assert finding.message == "this key is needed and is not there."


def test_the_member_of_a_union_is_no_key(project: Project) -> None:
    finding = in_metadata(project, "minimum: 1, maximum: 9", "minimum: 9, maximum: 1")
    assert finding.where.endswith(": sources.profile.columns.turn")


def test_a_wrong_name_of_a_key_is_its_own_place(project: Project) -> None:
    line = project.edit(project.metadata, "  has_review: {", "  Has Review: {")
    assert project.finding().where == f"small.yaml:{line}: derived.Has Review"


def test_every_key_that_chooses_a_model_is_known() -> None:
    def choosers(model: type[BaseModel]) -> Iterator[str]:
        for info in model.model_fields.values():
            yield from [info.discriminator] if isinstance(info.discriminator, str) else []
            parts = [info.annotation, *getattr(info.annotation, "__args__", ())]
            for part in parts:
                yield from (m.discriminator for m in getattr(part, "__metadata__", ()) if hasattr(m, "discriminator"))
                if isinstance(part, type) and issubclass(part, BaseModel):
                    yield from choosers(part)

    found = {name for model in (Dataset, DpRules, ClassicRules) for name in choosers(model) if name}
    assert found
    assert found <= set(_CHOOSERS)
