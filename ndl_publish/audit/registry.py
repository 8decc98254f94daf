"""The attacks by name. To add one, write its file and one line here."""

from collections.abc import Callable

from ndl_publish.audit.linear_programme import linear_programme
from ndl_publish.audit.propagation import propagation
from ndl_publish.audit.published import Intervals, PublishedCells
from ndl_publish.audit.rank import rank

Attack = Callable[[PublishedCells], Intervals]

ATTACKS: dict[str, Attack] = {
    "propagation": propagation,
    "rank": rank,
    "linear_programme": linear_programme,
}

SIGNED_ATTACKS = ("propagation", "rank")
"""Attacks on noisy counts, which may be negative."""
COUNT_ATTACKS = ("propagation", "linear_programme")
"""Attacks on exact counts."""
