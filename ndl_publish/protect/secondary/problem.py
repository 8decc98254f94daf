"""What secondary suppression is asked, and what it answers."""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from ndl_publish.cube.grid import CellGrid, IntArray, WholeArray
from ndl_publish.cube.protected import Implication

__all__ = ["Implication", "Suppression", "SuppressionProblem", "Witnesses"]

BoolArray = npt.NDArray[np.bool_]
FloatArray = npt.NDArray[np.float64]
MaskArray = npt.NDArray[np.uint8]


@dataclass(frozen=True, kw_only=True)
class SuppressionProblem:
    """A grid, its figures and the cells that must not be deduced.

    Attributes:
        grid: All cells of the release; every cell is published unless withheld.
        values: Figure of each cell, ``n_cells``; exact counts, or noisy counts that add up.
        primary: The cells that are withheld for what they are, ``n_cells``.
        lowest: Protection interval: the value an outsider must find possible at or below, ``n_cells``; read at
            primaries only, and only for exact counts.
        highest: The value an outsider must find possible at or above, ``n_cells``; likewise.
        signed: True for noisy counts that may be negative; then no finest rows are needed.
        codes: Finest rows that hold children, ``(n_rows, n_dimensions)``; classic mode only.
        counts: Children in each of those rows, ``n_rows``; classic mode only.
        demanded: Primaries that need a witness, ``n_cells``; none means all. The others are known to be safe.
        unpublished: Cells that no table prints and that cost nothing to withhold, ``n_cells``; none means no cell.
        implications: Which dimensions follow from which.
        forced: Cells that must stay shown, ``n_cells``; none means only the grand total.
        preference: Factor on the weight of each cell, ``n_cells``: above 1 it is rather shown; none means 1.
        has_insiders: Whether a child alone in a withheld cell, who knows that count, must learn no other primary.
        seconds: Wall time after which no further improvement is started; what is found by then is complete and sound.
        threads: Threads to use; the answer does not depend on it.
        tie_break: Bytes that decide between equally good patterns; keep them with the rules, out of the release.
    """

    grid: CellGrid
    values: IntArray = field(repr=False)
    primary: BoolArray = field(repr=False)
    signed: bool
    lowest: IntArray = field(repr=False, default_factory=lambda: np.zeros(0, np.int64))
    highest: IntArray = field(repr=False, default_factory=lambda: np.zeros(0, np.int64))
    codes: IntArray = field(repr=False, default_factory=lambda: np.zeros((0, 0), np.int64))
    counts: IntArray = field(repr=False, default_factory=lambda: np.zeros(0, np.int64))
    demanded: BoolArray | None = field(repr=False, default=None)
    unpublished: BoolArray | None = field(repr=False, default=None)
    implications: tuple[Implication, ...] = ()
    forced: BoolArray | None = field(repr=False, default=None)
    preference: FloatArray | None = field(repr=False, default=None)
    has_insiders: bool = True
    seconds: float = 60.0
    threads: int = 1
    tie_break: bytes = field(repr=False, default=b"")


@dataclass(frozen=True)
class Witnesses:
    """Alternative tables that agree with everything shown: the certificate that the primaries are protected.

    Attributes:
        cell: Primary each witness belongs to, ``n_witnesses``.
        change: What the witness adds to that primary (negative: lowers it), ``n_witnesses``.
        start: Where each witness begins in ``rows`` and ``amounts``, ``n_witnesses + 1``.
        codes: Finest rows that some witness changes, as codes of each dimension, ``(n_rows, n_dimensions)``.
        rows: Which of them each change is made to, ``n_changes``.
        amounts: Children added to it, ``n_changes``.
        avoids: For insiders, a number for the child whose cells the witness leaves as they are; -1 where none,
            ``n_witnesses``.
    """

    cell: IntArray = field(repr=False)
    change: IntArray = field(repr=False)
    start: IntArray = field(repr=False)
    codes: IntArray = field(repr=False)
    rows: WholeArray = field(repr=False)
    amounts: WholeArray = field(repr=False)
    avoids: IntArray = field(repr=False)


@dataclass(frozen=True)
class Suppression:
    """Which cells are withheld, why they cannot be deduced, and which could not be protected.

    Attributes:
        mask: A ``columns.Mask`` for each cell, ``n_cells``.
        witnesses: The changes that protect the primaries.
        unprotected: Primaries for which no change was found; the caller must refuse to publish.
        opened: Cells that were withheld at first and that the improvement could show again.
        is_cut_short: Whether time ran out before the improvement came to its end; another run may then differ.
    """

    mask: MaskArray = field(repr=False)
    witnesses: Witnesses = field(repr=False)
    unprotected: IntArray = field(repr=False)
    opened: IntArray = field(repr=False, default_factory=lambda: np.zeros(0, np.int64))
    is_cut_short: bool = False
