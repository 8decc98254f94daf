"""Find, ask more, reroute, audit again: until nothing is found, or the release is refused.

The audit shares no code with the protection. Only here does what it found go back, as cells that need more.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

import numpy as np

from ndl_publish.audit.model import AuditCheck
from ndl_publish.cube.grid import IntArray
from ndl_publish.errors import DisclosureError, Finding

MOST_ROUNDS = 4
"""Most patterns that are made and audited."""

Made = TypeVar("Made")


@dataclass(frozen=True)
class Outcome(Generic[Made]):
    """The last pattern made, and what was said of it.

    Attributes:
        made: What protection made.
        checks: What the audit says of it; all are passed, or the release must be refused.
        notes: ``NDL-D028`` when it is not the first pattern.
    """

    made: Made = field(repr=False)
    checks: tuple[AuditCheck, ...]
    notes: tuple[Finding, ...] = ()


def until_clean(
    protect: Callable[[IntArray | None], Made], audit: Callable[[Made], tuple[AuditCheck, ...]], *, n_cells: int
) -> Outcome[Made]:
    """Return the first pattern in which no attack finds anything, or the last one tried.

    Args:
        protect: Makes a pattern, given how often attacks found each cell in earlier ones, ``n_cells``; None at first.
        audit: Attacks it.
        n_cells: Number of cells of the grid.

    Raises:
        DisclosureError: When the first pattern cannot be made. When more cannot be had than an earlier pattern gives,
            what was found in that one stands.
    """
    outcome = _attacked(protect(None), audit, 1)
    found = np.zeros(n_cells, np.int64)
    for n in range(2, MOST_ROUNDS + 1):
        cells = sorted({cell for check in outcome.checks for cell in check.recovered})
        if not cells:
            break
        found[cells] += 1
        try:
            made = protect(found)
        except DisclosureError:
            break
        outcome = _attacked(made, audit, n)
    return outcome


def _attacked(made: Made, audit: Callable[[Made], tuple[AuditCheck, ...]], n: int) -> Outcome[Made]:
    """Return a pattern with what the audit says of it; ``n`` counts the patterns made."""
    words = f"{n} patterns were made: attacks found withheld cells in the earlier ones, and more was asked for these"
    notes = (Finding("NDL-D028", "warning", "audit", words),) if n > 1 else ()
    return Outcome(made, audit(made), notes)
