"""Each refusal, by a change to a small release of the shipped early-years metadata."""

from pathlib import Path

import pytest

from ndl_publish.errors import Finding, RuleError
from ndl_publish.geography.coverage import covered_geography
from ndl_publish.geography.lookup import Geography, load_geography
from ndl_publish.spec.load import load_release

SHIPPED = Path(__file__).parents[3]
PILOT = """\
release_id: early-years-pilot
version: 1.0.0
title: Pilot
description: Pilot areas.
metadata: early_years
rules: ndl_default
time_period: "202425"
time_identifier: Academic year
publish_at: 2026-11-26T09:30:00+00:00
expected_count: 26000
sources: {profile: a.csv, health_visiting: b.csv, childcare: c.csv, links: d.csv}
geography:
  vintage: "2025"
  level: local_authority
  areas: [E08000035, E09000013, E06000006, E08000011, E08000012, E08000013, E08000014, E08000015]
tables:
  - name: headline
    title: Headline
    levels: [combined_authority, local_authority]
    measures: [children, gld]
  - name: deprivation
    title: Deprivation
    levels: [local_authority]
    breakdowns: [[idaci_decile]]
    measures: [children, gld]
  - name: wards
    title: Wards
    levels: [ward]
    measures: [children, gld]
"""
AREAS = "areas: [E08000035, E09000013, E06000006, E08000011, E08000012, E08000013, E08000014, E08000015]"


def covered(folder: Path, *edits: tuple[str, str]) -> Geography:
    text = PILOT
    for old, new in edits:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    path = folder / "release.yaml"
    path.write_text(text, encoding="utf-8")
    return covered_geography(load_release(path))


def findings(folder: Path, *edits: tuple[str, str], code: str = "NDL-R011") -> tuple[Finding, ...]:
    with pytest.raises(RuleError) as caught:
        covered(folder, *edits)
    assert caught.value.code == code
    assert all(finding.severity == "error" for finding in caught.value.findings)
    return caught.value.findings


def line_of(text: str) -> int:
    return PILOT[: PILOT.index(text)].count("\n") + 1


def test_the_pilot_is_cut_down_to_its_areas(tmp_path: Path) -> None:
    found = covered(tmp_path)
    assert len(found.codes("local_authority")) == 8
    assert found.codes("combined_authority").to_list() == ["E47000004"], "Leeds is a part of West Yorkshire only"
    assert found.codes("region").is_empty()
    assert found.codes("national").is_empty()


def test_without_areas_the_whole_country_is_covered(tmp_path: Path) -> None:
    found = covered(tmp_path, (f"  level: local_authority\n  {AREAS}\n", ""))
    assert found.nesting.height == load_geography("2025", metadata_folder=SHIPPED / "metadata").nesting.height


def test_an_unknown_vintage(tmp_path: Path) -> None:
    with pytest.raises(
        RuleError, match=r"NDL-R010: geography vintage 1999: no such folder\. Vintages in .*: 2011, 2025"
    ):
        covered(tmp_path, ('vintage: "2025"', 'vintage: "1999"'))


def test_an_unknown_level_of_areas(tmp_path: Path) -> None:
    (finding,) = findings(tmp_path, ("  level: local_authority\n", "  level: local_autority\n"))
    assert finding.where == f"release.yaml:{line_of('  level: local_authority')}: geography.level"
    assert finding.message == 'vintage 2025 has no level local_autority; did you mean "local_authority"?'


def test_areas_that_are_not_there_are_told_one_by_one(tmp_path: Path) -> None:
    found = findings(tmp_path, ("[E08000035, E09000013,", "[E08000099, E09000013, E12000001,"))
    line = line_of(AREAS)
    assert [f.where for f in found] == [f"release.yaml:{line}: geography.areas.{i}" for i in (0, 2)]
    assert [f.message for f in found] == [
        f"{code} is no area of level local_authority in vintage 2025." for code in ("E08000099", "E12000001")
    ]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Leeds", "E08000035"),
        ("leeds", "E08000035"),
        ("Nowhere", "for example E06000001"),
        ("Leeds 001A", "for example"),
    ],
)
def test_an_area_given_by_name_is_told_to_be_written_as_code(tmp_path: Path, text: str, code: str) -> None:
    (finding,) = findings(tmp_path, ("[E08000035,", f"[{text},"))
    start = f"{text} is no area of level local_authority in vintage 2025. Write its code, {code}"
    assert finding.message.startswith(start)
    assert finding.message.endswith(".")


def test_an_area_that_was_replaced_is_told_with_its_new_code(tmp_path: Path) -> None:
    successors = load_geography("2025", metadata_folder=SHIPPED / "metadata").successors()
    old, new = next(iter(successors.items()))
    (finding,) = findings(tmp_path, ("[E08000035,", f"[{old},"))
    assert finding.message == f"{old} is no area of level local_authority in vintage 2025. It is now {new}."


def test_a_level_of_a_table_that_the_vintage_lacks(tmp_path: Path) -> None:
    rules = (SHIPPED / "disclosure_rules/ndl_default.yaml").read_text(encoding="utf-8")
    (tmp_path / "own.yaml").write_text(rules.replace("  ward: *two", "  ward: *two\n  wardd: *two"), encoding="utf-8")
    (finding,) = findings(tmp_path, ("levels: [ward]", "levels: [wardd]"), ("rules: ndl_default", "rules: own.yaml"))
    assert finding.where == f"release.yaml:{line_of('levels: [ward]')}: tables.2 (wards).levels.0"
    assert finding.message == 'vintage 2025 has no level wardd; did you mean "ward"?'


def test_a_level_of_which_no_area_is_wholly_covered(tmp_path: Path) -> None:
    (finding,) = findings(tmp_path, ("levels: [ward]", "levels: [ward, region]"))
    assert finding.where == f"release.yaml:{line_of('levels: [ward]')}: tables.2 (wards).levels.1"
    assert finding.message == "no area of level region is wholly covered by this release; leave the level out."


def test_a_crossing_with_what_the_area_decides(tmp_path: Path) -> None:
    deprivation = "    levels: [local_authority]\n    breakdowns: [[idaci_decile]]\n"
    (finding,) = findings(tmp_path, (deprivation, deprivation.replace("local_authority", "local_authority, lsoa")))
    assert (
        finding.where == f"release.yaml:{line_of('breakdowns: [[idaci_decile]]')}: tables.1 (deprivation).breakdowns.0"
    )
    assert finding.message == (
        "idaci_decile is the same for everybody in an area of level lsoa. Take the level out of this table."
    )


def test_what_is_wrong_is_told_at_once(tmp_path: Path) -> None:
    deprivation = "    levels: [local_authority]\n    breakdowns: [[idaci_decile]]\n"
    found = findings(
        tmp_path,
        (deprivation, deprivation.replace("local_authority", "national, lsoa")),
        ("levels: [ward]", "levels: [region]"),
    )
    assert [f.where.split(": ")[1] for f in found] == [
        "tables.1 (deprivation).levels.0",
        "tables.2 (wards).levels.0",
        "tables.1 (deprivation).breakdowns.0",
    ]


def test_the_message_names_the_release_file(tmp_path: Path) -> None:
    with pytest.raises(RuleError) as caught:
        covered(tmp_path, ("levels: [ward]", "levels: [region]"))
    assert caught.value.message == "release.yaml: does not fit the geography."
    assert caught.value.exit_code == 2
