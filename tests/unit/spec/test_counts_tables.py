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
        3,
    ],
)
def test_refuses_what_it_does_not_know(tmp_path: Path, wrong: object) -> None:
    path = tmp_path / "t.json"
    path.write_text(json.dumps(wrong), encoding="utf-8")
    with pytest.raises(RuleError) as error:
        read_counts_tables(path)
    assert error.value.code == "NDL-R036"
    assert error.value.findings


@pytest.mark.parametrize("text", ["{", "a: [", "\x00"])
def test_refuses_what_is_not_a_file_of_tables(tmp_path: Path, text: str) -> None:
    (tmp_path / "t.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(RuleError):
        read_counts_tables(tmp_path / "t.yaml")
    with pytest.raises(RuleError):
        read_counts_tables(tmp_path / "none.yaml")


def test_count_column_has_a_usual_name() -> None:
    assert CountsTables.model_validate(GOOD).count == "n"


def test_outcomes_are_dimensions_of_some_table() -> None:
    assert CountsTables.model_validate(GOOD).outcomes == ()
    assert CountsTables.model_validate({**GOOD, "outcomes": ["sex"]}).outcomes == ("sex",)
