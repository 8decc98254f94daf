"""The engine that ships: polars, lazy, its streaming collect.

A gzipped CSV is scanned as it stands: polars inflates it while it streams, and no copy of the records is written to
disk. What is kept in memory has its strings dictionary-encoded, four bytes a row.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import narwhals as nw
import polars as pl

from ndl_publish.columns import CHILDREN
from ndl_publish.engines.protocol import ROW, ROWS_PER_FILE, Frame
from ndl_publish.engines.text_file import inspect_text, text_header
from ndl_publish.errors import InputError

SUFFIXES: Final = (".csv", ".csv.gz", ".parquet")
_FIRST_LINE: Final = {"csv": 2, "parquet": 1}
_EXACT_BELOW: Final = 2.0**53


class PolarsEngine:
    """Reads CSV, gzipped CSV and Parquet with polars."""

    def header(self, file: Path) -> tuple[str, ...]:
        """Return the column names of a file as they stand in it, repeats included.

        Raises:
            InputError: ``NDL-V001``, ``NDL-V002`` or ``NDL-V004`` when there is no such file or it cannot be read.
        """
        if not file.is_file():
            raise InputError("NDL-V001", "there is no such file. Check the path in the release file.")
        if not file.name.endswith(SUFFIXES):
            raise InputError("NDL-V004", f"is not a file of a kind that is read: {', '.join(SUFFIXES)}.")
        if file.stat().st_size == 0:
            raise InputError("NDL-V002", "the file is empty: it has no header line. Export it again.")
        names = tuple(_parquet_schema(file)) if file.suffix == ".parquet" else text_header(file)
        if not names:
            raise InputError("NDL-V002", "the file is empty: it has no header line. Export it again.")
        return names

    def inspect(self, file: Path) -> None:
        """Look through a file for what a lazy scan would miss: wrong encoding, lines cut short.

        Raises:
            InputError: ``NDL-V004`` or ``NDL-V008``.
        """
        if file.suffix != ".parquet":
            inspect_text(file)

    def scan(self, files: tuple[Path, ...], *, columns: tuple[str, ...]) -> Frame:
        """Return the named columns of all files, one below the other, as strings, with ``ROW``."""
        frames = [_scan_one(file, at=i, columns=columns) for i, file in enumerate(files)]
        return nw.from_native(pl.concat(frames) if len(frames) > 1 else frames[0])

    def lift(self, table: pl.DataFrame) -> Frame:
        """Return a small table as a frame that can be joined with scanned ones."""
        return nw.from_native(table.lazy())

    def keep(self, frame: Frame) -> Frame:
        """Evaluate a frame once and hold it, strings dictionary-encoded."""
        native: pl.LazyFrame = nw.to_native(frame)
        with _untold():
            texts = [name for name, dtype in native.collect_schema().items() if dtype == pl.String]
        held = _collect(native.with_columns(pl.col(texts).cast(pl.Categorical)) if texts else native).lazy()
        return nw.from_native(held.with_columns(pl.col(texts).cast(pl.String)) if texts else held)

    def collect(self, frame: Frame) -> pl.DataFrame:
        """Evaluate a frame.

        Raises:
            InputError: ``NDL-V008`` when the files cannot be read to their end.
        """
        return _collect(nw.to_native(frame))

    def aggregate(self, frame: Frame, *, keys: tuple[str, ...], sums: tuple[str, ...]) -> pl.DataFrame:
        """Return one row per combination of ``keys``: the number of rows in ``children``, and integer sums.

        Booleans are summed as 0 and 1, null as 0. Rows are sorted by ``keys``; without keys there is one row.

        Example:
            >>> table = pl.DataFrame({"sex": ["F", "M", "F"], "is_gld": [True, None, False]})
            >>> PolarsEngine().aggregate(nw.from_native(table.lazy()), keys=("sex",), sums=("is_gld",)).rows()
            [('F', 2, 1), ('M', 1, 0)]
        """
        totals = [nw.len().cast(nw.Int64).alias(CHILDREN), *(nw.col(name).cast(nw.Int64).sum() for name in sums)]
        if not keys:
            return self.collect(frame.select(*totals))
        return self.collect(frame.group_by(*keys).agg(*totals)).sort(keys)


def _collect(frame: pl.LazyFrame) -> pl.DataFrame:
    with _untold():
        return frame.collect(engine="streaming")


@contextmanager
def _untold() -> Iterator[None]:
    """Keep the text of polars' exceptions, which quotes values, out of sight."""
    try:
        yield
    except (pl.exceptions.PolarsError, OSError) as error:
        kind = type(error).__name__
        message = f"the records cannot be read to their end ({kind}). Check that each file is whole; export it again."
        raise InputError("NDL-V008", message) from None


def _parquet_schema(file: Path) -> dict[str, pl.DataType]:
    try:
        return dict(pl.read_parquet_schema(file))
    except (pl.exceptions.PolarsError, OSError):
        raise InputError("NDL-V004", "is not a Parquet file, or is cut short. Copy it again.") from None


def _scan_one(file: Path, *, at: int, columns: tuple[str, ...]) -> pl.LazyFrame:
    kind = "parquet" if file.suffix == ".parquet" else "csv"
    row = pl.col(ROW).cast(pl.Int64) + at * ROWS_PER_FILE
    if kind == "csv":
        frame = pl.scan_csv(
            file, infer_schema=False, row_index_name=ROW, row_index_offset=_FIRST_LINE[kind], glob=False
        )
        return frame.select(row, *columns)
    schema = _parquet_schema(file)
    frame = pl.scan_parquet(file, row_index_name=ROW, row_index_offset=_FIRST_LINE[kind], glob=False)
    return frame.select(row, *(_as_text(name, schema[name]) for name in columns))


def _as_text(name: str, dtype: pl.DataType) -> pl.Expr:
    """Return a typed column as the text a CSV would hold: whole numbers without a decimal point, NaN as null."""
    column = pl.col(name)
    if dtype == pl.String:
        return column
    if dtype.is_nested() or dtype in (pl.Binary, pl.Object):
        raise InputError("NDL-V004", f"column {name} holds lists or bytes; text, numbers and dates are read.")
    if not (dtype.is_float() or dtype.is_decimal()):
        return column.cast(pl.String)
    number = column.cast(pl.Float64)
    is_whole = (number == number.floor()) & (number.abs() < _EXACT_BELOW)
    whole = pl.when(is_whole).then(number).cast(pl.Int64, strict=False).cast(pl.String)
    return pl.when(is_whole).then(whole).when(number.is_not_nan()).then(number.cast(pl.String)).alias(name)
