"""Derived columns: each rule of ``spec/derived.py`` as a narwhals expression, evaluated in the order of the file."""

from collections.abc import Iterable
from math import ceil
from typing import Literal

import narwhals as nw
import polars as pl

from ndl_publish.engines.protocol import Engine, Frame
from ndl_publish.geography.lookup import Geography
from ndl_publish.records.link import has_record
from ndl_publish.spec.columns import IntegerColumn
from ndl_publish.spec.dataset import Dataset
from ndl_publish.spec.derived import (
    AllAtLeast,
    AllEqual,
    AnyOf,
    AreaCharacteristic,
    Bands,
    Cases,
    CountEqual,
    Derived,
    HasRecord,
    MonthOfYear,
    NoneMissing,
    WithMissing,
    columns_used,
)

Kind = Literal["text", "integer", "truth"]


def derive(frame: Frame, dataset: Dataset, names: Iterable[str]) -> Frame:
    """Return the frame with the named derived columns of the dataset, evaluated in order.

    Args:
        frame: Rows with every column the rules read; ``has_record`` and ``with_characteristics`` included.
        dataset: Its ``derived`` rules.
        names: Which of them.
    """
    kinds = column_kinds(dataset)
    for name in names:
        frame = frame.with_columns(expression(dataset.derived[name], kinds).alias(name))
    return frame


def spine_rules(dataset: Dataset) -> tuple[str, ...]:
    """Return the rules that read columns of the spine alone, in order.

    They are evaluated before anything is joined, so that a few truth values travel instead of many columns of codes.
    """
    known = set(dataset.sources[dataset.spine].columns)
    names: list[str] = []
    for name, rule in dataset.derived.items():
        if not isinstance(rule, HasRecord | AreaCharacteristic) and set(columns_used(rule)) <= known:
            known.add(name)
            names.append(name)
    return tuple(names)


def with_characteristics(frame: Frame, dataset: Dataset, geography: Geography, *, engine: Engine) -> Frame:
    """Join the public characteristics that rules name on the column of the place."""
    rules = [rule for rule in dataset.derived.values() if isinstance(rule, AreaCharacteristic)]
    if not rules:
        return frame
    wanted = sorted({rule.characteristic for rule in rules})
    table = geography.characteristics
    key = table.columns[0]
    renamed = table.select(pl.col(key).alias("_area"), *(pl.col(name).alias(f"_area_{name}") for name in wanted))
    return frame.join(engine.lift(renamed), left_on=dataset.place.column, right_on="_area", how="left")


def column_kinds(dataset: Dataset) -> dict[str, Kind]:
    """Return what each column of the dataset holds: text, integers or truth values."""
    kinds: dict[str, Kind] = {}
    for source in dataset.sources.values():
        for name, column in source.columns.items():
            kinds[name] = "integer" if isinstance(column, IntegerColumn) else "text"
        kinds.update(dict.fromkeys(source.sums, "integer"))
    for name, rule in dataset.derived.items():
        if isinstance(rule, CountEqual | MonthOfYear):
            kinds[name] = "integer"
        else:
            kinds[name] = "text" if isinstance(rule, Bands | Cases | WithMissing | AreaCharacteristic) else "truth"
    return kinds


def expression(rule: Derived, kinds: dict[str, Kind]) -> nw.Expr:  # noqa: C901, PLR0911 - one line a rule
    """Return a rule as an expression over the columns it names.

    Args:
        rule: Any rule of ``spec/derived.py``.
        kinds: What the columns hold, from ``column_kinds``.
    """
    if isinstance(rule, AllEqual):
        return _all_equal(rule, kinds)
    if isinstance(rule, CountEqual):
        return _count_equal(rule, kinds)
    if isinstance(rule, NoneMissing):
        return ~_any_missing(rule, kinds)
    if isinstance(rule, AllAtLeast):
        return _all_at_least(rule, kinds)
    if isinstance(rule, Bands):
        return _bands(rule)
    if isinstance(rule, Cases):
        return _cases(rule, kinds)
    if isinstance(rule, WithMissing):
        return nw.col(rule.column).fill_null(rule.missing)
    if isinstance(rule, AnyOf):
        return _is_one_of(rule.column, rule.values, kinds)
    if isinstance(rule, MonthOfYear):
        return nw.col(rule.column).str.slice(5, 2).cast(nw.Int64)
    if isinstance(rule, HasRecord):
        return nw.col(has_record(rule.source))
    return _characteristic(rule)


def _any_missing(rule: AllEqual | CountEqual | NoneMissing, kinds: dict[str, Kind]) -> nw.Expr:
    """Return whether any column of the rule is missing or not assessed; never null."""
    tests = [nw.col(name).is_null() for name in rule.columns]
    if rule.not_assessed:
        tests += [_is_one_of(name, rule.not_assessed, kinds).fill_null(value=False) for name in rule.columns]
    return nw.any_horizontal(*tests, ignore_nulls=False)


def _all_equal(rule: AllEqual, kinds: dict[str, Kind]) -> nw.Expr:
    reached = [_is_one_of(name, (rule.value,), kinds) for name in rule.columns]
    return nw.when(~_any_missing(rule, kinds)).then(nw.all_horizontal(*reached, ignore_nulls=False))


def _count_equal(rule: CountEqual, kinds: dict[str, Kind]) -> nw.Expr:
    reached = [_is_one_of(name, (rule.value,), kinds).cast(nw.Int64) for name in rule.columns]
    return nw.when(~_any_missing(rule, kinds)).then(nw.sum_horizontal(*reached))


def _all_at_least(rule: AllAtLeast, kinds: dict[str, Kind]) -> nw.Expr:
    """Compare whole numbers with cut-offs rounded up, which is exact."""
    by_values = [set(cutoffs) for cutoffs in rule.cutoffs.values()]
    answer = nw.lit(None, nw.Boolean)
    for value in sorted(set.intersection(*by_values), reverse=True):
        reached = [nw.col(name) >= ceil(cutoffs[value]) for name, cutoffs in rule.cutoffs.items()]
        everything = [~nw.col(name).is_null() for name in rule.cutoffs]
        applies = nw.all_horizontal(_is_one_of(rule.by, (value,), kinds), *everything, ignore_nulls=False)
        answer = nw.when(applies).then(nw.all_horizontal(*reached, ignore_nulls=False)).otherwise(answer)
    return answer


def _bands(rule: Bands) -> nw.Expr:
    """Return the label of the band; null for a number in no band, which a later check refuses."""
    number = nw.col(rule.column)
    answer: nw.Expr = nw.when(number.is_null()).then(nw.lit(rule.missing))
    for band in reversed(rule.bands):
        answer = nw.when(number.is_between(band.minimum, band.maximum)).then(nw.lit(band.label)).otherwise(answer)
    return answer


def _cases(rule: Cases, kinds: dict[str, Kind]) -> nw.Expr:
    answer = nw.lit(rule.otherwise)
    for case in reversed(rule.cases):
        holds = [_is_one_of(name, values, kinds) for name, values in case.when.items()]
        answer = nw.when(nw.all_horizontal(*holds, ignore_nulls=False)).then(nw.lit(case.label)).otherwise(answer)
    return answer


def _characteristic(rule: AreaCharacteristic) -> nw.Expr:
    """Return the characteristic of the place; null for one that is not declared, which a later check refuses."""
    value = nw.col(f"_area_{rule.characteristic}")
    is_known = value.is_in(list(rule.categories))
    is_missing = value.is_null() | (value == "")
    return nw.when(is_missing).then(nw.lit(rule.missing)).otherwise(nw.when(is_known).then(value))


def _is_one_of(name: str, values: Iterable[str | bool], kinds: dict[str, Kind]) -> nw.Expr:
    """Return whether a column holds one of the values, read as what the column holds; null where it is missing."""
    kind = kinds[name]
    texts = [str(value).lower() if isinstance(value, bool) else value for value in values]
    if kind == "text":
        return nw.col(name).is_in(texts)
    if kind == "integer":
        return nw.col(name).is_in([int(text) for text in texts if text.lstrip("-").isdecimal()])
    return nw.col(name).is_in([text == "true" for text in texts])
