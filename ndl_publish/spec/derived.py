"""Measures and categories derived from columns, as data: a closed list of rules, evaluated in order.

Each rule makes one new column. ``all_equal`` says what a good level of development is, ``cases`` makes categories,
and so on; a new data set is written with these and needs no Python. What counts as *not assessed* is part of the
rule (``not_assessed``): such a child is neither reached nor not reached.
"""

from decimal import Decimal
from itertools import pairwise
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from ndl_publish.spec.base import Name, Spec, Text


class AllEqual(Spec):
    """True when every column holds ``value``; null when any holds a ``not_assessed`` code or is missing."""

    rule: Literal["all_equal"]
    columns: tuple[Name, ...] = Field(min_length=1)
    value: str
    not_assessed: tuple[str, ...] = ()


class CountEqual(Spec):
    """The number of columns that hold ``value``; null as for ``all_equal``."""

    rule: Literal["count_equal"]
    columns: tuple[Name, ...] = Field(min_length=1)
    value: str
    not_assessed: tuple[str, ...] = ()


class NoneMissing(Spec):
    """True when no column is missing or holds a ``not_assessed`` code: a full set of results. Never null."""

    rule: Literal["none_missing"]
    columns: tuple[Name, ...] = Field(min_length=1)
    not_assessed: tuple[str, ...] = ()


class AllAtLeast(Spec):
    """True when every column reaches its cut-off, which may depend on another column; null when anything is missing."""

    rule: Literal["all_at_least"]
    by: Name
    cutoffs: dict[Name, dict[str, Decimal]] = Field(min_length=1)


class Band(Spec):
    """One band of whole numbers, both ends included."""

    label: Text
    minimum: int
    maximum: int


def _in_order(bands: tuple[Band, ...]) -> tuple[Band, ...]:
    """Refuse bands that are empty or overlap: a number must have one label."""
    ordered = sorted(bands, key=lambda band: band.minimum)
    if any(band.minimum > band.maximum for band in bands):
        raise ValueError("a band's minimum is larger than its maximum")
    if any(low.maximum >= high.minimum for low, high in pairwise(ordered)):
        raise ValueError("two bands overlap")
    return bands


class Bands(Spec):
    """The label of the band a number falls in; ``missing`` where there is no number, if that may happen."""

    rule: Literal["bands"]
    column: Name
    bands: Annotated[tuple[Band, ...], Field(min_length=1), AfterValidator(_in_order)]
    missing: Text | None = None


class Case(Spec):
    """A label and what must hold for it: each named column holds one of the listed values."""

    label: Text
    when: dict[Name, tuple[str | bool, ...]] = Field(min_length=1)


class Cases(Spec):
    """The label of the first case that holds, else ``otherwise``."""

    rule: Literal["cases"]
    cases: tuple[Case, ...] = Field(min_length=1)
    otherwise: Text


class WithMissing(Spec):
    """The categories of a column, with a label of their own where it is missing."""

    rule: Literal["with_missing"]
    column: Name
    missing: Text


class AnyOf(Spec):
    """True when the column holds one of the values, false when another, null when it is missing."""

    rule: Literal["any_of"]
    column: Name
    values: tuple[str, ...] = Field(min_length=1)


class MonthOfYear(Spec):
    """The number of the month, 1 to 12, of a ``month`` column; null where it is missing."""

    rule: Literal["month_of_year"]
    column: Name


class HasRecord(Spec):
    """True when the child has a linked record in the source. Never null."""

    rule: Literal["has_record"]
    source: Name


class AreaCharacteristic(Spec):
    """A public characteristic of the finest area a child lives in, such as a deprivation decile."""

    rule: Literal["area_characteristic"]
    characteristic: Name
    categories: tuple[Text, ...] = Field(min_length=1)
    missing: Text | None = None


Derived = Annotated[
    AllEqual
    | CountEqual
    | NoneMissing
    | AllAtLeast
    | Bands
    | Cases
    | WithMissing
    | AnyOf
    | MonthOfYear
    | HasRecord
    | AreaCharacteristic,
    Field(discriminator="rule"),
]


def categories_of(rule: Derived) -> tuple[str, ...] | None:
    """Return the labels a rule can give, in order; ``None`` for rules that give numbers or truth values."""
    if isinstance(rule, Bands):
        return tuple(dict.fromkeys([*(band.label for band in rule.bands), *([rule.missing] if rule.missing else [])]))
    if isinstance(rule, Cases):
        return tuple(dict.fromkeys([*(case.label for case in rule.cases), rule.otherwise]))
    if isinstance(rule, AreaCharacteristic):
        return (*rule.categories, *([rule.missing] if rule.missing else []))
    return None


def values_compared(rule: Derived) -> dict[str, set[str]]:
    """Return the texts a rule compares each column with, truth values left out."""
    if isinstance(rule, AllEqual | CountEqual):
        return {column: {rule.value, *rule.not_assessed} for column in rule.columns}
    if isinstance(rule, NoneMissing):
        return {column: set(rule.not_assessed) for column in rule.columns}
    if isinstance(rule, AnyOf):
        return {rule.column: set(rule.values)}
    found: dict[str, set[str]] = {}
    for case in rule.cases if isinstance(rule, Cases) else ():
        for column, values in case.when.items():
            found.setdefault(column, set()).update(value for value in values if isinstance(value, str))
    return found


def columns_used(rule: Derived) -> tuple[str, ...]:
    """Return the columns a rule reads."""
    if isinstance(rule, AllEqual | CountEqual | NoneMissing):
        return rule.columns
    if isinstance(rule, AllAtLeast):
        return (rule.by, *rule.cutoffs)
    if isinstance(rule, Bands | MonthOfYear | WithMissing | AnyOf):
        return (rule.column,)
    if isinstance(rule, Cases):
        return tuple(dict.fromkeys(column for case in rule.cases for column in case.when))
    return ()
