"""What an engine does: scan files, carry small tables in, keep, collect and aggregate frames.

Everything between ``scan`` and ``aggregate`` is written once, in narwhals, so another engine (duckdb, Spark) is one
file beside ``polars.py``. An engine translates its library's exceptions at its edge: their texts quote values.
"""

from pathlib import Path
from typing import Any, Final, Protocol

import narwhals as nw
import polars as pl

Frame = nw.LazyFrame[Any]
"""A lazy table of records, whatever the engine."""

ROW: Final = "_row"
"""Column ``scan`` adds: position of the file times ``ROWS_PER_FILE`` plus the line (CSV) or row (Parquet) in it."""

ROWS_PER_FILE: Final = 10**10


class Engine(Protocol):
    """Where records are read and counted."""

    def header(self, file: Path) -> tuple[str, ...]:
        """Return the column names of a file as they stand in it, repeats included.

        Raises:
            InputError: ``NDL-V001``, ``NDL-V002`` or ``NDL-V004`` when there is no such file or it cannot be read.
        """

    def inspect(self, file: Path) -> None:
        """Look through a file for what a lazy scan would miss: wrong encoding, lines cut short.

        Raises:
            InputError: ``NDL-V004`` or ``NDL-V008``.
        """

    def scan(self, files: tuple[Path, ...], *, columns: tuple[str, ...]) -> Frame:
        """Return the named columns of all files, one below the other, as strings, with ``ROW``."""

    def lift(self, table: pl.DataFrame) -> Frame:
        """Return a small table as a frame that can be joined with scanned ones."""

    def keep(self, frame: Frame) -> Frame:
        """Evaluate a frame once and hold it, so that later steps do not read the files again."""

    def collect(self, frame: Frame) -> pl.DataFrame:
        """Evaluate a frame.

        Raises:
            InputError: ``NDL-V008`` when the files cannot be read to their end.
        """

    def aggregate(self, frame: Frame, *, keys: tuple[str, ...], sums: tuple[str, ...]) -> pl.DataFrame:
        """Return one row per combination of ``keys``: the number of rows in ``children``, and integer sums.

        Booleans are summed as 0 and 1, null as 0. Rows are sorted by ``keys``; without keys there is one row.
        """
