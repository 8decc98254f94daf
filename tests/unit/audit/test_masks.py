"""One mask for every figure: clean builds pass, each planted contradiction is found."""

import pytest

from ndl_publish.audit.masks import mask_findings
from tests.unit.audit.conftest import Clean, Plant

SHOWN = {"status": "published", "geographic_level": "local_authority"}


def test_clean_builds_pass(clean: Clean) -> None:
    assert mask_findings(clean.made.spec, clean.tables) == ()


@pytest.mark.parametrize("column", ["value", "lower", "upper"])
def test_a_number_left_in_a_withheld_row_is_found(noisy: Clean, plant: Plant, column: str) -> None:
    tables = plant(noisy, "small", {"status": "suppressed"}, **{column: 4321.0})
    (finding,) = mask_findings(noisy.made.spec, tables)
    assert (finding.code, finding.severity, finding.where) == ("NDL-D012", "error", "small")
    assert "4321" not in str(finding)


def test_a_published_row_without_a_number_is_found(clean: Clean, plant: Plant) -> None:
    tables = plant(clean, "small", {**SHOWN, "measure": "gld_percent"}, value=None)
    assert {finding.code for finding in mask_findings(clean.made.spec, tables)} == {"NDL-D012"}


@pytest.mark.parametrize(
    ("count", "ratios"),
    [
        ("gld_count", {"gld_percent"}),
        ("children_count", {"gld_percent", "comm_percent"}),
        ("comm_count", {"comm_percent", "all_goals_percent"}),
        ("all_goals_count", {"all_goals_percent"}),
    ],
)
def test_a_percentage_shown_beside_a_withheld_count_of_it_is_found(
    clean: Clean, plant: Plant, count: str, ratios: set[str]
) -> None:
    at = {**SHOWN, "area_code": "la_b", "sex": "Total", "measure": count}
    tables = plant(clean, "small", at, value=None, lower=None, upper=None, status="suppressed")
    found = mask_findings(clean.made.spec, tables)
    assert {finding.code for finding in found} == {"NDL-D013"}
    assert {finding.message.split()[0] for finding in found} == ratios


def test_a_mean_shown_beside_withheld_children_is_found(noisy: Clean, plant: Plant) -> None:
    at = {"status": "published", "measure": "children_count"}
    tables = plant(noisy, "means", at, value=None, lower=None, upper=None, status="suppressed")
    (finding,) = mask_findings(noisy.made.spec, tables)
    assert finding.code == "NDL-D013"
    assert finding.message.startswith("score_mean")
