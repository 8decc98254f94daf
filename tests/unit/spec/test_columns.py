from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from ndl_publish.spec.columns import (
    AreaColumn,
    CategoryColumn,
    Column,
    IntegerColumn,
    KeepRow,
    Links,
    MonthColumn,
    RowFilter,
    Source,
    SumColumn,
)

COLUMN: TypeAdapter[Any] = TypeAdapter(Column)
SOURCE: dict[str, Any] = {
    "title": "Profile",
    "role": "spine",
    "id": "pupil_id",
    "columns": {"turn": {"type": "integer", "source": "TURN", "minimum": 1, "maximum": 9}},
}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"type": "category", "source": "S", "codes": {"F": "Female"}}, CategoryColumn),
        ({"type": "integer", "source": "S", "minimum": 0, "maximum": 0}, IntegerColumn),
        ({"type": "month", "source": "S"}, MonthColumn),
        ({"type": "area", "source": "S", "level": "lsoa"}, AreaColumn),
    ],
)
def test_the_type_says_which_column_it_is(given: dict[str, Any], expected: type[Any]) -> None:
    column: Any = COLUMN.validate_python(given)
    assert type(column) is expected
    assert column.missing == ("",)
    assert COLUMN.validate_python({**given, "missing": ["", "-9"]}).missing == ("", "-9")


@pytest.mark.parametrize(
    "given",
    [
        {"source": "S", "codes": {"F": "Female"}},
        {"type": "date", "source": "S"},
        {"type": "category", "source": "S"},
        {"type": "category", "source": "S", "codes": {}},
        {"type": "category", "source": "S", "codes": {"1": 1}},
        {"type": "category", "source": " ", "codes": {"F": "Female"}},
        {"type": "category", "source": "S", "codes": {"F": "Female"}, "level": "lsoa"},
        {"type": "integer", "source": "S", "minimum": 0},
        {"type": "integer", "source": "S", "minimum": 0, "maximum": 1.5},
        {"type": "month", "source": "S", "minimum": 1},
        {"type": "area", "source": "S"},
        {"type": "area", "source": "S", "level": "Local Authority"},
        {"type": "month", "source": "S", "missing": "none"},
    ],
)
def test_columns_that_are_refused(given: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        COLUMN.validate_python(given)


def test_bounds_must_be_in_order() -> None:
    with pytest.raises(ValidationError, match="minimum is larger than maximum"):
        COLUMN.validate_python({"type": "integer", "source": "S", "minimum": 2, "maximum": 1})


def test_a_source_has_no_more_than_it_needs() -> None:
    source = Source.model_validate(SOURCE)
    assert (source.period, source.where, source.one_row, source.sums) == (None, None, None, {})


@pytest.mark.parametrize(
    ("key", "value", "unknown"),
    [
        ("one_row", {"keep": "last", "by": ["turn", "day"]}, "day"),
        ("where", {"column": "kind", "values": ["x"]}, "kind"),
        ("sums", {"all": {"column": "hours", "maximum": 9}}, "hours"),
    ],
)
def test_a_source_names_only_its_own_columns(key: str, value: object, unknown: str) -> None:
    with pytest.raises(ValidationError, match=rf"names columns that are not declared: {unknown} \["):
        Source.model_validate({**SOURCE, key: value})


def test_all_unknown_columns_are_named_in_order() -> None:
    wrong = {"one_row": {"keep": "first", "by": ["z", "b"]}, "where": {"column": "a", "values": ["x"]}}
    with pytest.raises(ValidationError, match="not declared: a, b, z"):
        Source.model_validate({**SOURCE, **wrong})


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("role", "main"),
        ("columns", {}),
        ("columns", {"Bad Name": SOURCE["columns"]["turn"]}),
        ("id", ""),
        ("one_row", {"keep": "best", "by": ["turn"]}),
        ("one_row", {"keep": "last", "by": []}),
        ("where", {"column": "turn", "values": []}),
        ("sums", {"all": {"column": "turn"}}),
        ("colums", {}),
    ],
)
def test_sources_that_are_refused(key: str, value: object) -> None:
    with pytest.raises(ValidationError):
        Source.model_validate({**SOURCE, key: value})


def test_small_models() -> None:
    assert KeepRow(keep="last", by=("turn",)).by == ("turn",)
    assert SumColumn(column="hours", maximum=9).minimum == 0
    assert RowFilter(column="kind", values=("x",)).values == ("x",)


@pytest.mark.parametrize("weight", [-0.01, 1.01, "sure", None])
def test_the_minimum_weight_is_from_0_to_1(weight: object) -> None:
    good = {"spine_id": "a", "source": "b", "linked_id": "c", "weight": "d"}
    assert Links.model_validate({**good, "minimum_weight": 1}).minimum_weight == 1
    with pytest.raises(ValidationError):
        Links.model_validate({**good, "minimum_weight": weight})
