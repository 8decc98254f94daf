"""Attack by a child alone in withheld cells, who knows that their counts are 1: does another small count follow?

Each such child solves the outsider's programme with an equation more for every cell it is alone in. Tables in which the
cells of many such children are 1 at once come first: each is evidence for all of them, and few pairs of a child and a
small count are then left that need programmes of their own.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from time import monotonic

import numpy as np
from scipy import sparse

from ndl_publish.audit.components import Piece, pieces
from ndl_publish.audit.inside import LoneChildren
from ndl_publish.audit.judge import Judged, Required, as_cells, per_block
from ndl_publish.audit.linear_programme import unknowns_of
from ndl_publish.audit.published import TOLERANCE, BoolArray, FloatArray, PublishedCells, whole_down, whole_up
from ndl_publish.audit.simplex import Programme
from ndl_publish.audit.unknowns import Unknowns
from ndl_publish.cube.grid import IntArray
from ndl_publish.errors import Finding

MOST_PULLS = 15
"""Most tables asked for with the same children held and one direction."""
MOST_PAIRS = 10_000_000
"""Most pairs of a child and a small count in a component that is tried: each takes up to 20 bytes."""
WORTH_PULLING = 0.97
"""Share of open pairs that a table must leave at most, for another one to be asked for."""


@dataclass
class _Told:
    """What the children could work out, how many of them were tried, and what may still be spent.

    Attributes:
        is_exact: Cells that some child works out, ``n_cells``.
        deadline: ``time.monotonic()`` after which nothing new is solved.
        work: Unknowns that programmes may still solve for, added up over all programmes.
        n_children: Children alone in some withheld cell, by component.
        tried: Of these, the ones that are through.
        is_cut: Whether some child could not be tried.
    """

    is_exact: BoolArray = field(repr=False)
    deadline: float
    work: float
    n_children: int = 0
    tried: int = 0
    is_cut: bool = False

    def is_spent(self) -> bool:
        """Say whether nothing more may be solved."""
        return self.work <= 0 or monotonic() > self.deadline


def insiders(
    published: PublishedCells, required: Required, lone: LoneChildren, *, seconds: float, work: float = np.inf
) -> Judged:
    """Return which primaries some child alone in a withheld cell can work out exactly.

    Args:
        published: What an outsider has.
        required: The primaries.
        lone: Cells of exactly one child; the audit is told them, an outsider is not.
        seconds: Wall time after which no further child is tried; children in the smallest components come first.
        work: Unknowns that programmes may solve for, added up over all programmes; then likewise. It is the same on
            every machine.

    Returns:
        ``NDL-D008`` for each block with such primaries; the note ``NDL-D009`` when not all children were tried. A cell
        that is only about the child itself (inside the child's own, or of no other child) does not count.
    """
    model = unknowns_of(published)[2]
    is_alone = (lone.row_of >= 0) & ~published.is_shown
    told = _Told(np.zeros(published.grid.n_cells, bool), monotonic() + seconds, work)
    for piece in pieces(model):
        alone = np.flatnonzero(is_alone[model.cells[piece.rows]])
        targets = np.flatnonzero(required.is_primary[model.cells[piece.rows]])
        n_children = len(np.unique(lone.row_of[model.cells[piece.rows[alone]]]))
        told.n_children += n_children
        if not n_children or not len(targets):
            told.tried += n_children
        elif told.is_spent() or len(alone) * len(targets) > MOST_PAIRS:
            told.is_cut = True
        else:
            _Room(published, lone, model, piece, alone=alone, targets=targets).try_all(told)
    found = per_block(
        published.grid, told.is_exact, "NDL-D008", "{n} withheld small counts follow for a child alone in its cell"
    )
    if not told.is_cut:
        return Judged(found, as_cells(told.is_exact))
    why = "components were too large, or work or time ran out"
    share = f"{told.tried:,} of {told.n_children:,} children alone in a withheld cell were tried; {why}"
    return Judged((*found, Finding("NDL-D009", "note", "insiders", share)), as_cells(told.is_exact))


class _Room:
    """One piece of the programme, its children alone, and the pairs of child and small count not settled so far."""

    def __init__(
        self,
        published: PublishedCells,
        lone: LoneChildren,
        model: Unknowns,
        piece: Piece,
        *,
        alone: IntArray,
        targets: IntArray,
    ) -> None:
        self.lone = lone
        self.published = published
        self.parts, self.n_equations = piece.parts, len(piece.totals)
        self.cells, self.known = model.cells[piece.rows], model.known[piece.rows]
        self.alone, self.targets = alone, targets
        self.rows, self.child_of = np.unique(lone.row_of[self.cells[alone]], return_inverse=True)
        self.is_open = np.ones((len(self.rows), len(targets)), bool)
        equations = sparse.vstack([piece.equations, piece.parts[alone]]).tocsr()
        totals = np.concatenate([piece.totals, np.full(len(alone), np.inf)])
        self.programme = Programme(equations, totals, piece.parts)
        self.first: FloatArray | None = None

    def try_all(self, told: _Told) -> None:
        """Let every child alone in a cell of this piece try, until all that may be spent is spent."""
        self._hold(np.ones(len(self.rows), bool))
        self.first = self.programme.pulled(self.targets[:0], np.zeros(0), deadline=told.deadline)
        if self.first is not None:
            self._spread(told)
        self._close_own()
        for child, is_open in enumerate(self.is_open):
            if is_open.any():
                if told.is_spent():
                    told.is_cut = True
                    continue
                self._try_alone(child, told)
            told.tried += 1

    def _hold(self, held: BoolArray) -> None:
        """Let the cells that these children are alone in be 1, and those of the others anything."""
        totals = np.where(held[self.child_of], 1.0 - self.known[self.alone], np.inf)
        for i, total in enumerate(totals.tolist()):
            self.programme.hold(self.n_equations + i, total)

    def _spread(self, told: _Told) -> None:
        """Look for tables in which many children's cells are 1 and open small counts are far from the first table."""
        draw = np.random.default_rng(0)
        for group in _groups(len(self.rows)):
            self._hold(group)
            for sign in (1, -1):
                for _ in range(MOST_PULLS):
                    left = np.flatnonzero(self.is_open[group].any(axis=0))
                    if not len(left) or told.is_spent():
                        break
                    some = left if draw.random() < 1 / 3 else left[draw.random(len(left)) < 1 / 2]
                    weights = sign * draw.uniform(0.2, 1.0, len(some))
                    n = np.count_nonzero(self.is_open)
                    values = self.programme.pulled(self.targets[some], weights, deadline=told.deadline)
                    told.work -= self.programme.n
                    if values is None:
                        break
                    self._settle(values)
                    if np.count_nonzero(self.is_open) > WORTH_PULLING * n:
                        break

    def _settle(self, values: FloatArray) -> None:
        """Close the pairs that a table settles: it fits the child, and two whole numbers lie between it and the first.

        Args:
            values: Each part of the table.
        """
        if self.first is None:
            return
        differs = np.abs(values[self.alone] + self.known[self.alone] - 1) >= TOLERANCE
        fits = np.bincount(self.child_of[differs], minlength=len(self.rows)) == 0
        ends = self.first[self.targets], values[self.targets]
        moved = whole_down(np.maximum(*ends)) > whole_up(np.minimum(*ends))
        self.is_open[np.ix_(fits, moved)] = False

    def _close_own(self) -> None:
        """Close the pairs in which the small count is only about the child itself."""
        child, target = np.nonzero(self.is_open)
        cells, rows = self.cells[self.targets[target]], self.rows[child]
        own = self.lone.is_own(self.published.grid, self.published.implications, cells, rows)
        self.is_open[child[own], target[own]] = False

    def _try_alone(self, child: int, told: _Told) -> None:
        """Let one child find the range of every small count that is still open to it."""
        held = np.zeros(len(self.rows), bool)
        held[child] = True
        self._hold(held)
        targets = self.targets[self.is_open[child]]
        any_two = np.full(len(targets), np.inf), np.full(len(targets), -np.inf)
        seen = None if self.first is None else (self.first[targets], self.first[targets])
        solved = self.programme.n_solved
        self.programme.parts = self.parts[targets]
        found = self.programme.ranges(any_two, deadline=told.deadline, seen=seen)
        self.programme.parts = self.parts
        told.work -= self.programme.n * (self.programme.n_solved - solved)
        if found is not None:
            least, most = found.low + self.known[targets], found.high + self.known[targets]
            exact = found.is_settled & (whole_up(least) == whole_down(most))
            told.is_exact[self.cells[targets[exact]]] = True


def _groups(n: int) -> Iterator[BoolArray]:
    """Yield groups of children: all of them, then halves, such that any two children are parted by some half."""
    yield np.ones(n, bool)
    for bit in range((n - 1).bit_length()):
        half = np.asarray(np.arange(n) >> bit & 1 == 1)
        yield half
        yield ~half
