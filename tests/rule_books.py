"""Classic rule books for tests, written as a statistician would write them."""

from typing import Any

from ndl_publish.spec.rules import ClassicRules
from tests.unit.cube.small_release import number, rules

ZEROS = {"method": "zero", "policy": "show"}


def threshold(minimum_count: int, *measures: str) -> dict[str, Any]:
    named = {"measures": list(measures)} if measures else {}
    return {"method": "threshold", "minimum_count": number(str(minimum_count), "children"), **named}


def group_disclosure(uncertainty: int, *measures: str) -> dict[str, Any]:
    named = {"measures": list(measures)} if measures else {}
    return {"method": "group_disclosure", "uncertainty": number(str(uncertainty), "children"), **named}


def minimum_contributors(minimum_count: int, **more: str) -> dict[str, Any]:
    least = number(str(minimum_count), "contributors")
    return {"method": "minimum_contributors", "contributor": "provider", "minimum_count": least, **more}


def dominance(largest: int, percent: str, **more: str) -> dict[str, Any]:
    numbers = {"largest": number(str(largest), "contributors"), "percent": number(percent, "percent")}
    return {"method": "dominance", "contributor": "provider", **numbers, **more}


def p_percent(percent: str, **more: str) -> dict[str, Any]:
    return {"method": "p_percent", "contributor": "provider", "percent": number(percent, "percent"), **more}


def selection(level: str, *breakdowns: str, measures: tuple[str, ...] = ("children",), **more: Any) -> dict[str, Any]:  # noqa: ANN401 - YAML
    return {"level": level, "breakdowns": list(breakdowns), "measures": list(measures), **more}


def as_written(*primary: dict[str, Any], **more: Any) -> dict[str, Any]:  # noqa: ANN401 - YAML
    """Return a rule book with these primary rules; without a threshold among them, one of 5."""
    general = [rule for rule in primary if rule["method"] == "threshold" and "measures" not in rule]
    written = [*(() if general else (threshold(5),)), *primary]
    return {**rules("classic"), "primary": written, **more}


def book(*primary: dict[str, Any], **more: Any) -> ClassicRules:  # noqa: ANN401 - YAML
    return ClassicRules.model_validate(as_written(*primary, **more))
