"""What all spec models share: frozen, unknown keys refused, mistakes told with file, line, path and nearest name."""

import difflib
from collections.abc import Iterable, Iterator
from datetime import date
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from ndl_publish.errors import Finding, RuleError
from ndl_publish.spec.wording import NAME_PATTERN, SLUG_PATTERN, in_words
from ndl_publish.spec.yaml_source import KeyPath, YamlSource, inside, read_yaml

Name = Annotated[str, StringConstraints(pattern=NAME_PATTERN)]
Slug = Annotated[str, StringConstraints(pattern=SLUG_PATTERN)]
Text = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]
Unit = Literal[
    "children",
    "persons",
    "contributors",
    "percent",
    "percentage_points",
    "rho",
    "epsilon",
    "probability",
    "breakdowns",
    "decimals",
    "seconds",
    "times",
]


class Spec(BaseModel):
    """Base of every model that is read from YAML."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class Reference(Spec):
    """Where a rule or a number comes from."""

    title: Text
    href: Annotated[str, StringConstraints(pattern=r"^https?://\S+$")]


class Number(Spec):
    """A number of a rule: its value, unit, the day it holds from, and its source."""

    value: Annotated[Decimal, Field(max_digits=36, decimal_places=18)]
    unit: Unit
    valid_from: date
    reference: Reference

    @property
    def fraction(self) -> Fraction:
        """The value as an exact fraction."""
        return Fraction(self.value)


CONTRADICTIONS = "contradictions"
"""Pydantic's type of a mistake whose context holds, under ``told``, key paths and what contradicts what there."""
UNBOUNDED = Decimal("Infinity")


def refuse_number(name: str, number: Number, *, units: frozenset[str], least: int, most: Decimal, whole: bool) -> None:
    """Refuse a number of a rule that has another unit, lies outside its range, or should be whole and is not.

    Raises:
        ValueError: Told by ``parse`` with file and line.
    """
    if number.unit not in units:
        raise ValueError(f"{name}: the unit must be {' or '.join(sorted(units))}")
    if not least <= number.value <= most:
        raise ValueError(f"{name}: must be at least {least}" + (f" and at most {most}" if most.is_finite() else ""))
    if whole and number.value != int(number.value):
        raise ValueError(f"{name}: must be a whole number")


Model = TypeVar("Model", bound=Spec)

_CHOOSERS = ("type", "rule", "kind", "method")
"""Keys that choose between models; ``test_base.py`` finds out when one is missing here."""


def nearest(name: str, valid: Iterable[str]) -> str:
    """Return a hint with the nearest valid name, or the valid names when none is near.

    Example:
        >>> nearest("minimun_count", ["minimum_count", "mode"])
        'did you mean "minimum_count"?'
    """
    known = sorted(set(valid))
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.6)
    if close:
        return f'did you mean "{close[0]}"?'
    shown = ", ".join(known[:12]) + (", ..." if len(known) > 12 else "")  # noqa: PLR2004 - a line's worth of names
    return f"known names are: {shown}."


def parse(path: Path, model: type[Model]) -> tuple[Model, YamlSource]:
    """Return the model a YAML file describes, with the source that knows its lines.

    Raises:
        RuleError: ``NDL-R001``/``NDL-R002`` when the file cannot be read, ``NDL-R003`` with every mistake in it.
    """
    source = read_yaml(path)
    try:
        return model.model_validate(source.content), source
    except ValidationError as error:
        names = _field_names(model, set())
        items = error.errors(include_input=False, include_url=False)
        told = [found for item in items if not _follows(item, items) for found in _findings(item, source, names)]
        findings = tuple(found for _, found in sorted(dict.fromkeys(told), key=lambda placed: placed[0]))
    count = "1 mistake" if len(findings) == 1 else f"{len(findings)} mistakes"
    raise RuleError(
        "NDL-R003", f"{path.name}: {count}. Mend what is listed and run again.", findings=findings
    ) from None


def _follows(item: Any, items: list[Any]) -> bool:  # noqa: ANN401 - pydantic's ErrorDetails
    """Say whether a mistake only follows from another.

    A list is called too short because an item in it is wrong; a value that may be text or true and false is told twice.
    """
    loc = item["loc"]
    if item["type"] == "too_short":
        return any(len(x["loc"]) > len(loc) and x["loc"][: len(loc)] == loc for x in items)
    return loc[-1:] == ("bool",) and any(x["loc"] == (*loc[:-1], "str") for x in items)


def _findings(item: Any, source: YamlSource, names: set[str]) -> Iterator[tuple[int, Finding]]:  # noqa: ANN401 - pydantic's ErrorDetails
    """Yield what a mistake comes to, each with its line; contradictions come all in one."""
    told = item["ctx"]["told"] if item["type"] == CONTRADICTIONS else (_told(item, source, names),)
    for key_path, message in told:
        yield source.line(key_path), Finding("NDL-R003", "error", source.where(key_path), message)


def _told(item: Any, source: YamlSource, names: set[str]) -> tuple[KeyPath, str]:  # noqa: ANN401 - pydantic's ErrorDetails
    key_path = _path_in_file(item["loc"], source, is_missing=item["type"] == "missing")
    if item["type"] == "extra_forbidden":
        key = str(key_path[-1])
        message = f"this key is not known here; {nearest(key, names)}"
        if key in names:
            message = "this key does not belong here: it goes with another method, kind or rule. Take it out."
    elif item["type"] in {"union_tag_invalid", "union_tag_not_found"}:
        key_path = (*key_path, item["ctx"]["discriminator"].strip("'"))
        tags = item["ctx"].get("expected_tags")
        message = "must be one of {}.".format(tags.replace("'", "")) if tags else in_words({"type": "missing"}, "", "")
    elif item["type"] in {"tuple_type", "list_type"} and key_path[-2:-1] == ("breakdowns",):
        key_path = key_path[:-1]  # one mistake, however many crossings are listed so
        message = in_words(item, "breakdowns", "")
    else:
        key = next((key for key in reversed(key_path) if isinstance(key, str)), "")
        message = in_words(item, key, source.value(key_path))
    return key_path, message


def _path_in_file(loc: tuple[str | int, ...], source: YamlSource, *, is_missing: bool) -> KeyPath:
    """Drop what pydantic puts into a location beside keys: the names and types of union members, and ``[key]``.

    A union member is told by the value of the key that chooses it; it may be spelt like a key (``rule: bands``).
    """
    path: KeyPath = ()
    here: Any = source.content
    is_chosen = False
    for key in loc:
        if not is_chosen and isinstance(here, dict) and key in [here.get(chooser) for chooser in _CHOOSERS]:
            is_chosen = True
        elif is_missing or _holds(here, key):
            path = (*path, key)
            here = inside(here, key)
            is_chosen = False
    return path


def _holds(here: Any, key: str | int) -> bool:  # noqa: ANN401 - YAML holds anything
    return key in here if isinstance(here, dict) else isinstance(here, list) and isinstance(key, int)


def _field_names(model: type[BaseModel], seen: set[type[BaseModel]]) -> set[str]:
    """Return the names of all keys of a model and of the models inside it."""
    if model in seen:
        return set()
    seen.add(model)
    names: set[str] = set()
    for name, info in model.model_fields.items():
        names.add(info.alias or name)
        for inner in _models_in(info.annotation):
            names |= _field_names(inner, seen)
    return names


def _models_in(annotation: Any) -> list[type[BaseModel]]:  # noqa: ANN401 - any type annotation
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for part in getattr(annotation, "__args__", ()) for model in _models_in(part)]
