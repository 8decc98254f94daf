"""Add up the changes of many witnesses at once: which cells of a block change, and by how much.

Witnesses are taken in chunks, those of one cell together, and every block is added up by sorting (witness, cell) pairs,
so that memory stays in bounds and nothing is done witness by witness.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from ndl_publish.cube.grid import Block, CellGrid, IntArray, WholeArray

CHUNK = 400_000
"""Changes added up at a time, give or take the witnesses of one cell."""


class Changes(Protocol):
    """Witnesses as arrays."""

    @property
    def cell(self) -> IntArray:
        """Cell that each witness protects."""

    @property
    def change(self) -> IntArray:
        """What it adds to that cell."""

    @property
    def start(self) -> IntArray:
        """Where each witness begins in ``rows``."""

    @property
    def rows(self) -> WholeArray:
        """Finest row that each change is made to."""

    @property
    def amounts(self) -> WholeArray:
        """Children added to it."""


@dataclass(frozen=True)
class WitnessSums:
    """A chunk of witnesses.

    Attributes:
        grid: The cells.
        cell: Cell that each witness protects, ``n_witnesses``.
        change: What it adds to that cell.
        witness: Witness of each change, ``n_changes``.
        rows: Finest row of each change.
        amounts: Children added.
        codes: Codes of all finest rows.
        member: Block -> cell of each finest row, filled as it is asked for.
    """

    grid: CellGrid
    cell: IntArray = field(repr=False)
    change: IntArray = field(repr=False)
    witness: IntArray = field(repr=False)
    rows: WholeArray = field(repr=False)
    amounts: WholeArray = field(repr=False)
    codes: IntArray = field(repr=False)
    member: dict[Block, IntArray] = field(repr=False)

    def of_block(self, block: Block) -> tuple[IntArray, IntArray, WholeArray]:
        """Return, for every witness and cell of the block that differ by something, witness, cell and difference."""
        if block not in self.member:
            self.member[block] = self.grid.members(block, self.codes).astype(np.int32)
        cell = self.member[block][self.rows].astype(np.int64)
        inside = cell >= 0
        if inside.all():
            key, amounts = self.witness * block.n_cells + cell - block.offset, self.amounts
        else:
            key = self.witness[inside] * block.n_cells + cell[inside] - block.offset
            amounts = self.amounts[inside]
        pair, total = _summed(key, amounts)
        changed = total != 0
        witness, place = np.divmod(pair[changed], max(block.n_cells, 1))
        return witness, place + block.offset, total[changed]

    def n_negative(self, children: IntArray) -> int:
        """Return how many witnesses leave some finest row with fewer than no children."""
        pair, total = _summed(self.witness * len(children) + self.rows, self.amounts)
        witness, row = np.divmod(pair, max(len(children), 1))
        return len(np.unique(witness[children[row] + total < 0]))


def chunks(grid: CellGrid, codes: IntArray, changes: Changes) -> Iterator[WitnessSums]:
    """Yield the witnesses in chunks, sorted by the cell they protect; those of one cell are never parted.

    Args:
        grid: The cells.
        codes: Codes of the finest rows.
        changes: The witnesses.
    """
    order = np.argsort(changes.cell, kind="stable")
    cell, length = changes.cell[order], np.diff(changes.start)[order]
    after = np.cumsum(length)
    last = np.flatnonzero(np.append(cell[1:] != cell[:-1], np.ones(min(1, len(cell)), bool)))
    member: dict[Block, IntArray] = {}
    begin = 0
    for end in last[_ends(after[last])] + 1:
        mine, n = order[begin:end], length[begin:end]
        first = np.repeat(changes.start[mine] - np.cumsum(n) + n, n)
        at = first + np.arange(len(first))
        yield WitnessSums(
            grid, cell[begin:end], changes.change[mine], np.repeat(np.arange(len(mine)), n),
            changes.rows[at], changes.amounts[at], codes, member,
        )  # fmt: skip
        begin = end


def _ends(after: IntArray) -> IntArray:
    """Return where to cut running totals into pieces of about ``CHUNK``; the last place always."""
    piece = after // CHUNK
    return np.flatnonzero(np.append(piece[1:] != piece[:-1], np.ones(min(1, len(after)), bool)))


def _summed(key: IntArray, amounts: WholeArray) -> tuple[IntArray, WholeArray]:
    """Return each key once, with the sum of its amounts."""
    if not len(key):
        return key, amounts
    order = np.argsort(key)
    key = key[order]
    first = np.flatnonzero(np.append(True, key[1:] != key[:-1]))
    return key[first], np.add.reduceat(amounts[order], first)
