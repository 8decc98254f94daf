"""The cells that a rule book keeps shown, and those that it would rather show."""

from dataclasses import dataclass, field

import numpy as np

from ndl_publish.cube.grid import CellGrid, IntArray
from ndl_publish.cube.layout import YES, CubeLayout
from ndl_publish.cube.protected import BoolArray
from ndl_publish.errors import DisclosureError, Finding
from ndl_publish.protect.secondary.problem import FloatArray
from ndl_publish.protect.secondary.remedies import block_words
from ndl_publish.spec.rules import ClassicRules
from ndl_publish.spec.selections import Selection


@dataclass(frozen=True)
class Selected:
    """What a rule book says of single cells.

    Attributes:
        forced: Cells that must stay shown, ``n_cells``; none where the rules keep none.
        preference: Factor on what it costs to withhold each cell, ``n_cells``; none where the rules prefer none.
    """

    forced: BoolArray | None = field(repr=False, default=None)
    preference: FloatArray | None = field(repr=False, default=None)


def selected_cells(layout: CubeLayout, rules: ClassicRules) -> Selected:
    """Return the cells of a release that the rules keep or prefer.

    Figures that this release does not publish select nothing.

    Args:
        layout: What the cells are.
        rules: The rule book; the names in it are checked against the data set.
    """
    forced = np.zeros(layout.grid.n_cells, bool)
    for kept in rules.keep:
        forced[_cells(layout, kept)] = True
    preference = np.ones(layout.grid.n_cells)
    for preferred in rules.prefer:
        preference[_cells(layout, preferred)] = float(preferred.factor.value)
    return Selected(forced if rules.keep else None, preference if rules.prefer else None)


def refuse_kept_primaries(grid: CellGrid, is_primary: BoolArray, forced: BoolArray | None) -> None:
    """Refuse rules that keep a cell shown which a primary rule withholds.

    Raises:
        DisclosureError: ``NDL-D040`` naming the crossings, never a code, a count or how many.
    """
    findings = tuple(
        Finding("NDL-D040", "error", block_words(grid, block), "keep names figures here that a primary rule withholds")
        for block in grid.blocks
        if forced is not None and (forced & is_primary)[block.cells].any()
    )
    if findings:
        message = (
            "The rule book keeps figures shown that its own rules withhold. Nothing was written. Take the selection "
            "out of keep, keep a coarser level, or merge the categories in which the count is small."
        )
        raise DisclosureError("NDL-D040", message, findings=findings)


def _cells(layout: CubeLayout, selection: Selection) -> IntArray:
    found = [np.zeros(0, np.int64)]
    if all(name in layout.breakdown_dimension for name in selection.breakdowns):
        found += [_of_measure(layout, selection, measure) for measure in selection.measures]
    return np.concatenate(found)


def _of_measure(layout: CubeLayout, selection: Selection, measure: str) -> IntArray:
    """Return the cells of a published figure; none where no table of the release has it."""
    outcome = next((name for name, chain in layout.chains.items() if measure in chain), None)
    is_used = outcome is not None or measure == layout.count_measure
    levels = layout.levels_for(selection.level, selection.breakdowns, None if outcome is None else (outcome, measure))
    block = next((block for block in layout.grid.blocks if is_used and block.levels == levels), None)
    if block is None:
        return np.zeros(0, np.int64)
    place = np.arange(block.n_cells, dtype=np.int64).reshape(block.shape) + block.offset
    if outcome is None:
        return place.ravel()
    axis = layout.outcome_dimension[outcome]
    reached = layout.grid.dimensions[axis].level(measure).groups.index(YES)
    return np.asarray(np.take(place, reached, axis=axis).ravel(), np.int64)
