"""Attack by a child alone in a withheld cell, who knows that its count is 1: does another small count follow?

Each such child solves the outsider's programme with one equation more. Tables found for one child in which the cell of
another is 1 too are evidence for that one as well, so that most children need few programmes of their own.
"""

from dataclasses import dataclass, field
from time import monotonic

import numpy as np
from scipy import sparse

from ndl_publish.audit.components import Piece, pieces
from ndl_publish.audit.inside import LoneChildren, is_inside
from ndl_publish.audit.judge import Required, per_block
from ndl_publish.audit.linear_programme import unknowns_of
from ndl_publish.audit.published import TOLERANCE, BoolArray, FloatArray, PublishedCells, whole_down, whole_up
from ndl_publish.audit.simplex import Programme, Ranges
from ndl_publish.audit.unknowns import Unknowns
from ndl_publish.cube.grid import IntArray
from ndl_publish.errors import Finding

MOST_TABLES = 400
"""Tables of a piece that are kept as evidence."""


@dataclass
class _Told:
    """What the children could work out, and how many of them were tried."""

    is_exact: BoolArray = field(repr=False)
    tried: int = 0


def insiders(
    published: PublishedCells, required: Required, lone: LoneChildren, *, seconds: float
) -> tuple[Finding, ...]:
    """Return which primaries some child alone in a withheld cell can work out exactly.

    Args:
        published: What an outsider has.
        required: The primaries.
        lone: Cells of exactly one child; the audit is told them, an outsider is not.
        seconds: Wall time after which no further child is tried; children in the smallest components come first.

    Returns:
        ``NDL-D008`` for each block with such primaries; the note ``NDL-D009`` when not all children were tried. A cell
        that is only about the child itself (inside the child's own, or of no other child) does not count.
    """
    model = unknowns_of(published)[2]
    is_alone = (lone.row_of >= 0) & ~published.is_shown
    deadline = monotonic() + seconds
    told = _Told(np.zeros(published.grid.n_cells, bool))
    for piece in pieces(model):
        alone = np.flatnonzero(is_alone[model.cells[piece.rows]])
        if len(alone) and required.is_primary[model.cells[piece.rows]].any():
            _Room(published, required, lone, model, piece).try_all(alone, told, deadline)
    n_alone = int(is_alone[model.cells].sum())
    found = per_block(
        published.grid, told.is_exact, "NDL-D008", "{n} withheld small counts follow for a child alone in its cell"
    )
    if monotonic() <= deadline:
        return found
    share = f"{told.tried:,} of {n_alone:,} children alone in a withheld cell were tried before time ran out"
    return (*found, Finding("NDL-D009", "note", "insiders", share))


class _Room:
    """One piece of the programme, and the tables found in it so far."""

    def __init__(
        self, published: PublishedCells, required: Required, lone: LoneChildren, model: Unknowns, piece: Piece
    ) -> None:
        self.lone = lone
        self.published = published
        self.piece = piece
        self.cells, self.known = model.cells[piece.rows], model.known[piece.rows]
        self.is_primary = required.is_primary[self.cells]
        self.values = np.zeros((0, len(self.cells)))

    def try_all(self, alone: IntArray, told: _Told, deadline: float) -> None:
        """Let every child alone in a cell of this piece try, until time is up."""
        for row in alone:
            if monotonic() > deadline:
                return
            targets, found = self._ranges(int(row), self._targets(int(row)), deadline)
            if found is not None:
                least, most = found.low + self.known[targets], found.high + self.known[targets]
                exact = found.is_settled & (whole_up(least) == whole_down(most))
                told.is_exact[self.cells[targets[exact]]] = True
            told.tried += 1

    def _targets(self, row: int) -> IntArray:
        """Return the primaries that are secrets from a child."""
        others = np.flatnonzero(self.is_primary & (self.cells != self.cells[row]))
        grid, own = self.published.grid, self.cells[row]
        block = next(block for block in grid.blocks if block.cells.start <= own < block.cells.stop)
        outer = np.full(len(others), own)
        inside = is_inside(grid, self.published.implications, self.cells[others], outer, block)
        inside |= self.lone.is_same(grid, self.cells[others], outer, block)
        return np.asarray(others[~inside])

    def _ranges(self, row: int, targets: IntArray, deadline: float) -> tuple[IntArray, Ranges | None]:
        """Return the targets that tables found before leave open, and how far they go when the child's cell is 1."""
        fits = np.abs(self.values[:, row] + self.known[row] - 1) < TOLERANCE
        seen = self._seen(fits, targets)
        if seen is not None:
            open_ = np.floor(seen[1] + TOLERANCE) <= np.ceil(seen[0] - TOLERANCE)
            targets, seen = targets[open_], (seen[0][open_], seen[1][open_])
        if not len(targets):
            return targets, None
        equations = sparse.vstack([self.piece.equations, self.piece.parts[row]]).tocsr()
        totals = np.append(self.piece.totals, 1 - self.known[row])
        programme = Programme(equations, totals, self.piece.parts[targets], most_tables=MOST_TABLES)
        any_two = np.full(len(targets), np.inf), np.full(len(targets), -np.inf)
        found = programme.ranges(any_two, deadline=deadline, seen=seen)
        if programme.tables:
            more = (self.piece.parts @ np.stack(programme.tables, axis=1)).T
            self.values = np.concatenate([self.values, more])[-MOST_TABLES:]
        return targets, found

    def _seen(self, fits: BoolArray, targets: IntArray) -> tuple[FloatArray, FloatArray] | None:
        """Return how far the targets went in the tables that fit."""
        if not fits.any():
            return None
        values = self.values[fits][:, targets]
        return values.min(axis=0), values.max(axis=0)
