"""Read a file of counts, and say what is wrong with it: all at once, with lines, without any value."""

from pathlib import Path

import numpy as np
import polars as pl

from ndl_publish import columns
from ndl_publish.cube.grid import IntArray
from ndl_publish.errors import Finding, InputError
from ndl_publish.spec.counts_tables import CountsTables

LARGEST_COUNT = 2**30
"""Largest count, and largest sum of all counts: secondary suppression keeps changes of counts as 32-bit integers."""

MOST_LINES = 5
NONE = "; what belongs to no group of this level needs a code too, such as none"
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")


def read_frame(path: Path) -> pl.DataFrame:
    """Return a CSV or Parquet file of counts; the columns of a CSV file stay text, without spaces around it.

    Raises:
        InputError: ``NDL-V090`` when it is not there or cannot be read, is in UTF-16, or is not comma-separated.
    """
    if not path.exists():
        raise InputError("NDL-V090", f"{path}: there is no such file. Check the path and the working folder.")
    try:
        if path.suffix.lower() == ".parquet":
            return pl.read_parquet(path)
        with path.open("rb") as file:
            if file.read(2) in _UTF_16:
                raise InputError("NDL-V090", f"{path.name}: is written in UTF-16. Save it as CSV in UTF-8.")
        frame = pl.read_csv(path, infer_schema=False).with_columns(pl.all().str.strip_chars())
    except (OSError, pl.exceptions.PolarsError):
        raise InputError("NDL-V090", f"{path.name}: cannot be read; give counts as CSV (UTF-8) or Parquet") from None
    separator = {";": "semicolons", "\t": "tabs"}
    for sign, word in separator.items() if frame.width == 1 else ():
        if sign in frame.columns[0]:
            message = f"{path.name}: is not comma-separated: its header holds {word}. Save it as CSV with commas."
            raise InputError("NDL-V090", message)
    return frame


def refuse_unusable(frame: pl.DataFrame, tables: CountsTables, path: Path) -> None:
    """Refuse a file whose columns, counts or codes do not do.

    Raises:
        InputError: ``NDL-V091`` with all findings, each with the first lines of the file that it is about.
    """
    named = [tables.count, *(column for name in tables.dimensions for column in tables.columns(name))]
    wanted = list(dict.fromkeys(named))
    findings = []
    for column in wanted:
        if column not in frame.columns:
            message = "is named in the tables but is not a column of the file"
            findings.append(Finding("NDL-V091", "error", f"{path.name}: {column}", message))
    for column in wanted:
        if column in frame.columns:
            tests = _count_tests(frame[column]) if column == tables.count else _code_tests(frame[column])
            findings += _findings(
                frame, tests, where=f"{path.name}: {column}", is_text=path.suffix.lower() != ".parquet"
            )
    if not findings and frame.is_empty():
        findings.append(Finding("NDL-V091", "error", path.name, "holds no rows"))
    if not findings and frame[tables.count].cast(pl.Float64).sum() > LARGEST_COUNT:
        findings.append(Finding("NDL-V091", "error", f"{path.name}: {tables.count}", "the counts add up to too many"))
    if findings:
        raise InputError(
            "NDL-V091", f"{path.name}: not a file of counts that can be protected", findings=tuple(findings)
        )


def counted(n: int, one: str, many: str) -> str:
    """Return a number with the words for one or for many.

    Example:
        >>> counted(1, "row has", "rows have"), counted(2, "row has", "rows have")
        ('1 row has', '2 rows have')
    """
    return f"{n} {one if n == 1 else many}"


Tests = tuple[tuple[pl.Series, str, str], ...]
"""Which rows are wrong, and the words for one and for many of them."""


def _count_tests(count: pl.Series) -> Tests:
    number = count.cast(pl.Float64, strict=False)
    finite = number.is_finite()
    return (
        (~finite.fill_null(value=False), "count is missing or not a number", "counts are missing or not a number"),
        (number < 0, "count is negative", "counts are negative"),
        (finite & (number != number.round(0)), "count is fractional", "counts are fractional"),
        (
            finite & (number > LARGEST_COUNT),
            "count is too large to count children",
            "counts are too large for children",
        ),
    )


def _code_tests(code: pl.Series) -> Tests:
    text = code.cast(pl.String).str.strip_chars()
    return (
        (text.is_null() | (text == ""), f"row has no code{NONE}", f"rows have no code{NONE}"),
        (
            text.str.to_lowercase() == columns.TOTAL.lower(),
            "row holds a total; leave totals out",
            "rows hold a total; leave totals out",
        ),
    )


def _findings(frame: pl.DataFrame, tests: Tests, *, where: str, is_text: bool) -> list[Finding]:
    found = []
    for test, one, many in tests:
        rows = np.flatnonzero(test.fill_null(value=False).to_numpy())
        if len(rows):
            told = f"{counted(len(rows), one, many)} ({_places(frame, rows, is_text=is_text)})"
            found.append(Finding("NDL-V091", "error", where, told))
    return found


def _places(frame: pl.DataFrame, rows: IntArray, *, is_text: bool) -> str:
    """Return the first lines of a CSV file (the header is line 1), or rows of a Parquet file, that are meant."""
    first = rows[:MOST_LINES].tolist()
    if is_text:
        breaks = frame.head(first[-1]).select(pl.sum_horizontal(pl.all().str.count_matches("\n")))
        before = np.concatenate([[0], breaks.to_series().to_numpy().cumsum()])
        first = [row + 1 + int(before[row]) for row in first]
    shown = ", ".join(str(row + 1) for row in first) + (", ..." if len(rows) > MOST_LINES else "")
    return f"{'line' if is_text else 'row'}{'s' if len(rows) > 1 else ''} {shown}"
