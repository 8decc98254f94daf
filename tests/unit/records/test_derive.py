"""Each derived rule by a worked example."""

from typing import Any

import polars as pl
from pydantic import TypeAdapter

from ndl_publish.engines.polars import PolarsEngine
from ndl_publish.records.derive import Kind, column_kinds, expression, spine_rules
from ndl_publish.spec.derived import Derived
from tests.unit.records.conftest import World

ENGINE = PolarsEngine()
RULE: TypeAdapter[Derived] = TypeAdapter(Derived)


def derived(rule: dict[str, Any], kinds: dict[str, Kind], **columns: list[Any]) -> list[Any]:
    types = {"text": pl.String, "integer": pl.Int64, "truth": pl.Boolean}
    frame = pl.DataFrame(columns, schema_overrides={name: types[kind] for name, kind in kinds.items()})
    made = expression(RULE.validate_python(rule), kinds).alias("made")
    return ENGINE.collect(ENGINE.lift(frame).select(made))["made"].to_list()


GOALS: dict[str, Kind] = {"a": "text", "b": "text"}
A = ["2", "2", "1", "A", None, "1"]
B = ["2", "1", "1", "2", "2", None]


def test_all_equal() -> None:
    rule = {"rule": "all_equal", "columns": ["a", "b"], "value": "2", "not_assessed": ["A"]}
    assert derived(rule, GOALS, a=A, b=B) == [True, False, False, None, None, None]


def test_all_equal_of_integers() -> None:
    rule = {"rule": "all_equal", "columns": ["n"], "value": "2"}
    assert derived(rule, {"n": "integer"}, n=[2, 3, None]) == [True, False, None]


def test_count_equal() -> None:
    rule = {"rule": "count_equal", "columns": ["a", "b"], "value": "2", "not_assessed": ["A"]}
    assert derived(rule, GOALS, a=A, b=B) == [2, 1, 0, None, None, None]


def test_none_missing_is_never_null() -> None:
    rule = {"rule": "none_missing", "columns": ["a", "b"], "not_assessed": ["A"]}
    assert derived(rule, GOALS, a=A, b=B) == [True, True, True, False, False, False]
    assert derived({"rule": "none_missing", "columns": ["a"]}, GOALS, a=A) == [True, True, True, True, False, True]


def test_all_at_least_with_cut_offs_by_questionnaire() -> None:
    cutoffs = {"x": {"24": 25.17, "27": 24.02}, "y": {"24": 38, "27": "28.01"}}
    rule = {"rule": "all_at_least", "by": "q", "cutoffs": cutoffs}
    kinds: dict[str, Kind] = {"q": "text", "x": "integer", "y": "integer"}
    q = ["24", "24", "24", "27", "27", "30", None, "24"]
    x = [26, 25, 26, 25, 60, 60, 60, None]
    y = [38, 60, 37, 29, 28, 60, 60, 0]
    assert derived(rule, kinds, q=q, x=x, y=y) == [True, False, False, True, False, None, None, None]


def test_bands() -> None:
    bands = [{"label": "low", "minimum": 0, "maximum": 4}, {"label": "high", "minimum": 5, "maximum": 9}]
    rule = {"rule": "bands", "column": "n", "bands": bands, "missing": "none"}
    assert derived(rule, {"n": "integer"}, n=[0, 4, 5, 9, 10, -1, None]) == [
        *["low", "low", "high", "high"], None, None, "none",
    ]  # fmt: skip


def test_cases_take_the_first_that_holds() -> None:
    cases = [
        {"label": "both", "when": {"a": ["2"], "t": [True]}},
        {"label": "two", "when": {"a": ["2"]}},
        {"label": "false", "when": {"t": [False]}},
    ]
    rule = {"rule": "cases", "cases": cases, "otherwise": "else"}
    kinds: dict[str, Kind] = {"a": "text", "t": "truth"}
    got = derived(rule, kinds, a=["2", "2", "2", "1", "1", None], t=[True, False, None, False, None, None])
    assert got == ["both", "two", "two", "false", "else", "else"]


def test_cases_of_integers() -> None:
    rule = {"rule": "cases", "cases": [{"label": "in", "when": {"n": ["1", "-2", "x"]}}], "otherwise": "out"}
    assert derived(rule, {"n": "integer"}, n=[1, -2, 3, None]) == ["in", "in", "out", "out"]


def test_with_missing() -> None:
    rule = {"rule": "with_missing", "column": "a", "missing": "Not stated"}
    assert derived(rule, GOALS, a=["x", None]) == ["x", "Not stated"]


def test_any_of() -> None:
    rule = {"rule": "any_of", "column": "a", "values": ["x", "y"]}
    assert derived(rule, GOALS, a=["x", "y", "z", None]) == [True, True, False, None]


def test_month_of_year() -> None:
    rule = {"rule": "month_of_year", "column": "m"}
    assert derived(rule, {"m": "text"}, m=["2019-01", "2020-12", None]) == [1, 12, None]


def test_has_record() -> None:
    assert derived({"rule": "has_record", "source": "s"}, {}, _has_s=[True, False]) == [True, False]


def test_area_characteristic() -> None:
    rule = {"rule": "area_characteristic", "characteristic": "d", "categories": ["1", "2"], "missing": "Unknown"}
    assert derived(rule, {}, _area_d=["1", "", None, "3"]) == ["1", "Unknown", "Unknown", None]


def test_kinds_and_rules_of_the_spine(world: World) -> None:
    dataset = world.spec().dataset
    kinds = column_kinds(dataset)
    assert (kinds["goals"], kinds["hours"], kinds["review"], kinds["is_asq"]) == ("integer", "integer", "text", "truth")
    assert spine_rules(dataset) == ("full_results", "is_gld", "goals")
