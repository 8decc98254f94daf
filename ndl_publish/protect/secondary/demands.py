"""What the witnesses must do: one demand for each primary and direction, and where the search may start."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ndl_publish.columns import TOTAL_LEVEL
from ndl_publish.cube.grid import CellGrid, IntArray
from ndl_publish.protect.secondary.axes import Axes
from ndl_publish.protect.secondary.geometry import Geometry, Rows
from ndl_publish.protect.secondary.problem import SuppressionProblem


class Demands(NamedTuple):
    """What each witness must do.

    Attributes:
        cell: Primary it belongs to, ``n_demands``.
        block: Block of that cell.
        raises: Up or down.
        need: By how much.
        groups: Group of the cell on every axis, ``(n_demands, n_axes)``.
        first_member: Where the rows with children of each demand's cell begin in ``members``, ``n_demands``.
        end_member: Where they end.
        members: Those rows.
        avoids: Row of a child: the cells it is alone in must stay as they are, for insiders; -1 for none.
    """

    cell: IntArray
    block: IntArray
    raises: npt.NDArray[np.bool_]
    need: IntArray
    groups: IntArray
    first_member: IntArray
    end_member: IntArray
    members: IntArray
    avoids: IntArray


def primary_demands(problem: SuppressionProblem, axes: Axes, geometry: Geometry, rows: Rows) -> Demands:
    """Return the demands of all primaries that need a witness and are structurally possible."""
    wanted = problem.primary if problem.demanded is None else problem.primary & problem.demanded
    cells, blocks, groups = [], [], []
    for b, block in enumerate(problem.grid.blocks):
        found = np.flatnonzero(wanted[block.cells])
        at, possible = _groups_of(problem.grid, axes, geometry, b, found)
        cells.append(found[possible] + block.offset)
        blocks.append(np.full(int(possible.sum()), b, np.int64))
        groups.append(at[possible])
    cell, block_of, at = np.concatenate(cells), np.concatenate(blocks), np.concatenate(groups)
    if problem.signed:
        one = np.ones(len(cell), np.int64)
        none = np.zeros(0, np.int64)
        return Demands(cell, block_of, one.astype(bool), one, at, 0 * one, 0 * one, none, -one)
    first, members = _members(problem.grid, axes, rows, cell, block_of)
    value = problem.values[cell]
    need = np.concatenate([problem.highest[cell] - value, value - problem.lowest[cell]])
    raises = np.arange(2 * len(cell)) < len(cell)
    both = Demands(
        np.tile(cell, 2), np.tile(block_of, 2), raises, need, np.tile(at, (2, 1)), np.tile(first[:-1], 2),
        np.tile(first[1:], 2), members, np.full(2 * len(cell), -1, np.int64),
    )  # fmt: skip
    return only(both, need > 0)


def only(demands: Demands, wanted: npt.NDArray[np.bool_]) -> Demands:
    """Return the wanted demands only."""
    return Demands(
        demands.cell[wanted],
        demands.block[wanted],
        demands.raises[wanted],
        demands.need[wanted],
        demands.groups[wanted],
        demands.first_member[wanted],
        demands.end_member[wanted],
        demands.members,
        demands.avoids[wanted],
    )


def joined(one: Demands, other: Demands) -> Demands:
    """Return the demands of both, which share their members."""
    pairs = zip(one._replace(members=one.cell), other._replace(members=other.cell), strict=True)
    return Demands(*(np.concatenate(pair) for pair in pairs))._replace(members=one.members)


def _groups_of(
    grid: CellGrid, axes: Axes, geometry: Geometry, b: int, found: IntArray
) -> tuple[IntArray, npt.NDArray[np.bool_]]:
    """Return the group of each cell of a block on every axis, and whether any code is in all of them."""
    block = grid.blocks[b]
    stride = np.concatenate([np.cumprod(block.shape[::-1])[::-1][1:], [1]]).astype(np.int64)
    at = np.zeros((len(found), len(axes.sizes)), np.int64)
    possible = np.ones(len(found), bool)
    for axis in range(len(axes.sizes)):
        mine = [dim for dim, of in enumerate(axes.axis_of) if of == axis]
        step = sum(((found // stride[d]) % block.shape[d]) * stride[d] for d in mine)
        steps = axes.axis_steps(b, axis)
        values, code = np.unique(steps, return_index=True)
        place = np.minimum(np.searchsorted(values, step), len(values) - 1)
        possible &= values[place] == step
        start = geometry.partition_start[geometry.partition[b, axis]]
        at[:, axis] = geometry.group_of[start + code[place]]
    return at, possible


def _members(grid: CellGrid, axes: Axes, rows: Rows, cell: IntArray, block_of: IntArray) -> tuple[IntArray, IntArray]:
    """Return the finest rows with children of each primary: starts and rows."""
    place = np.full(grid.n_cells, -1, np.int64)
    place[cell] = np.arange(len(cell))
    owner, member = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
    for b in np.unique(block_of):
        steps = axes.steps[b][axes.starts[:-1] + rows.codes]
        inside = np.flatnonzero((steps >= 0).all(axis=1))
        mine = place[grid.blocks[b].offset + steps[inside].sum(axis=1)]
        owner.append(mine[mine >= 0])
        member.append(inside[mine >= 0])
    owners = np.concatenate(owner)
    order = np.argsort(owners, kind="stable")
    counts = np.bincount(owners, minlength=len(cell))
    return np.concatenate([[0], np.cumsum(counts)]).astype(np.int64), np.concatenate(member)[order]


def demand_order(problem: SuppressionProblem, demands: Demands, seed: int) -> IntArray:
    """Return the order of the demands: most totals first, then largest need, then as the seed decides."""
    totals = np.array([sum(lv == TOTAL_LEVEL for lv in block.levels) for block in problem.grid.blocks], np.int64)
    draw = np.random.default_rng(seed).permutation(len(demands.cell))
    return np.lexsort((draw, -demands.need, -totals[demands.block])).astype(np.int64)
