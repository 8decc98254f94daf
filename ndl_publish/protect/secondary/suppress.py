"""Secondary suppression by witness circuits: rip-up and reroute of explicit alternative tables.

For every primary the search keeps alternative tables that agree with everything shown and change the primary: one that
raises it to the minimum count and one that lowers it to nothing (classic), or one that moves it at all (noisy counts).
A cell is withheld if and only if it is primary or one of these tables needs it. That is sound by construction, needs no
solver, and hierarchies, linked tables and areas that do not nest are all only memberships.

Source:
    The idea of protecting by explicit circuits is that of network-flow suppression (Cox 1980; Fischetti and Salazar
    2000 for the full problem, which this does not solve to the optimum).
"""

from collections.abc import Callable
from hashlib import sha256
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ndl_publish.columns import TOTAL_LEVEL, Mask
from ndl_publish.cube.grid import CellGrid, IntArray
from ndl_publish.protect.secondary.axes import Axes
from ndl_publish.protect.secondary.geometry import Geometry, Rows, build_geometry, build_rows
from ndl_publish.protect.secondary.problem import Suppression, SuppressionProblem, Witnesses
from ndl_publish.protect.secondary.search import MAX_AXES, route

Progress = Callable[[str, int, int], None]
FloatArray = npt.NDArray[np.float64]

LOG_WEIGHT = 0.15
"""How much a cell's weight grows with the logarithm of its count; 1 for a cell of nothing."""
ZERO_WEIGHT = 12.0
"""Weight added to a cell of nothing: a blank zero is allowed, and rare."""
UNPUBLISHED = 1e-3
"""Weight of a cell that no table prints."""
NEVER = 1e17
"""Weight of the grand total, which is never withheld for another cell."""

FIRST = (4, 12, 250)
"""Starts, codes per axis and combinations that a first search may try."""
HARDER = (12, 30, 3000)
"""The same, for demands that the first search could not meet."""
SIGNED = (3, 12, 120)
"""The same, for noisy counts, where nearly every move will do."""
REROUTES = 1
"""How often every witness is ripped up and searched for again."""
DROPPED = 2
"""How many axes a move for exact counts may leave undifferenced; the second only where nothing cheap is found."""


class Demands(NamedTuple):
    """What each witness must do: which primary, in which block, up or down, by how much, and where it may start."""

    cell: IntArray
    block: IntArray
    raises: npt.NDArray[np.bool_]
    need: IntArray
    groups: IntArray
    first_member: IntArray
    members: IntArray


def suppress(problem: SuppressionProblem, *, progress: Progress | None = None) -> Suppression:
    """Return which cells to withhold so that no primary can be deduced from what is shown.

    Args:
        problem: Grid, figures, primaries and finest rows.
        progress: Called with (stage, done, of); for a progress bar.

    Returns:
        Mask, witnesses, and the primaries that could not be protected (the caller must then refuse).

    Raises:
        RuleError: ``NDL-R032`` to ``NDL-R034`` for implications that do not fit, or far too many codes.
    """
    axes = Axes.build(problem.grid, problem.implications)
    geometry = build_geometry(problem.grid, axes)
    rows = _rows(problem, axes, geometry)
    demands = _demands(problem, axes, geometry, rows)
    use = problem.primary.astype(np.int64)
    weight = _weights(problem)
    seed = int.from_bytes(sha256(b"ndl-publish suppression" + problem.tie_break).digest()[:6], "big")
    order = _order(problem, demands, seed)
    store = (
        np.empty(1 << 16, np.int64),
        np.zeros((len(order), 2), np.int64),
        np.empty(1 << 16, np.int64),
        np.empty(1 << 16, np.int64),
        np.zeros((len(order), 2), np.int64),
        np.zeros(2, np.int64),
        np.zeros(len(order), np.bool_),
    )
    tell = progress or (lambda _stage, _done, _of: None)
    tell("routing", 0, len(order))
    base = (geometry, rows, tuple(demands))
    store = route(
        *base,
        order,
        SIGNED if problem.signed else FIRST,
        0 if problem.signed else DROPPED,
        (use, weight),
        store,
        seed,
        problem.signed,
    )
    for attempt, dropped in enumerate((1, 2, MAX_AXES)):
        missing = order[~store[6][order]]
        if not len(missing):
            break
        tell("routing again", len(order) - len(missing), len(order))
        store = route(*base, missing, HARDER, dropped, (use, weight), store, seed + attempt + 1, problem.signed)
    if not problem.signed:
        for turn in range(REROUTES):
            tell("rerouting", turn, REROUTES)
            met = order[store[6][order]]
            store = route(*base, met, FIRST, DROPPED, (use, weight), store, seed + 7919 * (turn + 1), problem.signed)
    mask = np.where(problem.primary, Mask.PRIMARY_SUPPRESSED, Mask.SHOWN).astype(np.uint8)
    mask[(use > 0) & ~problem.primary] = Mask.SECONDARY_SUPPRESSED
    return Suppression(mask, _witnesses(axes, demands, store), np.unique(demands.cell[~store[6]]))


def _rows(problem: SuppressionProblem, axes: Axes, geometry: Geometry) -> Rows:
    """Return the finest rows with children; none for noisy counts, whose moves need none."""
    if problem.signed:
        return build_rows(geometry, np.zeros((0, len(axes.sizes)), np.int64), np.zeros(0, np.int64))
    return build_rows(geometry, axes.fold(problem.codes), problem.counts)


def _demands(problem: SuppressionProblem, axes: Axes, geometry: Geometry, rows: Rows) -> Demands:
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
        none = np.zeros(0, np.int64)
        one = np.ones(len(cell), np.int64)
        return Demands(cell, block_of, one.astype(bool), one, at, np.zeros(len(cell) + 1, np.int64), none)
    first, members = _members(problem.grid, axes, rows, cell, block_of)
    value = problem.values[cell]
    need = np.concatenate([problem.highest[cell] - value, value - problem.lowest[cell]])
    twice = np.concatenate([first[:-1], len(members) + first])
    raises = np.arange(2 * len(cell)) < len(cell)
    both = Demands(
        np.tile(cell, 2), np.tile(block_of, 2), raises, need, np.tile(at, (2, 1)), twice, np.tile(members, 2)
    )
    return _only(both, need > 0)


def _only(demands: Demands, wanted: npt.NDArray[np.bool_]) -> Demands:
    """Return the wanted demands only."""
    if wanted.all():
        return demands
    lengths = np.diff(demands.first_member)
    keep = np.repeat(wanted, lengths)
    return Demands(
        demands.cell[wanted],
        demands.block[wanted],
        demands.raises[wanted],
        demands.need[wanted],
        demands.groups[wanted],
        np.concatenate([[0], np.cumsum(lengths[wanted])]).astype(np.int64),
        demands.members[keep],
    )


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


def _weights(problem: SuppressionProblem) -> FloatArray:
    """Return what it costs to withhold each cell: more for large and for headline cells, most for zeros."""
    weight = 1.0 + LOG_WEIGHT * np.log1p(np.maximum(problem.values, 0))
    if not problem.signed:
        weight += np.where(problem.values == 0, ZERO_WEIGHT, 0.0)
    for block in problem.grid.blocks:
        totals = sum(level == TOTAL_LEVEL for level in block.levels)
        weight[block.cells] *= 1.0 + 0.5 * totals / max(1, len(block.levels))
        if totals == len(block.levels):
            weight[block.cells] = NEVER * 100
    if problem.unpublished is not None:
        weight[problem.unpublished] = UNPUBLISHED
    return weight


def _order(problem: SuppressionProblem, demands: Demands, seed: int) -> IntArray:
    """Return the order of the demands: most totals first, then largest need, then as the seed decides."""
    totals = np.array([sum(lv == TOTAL_LEVEL for lv in block.levels) for block in problem.grid.blocks], np.int64)
    draw = np.random.default_rng(seed).permutation(len(demands.cell))
    return np.lexsort((draw, -demands.need, -totals[demands.block])).astype(np.int64)


def _witnesses(axes: Axes, demands: Demands, store: tuple[npt.NDArray[np.int64], ...]) -> Witnesses:
    """Return the witnesses of all demands that were met, as sparse changes of finest rows."""
    _, _, keys, amounts, span, _, met = store
    own = np.flatnonzero(met & (span[:, 1] > span[:, 0]))
    pieces = [np.arange(span[d, 0], span[d, 1]) for d in own]
    at = np.concatenate(pieces) if pieces else np.zeros(0, np.int64)
    start = np.concatenate([[0], np.cumsum([len(piece) for piece in pieces])]).astype(np.int64)
    change = np.where(demands.raises[own], demands.need[own], -demands.need[own])
    return Witnesses(
        demands.cell[own], change, start, axes.unfold(keys[at]), amounts[at], np.full(len(own), -1, np.int64)
    )
