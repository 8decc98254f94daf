"""The descriptor says what the files hold, in the words of Data Package 2.0."""

import io
import json
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import polars as pl
import pytest

from ndl_publish.audit.model import AuditedCube
from ndl_publish.package.context import PackageContext
from ndl_publish.package.writers.csv_tables import write_csv_tables
from ndl_publish.package.writers.data_dictionary import write_data_dictionary
from ndl_publish.package.writers.descriptor import descriptor, write_descriptor
from ndl_publish.package.writers.geography_table import write_geography_table
from ndl_publish.package.writers.manifest import read_manifest, write_manifest
from ndl_publish.package.writers.status_codes import write_status_codes
from ndl_publish.spec.load import ReleaseSpec

Json = dict[str, Any]


@pytest.fixture
def content(context: PackageContext) -> Json:
    return descriptor(context)


def _resource(content: Json, name: str) -> Json:
    found: Json = next(resource for resource in content["resources"] if resource["name"] == name)
    return found


def _field(content: Json, name: str, table: str = "by_characteristic") -> Json:
    found: Json = next(field for field in _resource(content, table)["schema"]["fields"] if field["name"] == name)
    return found


def test_description_of_a_synthetic_release_says_so_first(
    audited: AuditedCube, context: PackageContext, make_spec: Callable[..., ReleaseSpec]
) -> None:
    spec = make_spec("dp", ("expected_count:", "synthetic: true\nexpected_count:"))
    said = json.loads(next(write_descriptor(audited, replace(context, spec=spec))).content)["description"]
    assert said.startswith(
        "**Synthetic records.** These figures are an example and describe nobody.\n\nA small release."
    )
    assert descriptor(context)["description"].startswith("A small release.")


def test_package_properties(content: Json) -> None:
    assert content["$schema"] == "https://datapackage.org/profiles/2.0/datapackage.json"
    assert content["name"] == "early-years-sample"
    assert content["created"] == "2026-11-26T09:30:00Z"
    assert content["licenses"][0]["name"] == "OGL-UK-3.0"
    assert content["contributors"][0]["roles"] == ["publisher", "contact"]
    assert [source["title"] for source in content["sources"]][:2] == [
        "Early years foundation stage profile",
        "Health visiting reviews",
    ]
    assert content["boundary_year"] == "2025"
    assert not {"profile", "role"} & set(content)


def test_columns_are_the_header_of_every_csv(audited: AuditedCube, context: PackageContext, content: Json) -> None:
    writers = (write_csv_tables, write_geography_table, write_data_dictionary, write_status_codes)
    files = {file.path: file.content for writer in writers for file in writer(audited, context)}
    described = {r["path"]: [f["name"] for f in r["schema"]["fields"]] for r in content["resources"] if "schema" in r}
    assert described == {path: pl.read_csv(io.BytesIO(csv), n_rows=0).columns for path, csv in files.items()}


def test_closed_lists_stand_where_frictionless_looks(content: Json) -> None:
    for name in ("geographic_level", "sex", "fsm", "measure", "unit", "status", "time_period"):
        field = _field(content, name)
        assert field["constraints"]["enum"] == [category["value"] for category in field["categories"]]
        assert field["constraints"]["required"] is True
    assert _field(content, "sex")["constraints"]["enum"] == ["Total", "Female", "Male"]
    assert _field(content, "measure")["categories"][1]["label"] == "Good level of development: number of children"


def test_only_numbers_have_missing_values(content: Json) -> None:
    for name in ("value", "lower", "upper"):
        field = _field(content, name)
        assert field["type"] == "number"
        assert field["unit"] == "see column unit"
        assert [item["value"] for item in field["missingValues"]] == [""]
    assert "missingValues" not in _field(content, "sex")


def test_keys(content: Json) -> None:
    schema = _resource(content, "by_characteristic")["schema"]
    assert schema["fieldsMatch"] == "exact"
    assert schema["primaryKey"] == ["geographic_level", "area_code", "sex", "fsm", "measure"]
    assert [key["reference"]["resource"] for key in schema["foreignKeys"]] == ["geography-lookup", "status-codes"]


def test_names_of_resources_are_unique_and_paths_stay_inside(content: Json) -> None:
    names = [resource["name"] for resource in content["resources"]]
    assert len(set(names)) == len(names) == 7
    assert all(re.fullmatch(r"[a-z0-9._-]+", name) for name in names)
    assert not any(resource["path"].startswith(("/", ".")) for resource in content["resources"])


def test_parquet_copies_have_no_type_and_name_their_csv(content: Json) -> None:
    copy = _resource(content, "by_characteristic-parquet")
    assert "type" not in copy
    assert "schema" not in copy
    assert copy["same_rows_as"] == "by_characteristic"
    assert copy["mediatype"] == "application/vnd.apache.parquet"


def test_descriptor_has_size_and_hash_of_what_was_written(content: Json) -> None:
    for resource in content["resources"]:
        assert resource["bytes"] == 12
        assert resource["hash"] == "sha256:" + "ab" * 32


def test_descriptor_is_stable_text(audited: AuditedCube, context: PackageContext, content: Json) -> None:
    written = next(write_descriptor(audited, context)).content
    assert json.loads(written) == content
    assert written.endswith(b"}\n")
    assert "2½".encode() in written


def test_manifest_is_sorted_and_reads_back(audited: AuditedCube, context: PackageContext) -> None:
    text = next(write_manifest(audited, context)).content.decode()
    assert text.splitlines() == sorted(text.splitlines(), key=lambda line: line[66:])
    assert read_manifest(text) == {path: facts.sha256 for path, facts in context.files.items()}
