"""Protect a table of counts that somebody already has: read it, withhold what must be withheld, write it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import product
from math import prod
from pathlib import Path

import numpy as np
import polars as pl

from ndl_publish import columns
from ndl_publish.columns import TOTAL_LEVEL, Mask
from ndl_publish.cube.grid import CellGrid, Dimension, IntArray, make_dimension
from ndl_publish.errors import Finding, InputError, RuleError
from ndl_publish.protect.counts_file import counted, read_frame, refuse_unusable
from ndl_publish.protect.counts_levels import nesting_notes, refuse_indistinct
from ndl_publish.protect.lacking import refuse_lacking
from ndl_publish.protect.posed import Posed, posed_exactly
from ndl_publish.protect.primary.judged import judged_counts
from ndl_publish.protect.primary.sensitive import Sensitive
from ndl_publish.protect.secondary.problem import MaskArray, Suppression
from ndl_publish.protect.secondary.refuse import suppress_or_refuse
from ndl_publish.protect.secondary.suppress import Progress
from ndl_publish.protect.selected import Selected
from ndl_publish.spec.counts_tables import CountsTables
from ndl_publish.spec.rules import ClassicRules

MOST_CELLS = 5_000_000
"""Most cells of the tables wanted from a file of counts."""


@dataclass(frozen=True)
class Counts:
    """A file of counts as a grid and its finest rows.

    Attributes:
        grid: All cells of the tables wanted.
        codes: Finest rows, ``(n_rows, n_dimensions)``, sorted, each once.
        counts: Children in each of them.
        notes: Worth knowing about the file.
        outcomes: Dimensions whose groups are outcomes of the same children.
    """

    grid: CellGrid
    codes: IntArray = field(repr=False)
    counts: IntArray = field(repr=False)
    notes: tuple[Finding, ...] = ()
    outcomes: tuple[str, ...] = ()


@dataclass(frozen=True)
class ExactCounts:
    """Every cell of a table of exact counts, what the rules mark, and what is withheld. Confidential.

    Attributes:
        values: Exact count of every cell, ``n_cells``.
        sensitive: What the primary rules found.
        suppression: What is withheld, and the witnesses.
    """

    values: IntArray = field(repr=False)
    sensitive: Sensitive = field(repr=False)
    suppression: Suppression = field(repr=False)

    @property
    def mask(self) -> MaskArray:
        """A ``columns.Mask`` per cell."""
        return self.suppression.mask


def read_counts(path: Path, tables: CountsTables) -> Counts:
    """Return the grid of the tables wanted, and the finest rows of a CSV or Parquet file of counts.

    The columns of a dimension are those its levels name; a finest code is a combination of them that occurs in the
    file, so levels need not nest. Rows that agree in all these columns are added up, and a note says how many there
    were.

    Raises:
        InputError: ``NDL-V090`` when the file cannot be read; ``NDL-V091`` with all findings when columns are missing,
            counts are missing, negative, fractional or too large, or a code is missing or is called "Total";
            ``NDL-V094`` when a code stands at two levels.
        RuleError: ``NDL-R037`` when a dimension names no column; ``NDL-R038`` when the tables have too many cells.
    """
    frame = read_frame(path)
    _check_tables(tables)
    refuse_unusable(frame, tables, path)
    dimensions, codes = [], []
    for name in tables.dimensions:
        dimension, code = _dimension(frame, name, tables.columns(name))
        dimensions.append(dimension)
        codes.append(code)
    _refuse_too_many(tables, tuple(dimensions), path.name)
    wanted = [
        levels
        for table in tables.tables
        for levels in product(*(table.get(name, (TOTAL_LEVEL,)) for name in tables.dimensions))
    ]
    grid = CellGrid.build(tuple(dimensions), wanted)
    refuse_indistinct(grid, path.name)
    rows, place = np.unique(np.stack(codes, axis=1), axis=0, return_inverse=True)
    counts = np.zeros(len(rows), np.int64)
    np.add.at(counts, place.reshape(-1), frame[tables.count].cast(pl.Float64).cast(pl.Int64).to_numpy())
    notes = (*_added_note(frame.height - len(rows), path.name), *nesting_notes(grid, path.name))
    return Counts(grid, rows, counts, notes, tables.outcomes)


def _refuse_too_many(tables: CountsTables, dimensions: tuple[Dimension, ...], where: str) -> None:
    """Refuse tables with more cells than can be solved, before any is made."""
    sizes = {dim.name: {level.name: len(level.groups) for level in dim.levels} for dim in dimensions}
    n = sum(
        prod(sum(sizes[name][level] for level in table.get(name, (TOTAL_LEVEL,))) for name in tables.dimensions)
        for table in tables.tables
    )
    if n > MOST_CELLS:
        message = f"the tables have {n:,} cells, and {MOST_CELLS:,} are the most. Cross fewer dimensions or levels."
        raise RuleError("NDL-R038", f"{where}: {message}")


def _added_note(n: int, where: str) -> Iterator[Finding]:
    """Return a note on rows that were added to others, if there are any."""
    if n:
        agree = counted(n, "row agrees", "rows agree")
        added = f"{'was' if n == 1 else 'were'} added to it"
        yield Finding("NDL-V092", "note", where, f"{agree} with another row in every column used and {added}")


def refuse_tied(counts: Counts, where: str) -> None:
    """Refuse dimensions of which one follows from another in the file: exact counts of both give each other away.

    Raises:
        InputError: ``NDL-V093`` naming the dimensions.
    """
    dimensions = counts.grid.dimensions
    found = []
    for i, one in enumerate(dimensions):
        row_of = np.zeros(len(one.codes), np.int64)
        row_of[counts.codes[:, i]] = np.arange(len(counts.codes))
        alike = row_of[counts.codes[:, i]]
        for j, other in enumerate(dimensions):
            for level in other.levels if i != j else ():
                groups = level.group_of[counts.codes[:, j]]
                if len(level.groups) > 1 and np.array_equal(groups, groups[alike]):
                    message = f"{level.name} follows from {one.name}; make them levels of one dimension in the tables."
                    found.append(Finding("NDL-V093", "error", f"{where}: {other.name}", message))
    if found:
        message = f"{where}: some dimensions follow from others, so exact counts of one would give the other away."
        raise InputError("NDL-V093", message, findings=tuple(found))


def protect_classic_counts(
    counts: Counts,
    *,
    rules: ClassicRules,
    tie_break: bytes,
    found: IntArray | None = None,
    progress: Progress | None = None,
) -> ExactCounts:
    """Return the value of every cell, which are withheld, and why.

    Args:
        counts: The file.
        rules: The rule book.
        tie_break: Secret bytes that decide between equally good patterns.
        found: How often attacks found each cell in earlier patterns, ``n_cells``: more is asked for these.
        progress: Called with (stage, done, of).

    Raises:
        RuleError: ``NDL-R066`` for rules that need what a table of counts does not have.
        DisclosureError: ``NDL-D020`` when some small counts cannot be protected.
    """
    posed = pose_counts(counts, rules=rules, tie_break=tie_break)
    answer = suppress_or_refuse(posed.problem, found=found, progress=progress)
    return ExactCounts(posed.problem.values, posed.sensitive, answer)


def pose_counts(counts: Counts, *, rules: ClassicRules, tie_break: bytes) -> Posed:
    """Return what a rule book marks among exact counts, and what must then be solved.

    Raises:
        RuleError: ``NDL-R066`` for rules that need what a table of counts does not have.
    """
    refuse_lacking(rules, counts.outcomes)
    values = counts.grid.tabulate(counts.codes, counts.counts)
    judged = judged_counts(counts.grid, values, outcomes=counts.outcomes)
    return posed_exactly(judged, rules, rows=(counts.codes, counts.counts), selected=Selected(), tie_break=tie_break)


def counts_frame(
    grid: CellGrid, values: IntArray, mask: MaskArray, *, lower: IntArray | None = None, upper: IntArray | None = None
) -> pl.DataFrame:
    """Return one row per cell: a column per dimension, ``published``, ``status``, then bounds where given.

    A dimension's column holds the code of the group, or "Total". ``published`` and the bounds are empty where withheld.
    Rows are sorted by the dimensions' columns, those of one code by the grid's order of tables.
    """
    frames = []
    for block in grid.blocks:
        index = np.unravel_index(np.arange(block.n_cells), block.shape)
        labels = {
            dim.name: np.array(dim.level(level).groups, dtype=object)[at]
            if level != TOTAL_LEVEL
            else [columns.TOTAL] * len(at)
            for dim, level, at in zip(grid.dimensions, block.levels, index, strict=True)
        }
        frames.append(pl.DataFrame(labels, schema=dict.fromkeys(labels, pl.String)))
    shown = mask == Mask.SHOWN
    extra = {columns.LOWER: lower, columns.UPPER: upper}
    return (
        pl.concat(frames)
        .with_columns(
            pl.Series(columns.PUBLISHED, np.where(shown, values, 0)).set(pl.Series(~shown), None),
            pl.Series(columns.STATUS, np.where(shown, columns.PUBLISHED, columns.SUPPRESSED).tolist()),
            *(
                pl.Series(name, np.where(shown, bound, 0)).set(pl.Series(~shown), None)
                for name, bound in extra.items()
                if bound is not None
            ),
        )
        .sort([dim.name for dim in grid.dimensions], maintain_order=True)
    )


def _check_tables(tables: CountsTables) -> None:
    """Refuse a dimension that names no column."""
    empty = [name for name in tables.dimensions if not tables.columns(name)]
    if empty:
        findings = tuple(
            Finding("NDL-R037", "error", f"tables.{name}", "names no column besides total") for name in empty
        )
        raise RuleError("NDL-R037", "every dimension needs a level that is a column of the counts", findings=findings)


def _dimension(frame: pl.DataFrame, name: str, levels: tuple[str, ...]) -> tuple[Dimension, IntArray]:
    """Return a dimension whose finest codes are the combinations of its columns, and the code of each row."""
    text = frame.select(pl.col(level).cast(pl.String) for level in levels)
    unique = text.unique().sort(levels)
    place = text.join(unique.with_row_index("place"), on=list(levels), how="left", maintain_order="left")["place"]
    codes = tuple(" / ".join(row) for row in unique.iter_rows())
    groupings: dict[str, tuple[str | None, ...]] = {level: tuple(unique[level].to_list()) for level in levels}
    return make_dimension(name, codes, groupings), place.to_numpy().astype(np.int64)
