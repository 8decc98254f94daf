"""The long help for a code or for the status of a figure, read from ``error_codes.yaml`` when it is asked for."""

from functools import cache
from importlib.resources import files
from textwrap import fill
from typing import Final

from ndl_publish.columns import STATUS_SYMBOLS
from ndl_publish.errors import BudgetError, DisclosureError, InputError, PublishError, RuleError, TargetError

HELP_FILE: Final = "error_codes.yaml"
WIDTH: Final = 100

_FAMILIES: Final[dict[str, tuple[type[PublishError], str]]] = {
    "R": (RuleError, "a metadata, rule or release file is wrong"),
    "V": (InputError, "the records break the contract"),
    "D": (DisclosureError, "the audit recovered something"),
    "B": (BudgetError, "the ledger cannot pay for this release"),
    "T": (TargetError, "the destination refused"),
}
_STATUS_OF: Final = {symbol: status for status, symbol in STATUS_SYMBOLS.items() if symbol}


def explain(code: str) -> str:
    """Return the long help for an error code, a status of a figure or the symbol of one.

    Args:
        code: For example ``NDL-R003``, ``R003``, ``suppressed`` or ``c``; capitals do not matter.

    Raises:
        RuleError: ``NDL-R090`` when there is no such code or status; the message names the nearest.

    Example:
        >>> print(explain("z").splitlines()[0])
        not_applicable (z): There can be no figure
    """
    texts = _read()
    name = _full_name(code)
    if name not in texts:
        from ndl_publish.spec.base import nearest  # noqa: PLC0415 - loads pydantic; only a typing slip needs it

        raise RuleError("NDL-R090", f"there is no code or status {code.strip()!r}; {nearest(name, texts)}")
    title, body = texts[name]["title"], fill(texts[name]["help"], WIDTH)
    if name in STATUS_SYMBOLS:
        symbol = f" ({STATUS_SYMBOLS[name]})" if STATUS_SYMBOLS[name] else ""
        return f"{name}{symbol}: {title}\n\n{body}\n"
    error, family = _FAMILIES[name[len("NDL-")]]
    return f"{name}: {title}\n\n{body}\n\nWhere it stops a run, the exit code is {error.exit_code}: {family}.\n"


def _full_name(code: str) -> str:
    """Return a code or status in its full spelling."""
    word = code.strip().lower()
    if word in _STATUS_OF:
        return _STATUS_OF[word]
    if word in STATUS_SYMBOLS:
        return word
    if word[:1].upper() in _FAMILIES and word[1:].isdecimal():
        word = f"ndl-{word}"
    return word.upper() if word.startswith("ndl-") else word.replace(" ", "_").replace("-", "_")


@cache
def _read() -> dict[str, dict[str, str]]:
    import yaml  # noqa: PLC0415 - a command that explains nothing should not wait for it

    text = files("ndl_publish").joinpath(HELP_FILE).read_text(encoding="utf-8")
    content: dict[str, dict[str, str]] = yaml.safe_load(text)
    return content
