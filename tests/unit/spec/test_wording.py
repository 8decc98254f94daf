"""Mistakes of a release, metadata or rule file, as its author is told them."""

from decimal import Decimal

import pytest
from pydantic import ValidationError

from ndl_publish.spec.release import Release
from ndl_publish.spec.wording import in_words
from tests.unit.spec.conftest import Project

TEXT = "must be text: put it in quotes."
NAME = "write small letters, digits and _, beginning with a letter."
LIST = "must be a list, in square brackets."
CROSSINGS = "must be a list; write each crossing in its own brackets: [[sex], [fsm]]."
WHOLE = "must be a whole number."
NUMBER = "must be a number."
EMPTY = "nothing stands here; write a value, or take the key out."
MAPPING = "must hold keys and their values, not a text, a number or a list."
HREF = "write a web address that begins with https:// and holds no space."
CANARY = "Canary 7431"

RELEASE = [
    ('time_period: "202425"', "time_period: 202425", "time_period", TEXT),
    ("version: 1.0.0", "version: 1.0", "version", TEXT),
    ('vintage: "2025"', "vintage: 2025", "geography.vintage", TEXT),
    ("title: Small release", "title: 2024-01-01", "title", TEXT),
    ("title: Small release", f"title: [{CANARY}]", "title", "must be one text, not a list or keys of its own."),
    ("title: Small release", "title:", "title", EMPTY),
    ("title: Small release", 'title: " "', "title", "must not be empty."),
    (
        'time_period: "202425"',
        f"time_period: {CANARY}",
        "time_period",
        "write 202425 for 2024/25, or a year such as 2011.",
    ),
    ("version: 1.0.0", f"version: {CANARY}", "version", "write three numbers: 1.0.0."),
    ("release_id: small-release", f"release_id: {CANARY}", "release_id", "write small letters, digits and hyphens."),
    ('vintage: "2025"', f"vintage: {CANARY}", "geography.vintage", "write the year of the boundaries, such as 2025."),
    ("name: headline", f"name: {CANARY}", "tables.0.name", NAME),
    ("levels: [region, lsoa]", f"levels: [region, {CANARY}]", "tables.0 (headline).levels.1", NAME),
    ("  links: data", f"  {CANARY}: data", f"sources.{CANARY}", f"as a key, {NAME}"),
    ("breakdowns: [[sex], [sex, fine]]", "breakdowns: [sex, fsm]", "tables.1 (by_sex).breakdowns", CROSSINGS),
    ("breakdowns: [[sex], [sex, fine]]", "breakdowns: [[sex], fsm]", "tables.1 (by_sex).breakdowns", CROSSINGS),
    ("breakdowns: [[sex], [sex, fine]]", "breakdowns: sex", "tables.1 (by_sex).breakdowns", CROSSINGS),
    ("breakdowns: [[sex], [sex, fine]]", "breakdowns: [[sex], [1]]", "tables.1 (by_sex).breakdowns.1.0", TEXT),
    ("levels: [region, lsoa]", "levels: region", "tables.0 (headline).levels", LIST),
    ("levels: [region, lsoa]", "levels: []", "tables.0 (headline).levels", "must hold at least 1."),
    ("expected_count: 100", f"expected_count: {CANARY}", "expected_count", WHOLE),
    ("expected_count: 100", "expected_count: 1.5", "expected_count", WHOLE),
    ("expected_count: 100", "expected_count: [1]", "expected_count", WHOLE),
    ("expected_count: 100", "expected_count: 0", "expected_count", "must be above 0."),
    ("expected_count: 100\n", "", "expected_count", "this key is needed and is not there."),
    ('geography: {vintage: "2025"}', f"geography: {CANARY}", "geography", MAPPING),
    ("2026-11-26T09:30:00+00:00", "2026-11-26T99:30:00+00:00", "publish_at", "must be date, time and zone, such as"),
    ("Academic year", CANARY, "time_identifier", "must be Academic year, Calendar year or Financial year."),
]
METADATA = [
    ("values: [X]", "values: [Yes]", "sources.reviews.where.values.0", TEXT),
    ("values: [X]", "values: X", "sources.reviews.where.values", LIST),
    ("a@example.gov.uk", "a.example", "publisher.email", "write an e-mail address, such as statistics@example.gov.uk."),
    ("https://www.example.gov.uk", "www.example.gov.uk", "publisher.href", HREF),
    ("minimum_weight: 0.85", f"minimum_weight: {CANARY}", "links.minimum_weight", NUMBER),
    ("minimum_weight: 0.85", "minimum_weight: 1.5", "links.minimum_weight", "must be at most 1."),
    ("{type: month, source", "{type: moth, source", "sources.profile.columns.born.type", "must be one of category, "),
    ("when: {fine: [A, B]}", "when: {fine: [A, 7]}", "derived.coarse.cases.0.when.fine.1", TEXT),
]


def check(project: Project, where: str, message: str) -> None:
    finding = project.finding()
    assert finding.where.split(": ", 1)[1] == where
    assert finding.message.startswith(message)
    assert finding.message.endswith(".")
    assert "^" not in finding.message
    assert CANARY not in finding.message


@pytest.mark.parametrize(("old", "new", "where", "message"), RELEASE)
def test_a_mistake_in_a_release(project: Project, old: str, new: str, where: str, message: str) -> None:
    project.edit(project.release, old, new)
    check(project, where, message)


@pytest.mark.parametrize(("old", "new", "where", "message"), METADATA)
def test_a_mistake_in_metadata(project: Project, old: str, new: str, where: str, message: str) -> None:
    project.edit(project.metadata, old, new)
    check(project, where, message)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("value: 0.1,", f"value: {CANARY},", NUMBER),
        ("value: 0.1,", "value: true,", NUMBER),
        ("value: 0.1,", "value: .nan,", NUMBER),
        ("{value: 0.1,", "{value:,", EMPTY),
    ],
)
def test_a_number_of_a_rule(project: Project, old: str, new: str, message: str) -> None:
    project.edit(project.noisy, old, new)
    check(project, "noise.rho.value", message)


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("bool_parsing", "must be true or false."),
        ("bool_type", "must be true or false."),
        ("date_from_datetime_parsing", "must be a date: year, month and day, such as 2026-04-01."),
        ("date_type", "must be a date: year, month and day, such as 2026-04-01."),
        ("decimal_max_digits", NUMBER),
        ("finite_number", NUMBER),
        ("int_parsing_size", WHOLE),
        ("model_attributes_type", MAPPING),
        ("of_a_kind_to_come", "is not written as expected."),
    ],
)
def test_kinds(kind: str, message: str) -> None:
    assert in_words({"type": kind, "loc": ("a",), "msg": CANARY}, "a", Decimal(1)) == message


def test_a_pattern_nobody_described_is_not_shown() -> None:
    item = {"type": "string_pattern_mismatch", "loc": ("a",), "msg": CANARY, "ctx": {"pattern": "^x+$"}}
    assert in_words(item, "a", "b") == "is not written as expected."


def test_no_mistake_pydantic_finds_in_a_release_is_told_in_its_words() -> None:
    """Every field, filled with every kind of value, gives words of ours."""
    for value in (None, 1, 1.5, True, CANARY, [], [1], {}, {CANARY: [[CANARY]]}, [[CANARY]]):
        with pytest.raises(ValidationError) as caught:
            Release.model_validate(dict.fromkeys(Release.model_fields, value))
        for item in caught.value.errors(include_input=False, include_url=False):
            message = in_words(item, str(item["loc"][-1]), value)
            assert not message.startswith(("Input", "String", "Tuple", "Field", "Value"))
            assert CANARY not in message
            assert message.endswith(".")
