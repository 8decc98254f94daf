"""CSV and Parquet show the same rows; the CSV is plain, small in surprises and stable."""

import csv
import io
from collections.abc import Callable
from dataclasses import replace

import polars as pl
import pytest

from ndl_publish.audit.model import AuditedCube
from ndl_publish.package.context import PackageContext
from ndl_publish.package.csv_text import csv_bytes
from ndl_publish.package.writers.csv_tables import fixed_decimals, with_number_text, write_csv_tables
from ndl_publish.package.writers.parquet_tables import write_parquet_tables


@pytest.fixture
def files(audited: AuditedCube, context: PackageContext) -> dict[str, bytes]:
    new = [*write_csv_tables(audited, context), *write_parquet_tables(audited, context)]
    return {file.path: file.content for file in new}


def test_every_table_has_both_formats_and_its_rows(audited: AuditedCube, context: PackageContext) -> None:
    new = [*write_csv_tables(audited, context), *write_parquet_tables(audited, context)]
    assert [(file.path, file.rows) for file in new] == [
        ("data/by_characteristic.csv", 45),
        ("data/small_areas.csv", 4),
        ("data/by_characteristic.parquet", 45),
        ("data/small_areas.parquet", 4),
    ]


@pytest.mark.parametrize("name", ["by_characteristic", "small_areas"])
def test_csv_and_parquet_are_equal(files: dict[str, bytes], name: str) -> None:
    text = pl.read_csv(files[f"data/{name}.csv"], infer_schema=False)
    numbers = pl.col("value", "lower", "upper")
    copy = pl.read_parquet(io.BytesIO(files[f"data/{name}.parquet"]))
    assert copy.equals(text.with_columns(numbers.cast(pl.Float64)))
    assert copy.schema["area_code"] == pl.String


def test_csv_is_utf8_with_lf_and_no_mark(files: dict[str, bytes]) -> None:
    content = files["data/by_characteristic.csv"]
    assert not content.startswith(b"\xef\xbb\xbf")
    assert b"\r" not in content
    assert content.endswith(b"\n")
    assert b'"Bristol, City of"' in content
    assert content.count(b'"') == 2 * content.count(b"Bristol")


def test_any_reader_finds_the_same_cells(files: dict[str, bytes], context: PackageContext) -> None:
    read = list(csv.reader(io.StringIO(files["data/by_characteristic.csv"].decode())))
    assert read[0] == list(context.tables[0].columns)
    assert {len(row) for row in read} == {13}
    bristol = [row for row in read if row[4] == "Bristol, City of"]
    assert bristol[0][9:] == ["1000", "996", "1004", "published"]
    assert bristol[2][9:] == ["68.0", "63.7", "72.3", "published"]
    assert bristol[-1][9:] == ["", "", "", "suppressed"]


def test_counts_have_no_point_and_percentages_one_decimal(context: PackageContext) -> None:
    frame = with_number_text(context.tables[0])
    numbers = ["value", "lower", "upper"]
    counts = frame.filter(pl.col("unit") == "children").select(numbers)
    percents = frame.filter(pl.col("unit") == "percent").select(numbers)
    for name in numbers:
        assert counts[name].drop_nulls().str.contains(r"^-?\d+$").all()
        assert percents[name].drop_nulls().str.contains(r"^-?\d+\.\d$").all()


@pytest.mark.parametrize(
    ("number", "places", "text"),
    [
        (0.0, 0, "0"),
        (-0.4, 0, "0"),
        (1e9, 0, "1000000000"),
        (100.0, 1, "100.0"),
        (0.1 + 0.2, 1, "0.3"),
        (-12.34, 1, "-12.3"),
        (-0.04, 1, "0.0"),
        (3.007, 2, "3.01"),
        (3.0, 4, "3.0000"),
        (float(2**40), 1, "1099511627776.0"),
    ],
)
def test_numbers_as_text(number: float, places: int, text: str) -> None:
    frame = pl.DataFrame({"value": [number, None]})
    assert frame.select(fixed_decimals(pl.col("value"), places=places)).to_series().to_list() == [text, None]


def test_the_same_rows_give_the_same_bytes(audited: AuditedCube, context: PackageContext) -> None:
    first = [*write_csv_tables(audited, context), *write_parquet_tables(audited, context)]
    parts = [pl.concat([t.frame.head(7), t.frame.slice(7)], rechunk=False) for t in context.tables]
    chunked = replace(context, tables=tuple(replace(t, frame=f) for t, f in zip(context.tables, parts, strict=True)))
    second = [*write_csv_tables(audited, chunked), *write_parquet_tables(audited, chunked)]
    assert first[:2] == second[:2]
    again = [*write_parquet_tables(audited, context)]
    assert again == first[2:]


def test_parquet_holds_no_time_and_no_path(files: dict[str, bytes]) -> None:
    content = files["data/by_characteristic.parquet"]
    assert b"/tmp" not in content
    assert b"/home" not in content


def test_quotes_and_line_ends_in_text_survive() -> None:
    texts = ['say "so"', "two\nlines", "comma, and", "", None, " lead", "ü½"]
    content = csv_bytes(pl.DataFrame({"a": texts, "b": ["x"] * len(texts)}))
    read = [row[0] for row in csv.reader(io.StringIO(content.decode(), newline=""))]
    assert read == ["a", *(text or "" for text in texts)]


def test_decimals_of_a_mean_come_from_the_metadata(
    make_audited: Callable[..., AuditedCube], context: PackageContext
) -> None:
    frame = with_number_text(context.tables[1])
    assert frame.filter(pl.col("measure") == "elgs_expected_average")["value"].to_list() == ["14.3", "14.3"]
    assert make_audited().protected.tables[1].figures["value"].to_list()[1] == 14.25
