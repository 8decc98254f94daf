"""Attack: the range of every withheld count over all non-negative tables that fit what is shown."""

from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from ndl_publish.audit.equations import Equations
from ndl_publish.audit.propagation import propagate
from ndl_publish.audit.published import FloatArray, Intervals, PublishedCells, open_intervals
from ndl_publish.audit.simplex import Programme
from ndl_publish.audit.unknowns import Unknowns, build_unknowns
from ndl_publish.cube.grid import IntArray
from ndl_publish.errors import Finding

CROSSING_LIMIT = 60_000
"""Most variables for which the crossing of all dimensions is used."""
TOLERANCE = 1e-6


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


def linear_programme(published: PublishedCells, *, enough: Enough | None = None) -> Intervals:
    """Return the feasibility interval of every withheld count.

    Where the crossing of all dimensions is small enough, its cells are the variables and the intervals are exact (over
    real tables; whole-number tables can only be fewer). Where not, every finest block has variables of its own and
    blocks are tied by the sums they share: exact when they overlap like a tree, otherwise intervals may come out too
    wide, and a note says so.

    Args:
        published: All an outsider has; counts only.
        enough: Where to stop, per cell of the grid; default is to find the ends of every interval.

    Returns:
        Intervals, with the notes ``NDL-D004`` (which variables) and ``NDL-D005`` (no table fits what is shown).
    """
    equations = Equations(published, crossing_limit=CROSSING_LIMIT)
    known = propagate(equations, published)
    lower, upper = open_intervals(published)
    n = published.grid.n_cells
    recovered = known.is_known[:n] & ~published.is_shown & equations.is_possible
    lower[known.is_known[:n]] = upper[known.is_known[:n]] = known.values[:n][known.is_known[:n]]
    model = build_unknowns(equations, known, n_cells=n)
    is_feasible = _solve(model, lower, upper, enough)
    is_exact = recovered | (~published.is_shown & equations.is_possible & (_whole_up(lower) == _whole_down(upper)))
    return Intervals("linear programme", lower, upper, is_exact, _notes(equations, is_feasible=is_feasible))


def _whole_up(lower: FloatArray) -> FloatArray:
    return np.ceil(lower - TOLERANCE)


def _whole_down(upper: FloatArray) -> FloatArray:
    return np.floor(upper + TOLERANCE)


def _notes(equations: Equations, *, is_feasible: bool) -> tuple[Finding, ...]:
    """Return what variables were used, and whether any table fits."""
    how = (
        "the crossing of all dimensions was used: intervals are exact"
        if equations.crossing is not None
        else "one set of variables per finest block was used: intervals are exact where blocks overlap like a tree"
    )
    notes = [Finding("NDL-D004", "note", "linear programme", how)]
    if not is_feasible:
        notes.append(Finding("NDL-D005", "error", "linear programme", "no non-negative table fits what is shown"))
    return tuple(notes)


def _solve(model: Unknowns, lower: FloatArray, upper: FloatArray, enough: Enough | None) -> bool:
    """Narrow the intervals of the withheld cells, component by component; return whether all are feasible."""
    n = model.equations.shape[1]
    links = sparse.vstack([model.equations, model.parts]).tocsr()
    graph = sparse.bmat([[None, links.T], [links, None]], format="csr") if n else sparse.csr_matrix((0, 0))
    if n == 0:
        return True
    _, label = connected_components(graph, directed=False)
    of_column, of_row = label[:n], label[n : n + model.equations.shape[0]]
    of_part = label[n + model.equations.shape[0] :]
    is_feasible = True
    columns, rows, parts = _grouped(of_column), _grouped(of_row), _grouped(of_part)
    none = np.zeros(0, np.int64)
    for component in sorted(columns):
        mine, own = columns[component], parts.get(component, none)
        if not len(own):
            continue
        equations = model.equations[rows.get(component, none)][:, mine]
        programme = Programme(equations, model.totals[rows.get(component, none)], model.parts[own][:, mine])
        cells = model.cells[own]
        wanted = (
            (enough.lower[cells] - model.known[own], enough.upper[cells] - model.known[own])
            if enough is not None
            else None
        )
        found = programme.ranges(wanted)
        is_feasible &= found is not None
        if found is not None:
            lower[cells] = np.maximum(lower[cells], found[0] + model.known[own])
            upper[cells] = np.minimum(upper[cells], found[1] + model.known[own])
    return is_feasible


def _grouped(label: IntArray) -> dict[int, IntArray]:
    """Return the positions of each label."""
    order = np.argsort(label, kind="stable")
    values, starts = np.unique(label[order], return_index=True)
    return dict(zip(values.tolist(), np.split(order, starts[1:]), strict=True)) if len(label) else {}
