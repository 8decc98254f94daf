"""A suppression problem after a change to its tables: some left out, or two categories of a level made one.

For trying remedies. The primary rules are not at hand here, so a cell made of two is judged by what its parts need: it
is primary where a part was and the sum is still below what that part must be able to reach.
"""

from dataclasses import dataclass, field, replace

import numpy as np

from ndl_publish.cube.grid import Block, CellGrid, Dimension, IntArray, Level
from ndl_publish.protect.secondary.problem import BoolArray, FloatArray, SuppressionProblem


@dataclass(frozen=True)
class Altered:
    """A problem after a change.

    Attributes:
        problem: The problem.
        place: Cell of the new grid for each cell of the old one, -1 where it is published no longer, ``n_old_cells``.
    """

    problem: SuppressionProblem
    place: IntArray = field(repr=False)


def without_blocks(problem: SuppressionProblem, gone: frozenset[int]) -> Altered:
    """Return the problem without some blocks of its grid.

    Args:
        problem: What was asked.
        gone: Indices of blocks; at least one block must stay.
    """
    kept = [block.levels for b, block in enumerate(problem.grid.blocks) if b not in gone]
    return _onto(problem, CellGrid.build(problem.grid.dimensions, kept), {})


def with_merged(problem: SuppressionProblem, *, dimension: int, level: str, groups: tuple[int, int]) -> Altered:
    """Return the problem with two groups of one level made one, wherever the level is published.

    Args:
        problem: What was asked.
        dimension: Index of the dimension.
        level: Name of the level.
        groups: Indices of the two groups; the first one keeps its name.
    """
    first, second = sorted(groups)
    old = problem.grid.dimensions[dimension]
    target = np.arange(len(old.level(level).groups))
    target[second] = first
    target[second + 1 :] -= 1
    levels = tuple(_merged_level(item, target, second) if item.name == level else item for item in old.levels)
    dimensions = list(problem.grid.dimensions)
    dimensions[dimension] = Dimension(old.name, old.codes, levels)
    grid = CellGrid.build(tuple(dimensions), [block.levels for block in problem.grid.blocks])
    return _onto(problem, grid, {(dimension, level): target})


def _merged_level(level: Level, target: IntArray, gone: int) -> Level:
    groups = tuple(group for i, group in enumerate(level.groups) if i != gone)
    return Level(level.name, groups, np.where(level.group_of >= 0, target[level.group_of], -1))


def _onto(problem: SuppressionProblem, grid: CellGrid, targets: dict[tuple[int, str], IntArray]) -> Altered:
    """Return the problem on another grid, whose levels' groups the old ones are sent to."""
    place = np.full(problem.grid.n_cells, -1, np.int64)
    new = {block.levels: block for block in grid.blocks}
    for block in problem.grid.blocks:
        if block.levels in new:
            place[block.cells] = _places(block, new[block.levels], targets)
    stays = np.flatnonzero(place >= 0)
    to = place[stays]
    values = np.zeros(grid.n_cells, np.int64)
    np.add.at(values, to, problem.values[stays])
    primary, lowest, highest = _primaries(problem, values, stays, to)
    return Altered(
        replace(
            problem,
            grid=grid,
            values=values,
            primary=primary,
            lowest=lowest,
            highest=highest,
            demanded=None if problem.demanded is None else _any(problem.demanded, stays, to, grid.n_cells) & primary,
            unpublished=None if problem.unpublished is None else ~_any(~problem.unpublished, stays, to, grid.n_cells),
            forced=None if problem.forced is None else _any(problem.forced, stays, to, grid.n_cells),
            preference=None if problem.preference is None else _largest(problem.preference, stays, to, grid.n_cells),
        ),
        place,
    )


def _places(block: Block, new: Block, targets: dict[tuple[int, str], IntArray]) -> IntArray:
    index = list(np.unravel_index(np.arange(block.n_cells), block.shape))
    for axis, level in enumerate(block.levels):
        if (axis, level) in targets:
            index[axis] = targets[axis, level][index[axis]]
    return np.ravel_multi_index(tuple(index), new.shape).astype(np.int64) + new.offset


def _primaries(
    problem: SuppressionProblem, values: IntArray, stays: IntArray, to: IntArray
) -> tuple[BoolArray, IntArray, IntArray]:
    """Return which cells of the new grid are primary, and their protection intervals."""
    primary = _any(problem.primary, stays, to, len(values))
    is_sum = np.bincount(to, minlength=len(values)) > 1
    lowest, highest = values.copy(), values.copy()
    if problem.signed:
        limit = int(problem.values[problem.primary].max(initial=0))
        return primary & ~(is_sum & (values > limit)), np.zeros(0, np.int64), np.zeros(0, np.int64)
    mine = problem.primary[stays]
    np.minimum.at(lowest, to[mine], problem.lowest[stays][mine])
    largest = np.zeros_like(values)
    np.maximum.at(largest, to[mine], problem.highest[stays][mine])
    primary &= ~(is_sum & (values >= largest))
    return primary, np.where(primary, lowest, values), np.where(primary, np.maximum(highest, largest), values)


def _any(flags: BoolArray, stays: IntArray, to: IntArray, n: int) -> BoolArray:
    return np.asarray(np.bincount(to[flags[stays]], minlength=n) > 0)


def _largest(numbers: FloatArray, stays: IntArray, to: IntArray, n: int) -> FloatArray:
    found = np.zeros(n)
    np.maximum.at(found, to, numbers[stays])
    return found
