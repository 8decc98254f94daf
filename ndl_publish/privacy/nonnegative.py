"""The non-negative companion of the unbiased noisy tables: whole, never negative, additive everywhere - and biased.

The published estimate is unbiased and may be negative. Readers who need counts get a second, labelled column, made
from the noisy tables and their public variances alone (post-processing: it costs no privacy loss). Its errors in small
areas are far smaller, because areas are drawn towards what is usual around them; that is a bias, so it is not for
sums of chosen small areas.

* **Base level** (local authorities): an area whose tables are all non-negative stays as it is. Otherwise its total
  stays (0 if negative), and each table goes to the nearest one without negative cells that fits its margins.
* **Levels below**: estimates are drawn towards the area above (``nonnegative_shrinkage``); then table by table in an
  order in which each meets two margins at most (``nonnegative_order``), raked to them and rounded with margins kept
  (``controlled_rounding``).

Refused: rounding overlapping tables one by one with three or more fixed margins, which need not have a solution.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from math import prod
from typing import TypeVar

import numpy as np

from ndl_publish.cube.grid import IntArray
from ndl_publish.privacy.controlled_rounding import divide_whole, fit_whole
from ndl_publish.privacy.least_squares import FloatArray
from ndl_publish.privacy.nearest_table import nearest_matrices, nearest_rows
from ndl_publish.privacy.nonnegative_order import Axes, Step, steps_of
from ndl_publish.privacy.nonnegative_shrinkage import shrink

Uniforms = Callable[[str, int], FloatArray]
Draw = Callable[[int], FloatArray]
Table = TypeVar("Table", IntArray, FloatArray)


@dataclass(frozen=True, slots=True)
class LevelTables:
    """The noisy tables of one level of areas.

    Attributes:
        parent: Node of the level above for each node, never decreasing; ``None`` for the base level.
        tables: For each published attribute set, closed downward: integers ``(n_nodes, n_1, n_2, ...)``, additive
            within a node and along the tree.
        variances: For each of them the mean noise variance of a cell at each node, ``(n_nodes,)``.
    """

    parent: IntArray | None
    tables: dict[Axes, IntArray] = field(repr=False)
    variances: dict[Axes, FloatArray] = field(repr=False)

    def __post_init__(self) -> None:
        """Refuse tables that are not a family of the same areas."""
        lacking = {axes[:k] + axes[k + 1 :] for axes in self.tables for k in range(len(axes))} - set(self.tables)
        if lacking or () not in self.tables or set(self.variances) != set(self.tables):
            raise ValueError(f"tables are not closed downward with a variance each; lacking: {sorted(lacking)}")
        n_nodes = {len(one) for family in (self.tables, self.variances) for one in family.values()}
        n_nodes |= set() if self.parent is None else {len(self.parent)}
        if len(n_nodes) > 1 or any(table.ndim != len(axes) + 1 for axes, table in self.tables.items()):
            raise ValueError("tables, variances and parents are not of the same areas, or a table lacks an axis")
        if self.parent is not None and (np.diff(self.parent) < 0).any():
            raise ValueError("the children of an area must stand together, in the order of the areas above")


def best_nonnegative(levels: Sequence[LevelTables], *, uniforms: Uniforms) -> list[dict[Axes, IntArray]]:
    """Return non-negative whole tables, additive within each area and along the tree, near the noisy ones.

    Args:
        levels: From the base level downwards.
        uniforms: Gives ``n`` reproducible uniforms on [0, 1) for a label.

    Returns:
        For each level, the same attribute sets and shapes. At the base level areas without a negative cell are
        unchanged, and so is every total that is not negative.

    Raises:
        ValueError: When a level's attribute sets have no order in which no table meets more than two margins.
    """
    made: list[dict[Axes, IntArray]] = []
    for number, level in enumerate(levels):
        maker = _Maker(level, made[-1] if made else {}, uniforms, f"nonnegative/{number}")
        made.append(maker.tables())
    return made


@dataclass(frozen=True, slots=True)
class _Maker:
    """Makes the tables of one level.

    Attributes:
        level: Its noisy tables.
        above: The made tables of the level above; none at the base level.
        uniforms: Source of uniforms.
        label: What makes this level's uniforms different from any other's.
    """

    level: LevelTables
    above: Mapping[Axes, IntArray] = field(repr=False)
    uniforms: Uniforms
    label: str

    def tables(self) -> dict[Axes, IntArray]:
        """Return all tables of the level."""
        steps = steps_of(self.level.tables, self.above)
        if self.level.parent is None:
            return self._base(steps)
        seeds = shrink(self.level.tables, self.level.variances, parent=self.level.parent, above=self.above)
        return self._made(steps, seeds)

    def _base(self, steps: Sequence[Step]) -> dict[Axes, IntArray]:
        noisy = self.level.tables
        spoilt = np.zeros(len(noisy[()]), bool)
        for table in noisy.values():
            spoilt |= (table.reshape(len(spoilt), -1) < 0).any(axis=1)
        made = self._made(steps, {axes: table[spoilt].astype(np.float64) for axes, table in noisy.items()})
        out = {axes: table.copy() for axes, table in noisy.items()}
        for axes, table in made.items():
            out[axes][spoilt] = table
        return out

    def _made(self, steps: Sequence[Step], seeds: Mapping[Axes, FloatArray]) -> dict[Axes, IntArray]:
        made: dict[Axes, IntArray] = {}
        for step in steps:
            draw = partial(self.uniforms, f"{self.label}/{step.axes}")
            if not step.margins:
                made[()] = self._totals(seeds[()], draw)
            elif step.is_bound_above:
                made[step.axes] = self._bound_above(step, seeds[step.axes], made, draw)
            elif len(step.margins) == 1:
                made[step.axes] = self._divided(step, seeds[step.axes], made, draw)
            else:
                made[step.axes] = self._joined(step, seeds[step.axes], made, draw)
        return {axes: _margin(made, axes) for axes in self.level.tables}

    def _totals(self, seeds: FloatArray, draw: Draw) -> IntArray:
        """Return the areas' totals: their own at the base level, else shares of the totals above."""
        if self.level.parent is None:
            return np.maximum(seeds, 0).astype(np.int64)
        totals = self.above[()]
        return divide_whole(seeds, _starts(self.level.parent, len(totals)), totals, draw(len(totals)))

    def _bound_above(self, step: Step, seeds: FloatArray, made: Mapping[Axes, IntArray], draw: Draw) -> IntArray:
        """Return a table bound by the areas above and one margin: for each cell of that, areas x the other cells."""
        above, rows = self.above[step.axes], _margin(made, step.margins[0])
        starts = _starts(self.level.parent, len(above))
        parts = (step.margins[0], _without(step.axes, step.margins[0]))
        folded = _fold(seeds, step.axes, parts)
        uniforms = draw(folded.size).reshape(folded.shape)
        found = fit_whole(folded, starts, rows.reshape(folded.shape[:2]), _fold(above, step.axes, parts), uniforms)
        return _unfold(found, step.axes, parts, seeds.shape)

    def _divided(self, step: Step, seeds: FloatArray, made: Mapping[Axes, IntArray], draw: Draw) -> IntArray:
        """Return a table bound by one margin of its own area: each cell of that is divided."""
        parts = (step.margins[0], _without(step.axes, step.margins[0]))
        folded = _fold(seeds, step.axes, parts)
        rows, totals = folded.reshape(-1, folded.shape[2]), _margin(made, step.margins[0]).ravel()
        if self.level.parent is None:
            rows = nearest_rows(rows, totals)
        found = divide_whole(rows.ravel(), np.arange(len(rows) + 1) * rows.shape[1], totals, draw(len(rows)))
        return _unfold(found.reshape(folded.shape), step.axes, parts, seeds.shape)

    def _joined(self, step: Step, seeds: FloatArray, made: Mapping[Axes, IntArray], draw: Draw) -> IntArray:
        """Return a table bound by two margins of its own area: for each cell that those share, a matrix."""
        left, right = step.margins
        both = tuple(i for i in left if i in right)
        parts = (both, _without(left, both), _without(right, both))
        folded = _fold(seeds, step.axes, parts)
        matrices = folded.reshape(-1, *folded.shape[2:])
        row_sums = _fold(_margin(made, left), left, parts[:2]).reshape(matrices.shape[:2])
        column_sums = _fold(_margin(made, right), right, (both, parts[2])).reshape(matrices.shape[::2])
        if self.level.parent is None:
            matrices = nearest_matrices(matrices, row_sums, column_sums)
        starts = np.arange(len(matrices) + 1) * matrices.shape[1]
        lines = matrices.reshape(-1, 1, matrices.shape[2])
        uniforms = draw(lines.size).reshape(lines.shape)
        found = fit_whole(lines, starts, row_sums.reshape(-1, 1), column_sums[:, None], uniforms)
        return _unfold(found.reshape(folded.shape), step.axes, parts, seeds.shape)


def _margin(made: Mapping[Axes, IntArray], axes: Axes) -> IntArray:
    """Return a table from the smallest made table that contains it."""
    whole = min((other for other in made if set(axes) <= set(other)), key=len)
    summed = tuple(position for position, i in enumerate(whole, 1) if i not in axes)
    return np.asarray(made[whole].sum(axis=summed))


def _without(axes: Axes, others: Axes) -> Axes:
    return tuple(i for i in axes if i not in others)


def _starts(parent: IntArray | None, n_above: int) -> IntArray:
    """Return the first area of each area above and, last, the number of areas."""
    return np.searchsorted(np.zeros(0, np.int64) if parent is None else parent, np.arange(n_above + 1))


def _fold(table: Table, axes: Axes, parts: Sequence[Axes]) -> Table:
    """Return a table with its axes brought together in parts: ``(n_nodes, n_part_1, n_part_2, ...)``."""
    order = [0, *(axes.index(i) + 1 for part in parts for i in part)]
    sizes = dict(zip(axes, table.shape[1:], strict=True))
    return table.transpose(order).reshape(len(table), *(prod(sizes[i] for i in part) for part in parts))


def _unfold(folded: IntArray, axes: Axes, parts: Sequence[Axes], shape: tuple[int, ...]) -> IntArray:
    """Return what ``_fold`` folded."""
    order = [i for part in parts for i in part]
    sizes = dict(zip(axes, shape[1:], strict=True))
    long = folded.reshape(len(folded), *(sizes[i] for i in order))
    return long.transpose([0, *(order.index(i) + 1 for i in axes)])
