"""What a column is made from, and the exact releases that are refused because two dimensions are made alike."""

from pathlib import Path

import pytest
import yaml

from ndl_publish.errors import RuleError
from ndl_publish.spec.base import parse
from ndl_publish.spec.dataset import Dataset
from ndl_publish.spec.load import load_release
from ndl_publish.spec.origins import AREA, dimension_origins, origins

ROOT = Path(__file__).resolve().parents[3]
CLASSIC = ROOT / "examples" / "early_years" / "release_classic.yaml"


@pytest.fixture(scope="module")
def early_years() -> Dataset:
    return parse(ROOT / "metadata" / "early_years.yaml", Dataset)[0]


def refused(tmp_path: Path, tables: list[dict[str, object]], *, rules: str = "classic_threshold") -> list[str]:
    release = yaml.safe_load(CLASSIC.read_text(encoding="utf-8"))
    release.update(tables=[{"title": "T", **table} for table in tables], rules=rules, sources={})
    release["sources"] = dict.fromkeys(("profile", "health_visiting", "childcare", "links"), "x.csv")
    release["publish_at"] = "2026-11-26T09:30:00+00:00"
    path = tmp_path / "release.yaml"
    path.write_text(yaml.safe_dump(release, sort_keys=False), encoding="utf-8")
    try:
        load_release(path)
    except RuleError as error:
        return [finding.message for finding in error.findings]
    return []


def test_origins_go_back_to_the_records(early_years: Dataset) -> None:
    assert origins(early_years, "sex") == {"profile: FSP_SEX"}
    assert origins(early_years, "ethnicity_major") == {"profile: FSP_ETHNICITY"}
    assert origins(early_years, "was_reviewed") == {"record of health_visiting"}
    assert origins(early_years, "funded_hours_band") == {"childcare: funded_hours", "record of childcare"}
    assert origins(early_years, "idaci_decile") == {AREA}
    assert origins(early_years, "home_la") == {"profile: FSP_HOME_LA_9CODE", AREA}
    assert {name.split("_")[-1] for name in origins(early_years, "is_gld")} == {f"E{i:02d}" for i in range(1, 13)}


def test_nested_breakdowns_are_one_dimension_and_the_areas_are_one(early_years: Dataset) -> None:
    used = {"ethnicity_major", "ethnicity_minor", "sex", "idaci_decile"}
    found = dimension_origins(early_years, used, {"gld", "elgs_average"})
    assert set(found) == {
        "the areas",
        "breakdown ethnicity_minor",
        "breakdown sex",
        "outcome profile_result (gld)",
        "mean elgs_average",
    }


def changed(early_years: Dataset, **parts: object) -> Dataset:
    content = early_years.model_dump(mode="json", exclude_unset=True)
    for name, more in parts.items():
        content[name] |= more
    return Dataset.model_validate(content)


def test_two_names_of_one_column_in_the_files_are_one_origin(early_years: Dataset) -> None:
    content = early_years.model_dump(mode="json", exclude_unset=True)
    coarse = {"type": "category", "source": "FSP_ETHNICITY", "codes": {"WBRI": "British"}}
    content["sources"]["profile"]["columns"]["coarse"] = coarse
    twice = Dataset.model_validate(content)
    assert origins(twice, "coarse") == origins(twice, "ethnicity_minor")


def test_what_is_made_from_a_characteristic_of_the_area_is_tied_to_the_areas(early_years: Dataset) -> None:
    case = {"label": "Poor", "when": {"idaci_decile": ["1", "2"]}}
    poor = {"rule": "cases", "cases": [case], "otherwise": "Others"}
    breakdown = {"title": "Poor", "column": "poor", "description": "Poor areas."}
    made = changed(early_years, derived={"poor": poor}, breakdowns={"poor": breakdown})
    assert dimension_origins(made, {"poor"}, set())["breakdown poor"] == {AREA}


@pytest.mark.parametrize(
    ("breakdown", "measures", "named"),
    [
        ("review_result", ["children", "review_linked"], "record of health_visiting"),
        ("review_result", ["children", "review_linked", "asq3", "asq3_expected"], "asq3_months"),
        ("funded_hours", ["children", "childcare_linked"], "record of childcare"),
    ],
)
def test_a_breakdown_and_an_outcome_of_the_same_records_are_refused(
    tmp_path: Path, breakdown: str, measures: list[str], named: str
) -> None:
    tables: list[dict[str, object]] = [
        {"name": "a", "levels": ["ward"], "breakdowns": [[breakdown]], "measures": ["children"]},
        {"name": "b", "levels": ["ward"], "measures": measures},
    ]
    (message,) = refused(tmp_path, tables)
    assert "are made from the same columns" in message
    assert named in message
    assert refused(tmp_path, tables, rules="ndl_default") == []


def test_an_exact_mean_needs_its_outcomes_at_the_same_level(tmp_path: Path) -> None:
    mean: dict[str, object] = {"name": "a", "levels": ["local_authority"], "measures": ["children", "elgs_average"]}
    wards: dict[str, object] = {"name": "b", "levels": ["ward"], "measures": ["children", "all_elgs"]}
    both: dict[str, object] = {"name": "b", "levels": ["ward", "local_authority"], "measures": ["children", "all_elgs"]}
    (message,) = refused(tmp_path, [mean, wards])
    assert "local_authority" in message
    assert refused(tmp_path, [mean, both]) == []
    assert refused(tmp_path, [mean, wards], rules="ndl_default") == []


def test_the_shipped_releases_are_not_refused() -> None:
    for path in sorted((ROOT / "examples").glob("*/release*.yaml")):
        load_release(path)
