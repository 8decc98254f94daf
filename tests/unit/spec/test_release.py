from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from ndl_publish.spec.release import Release
from tests.unit.spec.conftest import Project

GOOD: dict[str, Any] = {
    "release_id": "small-release",
    "version": "1.0.0",
    "title": "Small",
    "description": "Small.",
    "metadata": "small",
    "rules": "noisy",
    "time_period": "202425",
    "time_identifier": "Academic year",
    "publish_at": datetime(2026, 11, 26, 9, 30, tzinfo=UTC),
    "sources": {"profile": "a.csv"},
    "geography": {"vintage": "2025"},
    "expected_count": 100,
    "tables": [{"name": "headline", "title": "Headline", "levels": ["region"], "measures": ["children"]}],
}
TABLE: dict[str, Any] = GOOD["tables"][0]


def test_a_small_release() -> None:
    release = Release.model_validate(GOOD)
    assert release.sources == {"profile": ("a.csv",)}
    assert release.changes == ("First release.",)
    assert release.tables[0].breakdowns == ((),)
    assert (release.geography.level, release.geography.areas) == (None, ())


@pytest.mark.parametrize("key", sorted(GOOD))
def test_every_key_is_needed(key: str) -> None:
    with pytest.raises(ValidationError, match="Field required"):
        Release.model_validate({name: value for name, value in GOOD.items() if name != key})


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("release_id", "Small Release"),
        ("release_id", "../small"),
        ("release_id", "a"),
        ("version", "1.0"),
        ("version", "1.0.0-beta"),
        ("version", "v1.0.0"),
        ("version", 1.0),
        ("title", " "),
        ("time_period", "24/25"),
        ("time_period", "20242"),
        ("time_period", 202425),
        ("time_identifier", "School year"),
        ("publish_at", "2026-11-26T09:30:00"),
        ("publish_at", "2026-11-26"),
        ("publish_at", "soon"),
        ("publish_at", None),
        ("sources", {}),
        ("sources", {"profile": 3}),
        ("sources", {"profile": [""]}),
        ("sources", {"Profile": "a.csv"}),
        ("sources", ["a.csv"]),
        ("geography", {"vintage": 2025}),
        ("geography", {"vintage": "25"}),
        ("geography", {"vintage": "../2"}),
        ("geography", {"vintage": "2025", "year": 2025}),
        ("expected_count", 0),
        ("expected_count", -1),
        ("expected_count", 1.5),
        ("tables", []),
        ("tables", [{**TABLE, "levels": []}]),
        ("tables", [{**TABLE, "measures": []}]),
        ("tables", [{**TABLE, "name": "Head line"}]),
        ("tables", [{**TABLE, "breakdowns": ["sex"]}]),
        ("tables", [{**TABLE, "measure": ["children"]}]),
        ("changes", [""]),
        ("seed", 1),
    ],
)
def test_releases_that_are_refused(key: str, value: object) -> None:
    with pytest.raises(ValidationError):
        Release.model_validate({**GOOD, key: value})


@pytest.mark.parametrize("key", ["levels", "measures"])
def test_a_name_stands_once_in_a_table(key: str) -> None:
    with pytest.raises(ValidationError, match="a name stands here twice"):
        Release.model_validate({**GOOD, "tables": [{**TABLE, key: ["region", "region"]}]})


def test_two_tables_need_two_names() -> None:
    with pytest.raises(ValidationError, match="two tables have the same name"):
        Release.model_validate({**GOOD, "tables": [TABLE, {**TABLE, "title": "Other"}]})


def test_the_release_time_needs_a_zone_and_keeps_it() -> None:
    with pytest.raises(ValidationError, match="a time zone is needed"):
        Release.model_validate({**GOOD, "publish_at": datetime(2026, 11, 26, 9, 30)})  # noqa: DTZ001 - the point
    release = Release.model_validate({**GOOD, "publish_at": "2026-06-26T09:30:00+01:00"})
    assert release.publish_at.utcoffset() == timedelta(hours=1)


@pytest.mark.parametrize(
    "geography",
    [
        {"vintage": "2025", "level": "region"},
        {"vintage": "2025", "areas": ["E1"]},
        {"vintage": "2025", "level": "region", "areas": []},
    ],
)
def test_level_and_areas_go_together(geography: dict[str, object]) -> None:
    with pytest.raises(ValidationError, match="level and areas go together"):
        Release.model_validate({**GOOD, "geography": geography})


def test_one_file_or_many() -> None:
    release = Release.model_validate({**GOOD, "sources": {"a": "x.csv", "b": ["y.csv", "z.csv"]}})
    assert release.sources == {"a": ("x.csv",), "b": ("y.csv", "z.csv")}


def test_mistakes_in_a_release_file_are_told_with_their_lines(project: Project) -> None:
    project.edit(project.release, "version: 1.0.0", "version: canary7431")
    project.edit(project.release, "levels: [region]", "levels: [region, Canary7431]")
    project.edit(project.release, 'geography: {vintage: "2025"}', 'geography: {vintage: "2025", lvel: region}')
    error = project.refusal()
    assert error.code == "NDL-R003"
    assert {finding.where for finding in error.findings} >= {
        "release.yaml:2: version",
        "release.yaml:14: geography.lvel",
        "release.yaml:23: tables.1 (by_sex).levels.1",
    }
    assert 'did you mean "level"?' in str(error)
    assert "anary7431" not in str(error)
