"""Read a YAML file together with the line of every key, so that a mistake can be shown where it stands.

PyYAML's composer gives nodes with their marks; plain values are built from them here. Numbers with a decimal point
become ``Decimal``: a privacy loss of 0.1 must stay one tenth.
"""

import re
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

import yaml

from ndl_publish.errors import Finding, RuleError

MOST_KEYS = 50_000
DEEPEST = 40

KeyPath = tuple[str | int, ...]

_PLAIN_INTEGER = re.compile(r"[-+]?(0|[1-9]\d*)")
"""YAML 1.1 reads ``010`` as eight and ``1:30`` as ninety; whoever writes a threshold does not. They stay text."""


_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")
_FIRST_COLON = re.compile(r"^[^#]*?:\s")


@dataclass(frozen=True, slots=True)
class YamlSource:
    """What a YAML file says, and the line on which each key path stands."""

    path: Path
    content: dict[str, Any] = field(repr=False)
    lines: dict[KeyPath, int] = field(repr=False)

    def where(self, key_path: KeyPath) -> str:
        """Return ``file:line: key.path`` for a key path, or for its nearest ancestor that the file holds.

        An item of a list that has a name or a method is told with it:
        ``release.yaml:12: tables.0 (headline).breakdowns``.
        """
        dotted = ".".join(self._named(key_path[: n + 1]) for n in range(len(key_path))) or "top level"
        return f"{self.path.name}:{self.line(key_path)}: {dotted}"

    def line(self, key_path: KeyPath) -> int:
        """Return the line of a key path, or of its nearest ancestor that the file holds."""
        known = key_path
        while known and known not in self.lines:
            known = known[:-1]
        return self.lines.get(known, 1)

    def value(self, key_path: KeyPath) -> Any:  # noqa: ANN401 - YAML holds anything
        """Return what the file holds at a key path; ``None`` where it holds nothing."""
        here: Any = self.content
        for key in key_path:
            here = inside(here, key)
        return here

    def _named(self, key_path: KeyPath) -> str:
        """Return the last key of a path, and the name or the method of the item where it has one."""
        item = self.value(key_path) if isinstance(key_path[-1], int) else None
        name = (item.get("name") or item.get("method")) if isinstance(item, dict) else None
        return f"{key_path[-1]} ({name})" if isinstance(name, str) and _NAME.fullmatch(name) else str(key_path[-1])


def inside(value: Any, key: str | int) -> Any:  # noqa: ANN401 - YAML holds anything
    """Return the item of a list or mapping, ``None`` where there is none."""
    if isinstance(value, list) and isinstance(key, int):
        return value[key] if key < len(value) else None
    return value.get(key) if isinstance(value, dict) else None


def read_yaml(path: Path) -> YamlSource:
    """Return the content of a YAML file with the line of each key.

    Raises:
        RuleError: ``NDL-R001`` when the file is missing or unreadable, ``NDL-R002`` when it is not YAML, is not a
            mapping, or names a key twice.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise RuleError("NDL-R001", f"{path}: there is no such file. Check the path and the working folder.") from None
    except (OSError, ValueError) as error:
        raise RuleError("NDL-R001", f"{path}: cannot be read as UTF-8 text ({type(error).__name__}).") from None
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except RecursionError:
        raise RuleError("NDL-R002", f"{path.name}: is nested too deeply.") from None
    except yaml.YAMLError as error:
        raise RuleError("NDL-R002", f"{path.name}: is not valid YAML{_cause(error, text)}") from None
    if not isinstance(node, yaml.MappingNode):
        raise RuleError("NDL-R002", f"{path.name}: must hold keys and values at its top level.")
    lines: dict[KeyPath, int] = {}
    twice: list[Finding] = []
    try:
        content = _build(node, (), lines, twice, path.name)
    except RecursionError:
        raise RuleError("NDL-R002", f"{path.name}: is nested too deeply, or an alias holds itself.") from None
    if twice:
        raise RuleError("NDL-R002", f"{path.name}: keys are named twice; keep one of each.", findings=tuple(twice))
    return YamlSource(path, content, lines)


def _cause(error: yaml.YAMLError, text: str) -> str:
    """Return near which line the mistake stands and what it is, as far as PyYAML's problem says."""
    mark = getattr(error, "problem_mark", None)
    if mark is None:
        return ". Check indentation and quotes."
    line = mark.line + 1
    problem, context = str(getattr(error, "problem", "")), str(getattr(error, "context", ""))
    if "'\\t'" in problem:
        cause = f"line {line} begins with a tab: use spaces."
    elif problem.startswith("mapping values are not allowed"):
        before = [*text.splitlines(), ""][mark.line][: mark.column]
        inside_text = "a colon inside a text: put the text in quotes."
        cause = inside_text if _FIRST_COLON.search(before) else f"{inside_text} Or line {line} is indented too far."
    elif "cannot start any token" in problem or "undefined alias" in problem:
        cause = "a text begins with a sign that means something in YAML, such as @, % or *: put the text in quotes."
    elif "end of stream" in problem or context.startswith("while parsing a flow"):
        cause = f"a quotation mark or bracket is not closed, at or before line {line}."
    else:
        return f" near line {line}. Check indentation and quotes."
    return f" near line {line}: {cause}"


def _build(node: yaml.Node, at: KeyPath, lines: dict[KeyPath, int], twice: list[Finding], name: str) -> Any:  # noqa: ANN401 - YAML holds anything
    lines.setdefault(at, node.start_mark.line + 1)
    if len(lines) > MOST_KEYS or len(at) > DEEPEST:
        raise RuleError(
            "NDL-R002", f"{name}: holds too much, or is nested too deeply, once its aliases are written out."
        )
    if isinstance(node, yaml.MappingNode):
        mapping: dict[str, Any] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            if not isinstance(key_node, yaml.ScalarNode):
                raise RuleError("NDL-R002", f"{name}: a list or mapping stands as a key on line {line}. Use a word.")
            key = str(key_node.value)
            if key in mapping:
                twice.append(Finding("NDL-R002", "error", f"{name}:{line}: {key}", "this key stands here twice."))
            lines[(*at, key)] = line
            mapping[key] = _build(value_node, (*at, key), lines, twice, name)
        return mapping
    if isinstance(node, yaml.SequenceNode):
        return [_build(item, (*at, i), lines, twice, name) for i, item in enumerate(node.value)]
    return _scalar(node)


def _scalar(node: yaml.Node) -> Any:  # noqa: ANN401 - YAML holds anything
    if node.tag == "tag:yaml.org,2002:float":
        try:
            return Decimal(str(node.value).replace("_", ""))
        except InvalidOperation:
            return str(node.value)
    if node.tag == "tag:yaml.org,2002:int" and not _PLAIN_INTEGER.fullmatch(str(node.value)):
        return str(node.value)
    loader = yaml.SafeLoader("")
    try:
        return loader.construct_object(node, deep=True)
    except (yaml.YAMLError, ValueError):
        return str(node.value)
    finally:
        loader.dispose()
