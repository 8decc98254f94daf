"""What pydantic found wrong in a file, in words for whoever wrote the file; no value and no regular expression."""

from collections.abc import Callable, Mapping
from typing import Any, Final

NAME_PATTERN: Final = r"^[a-z][a-z0-9_]{0,62}$"
SLUG_PATTERN: Final = r"^[a-z0-9][a-z0-9-]{1,98}$"

_NAME: Final = "write small letters, digits and _, beginning with a letter."
_EXPECTED: Final = {
    "time_period": "write 202425 for 2024/25, or a year such as 2011.",
    "version": "write three numbers: 1.0.0.",
    "vintage": "write the year of the boundaries, such as 2025.",
    "email": "write an e-mail address, such as statistics@example.gov.uk.",
    "href": "write a web address that begins with https:// and holds no space.",
}
"""Key -> how its text is written."""

_BY_PATTERN: Final = {NAME_PATTERN: _NAME, SLUG_PATTERN: "write small letters, digits and hyphens."}
_CROSSINGS: Final = "must be a list; write each crossing in its own brackets: [[sex], [fsm]]."
_WHOLE: Final = "must be a whole number."
_NUMBER: Final = "must be a number."
_TRUTH: Final = "must be true or false."
_DATE: Final = "must be a date: year, month and day, such as 2026-04-01."
_TIME: Final = "must be date, time and zone, such as 2026-11-26T09:30:00+00:00."
_MAPPING: Final = "must hold keys and their values, not a text, a number or a list."

_BY_TYPE: Final = {
    "missing": "this key is needed and is not there.",
    "int": _WHOLE,
    "decimal": _NUMBER,
    "float": _NUMBER,
    "finite": _NUMBER,
    "bool": _TRUTH,
    "date": _DATE,
    "datetime": _TIME,
    "timezone": _TIME,
    "dict": _MAPPING,
    "mapping": _MAPPING,
    "model": _MAPPING,
}
"""First word of pydantic's type of a mistake -> what is told, where that word alone says it."""

_LIMITS: Final = {
    "greater_than": ("gt", "must be above {}."),
    "greater_than_equal": ("ge", "must be at least {}."),
    "less_than": ("lt", "must be below {}."),
    "less_than_equal": ("le", "must be at most {}."),
    "too_short": ("min_length", "must hold at least {}."),
    "string_too_short": ("min_length", "must not be empty."),
    "literal_error": ("expected", "must be {}."),
}
"""Pydantic's type of a mistake -> the limit in its context, which the model sets, and what is told of it."""


def in_words(item: Mapping[str, Any], key: str, value: object) -> str:
    """Return what is wrong and what to write instead.

    Args:
        item: Pydantic's ``ErrorDetails``, without input.
        key: The last key of the path that is no place in a list.
        value: What stands in the file; only its kind is looked at.

    Example:
        >>> in_words({"type": "string_type", "loc": ("version",)}, "version", 1.0)
        'must be text: put it in quotes.'
    """
    kind = str(item["type"])
    if kind.endswith("_type") and value is None:
        return "nothing stands here; write a value, or take the key out."
    if kind in _LIMITS:
        name, words = _LIMITS[kind]
        return words.format(str(item["ctx"][name]).replace("'", ""))
    special = _SPECIAL.get(kind)
    if special is not None:
        return special(item, key, value)
    return _BY_TYPE.get(kind.split("_", maxsplit=1)[0], "is not written as expected.")


def _text(item: Mapping[str, Any], key: str, value: object) -> str:
    del item, key
    is_one = not isinstance(value, list | dict)
    return "must be text: put it in quotes." if is_one else "must be one text, not a list or keys of its own."


def _pattern(item: Mapping[str, Any], key: str, value: object) -> str:
    del value
    if "[key]" in item["loc"]:
        return f"as a key, {_NAME}"
    pattern = item["ctx"]["pattern"]
    return _BY_PATTERN.get(pattern) or _EXPECTED.get(key, "is not written as expected.")


def _list(item: Mapping[str, Any], key: str, value: object) -> str:
    del item, value
    return _CROSSINGS if key == "breakdowns" else "must be a list, in square brackets."


def _own(item: Mapping[str, Any], key: str, value: object) -> str:
    """Return what a validator of ours says."""
    del key, value
    words = str(item["msg"]).removeprefix("Value error, ").rstrip(".")
    return words if words.endswith("?") else f"{words}."


_SPECIAL: Final[dict[str, Callable[[Mapping[str, Any], str, object], str]]] = {
    "string_type": _text,
    "string_pattern_mismatch": _pattern,
    "tuple_type": _list,
    "list_type": _list,
    "value_error": _own,
}
