import polars as pl
import pytest

from ndl_publish.engines.polars import PolarsEngine
from ndl_publish.engines.protocol import ROW
from ndl_publish.records.model import ID
from ndl_publish.records.one_row import add_up, one_row, top_rows
from ndl_publish.spec.columns import KeepRow, Source, SumColumn

ENGINE = PolarsEngine()
COLUMNS = {
    "seq": {"type": "integer", "source": "S", "minimum": 0, "maximum": 9},
    "month": {"type": "month", "source": "M"},
    "v": {"type": "category", "source": "V", "codes": {"a": "a"}},
}


def source(**more: object) -> Source:
    return Source.model_validate({"title": "T", "role": "spine", "id": "i", "columns": COLUMNS, **more})


def frame(*rows: tuple[str, int | None, str | None, str]) -> pl.DataFrame:
    table = pl.DataFrame(
        rows, schema={ID: pl.String, "seq": pl.Int64, "month": pl.String, "v": pl.String}, orient="row"
    )
    return table.with_row_index(ROW).cast({ROW: pl.Int64})


def kept(table: pl.DataFrame, rule: Source) -> list[tuple[object, ...]]:
    return sorted(ENGINE.collect(one_row(ENGINE.lift(table), rule)).rows())


@pytest.mark.parametrize(("keep", "expected"), [("last", "c"), ("first", "a")])
def test_first_or_last_by_a_number(keep: str, expected: str) -> None:
    table = frame(("1", 2, None, "b"), ("1", 9, None, "c"), ("1", 1, None, "a"), ("2", 5, None, "z"))
    rule = source(one_row={"keep": keep, "by": ["seq"]})
    assert [(row[0], row[3]) for row in kept(table, rule)] == [("1", expected), ("2", "z")]


def test_numbers_are_compared_as_numbers_and_months_as_months() -> None:
    rule = source(one_row={"keep": "last", "by": ["month", "seq"]})
    table = frame(("1", 9, "2022-09", "a"), ("1", 1, "2022-10", "b"), ("1", 2, "2022-10", "c"))
    assert kept(table, rule) == [("1", 2, "2022-10", "c")]


@pytest.mark.parametrize("keep", ["first", "last"])
def test_a_missing_value_is_beaten_by_any_other(keep: str) -> None:
    rule = source(one_row={"keep": keep, "by": ["seq"]})
    assert kept(frame(("1", None, None, "a"), ("1", 3, None, "b")), rule) == [("1", 3, None, "b")]
    assert kept(frame(("1", None, None, "a"), ("1", None, None, "a")), rule) == [("1", None, None, "a")]


def test_identical_rows_become_one_without_a_rule() -> None:
    assert kept(frame(("1", 1, None, "a"), ("1", 1, None, "a")), source()) == [("1", 1, None, "a")]


def test_top_rows_of_a_tie_are_all_of_them() -> None:
    table = ENGINE.lift(frame(("1", 1, None, "a"), ("1", 1, None, "b"), ("1", 0, None, "c")))
    tops = ENGINE.collect(top_rows(table, KeepRow(keep="last", by=("seq",))))
    assert sorted(tops["v"]) == ["a", "b"]
    assert ENGINE.collect(top_rows(table, None)).height == 3


def test_sums_are_held_between_their_bounds_and_count_missing_as_zero() -> None:
    table = frame(("1", 3, None, ""), ("1", 4, None, ""), ("2", None, None, ""), ("3", 9, None, ""), ("3", 9, None, ""))
    sums = {"total": SumColumn(column="seq", minimum=1, maximum=10)}
    assert sorted(ENGINE.collect(add_up(ENGINE.lift(table), sums)).rows()) == [("1", 7), ("2", 1), ("3", 10)]


def test_sums_alone_and_sums_beside_a_rule() -> None:
    table = frame(("1", 3, None, "a"), ("1", 4, None, "b"))
    sums = {"total": {"column": "seq", "maximum": 99}}
    assert kept(table, source(sums=sums)) == [("1", 7)]
    both = source(sums=sums, one_row={"keep": "last", "by": ["seq"]})
    assert kept(table, both) == [("1", 4, None, "b", 7)]
