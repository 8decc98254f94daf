"""The certificate as tables of the checker's pack. Confidential: it holds the finest rows.

Four tables:

* ``certificate_cells``: a row per withheld cell: ``cell``, ``label``, ``is_primary``, ``lowest``, ``highest``;
* ``certificate_finest``: a row per finest row that holds children or is changed: ``d0``, ``d1``, ... (its code in each
  dimension), ``label``, ``children``;
* ``certificate_witnesses``: a row per alternative table: ``cell`` it protects, ``change`` of that cell, ``n_changes``;
* ``certificate_changes``: what the alternative tables change, one after the other: ``finest`` (row of
  ``certificate_finest``, the first is 0), ``amount``.

Cells and codes are numbers, so that adding up stays fast at a million cells; each label says in words which cell or row
a number is (``area:local_authority=E08000011, sex=Girls``), and reading refuses numbers and words that do not agree.
"""

from collections.abc import Iterator

import numpy as np
import polars as pl

from ndl_publish.audit.certificate import Certificate
from ndl_publish.audit.judge import Required
from ndl_publish.columns import TOTAL_LEVEL
from ndl_publish.cube.grid import CellGrid, Dimension, IntArray
from ndl_publish.protect.secondary.problem import Witnesses

CELLS, FINEST, WITNESSES, CHANGES = (f"certificate_{part}" for part in ("cells", "finest", "witnesses", "changes"))
ROOM = 2**62
"""Numbers of finest rows stay below this."""


def certificate_of(grid: CellGrid, codes: IntArray, children: IntArray, witnesses: Witnesses) -> Certificate:
    """Return witnesses as changes of one list of finest rows.

    Args:
        grid: The cells.
        codes: Finest rows that hold children, each once, ``(n_rows, n_dimensions)``.
        children: Children in each.
        witnesses: The changes that protect the primaries.
    """
    sizes = [len(dimension.codes) for dimension in grid.dimensions]
    known, changed = _numbers(codes, witnesses.codes, sizes)
    numbers, first = np.unique(np.concatenate([known, changed]), return_index=True)
    counted = np.zeros(len(numbers), np.int64)
    np.add.at(counted, np.searchsorted(numbers, known), children)
    all_codes = np.concatenate([codes, witnesses.codes.reshape(-1, codes.shape[1])])
    place = np.searchsorted(numbers, changed).astype(np.int32)
    return Certificate(
        all_codes[first], counted, witnesses.cell, witnesses.change, witnesses.start, place[witnesses.rows],
        witnesses.amounts,
    )  # fmt: skip


def _numbers(codes: IntArray, changed: IntArray, sizes: list[int]) -> tuple[IntArray, IntArray]:
    """Return one number for each distinct finest row of both lists."""
    number, room = np.zeros(len(codes) + len(changed), np.int64), 1
    for axis, size in enumerate(sizes):
        if room * size >= ROOM:
            found, number = np.unique(number, return_inverse=True)
            number, room = number.reshape(-1), len(found)
        number = number * size
        number[: len(codes)] += codes[:, axis]
        number[len(codes) :] += changed[:, axis]
        room *= size
    return number[: len(codes)], number[len(codes) :]


def certificate_frames(proof: Certificate, required: Required) -> dict[str, pl.DataFrame]:
    """Return the four tables of a certificate by name.

    Args:
        proof: Finest rows and witnesses.
        required: The withheld cells, with protection intervals.
    """
    if required.lowest is None or required.highest is None:
        raise ValueError("a certificate needs protection intervals")
    withheld = np.flatnonzero(required.is_primary | required.is_secondary)
    cells = {"cell": withheld.astype(np.uint32), "label": cell_labels(required.grid, withheld)}
    cells["is_primary"] = required.is_primary[withheld]
    cells |= {"lowest": required.lowest[withheld], "highest": required.highest[withheld]}
    finest = {f"d{axis}": proof.codes[:, axis].astype(np.uint32) for axis in range(proof.codes.shape[1])}
    words = {"label": row_labels(required.grid, proof.codes), "children": proof.children}
    witnesses = {"cell": proof.cell.astype(np.uint32), "change": proof.change, "n_changes": np.diff(proof.start)}
    return {
        CELLS: pl.DataFrame(cells),
        FINEST: pl.DataFrame(finest | words),
        WITNESSES: pl.DataFrame(witnesses),
        CHANGES: pl.DataFrame({"finest": proof.rows.astype(np.uint32), "amount": proof.amounts}),
    }


def cell_labels(grid: CellGrid, cells: IntArray) -> pl.Series:
    """Return cells in words: the dimensions that are not totals, with their groups; ascending cells of the grid."""
    found = [pl.Series([], dtype=pl.String)]
    for block in grid.blocks:
        low, high = np.searchsorted(cells, [block.cells.start, block.cells.stop])
        index = np.unravel_index(cells[low:high] - block.offset, block.shape)
        parts = [
            (_named(dimension, level), dimension.level(level).groups, index[axis])
            for axis, (dimension, level) in enumerate(zip(grid.dimensions, block.levels, strict=True))
            if level != TOTAL_LEVEL
        ]
        found.append(_joined(parts, high - low))
    return pl.concat(found).alias("label")


def row_labels(grid: CellGrid, codes: IntArray) -> pl.Series:
    """Return finest rows in words: every dimension with its finest code."""
    parts = [(dimension.name, dimension.codes, codes[:, axis]) for axis, dimension in enumerate(grid.dimensions)]
    return _joined(parts, len(codes)).alias("label")


def _named(dimension: Dimension, level: str) -> str:
    return level if level == dimension.name else f"{dimension.name}:{level}"


def _joined(parts: list[tuple[str, tuple[str, ...], IntArray]], n: int) -> pl.Series:
    """Return ``name=word, name=word`` for each place; ``total`` without parts."""
    if not parts:
        return pl.Series([TOTAL_LEVEL] * n, dtype=pl.String)
    columns = list(_columns(parts))
    return pl.select(pl.concat_str([pl.lit(column) for column in columns], separator=", ")).to_series()


def _columns(parts: list[tuple[str, tuple[str, ...], IntArray]]) -> Iterator[pl.Series]:
    for name, words, at in parts:
        yield pl.Series([f"{name}={word}" for word in words], dtype=pl.String).gather(at.astype(np.uint32))
