"""The attacks by name. To add one, write its file and one line here."""

from collections.abc import Callable

import numpy as np

from ndl_publish.audit.judge import Judged, Required, judged
from ndl_publish.audit.linear_programme import Enough, linear_programme
from ndl_publish.audit.propagation import propagation
from ndl_publish.audit.published import Intervals, PublishedCells
from ndl_publish.audit.rank import rank
from ndl_publish.audit.whole_numbers import whole_numbers

Attack = Callable[[PublishedCells], Intervals]

ATTACKS: dict[str, Attack] = {
    "propagation": propagation,
    "rank": rank,
    "linear_programme": linear_programme,
    "whole_numbers": whole_numbers,
}

PROGRAMMES: dict[str, Callable[..., Intervals]] = {"linear_programme": linear_programme, "whole_numbers": whole_numbers}
"""Attacks that take time, and may stop where an interval is wide enough."""
SIGNED_ATTACKS = ("propagation", "rank")
"""Attacks on noisy counts, which may be negative."""
COUNT_ATTACKS = ("propagation", "linear_programme")
"""Attacks on exact counts."""
OPTIONAL_ATTACKS = ("whole_numbers",)
"""Attacks on exact counts that are made where they are asked for."""

ATTACK_SECONDS = 60.0
"""Wall time that the attack on exact counts may take unless told."""


def attacks_on(published: PublishedCells, *, is_whole: bool) -> tuple[str, ...]:
    """Return the names of the attacks to make, with ``is_whole`` the optional ones, too; noisy counts have none."""
    if not published.is_count:
        return SIGNED_ATTACKS
    return (*COUNT_ATTACKS, *OPTIONAL_ATTACKS) if is_whole else COUNT_ATTACKS


def judged_attack(
    name: str, published: PublishedCells, required: Required, *, seconds: float = ATTACK_SECONDS
) -> Judged:
    """Return what an attack found that must not be known.

    Args:
        name: Name of the attack.
        published: All an outsider has.
        required: What must not be known. The programmes are told only where they may stop: an interval that is wide
            enough need not be followed to its ends.
        seconds: Wall time for each programme.
    """
    if name in PROGRAMMES:
        return judged(PROGRAMMES[name](published, enough=_enough(required), seconds=seconds), required)
    return judged(ATTACKS[name](published), required)


def _enough(required: Required) -> Enough:
    """Return the protection intervals of primaries; of other cells any two values will do."""
    lower, upper = np.full(required.grid.n_cells, np.inf), np.full(required.grid.n_cells, -np.inf)
    if required.lowest is not None and required.highest is not None:
        lower[required.is_primary] = required.lowest[required.is_primary]
        upper[required.is_primary] = required.highest[required.is_primary]
    return Enough(lower, upper)
