"""What a release would look like, from public knowledge alone: cells, expected error, expected share withheld.

The expected number of children is spread evenly over areas and categories, and cells around that average are taken to
spread like a log-normal with sigma ``SPREAD`` (small areas and minorities differ in size about that much). Nothing here
reads a record, so it may be looked at as often as one likes before anything is spent. Secondary suppression is not
foreseen: a few more figures will be withheld.
"""

from dataclasses import dataclass
from math import erf, exp, sqrt
from statistics import NormalDist

import numpy as np

from ndl_publish.cube.layout import Crossing, CubeLayout, crossings_of
from ndl_publish.pipeline import Prepared, mechanism_of
from ndl_publish.protect.dp import Mechanism
from ndl_publish.spec.dataset import ShareMeasure
from ndl_publish.spec.release import Table
from ndl_publish.spec.rules import DpRules

HALF = 0.5
SPREAD = 0.9
QUANTILES = tuple((i + HALF) / 40 for i in range(40))


@dataclass(frozen=True, slots=True)
class ForecastRow:
    """One table at one area level and one crossing.

    Attributes:
        table: Name of the table.
        level: Area level.
        crossing: Breakdowns crossed.
        n_areas: Areas of the level.
        n_cells: Cells of children at this crossing.
        average_children: Expected children in a cell.
        count_margin: Half-width of the 95% interval of a cell's children; none in classic mode.
        rate_margin: Half-width of a rate of one half in an average cell, percentage points; none where unbounded.
        counts_withheld: Expected share of counts of children that are withheld as too small; none in classic mode.
        rates_withheld: Expected share of rates that are withheld; none in classic mode and in a table without rates.
    """

    table: str
    level: str
    crossing: Crossing
    n_areas: int
    n_cells: int
    average_children: float
    count_margin: float | None
    rate_margin: float | None
    counts_withheld: float | None
    rates_withheld: float | None


def forecast(prepared: Prepared, *, years: int = 1) -> tuple[ForecastRow, ...]:
    """Return what to expect of every table, level and crossing, margins included.

    Args:
        prepared: The release.
        years: So many years pooled: as many times the children, under the same noise.
    """
    mechanism = mechanism_of(prepared) if isinstance(prepared.spec.rules, DpRules) else None
    return tuple(
        _row(prepared, mechanism, table, (level, crossing), years)
        for table in prepared.spec.release.tables
        for level in table.levels
        for crossing in crossings_of(table, prepared.spec)
    )


def has_rates(prepared: Prepared, table: Table) -> bool:
    """Say whether a table has a rate among its measures."""
    return any(isinstance(prepared.spec.dataset.measures[name], ShareMeasure) for name in table.measures)


def count_margin(layout: CubeLayout, mechanism: Mechanism, level: str, crossing: Crossing) -> float:
    """Return the half-width of the 95% interval of a cell's children, of the mean variance over areas."""
    block = layout.grid.block(layout.levels_for(level, crossing))
    axes = sorted(layout.breakdown_dimension[name] for name in crossing)
    dimensions = layout.grid.dimensions
    first = tuple((dimensions[i].level(block.levels[i]).group_of == 0).astype(np.float64) for i in axes)
    return mechanism.z_95 * sqrt(float(mechanism.covariance("children", block, first, first).mean()))


def free_margin(layout: CubeLayout, mechanism: Mechanism, level: str, crossing: Crossing) -> float:
    """Return the margin that a rate is worked out from: of the count, or where that is known exactly, of a share.

    With X the children reached and N known, Var(X - N/2) takes the place of Var(N) / 2.
    """
    margin = count_margin(layout, mechanism, level, crossing)
    levels = {block.levels for block in layout.grid.blocks}
    for outcome, chain in layout.chains.items() if margin == 0 else ():
        for measure in chain:
            if layout.levels_for(level, crossing, (outcome, measure)) in levels:
                return _share_margin(layout, mechanism, (level, crossing), (outcome, measure))
    return margin


def _share_margin(
    layout: CubeLayout, mechanism: Mechanism, place: tuple[str, Crossing], share: tuple[str, str]
) -> float:
    level, crossing = place
    block, axis = layout.grid.block(layout.levels_for(level, crossing, share)), layout.outcome_dimension[share[0]]
    weights = {axis: layout.grid.dimensions[axis].level(share[1]).group_of.astype(np.float64) - HALF}
    for name in crossing:
        i = layout.breakdown_dimension[name]
        weights[i] = (layout.grid.dimensions[i].level(block.levels[i]).group_of == 0).astype(np.float64)
    half = tuple(weights[i] for i in sorted(weights))
    return mechanism.z_95 * sqrt(2 * float(mechanism.covariance("children", block, half, half).mean()))


def rate_margin(children: float, margin: float) -> float:
    """Return the half-width of a rate of one half in a group, percentage points.

    X and N - X have the same noise, so Var(X - N/2) is at most Var(N) / 2 in the planner's basis.

    Args:
        children: Children in the group.
        margin: Half-width of the interval of their number.

    Example:
        >>> round(rate_margin(200, 20), 2)
        7.07
    """
    return 100 * margin * sqrt(HALF) / children


def _row(
    prepared: Prepared, mechanism: Mechanism | None, table: Table, place: tuple[str, Crossing], years: int
) -> ForecastRow:
    layout, release, rules = prepared.layout, prepared.spec.release, prepared.spec.rules
    level, crossing = place
    block = layout.grid.block(layout.levels_for(level, crossing))
    average = years * release.expected_count * _covered(layout, level) / block.n_cells
    known = (table.name, level, crossing, block.shape[0], block.n_cells, average)
    if mechanism is None or not isinstance(rules, DpRules):
        return ForecastRow(*known, None, None, None, None)
    margin = count_margin(layout, mechanism, level, crossing)
    minimum, widest = float(rules.withhold.minimum_count.value), float(rules.withhold.maximum_margin.value)
    sizes = [average * exp(SPREAD * NormalDist().inv_cdf(q) - SPREAD**2 / 2) for q in QUANTILES]
    small = [_below(minimum - HALF, size, margin / mechanism.z_95) for size in sizes]
    counts = sum(small) / len(small)
    if not has_rates(prepared, table):
        return ForecastRow(*known, margin, None, counts, None)
    free = free_margin(layout, mechanism, level, crossing)
    wide = [1.0 if rate_margin(size, free) > widest else part for size, part in zip(sizes, small, strict=True)]
    rate = rate_margin(average, free) if average > margin else None
    return ForecastRow(*known, margin, rate, counts, sum(wide) / len(wide))


def _below(limit: float, mean: float, deviation: float) -> float:
    """Return the chance that a normal variable falls below a limit."""
    if deviation == 0:  # the count is known
        return float(mean < limit)
    return HALF * (1 + erf((limit - mean) / deviation / sqrt(2)))


def _covered(layout: CubeLayout, level: str) -> float:
    """Return the share of finest areas that lie in an area of the level."""
    return float((layout.grid.dimensions[0].level(level).group_of >= 0).mean())
