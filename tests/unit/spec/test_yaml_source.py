import re
from decimal import Decimal
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ndl_publish.errors import RuleError
from ndl_publish.spec.yaml_source import YamlSource, read_yaml

CANARY = "canary7431"


def source_of(folder: Path, text: str) -> YamlSource:
    path = folder / "file.yaml"
    path.write_bytes(text.encode("utf-8"))
    return read_yaml(path)


def refusal(path: Path) -> RuleError:
    with pytest.raises(RuleError) as caught:
        read_yaml(path)
    assert caught.value.__cause__ is None
    return caught.value


def test_a_missing_file_is_named_with_its_folder(tmp_path: Path) -> None:
    error = refusal(tmp_path / "nowhere" / "file.yaml")
    assert error.code == "NDL-R001"
    assert str(tmp_path / "nowhere" / "file.yaml") in error.message
    assert "no such file" in error.message


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    error = refusal(tmp_path)
    assert error.code == "NDL-R001"
    assert "IsADirectoryError" in error.message


def test_a_file_that_is_not_utf8_is_refused_without_its_content(tmp_path: Path) -> None:
    path = tmp_path / "file.yaml"
    path.write_bytes(f"title: {CANARY} é".encode("latin-1"))
    error = refusal(path)
    assert error.code == "NDL-R001"
    assert "UTF-8" in error.message
    assert CANARY not in str(error)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (f"a: 1\nb: [{CANARY}\n", 3),
        (f"a: 1\n\tb: {CANARY}\n", 2),
        (f"a: '{CANARY}\nb: 2\n", 3),
        (f"a: 1\n  b: {CANARY}\n", 2),
        (f"a: {CANARY}: 2\n", 1),
        (f"a: *{CANARY}\n", 1),
        (f"a: 1\n---\nb: {CANARY}\n", 2),
    ],
)
def test_broken_yaml_is_told_with_its_line_and_without_its_content(tmp_path: Path, text: str, line: int) -> None:
    path = tmp_path / "file.yaml"
    path.write_text(text, encoding="utf-8")
    error = refusal(path)
    assert error.code == "NDL-R002"
    assert f"file.yaml: is not valid YAML near line {line}" in error.message
    assert CANARY not in str(error)


COLON = "a colon inside a text: put the text in quotes."
OPEN = "a quotation mark or bracket is not closed, at or before line {}."
SIGN = "a text begins with a sign that means something in YAML, such as @, % or *: put the text in quotes."


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        (f"a: {CANARY}: 2\n", COLON),
        (f"a: 1\nb:\n  - c: it's {CANARY}: 2\n", COLON),
        (f"a: 1\n  b: {CANARY}\n", f"{COLON} Or line 2 is indented too far."),
        (f"a:\n\t- {CANARY}\n", "line 2 begins with a tab: use spaces."),
        (f"a:\n  b: 1\n  \tc: {CANARY}\n", "line 3 begins with a tab: use spaces."),
        (f"a: '{CANARY}\nb: 2\n", OPEN.format(3)),
        (f'a: "{CANARY}\nb: 2\n', OPEN.format(3)),
        (f"a: [x\nb: {CANARY}\n", OPEN.format(2)),
        (f"a: {{x: y\nb: {CANARY}\n", OPEN.format(2)),
        (f"a: [{CANARY}\n", OPEN.format(2)),
        (f"a: @{CANARY}\n", SIGN),
        (f"a: *{CANARY}\n", SIGN),
    ],
)
def test_the_cause_is_named(tmp_path: Path, text: str, cause: str) -> None:
    path = tmp_path / "file.yaml"
    path.write_text(text, encoding="utf-8")
    message = refusal(path).message
    assert re.fullmatch(r"file\.yaml: is not valid YAML near line \d: (.*)", message, re.DOTALL)[1] == cause  # type: ignore[index]
    assert CANARY not in message


def test_without_a_known_cause_the_line_is_told(tmp_path: Path) -> None:
    path = tmp_path / "file.yaml"
    path.write_text("a:\n  b: 1\n c: 2\n", encoding="utf-8")
    assert refusal(path).message == "file.yaml: is not valid YAML near line 3. Check indentation and quotes."


def test_a_control_letter_is_not_yaml(tmp_path: Path) -> None:
    path = tmp_path / "file.yaml"
    path.write_bytes(b"a: \x00\n")
    assert refusal(path).code == "NDL-R002"


@pytest.mark.parametrize("text", ["", "# only a remark\n", "- a\n- b\n", f"{CANARY}\n", "12\n", "null\n"])
def test_a_file_must_hold_keys(tmp_path: Path, text: str) -> None:
    path = tmp_path / "file.yaml"
    path.write_text(text, encoding="utf-8")
    error = refusal(path)
    assert (error.code, error.message) == ("NDL-R002", "file.yaml: must hold keys and values at its top level.")


def test_every_key_that_stands_twice_is_told_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "file.yaml"
    path.write_text(f"a: 1\nb:\n  c: 1\n  d: 2\n  c: {CANARY}\na: 3\nlist:\n- {{e: 1, e: 2}}\n", encoding="utf-8")
    error = refusal(path)
    assert error.code == "NDL-R002"
    assert sorted(finding.where for finding in error.findings) == ["file.yaml:5: c", "file.yaml:6: a", "file.yaml:8: e"]
    assert CANARY not in str(error)


def test_keys_that_differ_only_in_how_yaml_reads_them_are_one_key(tmp_path: Path) -> None:
    path = tmp_path / "file.yaml"
    path.write_text("1: a\n'1': b\n", encoding="utf-8")
    assert refusal(path).findings[0].where == "file.yaml:2: 1"


def test_lines_of_keys_and_items(tmp_path: Path) -> None:
    source = source_of(tmp_path, "# remark\na: 1\nb:\n  - x\n  - {c: 2,\n     d: 3}\n")
    assert source.lines == {
        (): 2,
        ("a",): 2,
        ("b",): 3,
        ("b", 0): 4,
        ("b", 1): 5,
        ("b", 1, "c"): 5,
        ("b", 1, "d"): 6,
    }
    assert source.content == {"a": 1, "b": ["x", {"c": 2, "d": 3}]}


@pytest.mark.parametrize(
    ("key_path", "where"),
    [
        (("b", 1, "d"), "file.yaml:5: b.1.d"),
        (("b", 1, "gone"), "file.yaml:4: b.1.gone"),
        (("b", 9, "gone", "deeper"), "file.yaml:2: b.9.gone.deeper"),
        (("gone",), "file.yaml:1: gone"),
        ((), "file.yaml:1: top level"),
    ],
)
def test_where_goes_to_the_nearest_line_that_is_there(
    tmp_path: Path, key_path: tuple[str | int, ...], where: str
) -> None:
    source = source_of(tmp_path, "a: 1\nb:\n  - x\n  - {c: 2,\n     d: 3}\n")
    assert source.where(key_path) == where


NAMED = "tables:\n  - name: headline\n    levels: [a, b]\n  - name: Not A Name\n  - {title: x}\n  - text\n"


@pytest.mark.parametrize(
    ("key_path", "where"),
    [
        (("tables", 0, "levels", 1), "file.yaml:3: tables.0 (headline).levels.1"),
        (("tables", 0), "file.yaml:2: tables.0 (headline)"),
        (("tables", 1, "name"), "file.yaml:4: tables.1.name"),
        (("tables", 2, "title"), "file.yaml:5: tables.2.title"),
        (("tables", 3), "file.yaml:6: tables.3"),
        (("tables", 9, "name"), "file.yaml:1: tables.9.name"),
    ],
)
def test_an_item_is_told_with_its_name(tmp_path: Path, key_path: tuple[str | int, ...], where: str) -> None:
    assert source_of(tmp_path, NAMED).where(key_path) == where


def test_value_at_a_key_path(tmp_path: Path) -> None:
    source = source_of(tmp_path, NAMED)
    assert source.value(()) == source.content
    assert source.value(("tables", 0, "levels", 1)) == "b"
    for gone in (("tables", 9), ("tables", "name"), ("tables", 0, "levels", 1, "deeper"), ("gone",)):
        assert source.value(gone) is None


def test_numbers_with_a_point_stay_exact(tmp_path: Path) -> None:
    content = source_of(tmp_path, "a: 0.1\nb: 0.30000000000000004\nc: 1_000.50\nd: -2.5\ne: 1.5e+3\n").content
    assert content == {
        "a": Decimal("0.1"),
        "b": Decimal("0.30000000000000004"),
        "c": Decimal("1000.50"),
        "d": Decimal("-2.5"),
        "e": Decimal("1.5e+3"),
    }
    assert all(isinstance(value, Decimal) for value in content.values())


@pytest.mark.parametrize("text", [".inf", "-.inf", ".nan"])
def test_what_is_no_number_stays_text(tmp_path: Path, text: str) -> None:
    assert source_of(tmp_path, f"a: {text}\n").content == {"a": text}


def test_plain_values_are_what_yaml_says(tmp_path: Path) -> None:
    content = source_of(tmp_path, 'a: true\nb: no\nc: "no"\nd: 12\ne: ~\nf: "12"\n').content
    assert content == {"a": True, "b": False, "c": "no", "d": 12, "e": None, "f": "12"}


def test_keys_are_always_text(tmp_path: Path) -> None:
    content = source_of(tmp_path, "codes: {1: x, true: y, N: z, 2026-01-01: w, 1.5: v}\n").content
    assert content == {"codes": {"1": "x", "true": "y", "N": "z", "2026-01-01": "w", "1.5": "v"}}


def test_an_alias_repeats_what_was_anchored(tmp_path: Path) -> None:
    source = source_of(tmp_path, "a: &x {k: 1}\nb: *x\nc: [*x]\n")
    assert source.content == {"a": {"k": 1}, "b": {"k": 1}, "c": [{"k": 1}]}
    assert source.lines["b",] == 2


@pytest.mark.parametrize(
    "tag", ["!!python/object/apply:os.system [ls]", "!!python/name:os.system ''", "!custom x", "!!binary x"]
)
def test_a_tag_runs_nothing(tmp_path: Path, tag: str) -> None:
    content = source_of(tmp_path, f"a: {tag}\n").content
    assert isinstance(content["a"], str | list | bytes)


def test_an_impossible_date_stays_text(tmp_path: Path) -> None:
    assert source_of(tmp_path, "a: 2026-13-45\n").content == {"a": "2026-13-45"}


def test_repr_shows_no_content(tmp_path: Path) -> None:
    assert CANARY not in repr(source_of(tmp_path, f"{CANARY}: {CANARY}\n"))


scalars = st.none() | st.booleans() | st.integers() | st.text(st.characters(codec="utf-8", exclude_categories=["C"]))
trees = st.dictionaries(
    st.from_regex(r"[a-z]{1,6}", fullmatch=True),
    st.recursive(
        scalars,
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.from_regex(r"[a-z]{1,6}", fullmatch=True), inner, max_size=3)
        ),
        max_leaves=8,
    ),
    min_size=1,
    max_size=4,
)


@given(tree=trees)
def test_what_was_written_is_read_and_every_path_has_a_line(
    tmp_path_factory: pytest.TempPathFactory, tree: dict[str, object]
) -> None:
    text = yaml.safe_dump(tree, allow_unicode=True, sort_keys=False)
    source = source_of(tmp_path_factory.getbasetemp(), text)
    assert source.content == tree
    n_lines = text.count("\n")

    def walk(value: object, at: tuple[str | int, ...]) -> None:
        assert 1 <= source.lines[at] <= n_lines
        if isinstance(value, dict):
            for key, item in value.items():
                walk(item, (*at, key))
        elif isinstance(value, list):
            for i, item in enumerate(value):
                walk(item, (*at, i))

    walk(tree, ())


@given(number=st.decimals(allow_nan=False, allow_infinity=False, places=6, min_value=-1000, max_value=1000))
def test_any_decimal_is_read_exactly(tmp_path_factory: pytest.TempPathFactory, number: Decimal) -> None:
    assert source_of(tmp_path_factory.getbasetemp(), f"a: {number:f}\n").content == {"a": number}
