"""The non-negative companion of a release: which tables of which levels go into ``nonnegative``, and back into cells.

Only what is published below the base level is carried there, and of the base level only the same tables: so few figures
of the base level are negative, and most of its areas keep theirs.
"""

import numpy as np

from ndl_publish.cube.grid import IntArray
from ndl_publish.errors import RuleError
from ndl_publish.privacy.estimator import WholeTables, grouped, uniform
from ndl_publish.privacy.nonnegative import LevelTables, best_nonnegative
from ndl_publish.privacy.nonnegative_order import Axes
from ndl_publish.privacy.randomness import RandomSource
from ndl_publish.privacy.strategy import Part, PublishedTables, closure_of, table_of

NONE = -1
"""Stands where a cell has no companion."""


def companion_cells(whole: WholeTables, *, below: str, source: RandomSource) -> IntArray:
    """Return the non-negative companion of every cell at a level below the base level, -1 elsewhere, ``n_cells``.

    Args:
        whole: Integer tables of the children.
        below: The base level; its totals stay as they are.
        source: Randomness for the rounding.

    Raises:
        RuleError: ``NDL-R070`` when the level is no level of the area tree or the last of it, or when the tables below
            it overlap in a way that leaves no order to make them in.
    """
    estimator = whole.estimator
    levels = tree_levels(estimator.tree.levels, below)
    tables = _tables(whole, levels)
    prepared = [
        _level_tables(whole, level, tables[level], levels[k - 1] if k else None) for k, level in enumerate(levels)
    ]
    try:
        made = best_nonnegative(prepared, uniforms=lambda label, n: uniform(source, label, (n, 1)).ravel())
    except ValueError as error:
        message = f"best_nonneg: the tables below {below} overlap so that they cannot be made one after the other"
        raise RuleError("NDL-R070", f"{message} ({error}). Publish fewer crossings there, or leave it out.") from None
    found = dict(zip(levels, made, strict=True))
    out = np.full(estimator.grid.n_cells, NONE, np.int64)
    for block in estimator.grid.blocks:
        level = estimator.carrier(block.levels[0])
        if level in levels[1:]:
            part = deepest(table_of(block.levels, estimator.chains), tables[level])
            out[block.cells] = grouped(estimator, found[level][_axes(part)], block, part).ravel()
    return out


def tree_levels(levels: tuple[str, ...], below: str) -> tuple[str, ...]:
    """Return the base level and the levels of the area tree below it.

    Raises:
        RuleError: ``NDL-R070`` when there is none below.
    """
    if below not in levels[:-1]:
        message = f"best_nonneg.below: {below} is no level that other levels of this release lie in. Name one of: "
        raise RuleError("NDL-R070", message + ", ".join(levels[:-1]) + ".")
    return levels[levels.index(below) :]


def deepest(table: Part, made: list[Part]) -> Part:
    """Return the table of the same characteristics that was made, of which a coarser one is a sum.

    Raises:
        RuleError: ``NDL-R070`` when a level publishes a characteristic less deeply than another level below the base.
    """
    for part in made:
        if _axes(part) == _axes(table):
            return part
    message = (
        "best_nonneg: a characteristic is published in groups at one level and in their parts at another below the"
    )
    raise RuleError("NDL-R070", f"{message} base level. Publish it alike at both, or leave best_nonneg out.")


def _tables(whole: WholeTables, levels: tuple[str, ...]) -> dict[str, list[Part]]:
    """Return the tables of each level that matter: all below the base level, and there what some level below has.

    Of a chain of groupings only the deepest is made; the others are its sums.
    """
    estimator = whole.estimator
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
