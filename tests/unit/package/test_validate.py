"""A package that does not agree with its descriptor is caught, whatever does not agree, and no row is repeated."""

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from ndl_publish.errors import RuleError
from ndl_publish.package.validate import package_findings, validate_package

Json = dict[str, Any]
TABLE = "data/by_characteristic.csv"


@pytest.fixture
def public(built: Path, tmp_path: Path) -> Path:
    """Give a copy of a finished package that a test may spoil."""
    return Path(shutil.copytree(built / "public", tmp_path / "public"))


def _edit_descriptor(public: Path, change: Callable[[Json], None]) -> None:
    path = public / "datapackage.json"
    descriptor = json.loads(path.read_text(encoding="utf-8"))
    change(descriptor)
    path.write_text(json.dumps(descriptor), encoding="utf-8")


def _edit_file(public: Path, path: str, old: str, new: str, count: int = 1) -> None:
    """Change a file and its hash, so that only its content is wrong."""
    text = (public / path).read_text(encoding="utf-8")
    assert old in text
    (public / path).write_text(text.replace(old, new, count), encoding="utf-8", newline="")
    _seal(public, path)


def _seal(public: Path, path: str) -> None:
    content = (public / path).read_bytes()

    def change(descriptor: Json) -> None:
        resource = next(r for r in descriptor["resources"] if r["path"] == path)
        resource |= {"bytes": len(content), "hash": f"sha256:{hashlib.sha256(content).hexdigest()}"}

    _edit_descriptor(public, change)


def _field(descriptor: Json, name: str) -> Json:
    found: Json = next(field for field in descriptor["resources"][0]["schema"]["fields"] if field["name"] == name)
    return found


def test_a_finished_package_has_no_finding(public: Path) -> None:
    assert package_findings(public) == ()
    assert package_findings(public, full_rows=0) == ()


@pytest.mark.parametrize(
    ("old", "new", "where"),
    [
        (",Female,", ",Femail,", f"{TABLE}: sex"),
        (",suppressed", ",secret", f"{TABLE}: status"),
        (",1000,", ",many,", f"{TABLE}: value"),
        (",1000,", ",-1000,", f"{TABLE}: value"),
        (",Leeds,", ",,", f"{TABLE}: area_name"),
        ("E08000035", "E08000099", f"{TABLE}: geographic_level, area_code"),
        ("E12000009", "E12000003", f"{TABLE}: geographic_level, area_code, sex, fsm, measure"),
        ("time_period,", "period,", TABLE),
        (",status\n", "\n", TABLE),
    ],
)
def test_a_wrong_cell_is_caught_without_being_told(public: Path, old: str, new: str, where: str) -> None:
    _edit_file(public, TABLE, old, new, count=-1 if old.startswith("E1") else 1)
    findings = package_findings(public)
    assert where in [finding.where for finding in findings]
    text = "\n".join(str(finding) for finding in findings)
    assert not any(value in text for value in ("Femail", "secret", "many", "1000", "Bristol", "E08000099"))
    with pytest.raises(RuleError) as caught:
        validate_package(public)
    assert caught.value.code == "NDL-R050"
    assert caught.value.findings == findings


def test_a_wrong_row_far_down_is_caught_though_frictionless_reads_a_sample(public: Path) -> None:
    _edit_file(public, TABLE, ",Unknown,gld_children_percent,percent,,,,suppressed", ",Unknown,no,no,,,,suppressed")
    assert package_findings(public, full_rows=0)


def test_a_changed_file_is_caught_by_its_hash(public: Path) -> None:
    path = public / "geography.csv"
    path.write_text(path.read_text(encoding="utf-8").replace("Leeds", "Leedz"), encoding="utf-8")
    assert [finding.where for finding in package_findings(public)] == ["geography.csv"]


def test_a_missing_file_is_caught(public: Path) -> None:
    (public / "data/small_areas.parquet").unlink()
    assert [finding.where for finding in package_findings(public)] == ["data/small_areas.parquet"]


@pytest.mark.parametrize("kind", ["values", "types", "not parquet"])
def test_a_parquet_copy_that_differs_is_caught(public: Path, kind: str) -> None:
    path = public / "data/by_characteristic.parquet"
    frame = pl.read_parquet(path)
    if kind == "values":
        frame.with_columns(pl.col("value") + 0.1).write_parquet(path)
    elif kind == "types":
        frame.with_columns(pl.col("value").cast(pl.Float32)).write_parquet(path)
    else:
        path.write_bytes(b"nothing")
    _seal(public, "data/by_characteristic.parquet")
    assert [finding.where for finding in package_findings(public)] == ["data/by_characteristic.parquet"]


@pytest.mark.parametrize(
    "change",
    [
        lambda d: _field(d, "sex")["constraints"]["enum"].remove("Female"),
        lambda d: _field(d, "value").update(type="integer"),
        lambda d: _field(d, "value").update(type="boolean"),
        lambda d: _field(d, "value").update(type="strng"),
        lambda d: _field(d, "area_name").update(name="name"),
        lambda d: (
            _field(d, "lower")["constraints"].update(required=True)
            if "constraints" in _field(d, "lower")
            else _field(d, "lower").update(constraints={"required": True})
        ),
        lambda d: d["resources"][0]["schema"]["fields"].reverse(),
        lambda d: d["resources"][0]["schema"].update(primaryKey=["area_code"]),
        lambda d: d["resources"][0].update(path="../secret.csv"),
        lambda d: d["resources"][0].update(rows=3),
        lambda d: d.update(created="yesterday"),
        lambda d: d.update(resources=None),
        lambda d: d.pop("resources"),
        lambda d: d["resources"].pop(),
        lambda d: d["resources"][2].update(same_rows_as="gone"),
        lambda d: d["resources"][0]["schema"].update(foreignKeys=[{"fields": ["status"]}]),
    ],
)
def test_a_wrong_descriptor_is_caught(public: Path, change: Callable[[Json], None]) -> None:
    _edit_descriptor(public, change)
    findings = package_findings(public)
    assert findings
    assert {finding.code for finding in findings} == {"NDL-R050"}


def test_no_descriptor_at_all_is_one_finding(public: Path) -> None:
    (public / "datapackage.json").write_text("{", encoding="utf-8")
    assert len(package_findings(public)) == 1
    (public / "datapackage.json").unlink()
    assert len(package_findings(public)) == 1
