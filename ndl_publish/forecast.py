"""What a release would look like, from public knowledge alone: cells, expected error, expected share withheld.

The expected number of children is spread evenly over areas and categories; real cells are smaller and larger. Nothing
here reads a record, so it may be looked at as often as one likes before anything is spent.
"""

from dataclasses import dataclass
from math import erf, sqrt

import numpy as np

from ndl_publish.cube.grid import Block
from ndl_publish.cube.layout import Crossing, CubeLayout, closure
from ndl_publish.pipeline import Prepared, mechanism_of
from ndl_publish.protect.dp import Mechanism
from ndl_publish.protect.intervals import Z_95
from ndl_publish.spec.rules import DpRules

HALF = 0.5


@dataclass(frozen=True, slots=True)
class ForecastRow:
    """One table at one area level, at its finest crossing.

    Attributes:
        table: Name of the table.
        level: Area level.
        crossing: Breakdowns crossed.
        n_areas: Areas of the level.
        n_cells: Cells of children at this crossing.
        typical_children: Expected children in a cell.
        count_margin: Half-width of the 95% interval of a cell's children; none in classic mode.
        rate_margin: Half-width of a rate of one half in such a cell, percentage points; none where it has no bound.
        withheld: Expected share of cells of the typical size that are withheld; none in classic mode.
    """

    table: str
    level: str
    crossing: Crossing
    n_areas: int
    n_cells: int
    typical_children: float
    count_margin: float | None
    rate_margin: float | None
    withheld: float | None


def forecast(prepared: Prepared) -> tuple[ForecastRow, ...]:
    """Return what to expect of every table and level, for each crossing that is not a margin of another."""
    mechanism = mechanism_of(prepared) if isinstance(prepared.spec.rules, DpRules) else None
    return tuple(
        _row(prepared, mechanism, table.name, level, crossing)
        for table in prepared.spec.release.tables
        for level in table.levels
        for crossing in _finest(table.breakdowns)
    )


def _finest(breakdowns: tuple[Crossing, ...]) -> tuple[Crossing, ...]:
    """Return the crossings that are not part of a larger one of the same table."""
    every = closure(breakdowns)
    return tuple(x for x in every if not any(set(x) < set(y) for y in every))


def _row(prepared: Prepared, mechanism: Mechanism | None, table: str, level: str, crossing: Crossing) -> ForecastRow:
    layout, release = prepared.layout, prepared.spec.release
    block = layout.grid.block(layout.levels_for(level, crossing))
    n_cells = block.n_cells
    typical = release.expected_count * _covered(layout, level) / n_cells
    if mechanism is None:
        return ForecastRow(table, level, crossing, block.shape[0], n_cells, typical, None, None, None)
    deviation = sqrt(_variance(layout, mechanism, block, crossing))
    rules = prepared.spec.rules
    minimum = float(rules.withhold.minimum_count.value) if isinstance(rules, DpRules) else 0.0
    withheld = 0.5 * (1 + erf((minimum - HALF - typical) / deviation / sqrt(2)))
    # A rate of one half: X and N - X have the same noise, so Var(X - N/2) is at most Var(N) / 2 in this basis.
    rate = 100 * Z_95 * deviation * sqrt(HALF) / typical
    bounded = typical > Z_95 * deviation
    margin = Z_95 * deviation
    return ForecastRow(
        table, level, crossing, block.shape[0], n_cells, typical, margin, rate if bounded else None, withheld
    )


def _covered(layout: CubeLayout, level: str) -> float:
    """Return the share of finest areas that lie in an area of the level."""
    return float((layout.grid.dimensions[0].level(level).group_of >= 0).mean())


def _variance(layout: CubeLayout, mechanism: Mechanism, block: Block, crossing: Crossing) -> float:
    """Return the mean variance over areas of a cell whose every category is the first."""
    axes = sorted(layout.breakdown_dimension[name] for name in crossing)
    dimensions = layout.grid.dimensions
    first = tuple((dimensions[i].level(block.levels[i]).group_of == 0).astype(np.float64) for i in axes)
    return float(mechanism.covariance("children", block, first, first).mean())
