"""Compare what attacks deduced with what must not be known. Only here do deduction and requirement meet."""

from dataclasses import dataclass, field

import numpy as np

from ndl_publish.audit.published import BoolArray, Intervals, whole_up
from ndl_publish.columns import TOTAL_LEVEL
from ndl_publish.cube.grid import CellGrid, IntArray
from ndl_publish.errors import Finding, Severity


@dataclass(frozen=True)
class Required:
    """What must hold for withheld cells.

    Attributes:
        grid: All cells of the release.
        is_primary: Cells withheld for what they are, ``n_cells``.
        is_secondary: Cells withheld to protect those, ``n_cells``.
        lowest: Value that each primary's interval must reach down to, ``n_cells``; None where values are noisy, of
            which it is required only that they do not follow.
        highest: Value that each primary's interval must reach up to, ``n_cells``; None likewise.
        has_insiders: Whether a child alone in a withheld cell, who knows that count, must learn no other primary.
        minimum_count: Smallest count that may be worked out of any cell, printed or not, where nobody says which are
            primaries; None where they are named, or where values are noisy.
    """

    grid: CellGrid
    is_primary: BoolArray = field(repr=False)
    is_secondary: BoolArray = field(repr=False)
    lowest: IntArray | None = field(repr=False, default=None)
    highest: IntArray | None = field(repr=False, default=None)
    has_insiders: bool = False
    minimum_count: int | None = None


@dataclass(frozen=True)
class Judged:
    """What must not be known and was found.

    Attributes:
        findings: By block and kind; they name no cell.
        cells: Cells of the grid found, ascending. Internal: whoever protects must do more for these.
    """

    findings: tuple[Finding, ...]
    cells: tuple[int, ...] = field(repr=False)


def judged(intervals: Intervals, required: Required) -> Judged:
    """Return what an attack found that must not be known, and where; see ``judge``."""
    exact, narrow, secondary, _ = _faults(intervals, required)
    return Judged(judge(intervals, required), as_cells(exact | narrow | secondary))


def as_cells(marked: BoolArray) -> tuple[int, ...]:
    """Return the numbers of marked cells."""
    return tuple(np.flatnonzero(marked).tolist())


def judge(intervals: Intervals, required: Required) -> tuple[Finding, ...]:
    """Return what an attack found that must not be known, one finding per block and kind.

    Args:
        intervals: What the attack deduced.
        required: What must hold.

    Returns:
        ``NDL-D001`` primary or printed blank of a small count recovered exactly, ``NDL-D002`` interval of a primary
        too narrow, ``NDL-D003`` secondary recovered exactly (it is the way to a primary), ``NDL-D023`` small count that
        no table prints recovered exactly, and the attack's own notes. Findings name the levels
        of a block that are not total and how many cells, never a code or a count.
    """
    exact, narrow, secondary, unprinted = _faults(intervals, required)
    return (
        *per_block(required.grid, exact, "NDL-D001", "{n} of its withheld small counts can be worked out exactly"),
        *per_block(required.grid, narrow, "NDL-D002", "{n} of its withheld small counts can be narrowed down too far"),
        *per_block(required.grid, secondary, "NDL-D003", "{n} cells withheld for protection can be worked out exactly"),
        *per_block(required.grid, unprinted, "NDL-D023", "{n} small counts that no table prints can be worked out"),
        *intervals.notes,
    )


def _faults(intervals: Intervals, required: Required) -> tuple[BoolArray, BoolArray, BoolArray, BoolArray]:
    """Return which cells are recovered, narrowed down, recovered though only withheld for others, or not printed."""
    small = _is_small(intervals, required.minimum_count)
    withheld = required.is_primary | required.is_secondary
    exact = intervals.is_exact & (required.is_primary | (required.is_secondary & small))
    narrow = np.zeros_like(exact)
    if required.lowest is not None and required.highest is not None:
        reaches = (intervals.lower <= required.lowest) & (intervals.upper >= required.highest)
        narrow = required.is_primary & ~exact & ~reaches
    return exact, narrow, required.is_secondary & intervals.is_exact & ~exact, small & ~withheld


def _is_small(intervals: Intervals, minimum_count: int | None) -> BoolArray:
    """Return the recovered cells that hold somebody and fewer than the minimum; none where no minimum is asked for."""
    if minimum_count is None:
        return np.zeros_like(intervals.is_exact)
    value = whole_up(intervals.lower)
    return np.asarray(intervals.is_exact & (value >= 1) & (value < minimum_count))


def per_block(
    grid: CellGrid, marked: BoolArray, code: str, message: str, *, severity: Severity = "error"
) -> tuple[Finding, ...]:
    """Return one finding for each block with marked cells: its levels that are not total, and how many cells.

    Args:
        grid: All cells.
        marked: The cells found, ``n_cells``.
        code: Code of the finding.
        message: Its words, with ``{n}`` for how many cells.
        severity: How bad it is.
    """
    found = []
    for block in grid.blocks:
        n = int(marked[block.cells].sum())
        if n:
            names = zip((dim.name for dim in grid.dimensions), block.levels, strict=True)
            where = " x ".join(f"{name}:{level}" for name, level in names if level != TOTAL_LEVEL)
            found.append(Finding(code, severity, where or "grand total", message.format(n=n)))
    return tuple(found)
