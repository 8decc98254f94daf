import json
from dataclasses import FrozenInstanceError, replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ndl_publish.errors import RuleError
from ndl_publish.spec.load import ReleaseSpec, load_release
from ndl_publish.spec.rules import ClassicRules, DpRules
from tests.unit.spec.conftest import Project


def test_release_metadata_and_rules_are_read_together(project: Project) -> None:
    spec = project.load()
    assert (spec.release.release_id, spec.dataset.dataset_id, spec.rules.rules_id) == (
        "small-release",
        "small",
        "noisy",
    )
    assert isinstance(spec.rules, DpRules)
    assert spec.folder == project.folder.resolve()
    assert spec.metadata_folder == project.folder
    with pytest.raises(FrozenInstanceError):
        spec.folder = Path()  # type: ignore[misc]


def test_rules_of_the_other_mode(project: Project) -> None:
    project.edit(project.release, "rules: noisy", "rules: exact")
    assert isinstance(project.load().rules, ClassicRules)


def test_metadata_and_rules_may_stand_beside_the_release(project: Project, tmp_path: Path) -> None:
    own = tmp_path / "own"
    own.mkdir()
    project.metadata.rename(own / "mine.yaml")
    project.noisy.rename(own / "house.yml")
    project.edit(project.release, "metadata: small", "metadata: own/mine.yaml")
    project.edit(project.release, "rules: noisy", "rules: own/house.yml")
    assert project.load().dataset.dataset_id == "small"


def test_what_ships_is_the_default(project: Project) -> None:
    project.edit(project.release, "metadata: small", "metadata: smal")
    with pytest.raises(RuleError) as caught:
        load_release(project.release)
    assert caught.value.code == "NDL-R001"
    assert "smal.yaml" in caught.value.message


@pytest.mark.parametrize(
    ("key", "old", "new", "hint"),
    [
        ("metadata", "small", "smal", 'no file smal.yaml in {folder}; did you mean "small"?'),
        ("metadata", "small", "small.yml", 'no file small.yml in {folder}; did you mean "small.yaml"?'),
        ("rules", "noisy", "nosiy", 'no file nosiy.yaml in {folder}; did you mean "noisy"?'),
        (
            "rules",
            "noisy",
            "own/noisy.yaml",
            "no file noisy.yaml in {folder}/own; known names are: exact, noisy, small.",
        ),
        ("rules", "noisy", "qqqq", "no file qqqq.yaml in {folder}; known names are: exact, noisy, small."),
    ],
)
def test_a_name_that_is_not_there_gets_the_nearest(project: Project, key: str, old: str, new: str, hint: str) -> None:
    line = project.edit(project.release, f"{key}: {old}\n", f"{key}: {new}\n")
    error = project.refusal()
    assert error.code == "NDL-R001"
    assert error.message == f"release.yaml:{line}: {key}: there is " + hint.format(folder=project.folder)


def test_a_folder_without_names_gives_no_hint(project: Project, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(RuleError, match=r"no file noisy\.yaml in .*empty\. Check the name and the folder\."):
        load_release(project.release, metadata_folder=project.folder, rules_folder=empty)


@pytest.mark.parametrize("name", ["release", "metadata", "noisy"])
def test_each_file_must_be_there(project: Project, name: str) -> None:
    getattr(project, name).unlink()
    assert project.refusal().code == "NDL-R001"


@pytest.mark.parametrize(
    ("old", "new", "where", "message"),
    [
        (
            "  links: data/links.csv\n",
            "",
            "release.yaml:10: sources",
            "the metadata needs the source links; name its file or files here.",
        ),
        (
            "  profile: data/profile*.csv\n",
            "",
            "release.yaml:10: sources",
            "the metadata needs the source profile; name its file or files here.",
        ),
        (
            "  links: data/links.csv\n",
            "  links: data/links.csv\n  schools: data/schools.csv\n",
            "release.yaml:14: sources.schools",
            "the metadata has no source schools; known names are: links, profile, reviews.",
        ),
        (
            "measures: [children, good, average]",
            "measures: [children, god]",
            "release.yaml:20: tables.0 (headline).measures.1",
            'there is no measure god; did you mean "good"?',
        ),
        (
            "levels: [region, lsoa]",
            "levels: [region, lsoas]",
            "release.yaml:19: tables.0 (headline).levels.1",
            'the rules allow no table at level lsoas; did you mean "lsoa"?',
        ),
        (
            "breakdowns: [[sex], [sex, fine]]",
            "breakdowns: [[sex], [sexes, fine]]",
            "release.yaml:24: tables.1 (by_sex).breakdowns.1",
            'there is no breakdown sexes; did you mean "sex"?',
        ),
        (
            "breakdowns: [[sex], [sex, fine]]",
            "breakdowns: [[sex], [sex, hours, fine]]",
            "release.yaml:24: tables.1 (by_sex).breakdowns.1",
            "finer than the rules allow: at level region at most 2 breakdowns are crossed.",
        ),
        (
            "breakdowns: [[sex], [sex, fine]]",
            "breakdowns: [[coarse, fine]]",
            "release.yaml:24: tables.1 (by_sex).breakdowns.0",
            "a crossing names a characteristic and itself, or one that nests in it.",
        ),
        (
            "breakdowns: [[sex], [sex, fine]]",
            "breakdowns: [[fine, coarse]]",
            "release.yaml:24: tables.1 (by_sex).breakdowns.0",
            "a crossing names a characteristic and itself, or one that nests in it.",
        ),
        (
            "breakdowns: [[sex], [sex, fine]]",
            "breakdowns: [[sex, sex]]",
            "release.yaml:24: tables.1 (by_sex).breakdowns.0",
            "a crossing names a characteristic and itself, or one that nests in it.",
        ),
    ],
)
def test_what_does_not_fit_is_told_with_its_line(
    project: Project, old: str, new: str, where: str, message: str
) -> None:
    project.edit(project.release, old, new)
    finding = project.finding()
    assert (finding.code, finding.severity, finding.where, finding.message) == ("NDL-R004", "error", where, message)


def test_a_misspelt_source_is_told_from_both_sides(project: Project) -> None:
    project.edit(project.release, "profile: data", "profil: data")
    told = [finding.message for finding in project.refusal().findings]
    assert told == [
        "the metadata needs the source profile; name its file or files here.",
        'the metadata has no source profil; did you mean "profile"?',
    ]


def test_a_data_set_of_one_source_needs_no_links(project: Project) -> None:
    text = project.metadata.read_text(encoding="utf-8")
    start = text.index("  reviews:\n")
    text = text[:start] + text[text.index("derived:") :]
    for line in ("  has_review: {rule: has_record, source: reviews}\n",):
        text = text.replace(line, "")
    text = text.replace("column: all_hours", "column: score")
    project.metadata.write_text(text, encoding="utf-8")
    told = [finding.where for finding in project.refusal().findings]
    assert told == ["release.yaml:13: sources.links", "release.yaml:12: sources.reviews"]


def test_all_that_does_not_fit_is_told_at_once(project: Project) -> None:
    project.edit(project.release, "measures: [children, good, average]", "measures: [kids, good]")
    project.edit(project.release, "levels: [region]", "levels: [ward]")
    project.edit(project.release, "  links: data/links.csv\n", "")
    error = project.refusal()
    assert (error.code, len(error.findings), error.exit_code) == ("NDL-R004", 3, 2)
    assert error.message == "release.yaml: does not fit its metadata or rules."


def test_the_limit_is_that_of_each_level(project: Project) -> None:
    project.edit(project.release, "levels: [region]", "levels: [region, lsoa]")
    assert project.finding().message == ("finer than the rules allow: at level lsoa at most 1 breakdowns are crossed.")


def test_a_mean_by_characteristic_is_refused_under_classic_rules_only(project: Project) -> None:
    project.edit(project.release, "measures: [children, good]\n", "measures: [children, good, average]\n")
    assert project.load().release.tables[1].measures[-1] == "average"
    project.edit(project.release, "rules: noisy", "rules: exact")
    findings = project.refusal().findings
    assert [finding.where for finding in findings] == [
        "release.yaml:24: tables.1 (by_sex).breakdowns.0",
        "release.yaml:24: tables.1 (by_sex).breakdowns.1",
    ]
    assert all("a mean by characteristic is not published under classic rules" in f.message for f in findings)


def test_a_mean_without_characteristic_is_fine_under_classic_rules(project: Project) -> None:
    project.edit(project.release, "rules: noisy", "rules: exact")
    assert "average" in project.load().release.tables[0].measures


@pytest.mark.parametrize(
    ("period", "years", "cohort"),
    [
        ("202425", 5, "2019-20"),
        ("2024", 5, "2019-20"),
        ("202425", 0, "2024-25"),
        ("200405", 5, "1999-00"),
        ("201415", 5, "2009-10"),
    ],
)
def test_the_birth_cohort_is_an_academic_year(project: Project, period: str, years: int, cohort: str) -> None:
    project.edit(project.release, '"202425"', f'"{period}"')
    project.edit(project.metadata, "years_before: 5", f"years_before: {years}")
    assert project.load().cohorts == (cohort,)


def test_a_fixed_cohort_is_its_label(project: Project) -> None:
    project.edit(project.metadata, "kind: academic_birth_year, years_before: 5", "kind: fixed, label: census_2011")
    assert project.load().cohorts == ("census_2011",)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=20, deadline=None)
@given(year=st.integers(1950, 2090))
def test_consecutive_years_are_consecutive_cohorts(loaded: ReleaseSpec, year: int) -> None:
    def cohort(start: int) -> str:
        period = f"{start}{(start + 1) % 100:02d}"
        return replace(loaded, release=loaded.release.model_copy(update={"time_period": (period,)})).cohorts[0]

    first, second = cohort(year), cohort(year + 1)
    assert first == f"{year - 5}-{(year - 4) % 100:02d}"
    assert first.split("-")[1] == second.split("-")[0][2:]


@pytest.fixture
def loaded(project: Project) -> ReleaseSpec:
    return project.load()


def test_patterns_are_expanded_in_order_and_relative_to_the_release(project: Project, loaded: ReleaseSpec) -> None:
    data = project.folder / "data"
    data.mkdir()
    for name in ("profile_b.csv", "profile_a.csv", "other.csv"):
        (data / name).touch()
    root = project.folder.resolve() / "data"
    assert loaded.source_files("profile") == (root / "profile_a.csv", root / "profile_b.csv")
    assert loaded.source_files("reviews") == (root / "old.csv", root / "new.csv")
    assert loaded.source_files("links") == (root / "links.csv",)


def test_a_pattern_without_a_match_stays_so_that_its_name_can_be_told(loaded: ReleaseSpec) -> None:
    assert [file.name for file in loaded.source_files("profile")] == ["profile*.csv"]


def test_a_whole_path_is_not_moved(project: Project, tmp_path: Path) -> None:
    project.edit(project.release, "links: data/links.csv", f"links: {tmp_path / 'elsewhere' / 'links.csv'}")
    assert project.load().source_files("links") == (tmp_path / "elsewhere" / "links.csv",)


def test_a_source_that_is_not_there_is_a_fault_of_the_caller(loaded: ReleaseSpec) -> None:
    with pytest.raises(KeyError):
        loaded.source_files("schools")


def test_json_leaves_out_where_the_records_lie(project: Project) -> None:
    project.edit(project.release, "links: data/links.csv", "links: canary7431/links.csv")
    content = project.load().as_json()
    assert set(content) == {"release", "dataset", "rules"}
    assert "sources" not in content["release"]
    text = json.dumps(content)
    assert "canary7431" not in text
    assert str(project.folder) not in text
    assert content["release"]["publish_at"].startswith("2026-11-26T09:30:00")
    assert content["rules"]["noise"]["rho"]["value"] == "0.1"


def test_json_of_the_same_files_is_the_same(project: Project) -> None:
    assert json.dumps(project.load().as_json()) == json.dumps(project.load().as_json())


def test_repr_does_not_hold_the_file(project: Project) -> None:
    assert "YamlSource" not in repr(project.load())
