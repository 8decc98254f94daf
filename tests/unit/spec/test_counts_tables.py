import json
from pathlib import Path

import pytest

from ndl_publish.errors import RuleError
from ndl_publish.spec.counts_tables import CountsTables, read_counts_tables

GOOD = {"tables": [{"geo": ["total", "region"], "sex": ["sex"]}, {"geo": ["la"]}], "leaf": "ward"}


def test_reads_json_and_yaml_alike(tmp_path: Path) -> None:
    (tmp_path / "t.json").write_text(json.dumps(GOOD), encoding="utf-8")
    (tmp_path / "t.yaml").write_text(
        "leaf: ward\ntables:\n- geo: [total, region]\n  sex: [sex]\n- geo: [la]\n", encoding="utf-8"
    )
    one, other = read_counts_tables(tmp_path / "t.json"), read_counts_tables(tmp_path / "t.yaml")
    assert one == other
    assert one.dimensions == ("geo", "sex")
    assert one.columns("geo") == ("region", "la", "ward")
    assert one.columns("sex") == ("sex",)


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"tables": []},
        {**GOOD, "tabels": 1},
        {"tables": [{"geo": []}]},
        {"tables": [{}]},
        {"tables": [{"geo": ["la", "la"]}]},
        {**GOOD, "outcomes": ["gld"]},
        {**GOOD, "outcomes": ["sex", "sex"]},
        {"tables": [{"n": ["total", "n"]}]},
        {**GOOD, "count": "region"},
        {**GOOD, "leaf": "n"},
        {**GOOD, "rule": {"a": 1}, "tabels": 1},
    ],
)
def test_refuses_what_it_does_not_know(tmp_path: Path, wrong: object) -> None:
    path = tmp_path / "t.json"
    path.write_text(json.dumps(wrong), encoding="utf-8")
    with pytest.raises(RuleError) as error:
        read_counts_tables(path)
    assert error.value.code == "NDL-R036"
    assert error.value.findings


@pytest.mark.parametrize("text", ["{", "a: [", "\x00", "hello", "3"])
def test_refuses_what_is_not_a_file_of_tables(tmp_path: Path, text: str) -> None:
    (tmp_path / "t.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(RuleError) as unlike:
        read_counts_tables(tmp_path / "t.yaml")
    with pytest.raises(RuleError) as missing:
        read_counts_tables(tmp_path / "none.yaml")
    assert {unlike.value.code, missing.value.code} == {"NDL-R036"}
    assert "no such file" in missing.value.message


def told(tmp_path: Path, text: str) -> list[str]:
    (tmp_path / "t.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(RuleError) as error:
        read_counts_tables(tmp_path / "t.yaml")
    return [f"{finding.where}: {finding.message}" for finding in error.value.findings]


def test_all_mistakes_are_told_at_once_with_line_and_nearest_key(tmp_path: Path) -> None:
    found = told(tmp_path, "tables:\n- {geo: [la], sex: [sex]}\nleef: ward\noutcomes: [sexx]\ncount: la\nname: 3\n")
    assert sorted(found) == [
        't.yaml:3: leef: this key is not known here; did you mean "leaf"?',
        't.yaml:4: outcomes: sexx is no dimension of any table; did you mean "sex"?',
        "t.yaml:5: count: the column la holds the counts, so it can be no level; take it out of the tables.",
        "t.yaml:6: name: must be text: put it in quotes.",
    ]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("tables: []\n", "t.yaml:1: tables: must hold at least 1."),
        ("tables:\n- {geo: la}\n", "t.yaml:2: tables.0.geo: must be a list, in square brackets."),
        ("tables:\n- geo: [la]\n- geo: [total, la, la]\n", "t.yaml:3: tables.1.geo: la: named twice; keep one."),
        ("tables:\n- kind: [total, 4]\n", "t.yaml:2: tables.0.kind.1: must be text: put it in quotes."),
        ("count: n\n", "t.yaml:1: tables: this key is needed and is not there."),
    ],
)
def test_mistakes_are_told_in_words_for_people(tmp_path: Path, text: str, words: str) -> None:
    assert told(tmp_path, text) == [words]


def test_count_column_has_a_usual_name() -> None:
    assert CountsTables.model_validate(GOOD).count == "n"


def test_outcomes_are_dimensions_of_some_table() -> None:
    assert CountsTables.model_validate(GOOD).outcomes == ()
    assert CountsTables.model_validate({**GOOD, "outcomes": ["sex"]}).outcomes == ("sex",)


def test_a_dimension_cannot_take_the_name_of_a_column_of_the_result() -> None:
    with pytest.raises(ValueError, match="rename the dimension"):
        CountsTables.model_validate({"tables": [{"published": ["total", "a"], "status": ["total", "b"]}]})


def test_a_leaf_that_a_table_names_belongs_to_its_dimension(tmp_path: Path) -> None:
    path = tmp_path / "t.yaml"
    path.write_text("leaf: la\ntables:\n- eth: [eth]\n  geo: [la, total]\n", encoding="utf-8")
    tables = read_counts_tables(path)
    assert tables.columns("eth") == ("eth",)
    assert tables.columns("geo") == ("la",)
