"""The tables wanted from a file of counts: a small YAML or JSON file, read into frozen models."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, Field, ValidationInfo, field_validator

from ndl_publish.columns import LOWER, PUBLISHED, STATUS, TOTAL_LEVEL, UPPER
from ndl_publish.errors import RuleError
from ndl_publish.spec.base import Spec, nearest, parse


def _once(names: tuple[str, ...]) -> tuple[str, ...]:
    """Refuse a name that stands in a list twice."""
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"{', '.join(twice)}: named twice; keep one")
    return names


Name = Annotated[str, Field(min_length=1)]
Levels = Annotated[tuple[Name, ...], Field(min_length=1), AfterValidator(_once)]
Table = Annotated[dict[Name, Levels], Field(min_length=1)]

RESERVED = frozenset({LOWER, PUBLISHED, STATUS, UPPER})
"""Columns of the result that no dimension may be called."""


class CountsTables(Spec):
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

    tables: Annotated[tuple[Table, ...], Field(min_length=1)]
    count: Annotated[Name, Field(validate_default=True)] = "n"
    leaf: Name | None = None
    outcomes: tuple[Name, ...] = ()
    codes_are_public: bool = False
    name: str = ""
    note: str = ""
    rule: dict[str, Any] = Field(default_factory=dict)

    @field_validator("tables")
    @classmethod
    def _names_are_free(cls, tables: tuple[Table, ...]) -> tuple[Table, ...]:
        taken = sorted({name for table in tables for name in table if name in RESERVED})
        if taken:
            raise ValueError(f"{' and '.join(taken)}: the result has a column of that name; rename the dimension")
        return tables

    @field_validator("count")
    @classmethod
    def _count_is_no_level(cls, count: str, info: ValidationInfo) -> str:
        named = {level for table in info.data.get("tables", ()) for levels in table.values() for level in levels}
        if count in named:
            raise ValueError(f"the column {count} holds the counts, so it can be no level; take it out of the tables")
        return count

    @field_validator("leaf")
    @classmethod
    def _leaf_is_no_count(cls, leaf: str | None, info: ValidationInfo) -> str | None:
        if leaf is not None and leaf == info.data.get("count"):
            raise ValueError(f"the column {leaf} holds the counts, so it can be no leaf")
        return leaf

    @field_validator("outcomes")
    @classmethod
    def _outcomes_known(cls, outcomes: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        known = {name for table in info.data.get("tables", ()) for name in table}
        told = [
            f"{name} is no dimension of any table; {nearest(name, known)}" for name in outcomes if name not in known
        ]
        if told and known:
            raise ValueError(" ".join(told))
        return _once(outcomes)

    @property
    def dimensions(self) -> tuple[str, ...]:
        """Names of all dimensions, in order of first mention."""
        return tuple(dict.fromkeys(name for table in self.tables for name in table))

    def columns(self, dimension: str) -> tuple[str, ...]:
        """Return the columns that belong to a dimension: its levels over all tables, and the leaf for the first one."""
        named = [level for table in self.tables for level in table.get(dimension, ()) if level != TOTAL_LEVEL]
        is_named = any(self.leaf in levels for table in self.tables for levels in table.values())
        leaf = [self.leaf] if self.leaf and not is_named and dimension == self.dimensions[0] else []
        return tuple(dict.fromkeys([*named, *leaf]))


def read_counts_tables(path: Path) -> CountsTables:
    """Return the tables wanted, from YAML or JSON.

    Raises:
        RuleError: ``NDL-R036`` when the file cannot be read, or with every mistake in it: keys that are missing,
            unknown or of the wrong kind, and the column of the counts as a level.
    """
    try:
        return parse(path, CountsTables)[0]
    except RuleError as error:
        findings = tuple(replace(finding, code="NDL-R036") for finding in error.findings)
        raise RuleError("NDL-R036", error.message, findings=findings) from None
