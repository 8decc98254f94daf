from pathlib import Path

import pytest
from pydantic import ValidationError

from ndl_publish.spec.base import parse
from ndl_publish.spec.dataset import Dataset, MeanMeasure, ShareMeasure
from tests.unit.spec.conftest import Project


@pytest.fixture
def dataset(project: Project) -> Dataset:
    return parse(project.metadata, Dataset)[0]


def message(project: Project, old: str, new: str) -> str:
    project.edit(project.metadata, old, new)
    finding = project.finding()
    assert finding.code == "NDL-R003"
    assert finding.where.startswith("small.yaml:")
    return str(finding.message)


def test_names_of_the_parts(dataset: Dataset) -> None:
    assert (dataset.spine, dataset.count_measure, dataset.count_name) == ("profile", "children", "children_count")
    assert (dataset.column_of("good"), dataset.column_of("average")) == ("is_good", "score")
    assert dataset.outcome_of("good") == "result"
    assert {"home", "all_hours", "is_good", "decile"} <= dataset.column_names()
    assert "pupil_id" not in dataset.column_names()


@pytest.mark.parametrize("measure", ["children", "gone"])
def test_a_count_has_no_column(dataset: Dataset, measure: str) -> None:
    with pytest.raises(KeyError, match=measure):
        dataset.column_of(measure)


@pytest.mark.parametrize("measure", ["children", "average", "gone"])
def test_only_shares_have_an_outcome(dataset: Dataset, measure: str) -> None:
    with pytest.raises(KeyError, match=measure):
        dataset.outcome_of(measure)


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        ("sex", ("Female", "Male")),
        ("coarse", ("AB", "Rest")),
        ("hours_band", ("Few", "None")),
        ("decile", ("1", "2", "Unknown")),
        ("is_good", None),
        ("score", None),
        ("gone", None),
    ],
)
def test_categories_of_a_column(dataset: Dataset, column: str, expected: tuple[str, ...] | None) -> None:
    assert dataset.categories(column) == expected


def test_with_missing_adds_its_label_to_the_column_it_reads(project: Project) -> None:
    project.edit(
        project.metadata, "population:", "  sex_all: {rule: with_missing, column: sex, missing: Unknown}\npopulation:"
    )
    project.edit(project.metadata, "column: sex, description", "column: sex_all, description")
    dataset = parse(project.metadata, Dataset)[0]
    assert dataset.categories("sex_all") == ("Female", "Male", "Unknown")


def test_two_codes_with_one_meaning_are_one_category(project: Project) -> None:
    project.edit(project.metadata, "codes: {F: Female, M: Male}", "codes: {F: Female, 2: Female, M: Male}")
    assert parse(project.metadata, Dataset)[0].categories("sex") == ("Female", "Male")


def test_nesting(dataset: Dataset) -> None:
    assert dataset.parent_labels("fine") == ("AB", "AB", "Rest")
    assert dataset.is_area_characteristic("decile")
    assert not dataset.is_area_characteristic("sex")


def test_the_first_case_that_holds_gives_the_parent(project: Project) -> None:
    project.edit(
        project.metadata,
        "      - {label: AB, when: {fine: [A, B]}}\n",
        "      - {label: First, when: {fine: [B]}}\n      - {label: AB, when: {fine: [A, B]}}\n",
    )
    assert parse(project.metadata, Dataset)[0].parent_labels("fine") == ("AB", "First", "Rest")


CROSS_CHECKS = {
    "no spine": ("role: spine", "role: linked", "exactly one source must have role: spine"),
    "two spines": ("role: linked", "role: spine", "exactly one source must have role: spine"),
    "links": (
        "links: {spine_id: pupil_id, source: source, linked_id: linked_id, weight: weight, minimum_weight: 0.85}\n",
        "",
        "links is needed when there is more than one source",
    ),
    "column twice": (
        "kind: {type: category, source: KIND, codes: {x: X, y: Y}}",
        "kind: {type: category, source: KIND, codes: {x: X, y: Y}}\n      sex: {type: month, source: S}",
        "column sex is declared in profile and again in reviews",
    ),
    "sum named as a column": (
        "all_hours: {column: hours, maximum: 900}",
        "score: {column: hours, maximum: 900}",
        "column score is declared in profile and again in reviews",
    ),
    "derived reads the unknown": (
        "is_good: {rule: all_equal, columns: [goal]",
        "is_good: {rule: all_equal, columns: [goal, gaol]",
        "derived.is_good reads gaol, which is not declared before it",
    ),
    "derived reads what comes later": (
        "is_good: {rule: all_equal, columns: [goal]",
        "is_good: {rule: all_equal, columns: [coarse]",
        "derived.is_good reads coarse, which is not declared before it",
    ),
    "derived reads itself": (
        "is_good: {rule: all_equal, columns: [goal]",
        "is_good: {rule: all_equal, columns: [is_good]",
        "derived.is_good reads is_good, which is not declared before it",
    ),
    "derived named as a column": (
        "has_review: {",
        "score: {",
        "derived.score has the name of a source column",
    ),
    "breakdown of the unknown": (
        "sex: {title: Sex, column: sex,",
        "sex: {title: Sex, column: gone,",
        "breakdowns.sex.column must be a column with a closed list of categories",
    ),
    "breakdown of a number": (
        "sex: {title: Sex, column: sex,",
        "sex: {title: Sex, column: score,",
        "breakdowns.sex.column must be a column with a closed list of categories",
    ),
    "nested in the unknown": (
        "within: coarse",
        "within: coarser",
        "breakdowns.fine.within names coarser, which is not a breakdown",
    ),
    "nested in what it does not make": (
        "within: coarse",
        "within: sex",
        "breakdowns.fine.within: sex must be made from fine by cases",
    ),
    "nested by two columns": (
        "when: {fine: [A, B]}",
        "when: {fine: [A, B], sex: [Male]}",
        "breakdowns.fine.within: coarse must be made from fine by cases",
    ),
    "nested in itself": (
        "within: coarse",
        "within: fine",
        "breakdowns.fine.within: fine must be made from fine by cases",
    ),
    "place": ("place: {column: home", "place: {column: house", "place or population names house"),
    "population": ("population: {column: is_good", "population: {column: is_bad", "place or population names is_bad"),
    "share of no outcome": (
        "outcomes:\n  result: {title: Result, measures: [good]}\n",
        "",
        "measures.good is a share and must stand in one outcome",
    ),
    "share of the unknown": ("of: children,", "of: kids,", "measures.good.of names kids, which is not a measure"),
    "share of no column": (
        "column: is_good, of:",
        "column: is_god, of:",
        "measures.good.column names is_god, which is not declared",
    ),
    "mean of no column": (
        "column: score, mean_name",
        "column: skore, mean_name",
        "measures.average.column names skore, which is not declared",
    ),
    "outcome of a count": ("measures: [good]", "measures: [good, children]", "outcomes name children"),
    "outcome of the unknown": ("measures: [good]", "measures: [good, gone]", "outcomes name gone"),
    "share in an outcome twice": ("measures: [good]", "measures: [good, good]", "a measure stands in two outcomes"),
    "two counts": (
        "kind: mean, title: Average, description: Average., column: score, mean_name: average, minimum: 0, maximum: 17",
        "kind: count, title: Average, description: Average., count_name: other",
        "exactly one measure must have kind: count",
    ),
}


@pytest.mark.parametrize("case", sorted(CROSS_CHECKS))
def test_what_does_not_hang_together_is_told(project: Project, case: str) -> None:
    old, new, expected = CROSS_CHECKS[case]
    assert expected in message(project, old, new)


def test_several_problems_are_told_together(project: Project) -> None:
    project.edit(project.metadata, "place: {column: home", "place: {column: house")
    project.edit(project.metadata, "of: children,", "of: kids,")
    told = project.finding().message
    assert "house" in told
    assert "kids" in told


@pytest.mark.parametrize(
    ("old", "new", "path"),
    [
        ("dataset_id: small", "dataset_id: Small One", "dataset_id"),
        ("licence: OGL-UK-3.0", "licence: secret", "licence"),
        ("keywords: [small]", "keywords: []", "keywords"),
        ("email: a@example.gov.uk", "email: nobody", "publisher.email"),
        ("plural: children", "plural: schools", "privacy_unit.plural"),
        ("years_before: 5", "years_before: few", "cohort.years_before"),
        ("type: month, source: BORN", "type: month, source: ''", "sources.profile.columns.born.source"),
        ("{keep: last, by: [turn]}", "{keep: best, by: [turn]}", "sources.profile.one_row.keep"),
        ("minimum_weight: 0.85", "minimum_weight: 85", "links.minimum_weight"),
        ("characteristic: decile, cat", "characteristic: Decile, cat", "derived.decile.characteristic"),
        ("mean_name: average,", "mean_name: average, decimals: 9,", "measures.average.decimals"),
        (", comparability: None.", "", "quality.comparability"),
        ("quality: {", "qualty: 1\nquality: {", "qualty"),
    ],
)
def test_the_place_of_a_mistake(project: Project, old: str, new: str, path: str) -> None:
    line = project.edit(project.metadata, old, new)
    assert project.finding().where == f"small.yaml:{line}: {path}"


def test_no_value_is_quoted(project: Project) -> None:
    for old in ("years_before: 5", "minimum_weight: 0.85", "licence: OGL-UK-3.0", "email: a@example.gov.uk"):
        project.edit(project.metadata, old, f"{old.split(':')[0]}: canary7431")
    error = project.refusal()
    assert len(error.findings) == 4
    assert "canary7431" not in str(error)


def test_a_fixed_cohort_has_a_label_and_no_years(project: Project) -> None:
    project.edit(project.metadata, "kind: academic_birth_year, years_before: 5", "kind: fixed, label: census")
    assert parse(project.metadata, Dataset)[0].cohort.kind == "fixed"
    project.edit(project.metadata, "label: census", "label: census, years_before: 5")
    assert project.finding().where.endswith(": cohort.years_before")


def test_measures_have_their_defaults(dataset: Dataset) -> None:
    average, good = dataset.measures["average"], dataset.measures["good"]
    assert isinstance(average, MeanMeasure)
    assert average.decimals == 1
    assert isinstance(good, ShareMeasure)
    assert good.of == "children"


def test_one_source_needs_no_links(project: Project, dataset: Dataset) -> None:
    del project
    given = dataset.model_dump()
    given["sources"] = {"profile": given["sources"]["profile"]}
    given["links"] = None
    given["derived"] = {name: given["derived"][name] for name in ("is_good", "coarse", "decile")}
    del given["breakdowns"]["hours"]
    assert Dataset.model_validate(given).spine == "profile"
    given["measures"] = {}
    with pytest.raises(ValidationError):
        Dataset.model_validate(given)


def test_metadata_travels_through_json(dataset: Dataset, tmp_path: Path) -> None:
    path = tmp_path / "copy.yaml"
    path.write_text(dataset.model_dump_json(), encoding="utf-8")
    assert parse(path, Dataset)[0] == dataset


def test_a_contributor_stands_in_a_source(project: Project) -> None:
    project.edit(project.metadata, "source: profile, column: URN", "source: profil, column: URN")
    assert "contributors.provider.source names profil, which is not a source" in project.finding().message


def test_a_contributor_needs_no_declared_column(project: Project) -> None:
    provider = project.load().dataset.contributors["provider"]
    assert (provider.column, provider.missing) == ("URN", ("",))
