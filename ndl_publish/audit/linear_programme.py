"""Attack: the range of every withheld count over all non-negative tables that fit what is shown."""

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from time import monotonic
from weakref import WeakKeyDictionary

import numpy as np

from ndl_publish.audit.components import Piece, pieces
from ndl_publish.audit.equations import Equations
from ndl_publish.audit.propagation import Knowledge, propagate
from ndl_publish.audit.published import (
    BoolArray,
    FloatArray,
    Intervals,
    PublishedCells,
    open_intervals,
    whole_down,
    whole_up,
)
from ndl_publish.audit.simplex import Programme, Ranges
from ndl_publish.audit.unknowns import Unknowns, build_unknowns
from ndl_publish.errors import Finding

VARIABLE_LIMIT = 2_000_000
"""Most variables of the finest views, crossed until they overlap like a tree."""

_MADE: WeakKeyDictionary[PublishedCells, tuple[Equations, Knowledge, Unknowns]] = WeakKeyDictionary()


@dataclass(frozen=True)
class Enough:
    """Where to stop looking, for speed: an interval that holds these two values and two whole numbers is wide enough.

    It says nothing of true values; put +inf below and -inf above for "any two values will do".

    Attributes:
        lower: Value the interval must reach down to, per cell of the grid.
        upper: Value it must reach up to.
    """

    lower: FloatArray
    upper: FloatArray


def linear_programme(
    published: PublishedCells, *, enough: Enough | None = None, seconds: float = np.inf, threads: int | None = None
) -> Intervals:
    """Return the feasibility interval of every withheld count.

    The cells of the finest blocks are the variables, crossed with one another where blocks overlap in a circle; the
    intervals are then exact (over real tables; whole-number tables can only be fewer). Where that takes too many
    variables, intervals may come out too wide, and a note says so.

    Args:
        published: All an outsider has; counts only.
        enough: Where to stop, per cell of the grid; default is to find the ends of every interval.
        seconds: Wall time after which nothing new is solved; the smallest components come first.
        threads: Threads to use, by default one per processor; the answer does not depend on it.

    Returns:
        Intervals, with the notes ``NDL-D004`` (which variables), ``NDL-D005`` (no table fits what is shown) and
        ``NDL-D007`` (time ran out: how many withheld cells were reached); those not reached stay open.
    """
    equations, known, model = unknowns_of(published)
    found = solve_pieces(model, enough, seconds=seconds, threads=threads)
    ends = deduced(published, equations, known, model, found)
    return Intervals("linear programme", *ends, notes=_notes(equations, found))


def deduced(
    published: PublishedCells, equations: Equations, known: Knowledge, model: Unknowns, found: "Found"
) -> tuple[FloatArray, FloatArray, BoolArray]:
    """Return the ends of all intervals and which cells are recovered, given the ranges of ``Unknowns.parts``."""
    lower, upper = open_intervals(published)
    n = published.grid.n_cells
    recovered = known.is_known[:n] & ~published.is_shown & equations.is_possible
    lower[known.is_known[:n]] = upper[known.is_known[:n]] = known.values[:n][known.is_known[:n]]
    np.maximum.at(lower, model.cells, found.lower + model.known)
    np.minimum.at(upper, model.cells, found.upper + model.known)
    is_exact = recovered | (~published.is_shown & equations.is_possible & (whole_up(lower) == whole_down(upper)))
    return lower, upper, is_exact


def unknowns_of(published: PublishedCells) -> tuple[Equations, Knowledge, Unknowns]:
    """Return the sums of a release, what repeated subtraction makes known, and the programme in what is left.

    They are made once for each release and kept as long as that is.
    """
    if published not in _MADE:
        equations = Equations(published, limit=VARIABLE_LIMIT)
        known = propagate(equations, published)
        _MADE[published] = equations, known, build_unknowns(equations, known, n_cells=published.grid.n_cells)
    return _MADE[published]


def _notes(equations: Equations, found: "Found") -> tuple[Finding, ...]:
    """Return what variables were used, whether any table fits, and how far time went."""
    how = (
        "the finest blocks overlap like a tree, or were crossed until they do: intervals are exact"
        if equations.is_tree and equations.is_closed
        else "the finest blocks overlap in circles too large to cross: some intervals may come out too wide"
    )
    notes = [Finding("NDL-D004", "note", "linear programme", how)]
    if not found.is_feasible:
        notes.append(Finding("NDL-D005", "error", "linear programme", "no non-negative table fits what is shown"))
    n = len(found.is_reached)
    if not found.is_reached.all() and found.is_feasible:
        share = f"{int(found.is_reached.sum()):,} of {n:,} withheld cells were reached before time ran out"
        notes.append(Finding("NDL-D007", "note", "linear programme", share))
    return tuple(notes)


@dataclass(frozen=True)
class Found:
    """What the programmes found of each row of ``Unknowns.parts``."""

    lower: FloatArray = field(repr=False)
    upper: FloatArray = field(repr=False)
    is_reached: BoolArray = field(repr=False)
    is_feasible: bool


def solve_pieces(
    model: Unknowns,
    enough: Enough | None,
    *,
    seconds: float,
    threads: int | None = None,
    most_whole: int | None = None,
) -> Found:
    """Return the ranges of all withheld cells, piece by piece; those not reached in time stay open.

    Args:
        model: The unknowns.
        enough: Where to stop, per cell of the grid.
        seconds: Wall time after which nothing new is solved.
        threads: Threads to use, by default one per processor.
        most_whole: Look at whole numbers only, in components of at most so many unknowns; default is real numbers.
    """
    n = model.parts.shape[0]
    lower, upper, is_reached = np.zeros(n), np.full(n, np.inf), np.zeros(n, bool)
    is_feasible = True
    deadline = monotonic() + seconds

    def solve(piece: Piece) -> Ranges | None:
        cells, known = model.cells[piece.rows], model.known[piece.rows]
        wanted = None if enough is None else (enough.lower[cells] - known, enough.upper[cells] - known)
        programme = Programme(piece.equations, piece.totals, piece.parts, is_whole=most_whole is not None)
        return programme.ranges(wanted, deadline=deadline)

    with ThreadPoolExecutor(max_workers=threads or os.cpu_count() or 1) as pool:
        cut = [piece for piece in pieces(model) if most_whole is None or piece.equations.shape[1] <= most_whole]
        for piece, found in zip(cut, pool.map(solve, cut), strict=True):
            is_feasible &= found is not None
            if found is not None:
                rows = piece.rows[found.is_settled]
                lower[rows], upper[rows] = found.low[found.is_settled], found.high[found.is_settled]
                is_reached[rows] = True
    return Found(lower, upper, is_reached, is_feasible)
