"""The tables wanted from a file of counts: a small YAML or JSON file, read into frozen models."""

import json
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from ndl_publish.columns import TOTAL_LEVEL
from ndl_publish.errors import Finding, RuleError

Name = Annotated[str, Field(min_length=1)]
Levels = Annotated[tuple[Name, ...], Field(min_length=1)]
Table = Annotated[dict[Name, Levels], Field(min_length=1)]


class CountsTables(BaseModel):
    """Which crossings of a file of counts are published.

    Attributes:
        tables: For each table, its dimensions, and for each dimension the levels that are crossed: ``total``, or the
            name of a column of the file. A dimension that a table does not name is summed over.
        count: Column that holds the number of children.
        leaf: Finest column of the first dimension, where the tables do not name it.
        outcomes: Dimensions whose groups are outcomes of the same children (reached or not), as the rules about shares
            and the thresholds of single measures need to know.
        codes_are_public: The file has a row for every combination of codes that can occur, whether or not anybody is in
            it, from a list made without looking at the records; mode dp needs it.
        name: A name, for people.
        note: A note, for people.
        rule: Remarks on the rule, for people; the rule itself stands in the disclosure rules.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    tables: Annotated[tuple[Table, ...], Field(min_length=1)]
    count: Name = "n"
    leaf: Name | None = None
    outcomes: tuple[Name, ...] = ()
    codes_are_public: bool = False
    name: str = ""
    note: str = ""
    rule: dict[str, Any] = Field(default_factory=dict)

    @field_validator("tables")
    @classmethod
    def _no_repeats(cls, tables: tuple[dict[str, tuple[str, ...]], ...]) -> tuple[dict[str, tuple[str, ...]], ...]:
        for table in tables:
            for dimension, levels in table.items():
                if len(set(levels)) < len(levels):
                    raise ValueError(f"{dimension}: a level is named twice")
        return tables

    @model_validator(mode="after")
    def _outcomes_known(self) -> "CountsTables":
        unknown = [name for name in self.outcomes if name not in self.dimensions]
        if unknown:
            raise ValueError(f"outcomes: {', '.join(unknown)} is no dimension of any table")
        if len(set(self.outcomes)) < len(self.outcomes):
            raise ValueError("outcomes: a dimension is named twice")
        return self

    @property
    def dimensions(self) -> tuple[str, ...]:
        """Names of all dimensions, in order of first mention."""
        return tuple(dict.fromkeys(name for table in self.tables for name in table))

    def columns(self, dimension: str) -> tuple[str, ...]:
        """Return the columns that belong to a dimension: its levels over all tables, and the leaf for the first one."""
        named = [level for table in self.tables for level in table.get(dimension, ()) if level != TOTAL_LEVEL]
        leaf = [self.leaf] if self.leaf and dimension == self.dimensions[0] else []
        return tuple(dict.fromkeys([*named, *leaf]))


def read_counts_tables(path: Path) -> CountsTables:
    """Return the tables wanted, from YAML or JSON.

    Raises:
        RuleError: ``NDL-R036`` when the file cannot be read or has keys that are missing, unknown or of the wrong kind.
    """
    try:
        text = path.read_text(encoding="utf-8")
        loaded = json.loads(text) if path.suffix.lower() == ".json" else yaml.safe_load(text)
    except (OSError, UnicodeDecodeError, json.JSONDecodeError, yaml.YAMLError):
        raise RuleError("NDL-R036", f"{path.name}: cannot be read; give a YAML or JSON file of tables") from None
    try:
        return CountsTables.model_validate(loaded)
    except ValidationError as error:
        findings = tuple(
            Finding("NDL-R036", "error", ".".join(str(part) for part in problem["loc"]) or path.name, problem["msg"])
            for problem in error.errors(include_input=False, include_url=False, include_context=False)
        )
        raise RuleError("NDL-R036", f"{path.name}: not a description of tables", findings=findings) from None
