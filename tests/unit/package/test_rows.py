"""One frame for all formats: rounded once, only public columns, refused when something does not fit."""

from collections.abc import Callable
from dataclasses import replace

import polars as pl
import pytest

from ndl_publish.audit.model import AuditedCube
from ndl_publish.cube.protected import PublicTable
from ndl_publish.errors import RuleError
from ndl_publish.geography.lookup import Geography
from ndl_publish.package.rows import PublicRows, public_rows
from ndl_publish.spec.load import ReleaseSpec

Change = Callable[[pl.DataFrame], pl.DataFrame]


@pytest.fixture
def table(audited: AuditedCube) -> PublicTable:
    return audited.protected.tables[0]


def _rows(table: PublicTable, spec: ReleaseSpec, geography: Geography, change: Change | None = None) -> PublicRows:
    changed = table if change is None else replace(table, figures=change(table.figures))
    return public_rows(changed, spec=spec, geography=geography)


def _first(column: str, value: object) -> Change:
    is_first = pl.int_range(pl.len()) == 0
    return lambda frame: frame.with_columns(
        pl.when(is_first).then(pl.lit(value)).otherwise(pl.col(column)).cast(frame.schema[column]).alias(column)
    )


def _withheld(column: str, value: object) -> Change:
    is_withheld = pl.col("status") == "suppressed"
    return lambda frame: frame.with_columns(
        pl.when(is_withheld).then(pl.lit(value)).otherwise(pl.col(column)).alias(column)
    )


def test_columns_order_names_and_labels(table: PublicTable, spec: ReleaseSpec, geography: Geography) -> None:
    rows = _rows(table, spec, geography)
    assert rows.frame.columns == [
        *("time_period", "time_identifier", "geographic_level", "area_code", "area_name", "sex", "fsm"),
        *("measure", "unit", "value", "lower", "upper", "status"),
    ]
    assert list(rows.columns) == rows.frame.columns
    assert rows.levels == ("National", "Regional", "Local authority")
    assert rows.frame.row(0)[:5] == ("202425", "Academic year", "National", "E92000001", "England")
    assert rows.units == {
        "children_count": "children",
        "gld_children_count": "children",
        "gld_children_percent": "percent",
    }


def test_order_of_rows_is_kept(table: PublicTable, spec: ReleaseSpec, geography: Geography) -> None:
    rows = _rows(table, spec, geography)
    assert rows.frame["area_code"].to_list() == table.figures["area_code"].to_list()
    assert rows.frame["measure"].to_list() == table.figures["measure"].to_list()


@pytest.mark.parametrize(
    ("measure", "number", "expected"),
    [
        ("children_count", 12.5, 13.0),
        ("children_count", 12.49, 12.0),
        ("gld_children_percent", 68.25, 68.3),
        ("gld_children_percent", 68.249, 68.2),
        ("gld_children_percent", 68.199999999999, 68.2),
        ("gld_children_percent", -0.04, 0.0),
    ],
)
def test_numbers_are_rounded_to_their_measure(
    table: PublicTable, spec: ReleaseSpec, geography: Geography, measure: str, number: float, expected: float
) -> None:
    def change(frame: pl.DataFrame) -> pl.DataFrame:
        one = frame.filter(measure=measure).head(1)
        return one.with_columns(pl.lit(number).alias(name) for name in ("value", "lower", "upper"))

    row = _rows(table, spec, geography, change).frame.row(0, named=True)
    assert [row[name] for name in ("value", "lower", "upper")] == [expected] * 3
    assert str(row["value"])[0] != "-"


def test_withheld_rows_carry_no_number(table: PublicTable, spec: ReleaseSpec, geography: Geography) -> None:
    frame = _rows(table, spec, geography).frame
    withheld = frame.filter(pl.col("status") != "published")
    assert withheld.height == 6
    assert withheld.select("value", "lower", "upper").null_count().row(0) == (6, 6, 6)


def test_other_columns_stay_behind(table: PublicTable, spec: ReleaseSpec, geography: Geography) -> None:
    rows = _rows(table, spec, geography, lambda frame: frame.with_columns(true_count=pl.lit(987654321)))
    assert "true_count" not in rows.frame.columns


def test_dictionary_types_of_figures_are_accepted(table: PublicTable, spec: ReleaseSpec, geography: Geography) -> None:
    plain = _rows(table, spec, geography)
    coded = _rows(table, spec, geography, lambda frame: frame.with_columns(pl.col(pl.String).cast(pl.Categorical)))
    assert coded.frame.equals(plain.frame)


@pytest.mark.parametrize(
    ("change", "where"),
    [
        (_withheld("value", 3.0), "value"),
        (_withheld("lower", 3.0), "value"),
        (_withheld("upper", 3.0), "value"),
        (_withheld("status", "published"), "value"),
        (_first("status", "secret"), "status"),
        (_first("status", "low_reliability"), "value"),
        (_first("measure", "made_up"), "measure"),
        (_first("area_code", "E99999999"), "area_code"),
        (_first("value", float("nan")), "value"),
        (_first("upper", float("inf")), "value"),
        (_first("lower", 5000.0), "lower"),
        (_first("upper", 0.0), "lower"),
        (_first("unit", "persons"), "unit"),
        (_first("sex", None), "sex"),
        (lambda frame: frame.drop("upper"), "upper"),
        (lambda frame: frame.clear(), "measure"),
    ],
)
def test_figures_that_do_not_fit_are_refused(
    table: PublicTable, spec: ReleaseSpec, geography: Geography, change: Change, where: str
) -> None:
    with pytest.raises(RuleError) as caught:
        _rows(table, spec, geography, change)
    assert caught.value.code == "NDL-R052"
    assert f"data/by_characteristic.csv: {where}" in [finding.where for finding in caught.value.findings]
    text = str(caught.value)
    assert not any(secret in text for secret in ("made_up", "E99999999", "5000", "secret"))


def test_all_problems_are_told_at_once(table: PublicTable, spec: ReleaseSpec, geography: Geography) -> None:
    def change(frame: pl.DataFrame) -> pl.DataFrame:
        return _first("status", "secret")(_first("measure", "made_up")(_withheld("value", 3.0)(frame)))

    with pytest.raises(RuleError) as caught:
        _rows(table, spec, geography, change)
    assert len(caught.value.findings) >= 3
