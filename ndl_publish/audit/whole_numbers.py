"""Attack: the range of withheld counts over all tables of whole numbers that fit what is shown; small components only.

The linear programme asks over real tables, of which the tables of whole numbers are a part: an interval that is wide
over real tables may be one point over whole numbers. This asks again, component by component, as an integer programme.
"""

import numpy as np

from ndl_publish.audit.linear_programme import Enough, Found, deduced, solve_pieces, unknowns_of
from ndl_publish.audit.published import Intervals, PublishedCells
from ndl_publish.errors import Finding

MOST_UNKNOWNS = 2_500
"""Most unknowns of a component that is tried; up to here one took six seconds at most, twice as many half a minute."""
NAME = "whole numbers"


def whole_numbers(published: PublishedCells, *, enough: Enough | None = None, seconds: float = np.inf) -> Intervals:
    """Return the feasibility interval of withheld counts over tables of whole numbers.

    Args:
        published: All an outsider has; counts only.
        enough: Where to stop, per cell of the grid; default is to find the ends of every interval.
        seconds: Wall time after which nothing new is solved; the smallest components come first.

    Returns:
        Intervals, with the notes ``NDL-D027`` (how many withheld cells were reached; the others stay open) and
        ``NDL-D005`` (no table of whole numbers fits what is shown).
    """
    equations, known, model = unknowns_of(published)
    found = solve_pieces(model, enough, seconds=seconds, most_whole=MOST_UNKNOWNS)
    return Intervals(NAME, *deduced(published, equations, known, model, found), notes=_notes(found))


def _notes(found: Found) -> tuple[Finding, ...]:
    """Return how far the attack came, and whether any table fits."""
    if not found.is_feasible:
        return (Finding("NDL-D005", "error", NAME, "no table of whole numbers fits what is shown"),)
    n, reached = len(found.is_reached), int(found.is_reached.sum())
    how = f"components of more than {MOST_UNKNOWNS:,} unknowns are not tried, and time may have run out"
    words = f"{reached:,} of {n:,} withheld cells were reached; {how}"
    return () if reached == n else (Finding("NDL-D027", "note", NAME, words),)
