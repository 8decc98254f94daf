"""What a column is made from, and the exact releases that are refused because two dimensions are made alike."""

from pathlib import Path

import pytest
import yaml

from ndl_publish.errors import RuleError
from ndl_publish.spec.base import parse
from ndl_publish.spec.dataset import Dataset
from ndl_publish.spec.load import load_release
from ndl_publish.spec.origins import dimension_origins, origins

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
    assert origins(early_years, "sex") == {"sex"}
    assert origins(early_years, "ethnicity_major") == {"ethnicity_code"}
    assert origins(early_years, "was_reviewed") == {"record of health_visiting"}
    assert origins(early_years, "funded_hours_band") == {"hours_in_term", "record of childcare"}
    assert origins(early_years, "idaci_decile") == frozenset()
    assert {f"e{i:02d}" for i in range(1, 13)} == origins(early_years, "is_gld")


def test_nested_breakdowns_are_one_dimension(early_years: Dataset) -> None:
    found = dimension_origins(early_years, {"ethnicity_major", "ethnicity_minor", "sex"}, {"gld"})
    assert set(found) == {"breakdown ethnicity_minor", "breakdown sex", "outcome profile_result (gld)"}


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
