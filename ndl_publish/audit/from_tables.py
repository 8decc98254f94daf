"""Read published tables back into cells, as an outsider would: from the figures alone.

Counts of children and of children who reached a measure stand in the tables; how many did not, and how many reached one
measure and not the next, is subtraction. Whatever cannot be had that way counts as withheld.
"""

from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise

import numpy as np
import polars as pl

from ndl_publish import columns as c
from ndl_publish.audit.published import BoolArray, PublishedCells
from ndl_publish.cube.grid import Block, IntArray
from ndl_publish.cube.layout import (
    YES,
    Crossing,
    CubeLayout,
    between_level,
    crossings_of,
    ordered_crossing,
    total_label,
)
from ndl_publish.errors import DisclosureError
from ndl_publish.spec.dataset import ShareMeasure
from ndl_publish.spec.load import ReleaseSpec
from ndl_publish.spec.release import Table


def published_cells(spec: ReleaseSpec, layout: CubeLayout, tables: Mapping[str, pl.DataFrame]) -> PublishedCells:
    """Return what the published tables say about every cell.

    Args:
        spec: The release; public.
        layout: Its cells; public.
        tables: Table name -> figures with ``geographic_level`` (key), ``area_code``, breakdowns, ``measure``,
            ``value``.

    Raises:
        DisclosureError: ``NDL-D011`` when two tables disagree on one count, or rows are missing.
    """
    known = _Known.nothing(layout)
    for table in spec.release.tables:
        for level in table.levels:
            rows = tables[table.name].filter(pl.col(c.GEOGRAPHIC_LEVEL) == level)
            for crossing in crossings_of(table, spec):
                known.read(spec, rows, table, (level, ordered_crossing(crossing, spec)))
    known.subtract()
    is_count = spec.rules.mode == "classic"
    return PublishedCells(layout.grid, known.values, known.is_shown, layout.implications, is_count)


def with_differences(layout: CubeLayout, seen: PublishedCells) -> PublishedCells:
    """Return cells together with the complements, and the cells between measures, that are differences of seen ones."""
    known = _Known(layout, seen.values.copy(), seen.is_shown.copy())
    known.subtract()
    return replace(seen, values=known.values, is_shown=known.is_shown)


class _Known:
    """Cells found so far."""

    def __init__(self, layout: CubeLayout, values: IntArray, is_shown: BoolArray) -> None:
        self.layout = layout
        self.values = values
        self.is_shown = is_shown

    @classmethod
    def nothing(cls, layout: CubeLayout) -> "_Known":
        return cls(layout, np.zeros(layout.grid.n_cells, np.int64), np.zeros(layout.grid.n_cells, bool))

    def read(
        self,
        spec: ReleaseSpec,
        rows: pl.DataFrame,
        table: Table,
        at: tuple[str, Crossing],
    ) -> None:
        """Take over the counts of one level and crossing."""
        level, crossing = at
        columns = {name for x in table.breakdowns for name in x}
        columns |= {c.TIME_PERIOD} if len(spec.release.time_periods) > 1 else set()
        is_total = {name: pl.col(name) == total_label(name, spec) for name in sorted(columns)}
        here = rows.filter(*(~test if name in crossing else test for name, test in is_total.items()))
        for name in table.measures:
            measure = spec.dataset.measures[name]
            if measure.kind == "mean":
                continue
            block, index = self._cells_of(level, crossing, spec, name)
            figures = here.filter(pl.col(c.MEASURE) == measure.count_name)
            self._take(block, index, self._ordered(figures, level, crossing), table=name)

    def _cells_of(self, level: str, crossing: Crossing, spec: ReleaseSpec, name: str) -> tuple[Block, IntArray]:
        """Return the block of a measure and the grid cells of its ``yes`` group, areas first."""
        layout = self.layout
        is_share = isinstance(spec.dataset.measures[name], ShareMeasure)
        outcome = spec.dataset.outcome_of(name) if is_share else None
        block = layout.grid.block(layout.levels_for(level, crossing, None if outcome is None else (outcome, name)))
        cells = np.arange(block.offset, block.offset + block.n_cells).reshape(block.shape)
        if outcome is not None:
            axis = layout.outcome_dimension[outcome]
            cells = np.take(cells, layout.grid.dimensions[axis].level(name).groups.index(YES), axis=axis)
        return block, cells.ravel()

    def _ordered(self, figures: pl.DataFrame, level: str, crossing: Crossing) -> pl.Series:
        """Return the values in the order of the cells.

        Raises:
            DisclosureError: ``NDL-D011`` when there is not exactly one row per cell.
        """
        dimensions = self.layout.grid.dimensions
        keys = {c.AREA_CODE: dimensions[0].level(level).groups}
        keys |= {name: dimensions[self.layout.breakdown_dimension[name]].level(name).groups for name in crossing}
        ranked = figures.select(
            c.VALUE,
            *(
                pl.col(name).replace_strict(groups, range(len(groups)), default=None).alias(name)
                for name, groups in keys.items()
            ),
        ).sort(list(keys))
        wanted = int(np.prod([len(groups) for groups in keys.values()]))
        if ranked.height != wanted or ranked.select(pl.any_horizontal(pl.col(list(keys)).is_null().any())).item():
            raise DisclosureError("NDL-D011", f"level {level}: a table does not hold exactly one row per cell.")
        return ranked[c.VALUE]

    def _take(self, block: Block, cells: IntArray, values: pl.Series, *, table: str) -> None:
        shown = values.is_not_null().to_numpy()
        found = values.fill_null(0).to_numpy().astype(np.int64)
        both = self.is_shown[cells] & shown
        if (self.values[cells][both] != found[both]).any():
            raise DisclosureError("NDL-D011", f"{table} at level {block.levels[0]}: two tables print different counts.")
        self.values[cells[shown]] = found[shown]
        self.is_shown[cells[shown]] = True

    def subtract(self) -> None:
        """Fill the groups that are differences of shown counts."""
        present = {block.levels for block in self.layout.grid.blocks}
        for outcome, chain in self.layout.chains.items():
            axis = self.layout.outcome_dimension[outcome]
            for block in self.layout.grid.blocks:
                name = block.levels[axis]
                base = tuple("total" if i == axis else level for i, level in enumerate(block.levels))
                if name == "total" or base not in present:
                    continue
                measures = tuple(m for m in chain if self._with(block, axis, m) in present)
                if name in chain:
                    self._fill(block, axis, 0, self._reached(base, None, axis), self._reached(block.levels, 1, axis))
                if name == between_level(measures) and len(measures) > 1:
                    steps = [self._reached(base, None, axis)]
                    steps += [self._reached(self._with(block, axis, m), 1, axis) for m in measures]
                    for rank, (wide, narrow) in enumerate(pairwise(steps)):
                        self._fill(block, axis, rank, wide, narrow)
                    self._fill(block, axis, len(measures), steps[-1], None)

    def _with(self, block: Block, axis: int, name: str) -> tuple[str, ...]:
        return tuple(name if i == axis else level for i, level in enumerate(block.levels))

    def _reached(self, levels: tuple[str, ...], group: int | None, axis: int) -> IntArray:
        """Return the grid cells of a block, or of one group of its outcome."""
        block = self.layout.grid.block(levels)
        cells = np.arange(block.offset, block.offset + block.n_cells).reshape(block.shape)
        return np.asarray(np.take(cells, 0 if group is None else group, axis=axis).ravel(), np.int64)

    def _fill(self, block: Block, axis: int, group: int, whole: IntArray, part: IntArray | None) -> None:
        cells = self._reached(block.levels, group, axis)
        shown = self.is_shown[whole] if part is None else self.is_shown[whole] & self.is_shown[part]
        value = self.values[whole] if part is None else self.values[whole] - self.values[part]
        self.values[cells[shown]] = value[shown]
        self.is_shown[cells[shown]] = True
