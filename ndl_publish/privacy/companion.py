"""The non-negative companion of a release: which tables of which levels go into ``nonnegative``, and back into cells.

Only what is published below the base level is carried there, and of the base level only the same tables: so few figures
of the base level are negative, and most of its areas keep theirs.
"""

from dataclasses import dataclass

import numpy as np

from ndl_publish.cube.grid import Block, IntArray
from ndl_publish.errors import RuleError
from ndl_publish.privacy.estimator import Estimator, WholeTables, grouped, uniform
from ndl_publish.privacy.nonnegative import LevelTables, best_nonnegative
from ndl_publish.privacy.nonnegative_order import Axes, steps_of
from ndl_publish.privacy.randomness import RandomSource
from ndl_publish.privacy.strategy import Part, PublishedTables, closure_of, table_of

NONE = -1
"""Stands where a cell has no companion."""


@dataclass(frozen=True, slots=True)
class CompanionPlan:
    """Which tables a companion is made of, known before anything is drawn.

    Attributes:
        levels: The base level and the levels of the area tree below it.
        tables: The tables of each.
    """

    levels: tuple[str, ...]
    tables: dict[str, list[Part]]

    @classmethod
    def of(cls, estimator: Estimator, *, below: str) -> "CompanionPlan":
        """Return the plan of a companion below a level; its totals stay as they are.

        Raises:
            RuleError: ``NDL-R070`` when the level has none below it in the area tree, when the tables below it overlap
                in a way that leaves no order to make them in, or show a characteristic at two depths.
        """
        levels = _levels(estimator.tree.levels, below)
        tables = _tables(estimator, levels)
        above: dict[Axes, None] = {}
        for level in levels:
            own = dict.fromkeys(_axes(part) for part in tables[level])
            try:
                steps_of(own, above)
            except ValueError as error:
                message = f"best_nonneg: the tables below {below} overlap so that none can be made first ({error})."
                raise RuleError("NDL-R070", f"{message} Publish fewer crossings there, or leave it out.") from None
            above = own
        plan = cls(levels, tables)
        for block in estimator.grid.blocks:
            plan.part_of(block, estimator)
        return plan

    def part_of(self, block: Block, estimator: Estimator) -> Part | None:
        """Return the table of which a block's companion is a part or a sum; none where it has no companion.

        Raises:
            RuleError: ``NDL-R070`` when a level shows a characteristic less deeply than another level below the base.
        """
        level = estimator.tree.carrier(block.levels[0])
        if level not in self.levels[1:]:
            return None
        axes = _axes(table_of(block.levels, estimator.chains))
        for part in self.tables[level]:
            if _axes(part) == axes:
                return part
        message = f"best_nonneg: at {level} a characteristic is published in groups, at another level below the base in"
        raise RuleError("NDL-R070", f"{message} their parts. Publish it alike at both, or leave best_nonneg out.")


def companion_cells(whole: WholeTables, plan: CompanionPlan, source: RandomSource) -> IntArray:
    """Return the non-negative companion of every cell at a level below the base level, -1 elsewhere, ``n_cells``.

    Args:
        whole: Integer tables of the children.
        plan: Which tables it is made of.
        source: Randomness for the rounding.
    """
    estimator = whole.estimator
    prepared = [
        _level_tables(whole, level, plan.tables[level], plan.levels[k - 1] if k else None)
        for k, level in enumerate(plan.levels)
    ]
    made = best_nonnegative(prepared, uniforms=lambda label, n: uniform(source, label, (n, 1)).ravel())
    found = dict(zip(plan.levels, made, strict=True))
    out = np.full(estimator.grid.n_cells, NONE, np.int64)
    for block in estimator.grid.blocks:
        part = plan.part_of(block, estimator)
        if part is not None:
            table = found[estimator.tree.carrier(block.levels[0])][_axes(part)]
            out[block.cells] = grouped(estimator, table, block, part).ravel()
    return out


def _levels(levels: tuple[str, ...], below: str) -> tuple[str, ...]:
    if below not in levels[:-1]:
        names = ", ".join(levels[:-1]) or "this release has none"
        message = f"best_nonneg.below: no level of this release lies in {below}. Name one that others lie in: {names}."
        raise RuleError("NDL-R070", message)
    return levels[levels.index(below) :]


def _tables(estimator: Estimator, levels: tuple[str, ...]) -> dict[str, list[Part]]:
    """Return the tables of each level that matter: all below the base level, and there what some level below has.

    Of a chain of groupings only the deepest is made; the others are its sums.
    """
    published = PublishedTables.of(estimator.grid, estimator.tree, {})
    closures = {level: closure_of(published.at[level]) for level in levels}
    wanted = {part for level in levels[1:] for part in closures[level]}
    top = {i: max(k for part in wanted for j, k in part if j == i) for i in {i for part in wanted for i, _ in part}}
    tables = {level: [part for part in closures[level] if part in wanted] for level in levels}
    return {level: [part for part in parts if all(k == top[i] for i, k in part)] for level, parts in tables.items()}


def _level_tables(whole: WholeTables, level: str, parts: list[Part], above: str | None) -> LevelTables:
    estimator = whole.estimator
    parent = None if above is None else estimator.tree.parents(above, level)
    tables = {_axes(part): whole.table(part, level) for part in parts}
    return LevelTables(parent, tables, {_axes(part): estimator.cell_variance(part, level) for part in parts})


def _axes(part: Part) -> Axes:
    return tuple(i for i, _ in sorted(part))
