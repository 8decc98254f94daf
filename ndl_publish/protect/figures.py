"""From protected cells to published figures: counts, percentages and means, each with its interval and status.

Both modes come through here, so they have the same rows and columns. A figure is withheld when any count it could give
away is withheld: a percentage with its numerator, its complement or its denominator; a mean with the children it is
over or any outcome of theirs. Percentages and means are rounded once, at the end; interval ends are rounded outward.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import product
from typing import Protocol

import numpy as np
import numpy.typing as npt
import polars as pl

from ndl_publish import columns as c
from ndl_publish.cube.grid import Block, IntArray
from ndl_publish.cube.layout import (
    Crossing,
    CubeLayout,
    between_level,
    crossings_of,
    ordered_crossing,
    total_label,
)
from ndl_publish.cube.protected import BoolArray, PublicTable
from ndl_publish.privacy.least_squares import FloatArray
from ndl_publish.protect.intervals import Z_95, count_ends, fieller_ends, round_outward
from ndl_publish.spec.dataset import MeanMeasure, ShareMeasure
from ndl_publish.spec.load import ReleaseSpec
from ndl_publish.spec.release import Table

PERCENT = "percent"
PERCENT_DECIMALS = 1
FULL = 100.0
"""A noisy part may exceed its noisy whole; such a percentage is withheld as unreliable."""
STATUSES = (c.PUBLISHED, c.SUPPRESSED, c.LOW_RELIABILITY, c.NOT_APPLICABLE)
SHOWN, WITHHELD, UNRELIABLE, IMPOSSIBLE = range(4)
Vectors = tuple[FloatArray, ...]


class Covariances(Protocol):
    """Variances and covariances of noisy sums of cells: what a noise mechanism knows about itself."""

    @property
    def z_95(self) -> float:
        """Half-width of a 95% interval in standard deviations."""
        ...

    def covariance(self, quantity: str, block: Block, left: Vectors, right: Vectors) -> FloatArray:
        """Return the covariance at every area of the block's level, rounding to integers included."""
        ...


@dataclass(frozen=True, slots=True)
class CellValues:
    """What is known of the cells when figures are made.

    Attributes:
        layout: What the cells are.
        values: Protected count of every cell, ``n_cells``.
        is_shown: Whether the cell may be seen, ``n_cells``.
        is_possible: False for cells that cannot hold anybody, ``n_cells``.
        sums: Mean measure -> protected sum in every cell of ``layout.base``.
        noise: Covariances of the noise; none in classic mode, whose figures have no interval.
        maximum_margin: Widest half-interval of a percentage that is shown, in percentage points.
        companion: Non-negative estimate of the children of every cell, -1 where there is none; none at all by default.
        percent_decimals: Decimals that percentages are rounded to.
        shown_means: Mean measure -> whether it may be shown in every cell of ``layout.base``; all where not named.
    """

    layout: CubeLayout
    values: IntArray = field(repr=False)
    is_shown: BoolArray = field(repr=False)
    is_possible: BoolArray = field(repr=False)
    sums: dict[str, IntArray] = field(repr=False)
    noise: Covariances | None = field(repr=False, default=None)
    maximum_margin: float | None = None
    shown_means: dict[str, BoolArray] = field(repr=False, default_factory=dict)
    percent_decimals: int = PERCENT_DECIMALS
    companion: IntArray | None = field(repr=False, default=None)


@dataclass(frozen=True, slots=True)
class _Column:
    """One measure's figures over the cells of a level and crossing, flat, areas first."""

    name: str
    unit: str
    value: FloatArray = field(repr=False)
    ends: tuple[FloatArray, FloatArray] = field(repr=False)
    status: npt.NDArray[np.int8] = field(repr=False)
    companion: FloatArray | None = field(repr=False, default=None)


def public_tables(spec: ReleaseSpec, cells: CellValues) -> tuple[PublicTable, ...]:
    """Return every table of a release, rows in order: level, area, breakdowns, measure.

    Args:
        spec: What is published.
        cells: Protected cells, masks and noise.
    """
    return tuple(_public_table(table, spec, cells) for table in spec.release.tables)


def _public_table(table: Table, spec: ReleaseSpec, cells: CellValues) -> PublicTable:
    breakdowns = tuple(name for name in spec.dataset.breakdowns if any(name in x for x in table.breakdowns))
    columns = breakdowns if len(spec.release.time_periods) == 1 else (c.TIME_PERIOD, *breakdowns)
    frames: list[pl.DataFrame] = []
    for i, level in enumerate(table.levels):
        for j, crossing in enumerate(crossings_of(table, spec)):
            part = _Part(spec, cells, level, ordered_crossing(crossing, spec))
            frames.extend(
                part.frame(column, columns, (i, j, k)) for k, column in enumerate(part.columns(table.measures))
            )
    order = ["_level", "_area", "_crossing", "_group", "_measure"]
    figures = pl.concat(frames).sort(order).drop(order)
    if c.BEST_NONNEG in figures.columns and not _has_companion(table, spec, cells):
        figures = figures.drop(c.BEST_NONNEG)
    return PublicTable(table.name, table.title, breakdowns, figures)


def _has_companion(table: Table, spec: ReleaseSpec, cells: CellValues) -> bool:
    """Say whether any count of a table has a second estimate; its levels decide that."""
    found, layout = cells.companion, cells.layout
    places = product(table.levels, crossings_of(table, spec))
    blocks = (layout.grid.block(layout.levels_for(level, crossing)) for level, crossing in places)
    return found is not None and any((found[block.cells] >= 0).any() for block in blocks)


@dataclass(frozen=True)
class _Part:
    """The cells of one area level and one crossing of breakdowns."""

    spec: ReleaseSpec
    cells: CellValues
    level: str
    crossing: Crossing

    @property
    def block(self) -> Block:
        return self.cells.layout.grid.block(self.cells.layout.levels_for(self.level, self.crossing))

    def columns(self, measures: tuple[str, ...]) -> Iterator[_Column]:
        """Yield every figure of the measures, in the order of the metadata."""
        for name, measure in self.spec.dataset.measures.items():
            if name not in measures:
                continue
            if isinstance(measure, ShareMeasure):
                yield self._share_count(name, measure)
                yield self._share_percent(name, measure)
            elif isinstance(measure, MeanMeasure):
                yield self._mean(name, measure)
            else:
                yield self._children(measure.count_name)

    # Cells of one part, flat.

    def _cells(
        self, array: npt.NDArray[np.generic], block: Block, outcome: str | None = None, group: int = 0
    ) -> FloatArray:
        """Return an array over the grid at this part's cells, for one group of an outcome."""
        whole = array[block.cells].reshape(block.shape)
        if outcome is not None:
            whole = np.take(whole, group, axis=self.cells.layout.outcome_dimension[outcome])
        return np.asarray(whole, np.float64).ravel()

    def _outcome_block(self, outcome: str, level: str) -> Block:
        layout = self.cells.layout
        return layout.grid.block(layout.levels_for(self.level, self.crossing, (outcome, level)))

    def _reached(self, name: str) -> tuple[FloatArray, FloatArray]:
        """Return the count of children who reached a measure, and whether it is shown."""
        if name == self.spec.dataset.count_measure:
            return self._cells(self.cells.values, self.block), self._cells(self.cells.is_shown, self.block)
        outcome = self.spec.dataset.outcome_of(name)
        block = self._outcome_block(outcome, name)
        return self._cells(self.cells.values, block, outcome, 1), self._cells(self.cells.is_shown, block, outcome, 1)

    def _complement_shown(self, name: str, of: str) -> FloatArray:
        """Return whether the cells between a share and what it is a share of may be seen."""
        outcome = self.spec.dataset.outcome_of(name)
        if of == self.spec.dataset.count_measure:
            return self._cells(self.cells.is_shown, self._outcome_block(outcome, name), outcome, 0)
        published = self._published_chain(outcome)
        block = self._outcome_block(outcome, between_level(published))
        ranks = range(published.index(of) + 1, published.index(name) + 1)
        shown = [self._cells(self.cells.is_shown, block, outcome, rank) for rank in ranks]
        return np.asarray(np.all(shown, axis=0) if len(shown) == 1 else np.ones_like(shown[0]), np.float64)

    def _published_chain(self, outcome: str) -> tuple[str, ...]:
        """Return the nested measures that the grid has at this level and crossing."""
        layout = self.cells.layout
        levels = {block.levels for block in layout.grid.blocks}
        return tuple(
            m for m in layout.chains[outcome] if layout.levels_for(self.level, self.crossing, (outcome, m)) in levels
        )

    def _outcomes_shown(self) -> FloatArray:
        """Return whether every cell of every outcome at this part's cells may be seen."""
        shown = self._cells(self.cells.is_shown, self.block) > 0
        for outcome in self.cells.layout.chains:
            published = self._published_chain(outcome)
            if published:
                block = self._outcome_block(outcome, between_level(published))
                for rank in range(len(published) + 1):
                    shown &= self._cells(self.cells.is_shown, block, outcome, rank) > 0
        return shown.astype(np.float64)

    @property
    def _z(self) -> float:
        return Z_95 if self.cells.noise is None else self.cells.noise.z_95

    @property
    def _possible(self) -> BoolArray:
        return self._cells(self.cells.is_possible, self.block) > 0

    # Figures.

    def _children(self, figure_name: str) -> _Column:
        value, shown = self._reached(self.spec.dataset.count_measure)
        variance = self._covariance("children", None, None, None)
        column = self._count_column(figure_name, value, shown, variance)
        return self._with_companion(column, self.block)

    def _share_count(self, name: str, measure: ShareMeasure) -> _Column:
        value, shown = self._reached(name)
        outcome = self.spec.dataset.outcome_of(name)
        variance = self._covariance("children", outcome, name, name)
        column = self._count_column(measure.count_name, value, shown, variance)
        return self._with_companion(column, self._outcome_block(outcome, name), outcome)

    def _with_companion(self, column: _Column, block: Block, outcome: str | None = None) -> _Column:
        """Return a count with its non-negative companion, blank where the count is and where there is none."""
        if self.cells.companion is None:
            return column
        found = self._cells(self.cells.companion, block, outcome, 1)
        return replace(column, companion=np.where((column.status == SHOWN) & (found >= 0), found, np.nan))

    def _count_column(self, name: str, value: FloatArray, shown: FloatArray, variance: FloatArray | None) -> _Column:
        status = np.where(shown > 0, SHOWN, WITHHELD)
        ends = count_ends(value, variance, z=self._z)
        return self._column(name, self.spec.dataset.privacy_unit.plural, value, ends, status)

    def _share_percent(self, name: str, measure: ShareMeasure) -> _Column:
        top, top_shown = self._reached(name)
        bottom, bottom_shown = self._reached(measure.of)
        shown = (top_shown > 0) & (bottom_shown > 0) & (self._complement_shown(name, measure.of) > 0)
        outcome = self.spec.dataset.outcome_of(name)
        of = None if measure.of == self.spec.dataset.count_measure else measure.of
        variances = [self._covariance("children", outcome, a, b) for a, b in ((name, name), (of, of), (name, of))]
        value, lower, upper = fieller_ends(top, bottom, variances, scale=100.0, z=self._z)
        status = np.where(shown, SHOWN, WITHHELD)
        if self.cells.maximum_margin is not None:
            wide = ~((upper - lower) / 2 <= self.cells.maximum_margin)
            status = np.where(shown & (wide | (value > FULL)), UNRELIABLE, status)
        status = np.where((status == SHOWN) & (bottom <= 0), IMPOSSIBLE, status)
        decimals = self.cells.percent_decimals
        ends = round_outward(lower, upper, decimals=decimals, within=(0.0, FULL))
        return self._column(measure.percent_name, PERCENT, np.round(value, decimals), ends, status)

    def _mean(self, name: str, measure: MeanMeasure) -> _Column:
        layout = self.cells.layout
        base = layout.base.block(layout.levels_for(self.level, self.crossing))
        total = np.asarray(self.cells.sums[name][base.cells], np.float64)
        children, _ = self._reached(self.spec.dataset.count_measure)
        own = self._covariance(name, None, None, None)
        variances = [own, self._covariance("children", None, None, None), None if own is None else np.zeros_like(own)]
        value, lower, upper = fieller_ends(total, children, variances, scale=1.0, z=self._z)
        status = np.where(self._outcomes_shown() > 0, SHOWN, WITHHELD)
        if name in self.cells.shown_means:
            status = np.where(self.cells.shown_means[name][base.cells], status, WITHHELD)
        if self.cells.maximum_margin is not None:
            span = (measure.maximum - measure.minimum) / 100
            wide = ~((upper - lower) / 2 <= self.cells.maximum_margin * span)
            status = np.where((status == SHOWN) & wide, UNRELIABLE, status)
        status = np.where((status == SHOWN) & (children <= 0), IMPOSSIBLE, status)
        within = (float(measure.minimum), float(measure.maximum))
        ends = round_outward(lower, upper, decimals=measure.decimals, within=within)
        return self._column(measure.mean_name, "mean", np.round(value, measure.decimals), ends, status)

    def _covariance(self, quantity: str, outcome: str | None, left: str | None, right: str | None) -> FloatArray | None:
        """Return covariances of two sums over an outcome, flat; ``None`` for a measure stands for all children."""
        if self.cells.noise is None:
            return None
        layout = self.cells.layout
        block = self.block
        if outcome is not None:
            block = self._outcome_block(outcome, left or right or self._published_chain(outcome)[0])
        axes = [layout.breakdown_dimension[name] for name in self.crossing]
        groups = [
            range(len(layout.grid.dimensions[i].level(n).groups)) for i, n in zip(axes, self.crossing, strict=True)
        ]
        columns = []
        for group in product(*groups):
            inside = [
                (layout.grid.dimensions[i].level(n).group_of == g).astype(np.float64)
                for i, n, g in zip(axes, self.crossing, group, strict=True)
            ]
            a, b = (self._with_outcome(inside, axes, outcome, measure) for measure in (left, right))
            columns.append(self.cells.noise.covariance(quantity, block, a, b))
        return np.column_stack(columns).ravel()

    def _with_outcome(
        self, inside: list[FloatArray], axes: list[int], outcome: str | None, measure: str | None
    ) -> Vectors:
        """Return the weights over finest categories, in the order of the grid's dimensions."""
        weights = dict(zip(axes, inside, strict=True))
        if outcome is not None:
            dimension = self.cells.layout.outcome_dimension[outcome]
            size = len(self.cells.layout.grid.dimensions[dimension].codes)
            reached = np.ones(size)
            if measure is not None:
                reached = self.cells.layout.grid.dimensions[dimension].level(measure).group_of.astype(np.float64)
            weights[dimension] = reached
        return tuple(weights[i] for i in sorted(weights))

    def _column(
        self, name: str, unit: str, value: FloatArray, ends: tuple[FloatArray, FloatArray], status: npt.NDArray[np.int_]
    ) -> _Column:
        """Return a figure with what is withheld blanked; an interval held within what is possible keeps its figure."""
        status = np.where(self._possible, status, IMPOSSIBLE)
        held = (value, np.minimum(ends[0], value), np.maximum(ends[1], value))
        blank = tuple(np.where(status == SHOWN, array, np.nan) for array in held)
        return _Column(name, unit, blank[0], (blank[1], blank[2]), status.astype(np.int8))

    def frame(self, column: _Column, breakdowns: tuple[str, ...], order: tuple[int, int, int]) -> pl.DataFrame:
        """Return the figures of one measure as rows, with the keys that put all rows of a table in order."""
        layout = self.cells.layout
        areas = layout.grid.dimensions[0].level(self.level).groups
        labels = {n: layout.grid.dimensions[layout.breakdown_dimension[n]].level(n).groups for n in self.crossing}
        n_groups = int(np.prod([len(groups) for groups in labels.values()]))
        area = np.repeat(np.arange(len(areas)), n_groups)
        group = np.tile(np.arange(n_groups), len(areas))
        data: dict[str, pl.Series | pl.Expr] = {
            c.GEOGRAPHIC_LEVEL: pl.lit(self.level),
            c.AREA_CODE: pl.Series(areas, dtype=pl.String).gather(area),
        }
        stride = n_groups
        for name in breakdowns:
            if name in labels:
                stride //= len(labels[name])
                data[name] = pl.Series(labels[name], dtype=pl.String).gather((group // stride) % len(labels[name]))
            else:
                data[name] = pl.lit(total_label(name, self.spec))
        data |= {c.MEASURE: pl.lit(column.name), c.UNIT: pl.lit(column.unit)}
        for name, array in zip((c.VALUE, c.LOWER, c.UPPER), (column.value, *column.ends), strict=True):
            data[name] = pl.Series(array, nan_to_null=True)
        if self.cells.companion is not None:
            nothing = np.full(len(column.value), np.nan)
            companion = nothing if column.companion is None else column.companion
            data[c.BEST_NONNEG] = pl.Series(companion, nan_to_null=True)
        data[c.STATUS] = pl.Series(STATUSES, dtype=pl.String).gather(column.status.astype(np.uint32))
        data |= {"_level": pl.lit(order[0]), "_area": pl.Series(area), "_crossing": pl.lit(order[1])}
        data |= {"_group": pl.Series(group), "_measure": pl.lit(order[2])}
        return pl.DataFrame().select(**data)
