from datetime import date
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field, TypeAdapter, ValidationError

from ndl_publish.errors import RuleError
from ndl_publish.spec.base import Name, Number, Reference, Slug, Spec, Text, Unit, nearest, parse

CANARY = "canary7431"


class Inner(Spec):
    minimum_count: int
    label: Text = "x"


class Dog(Spec):
    type: Literal["dog"]
    bones: int


class Cat(Spec):
    type: Literal["cat"]
    fish: int


class Outer(Spec):
    name: Name
    inner: Inner
    many: dict[Name, Inner] = Field(default_factory=dict)
    lines: tuple[Inner, ...] = ()
    pets: tuple[Annotated[Dog | Cat, Field(discriminator="type")], ...] = ()


def refusal(folder: Path, text: str, model: type[Spec] = Outer) -> RuleError:
    path = folder / "file.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(RuleError) as caught:
        parse(path, model)
    assert caught.value.code == "NDL-R003"
    assert caught.value.__suppress_context__
    return caught.value


def told(error: RuleError) -> list[tuple[str, str]]:
    return [(finding.where, finding.message) for finding in error.findings]


def test_a_good_file_gives_model_and_lines(tmp_path: Path) -> None:
    path = tmp_path / "file.yaml"
    path.write_text("name: a\ninner:\n  minimum_count: 5\n", encoding="utf-8")
    model, source = parse(path, Outer)
    assert model == Outer(name="a", inner=Inner(minimum_count=5))
    assert source.where(("inner", "minimum_count")) == "file.yaml:3: inner.minimum_count"


def test_an_unknown_key_is_refused_with_line_path_and_nearest_name(tmp_path: Path) -> None:
    error = refusal(tmp_path, "name: a\ninner:\n  minimum_count: 5\n  minimun_count: 6\n")
    assert told(error) == [
        ("file.yaml:4: inner.minimun_count", 'this key is not known here; did you mean "minimum_count"?')
    ]
    assert error.message == "file.yaml: 1 mistake. Mend what is listed and run again."


def test_an_unknown_key_far_from_all_gets_the_list(tmp_path: Path) -> None:
    (where, message) = told(refusal(tmp_path, "name: a\ninner: {minimum_count: 5}\nqqqqq: 1\n"))[0]
    assert where == "file.yaml:3: qqqqq"
    assert message.startswith("this key is not known here; known names are: ")
    assert "minimum_count" in message


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    error = refusal(tmp_path, "inner:\n  label: ''\nmany:\n  a: {minimum_count: x}\nlines:\n  - {}\n  - 3\n")
    assert told(error) == [
        ("file.yaml:1: name", "this key is needed and is not there."),
        ("file.yaml:1: inner.minimum_count", "this key is needed and is not there."),
        ("file.yaml:2: inner.label", "must not be empty."),
        ("file.yaml:4: many.a.minimum_count", "must be a whole number."),
        ("file.yaml:6: lines.0.minimum_count", "this key is needed and is not there."),
        ("file.yaml:7: lines.1", "must hold keys and their values, not a text, a number or a list."),
    ]
    assert "6 mistakes" in error.message


def test_a_value_of_two_kinds_is_told_once_and_by_its_own_place(tmp_path: Path) -> None:
    class Either(Spec):
        values: tuple[str | bool, ...]

    error = refusal(tmp_path, "values: [a, 7, [b], {c: d}]\n", Either)
    assert told(error) == [
        ("file.yaml:1: values.1", "must be text: put it in quotes."),
        ("file.yaml:1: values.2", "must be one text, not a list or keys of its own."),
        ("file.yaml:1: values.3", "must be one text, not a list or keys of its own."),
    ]


def test_an_item_with_a_name_is_told_with_it(tmp_path: Path) -> None:
    class Named(Spec):
        tables: tuple[Outer, ...]

    first = "  - {name: a, inner: {minimum_count: x}}\n"
    second = f"  - {{name: {CANARY} B, inner: {{minimum_count: 1}}}}\n"
    error = refusal(tmp_path, f"tables:\n{first}{second}", Named)
    assert told(error) == [
        ("file.yaml:2: tables.0 (a).inner.minimum_count", "must be a whole number."),
        ("file.yaml:3: tables.1.name", "write small letters, digits and _, beginning with a letter."),
    ]


def test_the_name_of_a_union_member_is_no_part_of_the_path(tmp_path: Path) -> None:
    text = "name: a\ninner: {minimum_count: 5}\npets:\n  - type: dog\n    bones: x\n  - {type: cat}\n"
    assert told(refusal(tmp_path, text)) == [
        ("file.yaml:5: pets.0.bones", "must be a whole number."),
        ("file.yaml:6: pets.1.fish", "this key is needed and is not there."),
    ]


def test_a_value_is_never_quoted(tmp_path: Path) -> None:
    text = f"name: {CANARY} x\ninner: {{minimum_count: {CANARY}, label: [{CANARY}]}}\nlines: {CANARY}\n"
    error = refusal(tmp_path, text)
    assert len(error.findings) == 4
    assert CANARY not in f"{error} {error!r} {error.args}"


def test_models_are_frozen_and_tell_no_input() -> None:
    inner = Inner(minimum_count=5)
    with pytest.raises(ValidationError):
        inner.minimum_count = 4
    with pytest.raises(ValidationError) as caught:
        Inner.model_validate({"minimum_count": CANARY})
    assert CANARY not in str(caught.value)


def test_nearest_names() -> None:
    assert nearest("bananas", ["banana", "apple"]) == 'did you mean "banana"?'
    assert nearest("zzz", ["b", "a", "a"]) == "known names are: a, b."
    many = [f"name{i:02d}" for i in range(20)]
    assert nearest("zzz", many) == f"known names are: {', '.join(many[:12])}, ...."
    assert nearest("zzz", []) == "known names are: ."


@given(name=st.text(max_size=10), known=st.lists(st.text(min_size=1, max_size=10), max_size=5))
def test_nearest_names_only_known_names(name: str, known: list[str]) -> None:
    hint = nearest(name, known)
    if hint.startswith("did you mean"):
        assert hint.removeprefix('did you mean "').removesuffix('"?') in known


@pytest.mark.parametrize("name", ["a", "a_1", "a" * 63])
def test_names(name: str) -> None:
    assert TypeAdapter(Name).validate_python(name) == name


@pytest.mark.parametrize("name", ["", "A", "1a", "_a", "a-b", "a b", "a" * 64, "é", "a\n", "a.b", "../a"])
def test_names_that_are_refused(name: str) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(Name).validate_python(name)


@pytest.mark.parametrize("slug", ["", "a", "-a", "A-b", "a_b", "a/b", "..", "a" * 100, "a b", "a\n"])
def test_slugs_that_are_refused(slug: str) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(Slug).validate_python(slug)


def test_text_loses_its_margins_and_must_not_be_blank() -> None:
    assert TypeAdapter(Text).validate_python("  a b ") == "a b"
    with pytest.raises(ValidationError):
        TypeAdapter(Text).validate_python("  \n")


GOOD_NUMBER: dict[str, Any] = {
    "value": "0.1",
    "unit": "rho",
    "valid_from": "2026-04-01",
    "reference": {"title": "Policy", "href": "https://example.org/a"},
}


def test_a_number_is_exact_and_has_unit_day_and_source() -> None:
    number = Number.model_validate(GOOD_NUMBER)
    assert number.value == Decimal("0.1")
    assert number.fraction == Fraction(1, 10)
    assert number.valid_from == date(2026, 4, 1)
    assert number.reference == Reference(title="Policy", href="https://example.org/a")


@pytest.mark.parametrize("key", sorted(GOOD_NUMBER))
def test_a_number_needs_all_its_keys(key: str) -> None:
    with pytest.raises(ValidationError):
        Number.model_validate({name: value for name, value in GOOD_NUMBER.items() if name != key})


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("value", "many"),
        ("value", "inf"),
        ("value", "nan"),
        ("value", True),
        ("value", None),
        ("unit", "kilograms"),
        ("unit", "Children"),
        ("valid_from", "soon"),
        ("valid_from", "2026-02-30"),
        ("reference", "Policy"),
        ("reference", {"title": "", "href": "https://example.org"}),
        ("reference", {"title": "Policy", "href": "ftp://example.org"}),
        ("reference", {"title": "Policy", "href": "https://exa mple.org"}),
        ("since", "2026-04-01"),
    ],
)
def test_a_number_that_is_refused(key: str, value: object) -> None:
    with pytest.raises(ValidationError):
        Number.model_validate({**GOOD_NUMBER, key: value})


@given(value=st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**6), max_value=10**6, places=9))
def test_the_fraction_is_the_value(value: Decimal) -> None:
    number = Number.model_validate({**GOOD_NUMBER, "value": value})
    assert number.fraction == Fraction(value)


def test_units_are_a_closed_list() -> None:
    adapter: TypeAdapter[str] = TypeAdapter(Unit)
    assert [adapter.validate_python(unit) for unit in ("children", "rho")] == ["children", "rho"]
