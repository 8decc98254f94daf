"""The documents name every key and every command, their examples are valid, and their links lead somewhere."""

import re
import typing
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
import yaml
from pydantic import AfterValidator, BaseModel, TypeAdapter, ValidationError

from ndl_publish.cli import cli
from ndl_publish.geography.levels import LEVEL_LABELS
from ndl_publish.protect.counts import read_counts
from ndl_publish.spec.base import Number
from ndl_publish.spec.columns import Contributor, Links, Source
from ndl_publish.spec.counts_tables import CountsTables, read_counts_tables
from ndl_publish.spec.dataset import Breakdown, Dataset, Measure, Outcome
from ndl_publish.spec.derived import Derived
from ndl_publish.spec.primary_rules import Primary
from ndl_publish.spec.release import Release
from ndl_publish.spec.rules import ClassicRules, DpRules
from ndl_publish.spec.selections import Preferred, Selection
from ndl_publish.spec.targets import parse_target
from tests.architecture.conftest import ROOT

REFERENCE = (ROOT / "docs/reference.md").read_text(encoding="utf-8")
README = (ROOT / "README.md").read_text(encoding="utf-8")
WRITTEN: tuple[type[BaseModel], ...] = (Release, Dataset, DpRules, ClassicRules, CountsTables)
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]

EXAMPLES: dict[str, typing.Any] = {
    "sources": dict[str, Source],
    "breakdowns": dict[str, Breakdown],
    "measures": dict[str, Measure],
    "outcomes": dict[str, Outcome],
    "links": Links,
    "contributors": dict[str, Contributor],
    "primary": tuple[Primary, ...],
    "keep": tuple[Selection, ...],
    "prefer": tuple[Preferred, ...],
    "minimum_count": Number,
    "targets": tuple[typing.Annotated[str, AfterValidator(lambda text: parse_target(text, levels=LEVEL_LABELS))], ...],
}


def models_in(annotation: object) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in typing.get_args(annotation):
        yield from models_in(part)


def all_models(*models: type[BaseModel]) -> set[type[BaseModel]]:
    found: set[type[BaseModel]] = set()
    waiting = list(models)
    while waiting:
        model = waiting.pop()
        if model not in found:
            found.add(model)
            waiting += [inner for info in model.model_fields.values() for inner in models_in(info.annotation)]
    return found


def blocks(language: str, text: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", text, flags=re.DOTALL | re.MULTILINE)


def section(heading: str) -> str:
    found = re.search(rf"^## {re.escape(heading)}\n(.*?)(?=^## |\Z)", REFERENCE, flags=re.DOTALL | re.MULTILINE)
    assert found, heading
    return found.group(1)


KEYS = sorted({(model.__name__, key) for model in all_models(*WRITTEN) for key in model.model_fields})
RULES = sorted(
    typing.get_args(model.model_fields["rule"].annotation)[0]
    for model in set(models_in(Derived))
    if model in all_models(Dataset)
)


@pytest.mark.parametrize(("model", "key"), KEYS, ids=[f"{model}.{key}" for model, key in KEYS])
def test_every_key_is_in_the_reference(model: str, key: str) -> None:
    assert f"`{key}`" in REFERENCE, f"docs/reference.md does not name `{key}` of {model}"


def test_the_walk_reaches_the_inner_models() -> None:
    names = {model for model, _ in KEYS}
    assert {"KeepRow", "SumColumn", "Band", "Case", "Number", "Reference", "Withhold", "Threshold", "Table"} <= names


@pytest.mark.parametrize("rule", RULES)
def test_every_derived_rule_has_an_example(rule: str) -> None:
    text = section("Derived columns")
    assert f"\n`{rule}`:" in text
    assert any(f"rule: {rule}," in block for block in blocks("yaml", text))


@pytest.mark.parametrize("block", blocks("yaml", section("Derived columns")))
def test_examples_of_derived_rules_are_valid_and_short(block: str) -> None:
    rules = TypeAdapter(dict[str, Derived]).validate_python(yaml_text_keys(block))
    assert len(rules) == 1
    assert len(block.splitlines()) == 2


def yaml_text_keys(block: str) -> object:
    """Return YAML with keys as text, as the reader of the project gives them."""

    def texts(content: object) -> object:
        if isinstance(content, dict):
            return {str(key): texts(item) for key, item in content.items()}
        return [texts(item) for item in content] if isinstance(content, list) else content

    return texts(yaml.safe_load(block))


def test_other_examples_are_valid() -> None:
    parts = ("metadata/&lt;dataset&gt;.yaml", "disclosure_rules/&lt;rules&gt;.yaml")
    seen = set()
    for block in [block for part in parts for block in blocks("yaml", section(part))]:
        content = yaml_text_keys(block)
        assert isinstance(content, dict)
        for key, value in content.items():
            TypeAdapter(EXAMPLES[key]).validate_python(value)
            seen.add(key)
    assert seen == set(EXAMPLES)


def test_an_invalid_example_would_be_seen() -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(dict[str, Derived]).validate_python({"a": {"rule": "bands", "column": "b"}})


def test_example_of_a_tables_file_fits_its_counts(tmp_path: Path) -> None:
    text = section("The tables file of `protect`")
    counts, tables = tmp_path / "counts.csv", tmp_path / "tables.yaml"
    counts.write_text(blocks("csv", text)[0], encoding="utf-8")
    tables.write_text(blocks("yaml", text)[0], encoding="utf-8")
    read = read_counts(counts, read_counts_tables(tables))
    assert [dimension.name for dimension in read.grid.dimensions] == ["area", "sex"]
    assert read.counts.sum() == 185


def commands(group: click.Group) -> Iterator[tuple[str, ...]]:
    for name, command in group.commands.items():
        yield (name,)
        if isinstance(command, click.Group):
            yield from ((name, *inner) for inner in commands(command))


@pytest.mark.parametrize("words", sorted(commands(cli)), ids=" ".join)
def test_every_command_is_in_the_readme(words: tuple[str, ...]) -> None:
    lines = [line for line in README.splitlines() if f"`ndl-publish {words[0]}" in line]
    assert lines, f"README.md does not name the command {words[0]}"
    assert any(re.search(rf"[ `]{words[-1]}\b", line) for line in lines), f"README.md does not name {' '.join(words)}"


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_relative_links_lead_somewhere(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    targets = re.findall(r"\]\(([^)\s]+)\)", re.sub(r"^```.*?^```$", "", text, flags=re.DOTALL | re.MULTILINE))
    relative = [target for target in targets if not re.match(r"[a-z]+:", target)]
    missing = [target for target in relative if not (document.parent / target.partition("#")[0]).exists()]
    assert missing == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_inside_a_document_name_a_heading(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    anchors = {anchor(heading) for heading in re.findall(r"^#+ (.+)$", text, flags=re.MULTILINE)}
    assert set(re.findall(r"\]\(#([^)]+)\)", text)) <= anchors


def anchor(heading: str) -> str:
    """Return the anchor that GitHub gives a heading."""
    plain = heading.replace("&lt;", "<").replace("&gt;", ">").replace("`", "").lower()
    return re.sub(r"[^\w\- ]", "", plain).replace(" ", "-")
