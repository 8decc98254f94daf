"""Check a certificate: alternative tables that prove, by addition alone, that withheld counts cannot be deduced.

For every cell that must not be deduced a certificate lists changes of the finest rows: children added here, taken away
there. Each change gives a table of children that prints exactly the same figures. Whoever has the finest rows can add
everything up; no solver is needed, and nothing of how the changes were found.

What is checked: the finest rows add up to every shown figure; no alternative table has a negative count; none changes a
shown figure; each changes its own cell as it says; and together they take every cell to both ends of its protection
interval. With insiders, no child alone in withheld cells learns another cell: some alternative table of that cell
leaves all cells the child is alone in as they are. A cell that is only about the child itself (it lies inside a cell
the child is alone in, or holds nobody but this child) is no secret from it.

Source:
    Fischetti and Salazar, "Solving the Cell Suppression Problem on Tabular Data with Linear Constraints", Management
    Science 47 (2001): a pattern protects a cell when two tables that agree with everything shown lie at the two ends.
"""

from dataclasses import dataclass, field

import numpy as np

from ndl_publish.audit.inside import LoneChildren
from ndl_publish.audit.judge import Required, per_block
from ndl_publish.audit.published import BoolArray, PublishedCells
from ndl_publish.audit.witness_sums import WitnessSums, chunks
from ndl_publish.cube.grid import IntArray, WholeArray
from ndl_publish.errors import Finding

LARGEST = 2**40
"""Largest count or change that is accepted, so that no sum can run over."""
WHERE = "certificate"


@dataclass(frozen=True)
class Certificate:
    """Finest rows, and changes of them. Confidential.

    Attributes:
        codes: Finest code of each dimension, ``(n_rows, n_dimensions)``; every row that holds children or is changed.
        children: Children in each row, ``n_rows``.
        cell: Cell of the grid that each witness protects, ``n_witnesses``.
        change: What the witness adds to that cell (negative: takes away), ``n_witnesses``.
        start: Where each witness begins in ``rows`` and ``amounts``, ``n_witnesses + 1``.
        rows: Row of ``codes`` that each change is made to, ``n_changes``.
        amounts: Children added to it, ``n_changes``.
    """

    codes: IntArray = field(repr=False)
    children: IntArray = field(repr=False)
    cell: IntArray = field(repr=False)
    change: IntArray = field(repr=False)
    start: IntArray = field(repr=False)
    rows: WholeArray = field(repr=False)
    amounts: WholeArray = field(repr=False)


@dataclass
class _Tally:
    """What adding up showed so far, per cell of the grid; a cell's faults are counted once per witness."""

    shows_change: IntArray
    differs: IntArray
    is_moved: BoolArray
    is_known_inside: BoolArray
    lowest: IntArray
    highest: IntArray

    @classmethod
    def of(cls, true: IntArray) -> "_Tally":
        n = len(true)
        zeros, none = np.zeros(n, np.int64), np.zeros(n, bool)
        return cls(zeros.copy(), zeros.copy(), none.copy(), none.copy(), true.copy(), true.copy())


def check_certificate(published: PublishedCells, certificate: Certificate, required: Required) -> tuple[Finding, ...]:
    """Return what keeps a certificate from being a proof; nothing when it is one.

    Args:
        published: What an outsider has.
        certificate: The finest rows and the witnesses.
        required: The cells that must not be deduced, the interval that each must be left with, and whether a child
            alone in a withheld cell is thought of.

    Returns:
        ``NDL-D050`` not a certificate of these cells, ``NDL-D051`` finest rows do not add up to shown figures,
        ``NDL-D052`` negative counts, ``NDL-D053`` shown figures change, ``NDL-D054`` a cell is not changed as stated,
        ``NDL-D055`` a cell is not taken to both ends of its protection interval, ``NDL-D056`` an insider could work a
        cell out, and the warning ``NDL-D057``: cells withheld for protection that no alternative table changes.
    """
    malformed = _malformed(published, certificate, required)
    if malformed:
        return malformed
    true = published.grid.tabulate(certificate.codes, certificate.children)
    wrong = published.is_shown & (true != published.values)
    tally = _Tally.of(true)
    lone = LoneChildren.of(published.grid, certificate.codes, certificate.children) if required.has_insiders else None
    n_negative = 0
    for sums in chunks(published.grid, certificate.codes, certificate):
        n_negative += sums.n_negative(certificate.children)
        _add_up(sums, published, true, tally, lone)
    return _findings(published, required, tally, wrong=wrong, n_negative=n_negative)


def _add_up(
    sums: WitnessSums, published: PublishedCells, true: IntArray, tally: _Tally, lone: LoneChildren | None
) -> None:
    """Add a chunk of witnesses to the tally; all witnesses of a cell are in one chunk."""
    grid = published.grid
    reached = np.zeros(len(sums.cell), np.int64)
    met: list[tuple[IntArray, IntArray]] = []
    for block in grid.blocks:
        witness, cell, total = sums.of_block(block)
        tally.is_moved[cell] = True
        seen = published.is_shown[cell]
        np.add.at(tally.shows_change, cell[seen], 1)
        own = cell == sums.cell[witness]
        reached[witness[own]] = total[own]
        if lone is not None:
            alone = ~seen & (true[cell] == 1)
            met.append((witness[alone], lone.row_of[cell[alone]]))
    if lone is not None:
        protected, child = _always_met(sums, *(np.concatenate(part) for part in zip(*met, strict=True)))
        own = lone.is_own(grid, published.implications, protected, child)
        tally.is_known_inside[protected[~own]] = True
    np.add.at(tally.differs, sums.cell[reached != sums.change], 1)
    np.minimum.at(tally.lowest, sums.cell, true[sums.cell] + reached)
    np.maximum.at(tally.highest, sums.cell, true[sums.cell] + reached)


def _always_met(sums: WitnessSums, witness: IntArray, child: IntArray) -> tuple[IntArray, IntArray]:
    """Return pairs of a protected cell and a child of which all its witnesses change some cell the child is alone in.

    Args:
        sums: The witnesses.
        witness: A witness of the chunk.
        child: Row of a child alone in a cell that it changes, as many; a pair may come more than once.
    """
    own, n_own = np.unique(sums.cell, return_counts=True)
    width = int(child.max(initial=0)) + 1
    once, met = np.divmod(np.unique(witness * width + child), width)
    pair, times = np.unique(np.searchsorted(own, sums.cell)[once] * width + met, return_counts=True)
    rank, child = np.divmod(pair, width)
    always = times == n_own[rank]
    return own[rank[always]], child[always]


def _findings(
    published: PublishedCells, required: Required, tally: _Tally, *, wrong: BoolArray, n_negative: int
) -> tuple[Finding, ...]:
    """Return the findings of a whole certificate."""
    grid = published.grid
    short = np.zeros_like(wrong)
    if required.lowest is not None and required.highest is not None:
        short = (tally.lowest > required.lowest) | (tally.highest < required.highest)
    short = required.is_primary & (short | (tally.lowest == tally.highest))
    negative = f"{n_negative} alternative tables hold a negative count."
    return (
        *per_block(grid, wrong, "NDL-D051", "{n} shown counts are not the sum of the finest rows"),
        *((Finding("NDL-D052", "error", WHERE, negative),) if n_negative else ()),
        *per_block(grid, tally.shows_change > 0, "NDL-D053", "{n} shown counts differ in an alternative table"),
        *per_block(grid, tally.differs > 0, "NDL-D054", "{n} cells are not changed as their witness says"),
        *per_block(grid, short, "NDL-D055", "{n} withheld small counts lack an alternative table that goes far enough"),
        *per_block(
            grid,
            required.is_primary & tally.is_known_inside,
            "NDL-D056",
            "{n} withheld small counts could be worked out by a child alone in a withheld cell",
        ),
        *per_block(
            grid,
            required.is_secondary & ~required.is_primary & ~tally.is_moved,
            "NDL-D057",
            "{n} cells withheld for protection stay the same in every alternative table",
            severity="warning",
        ),
    )


def _malformed(published: PublishedCells, certificate: Certificate, required: Required) -> tuple[Finding, ...]:
    """Return why this cannot be a certificate of these cells at all."""
    c = certificate
    n_rows, n_witnesses, n_changes = len(c.children), len(c.cell), len(c.amounts)
    sizes = [len(dimension.codes) for dimension in published.grid.dimensions]
    shaped = (
        c.codes.shape == (n_rows, len(sizes)) and len(c.change) == n_witnesses and len(c.rows) == n_changes
        and len(c.start) == n_witnesses + 1 and c.start[0] == 0 and c.start[-1] == n_changes
        and bool((np.diff(c.start) >= 0).all())
    )  # fmt: skip
    if not shaped:
        return (Finding("NDL-D050", "error", WHERE, "its parts do not fit each other."),)
    tests = (
        (((c.codes < 0) | (c.codes >= sizes)).any(axis=1), "{n} finest rows have a code that no dimension has."),
        ((c.children < 0) | (c.children > LARGEST), "{n} finest rows have a count that cannot be one."),
        ((c.cell < 0) | (c.cell >= published.grid.n_cells), "{n} witnesses are of no cell of the release."),
        (c.change == 0, "{n} witnesses leave their own cell as it is."),
        ((c.rows < 0) | (c.rows >= n_rows) | (np.abs(c.amounts) > LARGEST), "{n} changes are of no finest row."),
    )
    found = [Finding("NDL-D050", "error", WHERE, words.format(n=int(bad.sum()))) for bad, words in tests if bad.any()]
    if not found:
        n = _impossible_rows(published, c.codes)
        words = f"{n} finest rows cannot occur: look-ups that everybody has say otherwise."
        found += [Finding("NDL-D050", "error", WHERE, words)] * bool(n)
        n = int((required.is_primary & published.is_shown).sum())
        words = f"{n} cells that must not be deduced are shown."
        found += [Finding("NDL-D050", "error", WHERE, words)] * bool(n)
    return tuple(found)


def _impossible_rows(published: PublishedCells, codes: IntArray) -> int:
    """Return how many rows contradict what one dimension says about another."""
    wrong = np.zeros(len(codes), bool)
    for implied in published.implications:
        wrong |= implied.code_of[codes[:, implied.of]] != codes[:, implied.dimension]
    return int(wrong.sum())
