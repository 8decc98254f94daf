"""Source columns as a dataset declares them: what each is called there, what it may hold, what counts as missing."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from ndl_publish.spec.base import Name, Spec, Text


class CategoryColumn(Spec):
    """A column of codes; ``codes`` maps each code of the source to the code used from there on."""

    type: Literal["category"]
    source: Text
    codes: dict[str, str] = Field(min_length=1)
    missing: tuple[str, ...] = ("",)


BEYOND = 10**15
"""Numbers of a column have fewer digits than this."""


class IntegerColumn(Spec):
    """A column of whole numbers within stated bounds."""

    type: Literal["integer"]
    source: Text
    minimum: int
    maximum: int
    missing: tuple[str, ...] = ("",)

    @model_validator(mode="after")
    def _bounds_in_order(self) -> "IntegerColumn":
        if self.minimum > self.maximum:
            raise ValueError("minimum is larger than maximum")
        if max(abs(self.minimum), abs(self.maximum)) >= BEYOND:
            raise ValueError("minimum and maximum have at most 15 digits")
        return self


class MonthColumn(Spec):
    """A month, written YYYY-MM. Full dates are not accepted: they identify."""

    type: Literal["month"]
    source: Text
    missing: tuple[str, ...] = ("",)


class AreaColumn(Spec):
    """A column of area codes of one geographic level."""

    type: Literal["area"]
    source: Text
    level: Name
    missing: tuple[str, ...] = ("",)


Column = Annotated[CategoryColumn | IntegerColumn | MonthColumn | AreaColumn, Field(discriminator="type")]


class KeepRow(Spec):
    """Which row of a child is kept when a source has several: the first or last by the named columns, in order."""

    keep: Literal["first", "last"]
    by: tuple[Name, ...] = Field(min_length=1)


class SumColumn(Spec):
    """A whole number added up over a child's rows, held between two public bounds."""

    column: Name
    minimum: int = 0
    maximum: int

    @model_validator(mode="after")
    def _bounds_in_order(self) -> "SumColumn":
        if self.minimum > self.maximum:
            raise ValueError("minimum is larger than maximum")
        return self


class RowFilter(Spec):
    """Rows of a source that take part: those whose column holds one of the values."""

    column: Name
    values: tuple[str, ...] = Field(min_length=1)


class Source(Spec):
    """One extract: its id column, its columns, which rows take part and how one row per child is made."""

    title: Text
    role: Literal["spine", "linked"]
    id: Text
    period: Text | None = None
    columns: dict[Name, Column] = Field(min_length=1)
    where: RowFilter | None = None
    one_row: KeepRow | None = None
    sums: dict[Name, SumColumn] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _names_known(self) -> "Source":
        named = set(self.one_row.by if self.one_row else ()) | {s.column for s in self.sums.values()}
        named |= {self.where.column} if self.where else set()
        unknown = sorted(named - set(self.columns))
        if unknown:
            raise ValueError(f"names columns that are not declared: {', '.join(unknown)}")
        return self


class Contributor(Spec):
    """Who stands behind children: the provider of their childcare, their household. Never published.

    ``column`` is the header in the files of ``source``. It holds identifiers, which are read only for rules about this
    contributor and replaced by numbers at once.
    """

    title: Text
    source: Name
    column: Text
    missing: tuple[str, ...] = ("",)


class Links(Spec):
    """The link table: one row per link from a child of the spine to an id of another source, with a match weight."""

    spine_id: Text
    source: Text
    linked_id: Text
    weight: Text
    minimum_weight: Annotated[float, Field(ge=0, le=1)]
