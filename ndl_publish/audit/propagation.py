"""Attack: fill in whatever is the one unknown of a table equation, again and again."""

from dataclasses import dataclass

import numpy as np

from ndl_publish.audit.equations import Equations, Sum
from ndl_publish.audit.published import BoolArray, Intervals, PublishedCells, open_intervals
from ndl_publish.cube.grid import IntArray


@dataclass
class Knowledge:
    """Which variables are known so far, and their values."""

    is_known: BoolArray
    values: IntArray


def propagation(published: PublishedCells) -> Intervals:
    """Return what follows by repeated subtraction: "one unknown in an equation".

    Looks at every sum between blocks, and at sums that blocks share without publishing them. In counts, a sum of
    nothing makes all its parts nothing.

    Args:
        published: All an outsider has.

    Returns:
        A point for every cell recovered; the open interval for the others.
    """
    equations = Equations(published)
    known = propagate(equations, published)
    lower, upper = open_intervals(published)
    n = published.grid.n_cells
    recovered = known.is_known[:n] & ~published.is_shown & equations.is_possible
    lower[recovered] = upper[recovered] = known.values[:n][recovered]
    return Intervals("propagation", lower, upper, recovered)


def propagate(equations: Equations, published: PublishedCells) -> Knowledge:
    """Return all variables that repeated subtraction makes known."""
    n = published.grid.n_cells
    is_known = np.zeros(equations.n_variables, bool)
    values = np.zeros(equations.n_variables, np.int64)
    is_known[:n] = published.is_shown | ~equations.is_possible
    values[:n] = published.values
    known = Knowledge(is_known, values)
    sums = equations.direct_sums()
    while sum(_use(one, known, is_count=published.is_count) for one in sums):
        pass
    return known


def _use(one: Sum, known: Knowledge, *, is_count: bool) -> bool:
    """Use one family of sums once; return whether something became known."""
    used = one.into >= 0
    fine, into = one.fine[used], one.into[used]
    n = len(one.coarse)
    open_ = ~known.is_known[fine]
    missing = np.bincount(into[open_], minlength=n)
    added = np.bincount(into[~open_], weights=known.values[fine[~open_]], minlength=n).astype(np.int64)
    whole_known = known.is_known[one.coarse]
    sums = one.coarse[one.is_valid & ~whole_known & (missing == 0)]
    place = np.flatnonzero(one.is_valid & ~whole_known & (missing == 0))
    known.values[sums] = added[place]
    known.is_known[sums] = True
    rest = known.values[one.coarse] - added
    solved = one.is_valid & whole_known & ((missing == 1) | (is_count & (rest == 0)))
    wanted = open_ & solved[into]
    known.values[fine[wanted]] = np.where(missing[into[wanted]] == 1, rest[into[wanted]], 0)
    known.is_known[fine[wanted]] = True
    return bool(len(sums) or wanted.any())
