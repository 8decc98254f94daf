"""Means that follow from other means are found; releases without such means pass."""

from pathlib import Path

import polars as pl
import pytest

from ndl_publish.audit.means import mean_findings
from ndl_publish.columns import PUBLISHED, SUPPRESSED
from ndl_publish.cube.layout import CubeLayout, lay_out
from ndl_publish.geography.coverage import covered_geography
from ndl_publish.spec.load import ReleaseSpec, load_release

RELEASE = Path(__file__).resolve().parents[3] / "examples" / "early_years" / "release_classic.yaml"
BOROUGHS = ["E06000006", "E08000011", "E08000012", "E08000013", "E08000014", "E08000015"]
REGION = "E47000004"


@pytest.fixture(scope="module")
def pilot() -> tuple[ReleaseSpec, CubeLayout]:
    spec = load_release(RELEASE)
    return spec, lay_out(spec, covered_geography(spec))


def tables(spec: ReleaseSpec, hidden: set[str]) -> dict[str, pl.DataFrame]:
    """Return the headline table with means only, hidden for some areas; the other tables empty."""
    areas = [("combined_authority", REGION), *(("local_authority", code) for code in BOROUGHS)]
    headline = pl.DataFrame(
        {
            "geographic_level": [level for level, _ in areas],
            "area_code": [code for _, code in areas],
            "measure": ["elgs_expected_average"] * len(areas),
            "status": [SUPPRESSED if code in hidden else PUBLISHED for _, code in areas],
        }
    )
    return {table.name: headline if table.name == "headline" else headline.clear() for table in spec.release.tables}


@pytest.mark.parametrize(
    ("hidden", "n_found"),
    [
        (set(), 0),
        ({"E08000011"}, 1),
        ({"E08000011", "E08000012"}, 0),
        ({"E08000011", REGION}, 0),
        ({REGION}, 0),
    ],
)
def test_one_blank_among_the_parts_follows(
    pilot: tuple[ReleaseSpec, CubeLayout], hidden: set[str], n_found: int
) -> None:
    found = mean_findings(*pilot, tables(pilot[0], hidden))
    assert [finding.code for finding in found] == ["NDL-D021"] * n_found


def test_a_finding_names_no_area(pilot: tuple[ReleaseSpec, CubeLayout]) -> None:
    (finding,) = mean_findings(*pilot, tables(pilot[0], {"E08000011"}))
    assert "E08000011" not in str(finding)
    assert "1 withheld means" in finding.message
