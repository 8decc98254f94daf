from decimal import Decimal
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from ndl_publish.spec.derived import AllAtLeast, Derived, categories_of, columns_used

RULE: TypeAdapter[Any] = TypeAdapter(Derived)

RULES: dict[str, tuple[dict[str, Any], tuple[str, ...], tuple[str, ...] | None]] = {
    "all_equal": ({"columns": ["a", "b"], "value": "2"}, ("a", "b"), None),
    "count_equal": ({"columns": ["a", "b"], "value": "2", "not_assessed": ["A"]}, ("a", "b"), None),
    "none_missing": ({"columns": ["b"]}, ("b",), None),
    "all_at_least": ({"by": "age", "cutoffs": {"x": {"24": "25.17"}, "y": {"24": 1}}}, ("age", "x", "y"), None),
    "bands": (
        {
            "column": "hours",
            "bands": [{"label": "Few", "minimum": 0, "maximum": 9}, {"label": "Many", "minimum": 10, "maximum": 99}],
            "missing": "None",
        },
        ("hours",),
        ("Few", "Many", "None"),
    ),
    "cases": (
        {
            "cases": [{"label": "Yes", "when": {"a": ["1"], "b": [True]}}, {"label": "No", "when": {"b": [False]}}],
            "otherwise": "Unknown",
        },
        ("a", "b"),
        ("Yes", "No", "Unknown"),
    ),
    "with_missing": ({"column": "a", "missing": "Unknown"}, ("a",), None),
    "any_of": ({"column": "a", "values": ["1"]}, ("a",), None),
    "month_of_year": ({"column": "born"}, ("born",), None),
    "has_record": ({"source": "reviews"}, (), None),
    "area_characteristic": (
        {"characteristic": "decile", "categories": ["1", "2"], "missing": "Unknown"},
        (),
        ("1", "2", "Unknown"),
    ),
}


OPTIONAL = {
    ("count_equal", "not_assessed"),
    ("bands", "missing"),
    ("area_characteristic", "missing"),
}


def rule_of(name: str, **changes: object) -> Any:  # noqa: ANN401 - one of eleven models
    return RULE.validate_python({"rule": name, **RULES[name][0], **changes})


def test_every_rule_is_tested() -> None:
    models = get_args(get_args(Derived)[0])
    assert {get_args(model.model_fields["rule"].annotation)[0] for model in models} == set(RULES)


@pytest.mark.parametrize("name", sorted(RULES))
def test_what_a_rule_reads_and_gives(name: str) -> None:
    rule = rule_of(name)
    assert columns_used(rule) == RULES[name][1]
    assert categories_of(rule) == RULES[name][2]


@pytest.mark.parametrize("name", sorted(RULES))
def test_every_rule_refuses_a_key_it_does_not_know(name: str) -> None:
    with pytest.raises(ValidationError):
        rule_of(name, colum="a")


@pytest.mark.parametrize(
    ("name", "key"),
    [(name, key) for name, (keys, _, _) in sorted(RULES.items()) for key in keys if (name, key) not in OPTIONAL],
)
def test_every_other_key_is_needed(name: str, key: str) -> None:
    with pytest.raises(ValidationError):
        RULE.validate_python({"rule": name, **{k: v for k, v in RULES[name][0].items() if k != key}})


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("all_equal", {"columns": []}),
        ("all_equal", {"columns": "a"}),
        ("all_equal", {"value": 2}),
        ("count_equal", {"columns": []}),
        ("none_missing", {"columns": []}),
        ("all_at_least", {"cutoffs": {}}),
        ("all_at_least", {"cutoffs": {"x": {"24": "high"}}}),
        ("bands", {"bands": []}),
        ("bands", {"bands": [{"label": "", "minimum": 0, "maximum": 1}]}),
        ("bands", {"bands": [{"label": "a", "minimum": 0.5, "maximum": 1}]}),
        ("cases", {"cases": []}),
        ("cases", {"cases": [{"label": "a", "when": {}}]}),
        ("cases", {"cases": [{"label": "a", "when": {"b": "x"}}]}),
        ("cases", {"otherwise": " "}),
        ("any_of", {"values": []}),
        ("area_characteristic", {"categories": []}),
        ("month_of_year", {"column": "Born"}),
    ],
)
def test_values_that_are_refused(name: str, changes: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        rule_of(name, **changes)


def test_a_rule_must_be_known() -> None:
    for wrong in ({"rule": "guess", "column": "a"}, {"column": "a"}, {"rule": None}):
        with pytest.raises(ValidationError):
            RULE.validate_python(wrong)


def test_cut_offs_stay_exact() -> None:
    rule = rule_of("all_at_least")
    assert isinstance(rule, AllAtLeast)
    assert rule.cutoffs["x"]["24"] == Decimal("25.17")


def test_true_and_text_are_told_apart_in_cases() -> None:
    rule = rule_of("cases", cases=[{"label": "Yes", "when": {"a": [True, "true"]}}])
    assert rule.cases[0].when["a"] == (True, "true")
    assert isinstance(rule.cases[0].when["a"][0], bool)


@pytest.mark.parametrize("name", ["bands", "area_characteristic"])
def test_where_nothing_can_be_missing_there_is_no_category_for_it(name: str) -> None:
    given = {key: value for key, value in RULES[name][0].items() if key != "missing"}
    categories = categories_of(RULE.validate_python({"rule": name, **given}))
    assert categories == (RULES[name][2] or ())[:-1]


labels = st.text("abc", min_size=1, max_size=2)


@given(names=st.lists(labels, min_size=1, max_size=6), otherwise=labels)
def test_categories_keep_their_first_order_and_stand_once(names: list[str], otherwise: str) -> None:
    cases = [{"label": label, "when": {"a": [str(i)]}} for i, label in enumerate(names)]
    bands = [{"label": label, "minimum": i, "maximum": i} for i, label in enumerate(names)]
    expected = tuple(dict.fromkeys([*names, otherwise]))
    assert categories_of(rule_of("cases", cases=cases, otherwise=otherwise)) == expected
    assert categories_of(rule_of("bands", bands=bands, missing=otherwise)) == expected


@given(columns=st.lists(st.sampled_from(["a", "b", "c"]), min_size=1, max_size=6))
def test_a_column_of_many_cases_is_read_once(columns: list[str]) -> None:
    rule = rule_of("cases", cases=[{"label": "x", "when": {column: ["1"]}} for column in columns])
    assert columns_used(rule) == tuple(dict.fromkeys(columns))
