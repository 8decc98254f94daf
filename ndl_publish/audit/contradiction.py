"""Do figures that come from two sources fit each other? Asked before they are attacked together."""

import numpy as np

from ndl_publish.audit.equations import Equations, Sum
from ndl_publish.audit.linear_programme import Enough, linear_programme
from ndl_publish.audit.propagation import Knowledge, propagate
from ndl_publish.audit.published import PublishedCells


def contradict(published: PublishedCells, *, seconds: float) -> bool:
    """Return whether no table of counts has all these figures.

    Args:
        published: Exact counts, however they were come by.
        seconds: Wall time for the linear programme; without it, contradictions that only several sums together show
            may be missed.
    """
    equations = Equations(published)
    known = propagate(equations, published)
    if (known.values[known.is_known] < 0).any() or any(_is_broken(one, known) for one in equations.direct_sums()):
        return True
    anything = Enough(np.full(published.grid.n_cells, np.inf), np.full(published.grid.n_cells, -np.inf))
    notes = linear_programme(published, enough=anything, seconds=seconds).notes
    return any(note.code == "NDL-D005" for note in notes)


def _is_broken(one: Sum, known: Knowledge) -> bool:
    """Say whether known parts exceed their known sum, or fall short of it with no part left unknown."""
    used = one.into >= 0
    fine, into = one.fine[used], one.into[used]
    n = len(one.coarse)
    missing = np.bincount(into[~known.is_known[fine]], minlength=n)
    added = np.bincount(into, weights=np.where(known.is_known[fine], known.values[fine], 0), minlength=n)
    rest = known.values[one.coarse] - added
    judged = one.is_valid & known.is_known[one.coarse]
    return bool((judged & ((rest < 0) | ((rest > 0) & (missing == 0)))).any())
