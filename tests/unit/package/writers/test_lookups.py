"""geography.csv, data_dictionary.csv and status_codes.csv."""

import polars as pl
import pytest

from ndl_publish.audit.model import AuditedCube
from ndl_publish.columns import STATUS_SYMBOLS
from ndl_publish.geography.lookup import Geography
from ndl_publish.package.context import PackageContext
from ndl_publish.package.status_words import STATUS_MEANINGS
from ndl_publish.package.writers.data_dictionary import write_data_dictionary
from ndl_publish.package.writers.geography_table import areas_above, geography_frame, write_geography_table
from ndl_publish.package.writers.status_codes import write_status_codes


@pytest.fixture
def dictionary(audited: AuditedCube, context: PackageContext) -> pl.DataFrame:
    return pl.read_csv(next(write_data_dictionary(audited, context)).content, infer_schema=False)


def test_geography_holds_the_areas_that_occur_and_no_others(audited: AuditedCube, context: PackageContext) -> None:
    file = next(write_geography_table(audited, context))
    frame = pl.read_csv(file.content, infer_schema=False)
    assert file.rows == frame.height == 7
    assert frame["area_code"].to_list() == [
        *("E92000001", "E12000003", "E12000009", "E06000023", "E08000035"),
        *("E05009288", "E05009302"),
    ]
    assert frame["boundary_year"].unique().to_list() == ["2025"]


def test_geography_names_what_an_area_lies_in(context: PackageContext) -> None:
    rows = {row["area_code"]: row for row in geography_frame(context).iter_rows(named=True)}
    leeds, ward, england = rows["E08000035"], rows["E05009288"], rows["E92000001"]
    assert leeds["area_name"] == "Leeds"
    assert leeds["combined_authority_code"] == "E47000003"
    assert leeds["region_code"] == "E12000003"
    assert leeds["local_authority_code"] is None
    assert ward["local_authority_code"] == "E09000001"
    assert england["region_code"] is None
    assert [name for name in ward if name.endswith("_code")][1:] == [
        *("ward_code", "local_authority_district_code", "local_authority_code", "combined_authority_code"),
        *("region_code", "national_code"),
    ]


def test_an_area_cut_by_a_boundary_names_neither_side() -> None:
    nesting = pl.DataFrame(
        {
            "lsoa": ["a", "b", "c", "d"],
            "ward": ["w1", "w1", "w2", "w3"],
            "authority": ["x", "y", "x", ""],
            "national": ["n"] * 4,
        }
    )
    nothing = pl.DataFrame()
    above = areas_above(Geography("2025", nesting, nothing, nothing, nothing), "ward").sort("ward")
    assert above["authority_code"].to_list() == [None, "x", None]
    assert above["national_code"].to_list() == ["n", "n", "n"]


def test_dictionary_has_each_column_measure_category_and_status(dictionary: pl.DataFrame) -> None:
    counts = dict(dictionary.group_by("kind").len().iter_rows())
    assert counts == {"column": 13 + 11 + 10 + 3, "measure": 5, "category": 3 + 4, "status": 5}
    assert dictionary.select("file", "kind", "name", "code").is_unique().all()


def test_dictionary_says_unit_and_type_of_measures(dictionary: pl.DataFrame) -> None:
    measures = dictionary.filter(kind="measure", file="data/by_characteristic.csv")
    assert measures["code"].to_list() == ["children_count", "gld_children_count", "gld_children_percent"]
    assert measures["unit"].to_list() == ["children", "children", "percent"]
    assert measures["type"].to_list() == ["integer", "integer", "number"]
    assert "12 goals" in measures["description"][1]


def test_dictionary_lists_the_codes_of_a_column(dictionary: pl.DataFrame) -> None:
    sex = dictionary.filter(kind="column", file="data/by_characteristic.csv", name="sex")
    assert sex["codes"].item() == "Total | Female | Male"


def test_status_codes_are_the_closed_list(audited: AuditedCube, context: PackageContext) -> None:
    frame = pl.read_csv(next(write_status_codes(audited, context)).content, infer_schema=False)
    assert dict(zip(frame["status"], frame["symbol"].fill_null(""), strict=True)) == STATUS_SYMBOLS
    assert frame["meaning"].to_list() == list(STATUS_MEANINGS.values())
    assert list(STATUS_MEANINGS) == list(STATUS_SYMBOLS)
