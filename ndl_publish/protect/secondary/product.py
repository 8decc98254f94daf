"""The cheapest move from one start: a descent over the differenced axes, one pair of codes after another. Compiled.

Every axis doubles the corners of the move. What the corners so far cost is a lower bound of what the whole move will
cost, as long as only blocks count that tell any further pair of codes apart; a branch that cannot beat the best move
found, or that lacks children, is left at once. Axes on which some block is coarser than the wanted cell's come first,
so that soon all blocks count.
"""

# ruff: noqa: ANN401, C901, PLR0912, PLR0913, PLR0915, PLR0917 - compiled: numba infers types, takes no
# keyword-only arguments, and is fastest when the inner loop stands in one function.

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from ndl_publish.cube.grid import IntArray
from ndl_publish.protect.secondary.geometry import NOWHERE, Geometry
from ndl_publish.protect.secondary.moves import MAX_CANDIDATES, capacity, price, set_lines

FAR = 1e18
MAX_AXES = 7
ROUNDING = 1e-9


class Room(NamedTuple):
    """Room for the best move and for a search; made once for many searches.

    Attributes:
        keys: Row of each corner of the best move.
        signs: Whether the row gains or loses.
        cells: Cells the best move changes.
        nets: By how much.
        at: Cell of each block at each corner of the move in hand, ``(n_blocks, n_corners)``.
        corner_keys: Row of each corner of the move in hand.
        corner_signs: Whether it gains or loses.
        corners: Codes of each corner where corners differ in other codes, too, ``(n_corners, n_axes)``.
        live: Blocks that tell all pairs so far apart, by depth.
        spent: What the corners so far cost in each of them, by depth.
        options: Codes to exchange, by differenced axis, cheapest first.
        costs: The least that each of them costs.
        sure_from: Depth from which on each block tells all further pairs apart.
        depths: By depth: number of live blocks, next option, children that can be moved.
        is_plain: By depth: whether all corners can share all other codes.
        least_left: By depth: the least that all further axes cost.
        codes: The other code of each pair in hand.
        line_signs: Signs of ``corners``.
        line_cells: Cells that a move with ``corners`` changes.
        line_nets: By how much.
    """

    keys: IntArray
    signs: IntArray
    cells: IntArray
    nets: IntArray
    at: IntArray
    corner_keys: IntArray
    corner_signs: IntArray
    corners: IntArray
    live: IntArray
    spent: npt.NDArray[np.float64]
    options: IntArray
    costs: npt.NDArray[np.float64]
    sure_from: IntArray
    depths: IntArray
    is_plain: npt.NDArray[np.bool_]
    least_left: npt.NDArray[np.float64]
    codes: IntArray
    line_signs: IntArray
    line_cells: IntArray
    line_nets: IntArray


def new_room(geometry: Geometry) -> Room:
    """Return room for searches in a grid."""
    n_blocks, n_axes = geometry.differenced.shape
    n = 1 << min(MAX_AXES, int(geometry.differenced.sum(axis=1).max(initial=1)))
    n_corners = max(n, 2)
    return Room(
        np.zeros(n_corners, np.int64),
        np.zeros(n_corners, np.int64),
        np.zeros(n_blocks * n_corners, np.int64),
        np.zeros(n_blocks * n_corners, np.int64),
        np.zeros((n_blocks, n_corners), np.int64),
        np.zeros(n_corners, np.int64),
        np.zeros(n_corners, np.int64),
        np.zeros((n_corners, n_axes), np.int64),
        np.zeros((MAX_AXES + 1, n_blocks), np.int64),
        np.zeros((MAX_AXES + 1, n_blocks)),
        np.zeros((MAX_AXES, MAX_CANDIDATES), np.int64),
        np.zeros((MAX_AXES, MAX_CANDIDATES)),
        np.zeros(n_blocks, np.int64),
        np.zeros((3, MAX_AXES + 1), np.int64),
        np.zeros(MAX_AXES + 1, np.bool_),
        np.zeros(MAX_AXES + 1),
        np.zeros(n_axes, np.int64),
        np.zeros(n_corners, np.int64),
        np.zeros(n_blocks * n_corners, np.int64),
        np.zeros(n_blocks * n_corners, np.int64),
    )


@njit(cache=True, nogil=True, error_model="numpy")
def order_axes(geo: Any, block: Any, axes: Any) -> None:
    """Put the axes first on which most blocks are coarser than a block."""
    coarser = np.zeros(len(axes), np.int64)
    for i in range(len(axes)):
        mine = geo.partition[block, axes[i]]
        for b in range(len(geo.offsets)):
            if geo.tells_apart[b, axes[i]] and not geo.refines[geo.partition[b, axes[i]], mine]:
                coarser[i] += 1
    for i in range(1, len(axes)):
        j = i
        while j > 0 and coarser[j - 1] < coarser[j]:
            coarser[j - 1], coarser[j] = coarser[j], coarser[j - 1]
            axes[j - 1], axes[j] = axes[j], axes[j - 1]
            j -= 1


@njit(cache=True, nogil=True, error_model="numpy")
def _first_level(geo: Any, ask: Any, axes: Any, u: Any, state: Any, room: Any, sure_from: Any) -> Any:
    """Fill the first level: blocks a move on these axes can change, the cell's own first; return how many there are.

    ``sure_from`` receives the depth from which on a block tells all further pairs apart.
    """
    block, banned = ask[1], ask[5]
    n = 0
    for turn in range(len(geo.offsets) + 1):
        b = block if turn == 0 else turn - 1
        if turn > 0 and b == block:
            continue
        here = geo.offsets[b]
        is_in = True
        for axis in range(len(geo.sizes)):
            step = geo.far_steps[b, geo.starts[axis] + u[axis]]
            here += step
            differs = False
            for one in axes:
                differs = differs or one == axis
            if (differs and not geo.tells_apart[b, axis]) or (not differs and step >= NOWHERE):
                is_in = False
                break
        if not is_in:
            continue
        sure_from[b] = 0
        for i in range(len(axes)):
            if not geo.refines[geo.partition[b, axes[i]], geo.partition[block, axes[i]]]:
                sure_from[b] = i + 1
        room.at[b, 0] = here
        room.live[0, n] = b
        room.spent[0, n] = 0.0
        if here < NOWHERE:
            if here == banned[0] or here == banned[1] or state.alone[here] == banned[2] or geo.is_closed[b]:
                room.spent[0, n] = FAR
            elif state.use[here] == 0:
                room.spent[0, n] = state.weight[here]
        n += 1
    return n


@njit(cache=True, nogil=True, error_model="numpy")
def descend(
    geo: Any, rows: Any, ask: Any, axes: Any, u: Any, n_options: Any, limits: Any, state: Any, scratch: Any, room: Any,
    found: Any,
) -> Any:  # fmt: skip
    """Look for a move from codes ``u`` that beats ``found``; return the better.

    ``limits`` is (combinations to price, what a move may cost, whether the cell's block tells all axes apart, axis of
    the lines).
    """
    block, raises, need, banned, signed, seed = ask[1], ask[2], ask[3], ask[5], ask[6], ask[7]
    combinations, most, is_whole, line = limits
    best_score, best_cost, best_amount, best_m, best_n = found
    k = len(axes)
    n_axes = len(geo.sizes)
    live, spent, at, keys, signs = room.live, room.spent, room.at, room.corner_keys, room.corner_signs
    sure_from, n_live, next_option, amounts = room.sure_from, room.depths[0], room.depths[1], room.depths[2]
    is_plain, least_left = room.is_plain, room.least_left
    next_option[0] = 0
    amounts[0] = need
    is_plain[0] = True
    least_left[k] = 0.0
    for i in range(k - 1, -1, -1):
        least_left[i] = least_left[i + 1] + room.costs[i, 0]
    keys[0] = 0
    for axis in range(n_axes):
        keys[0] += u[axis] * geo.strides[axis]
    signs[0] = 1 if raises else -1
    if not raises and not signed:
        amounts[0] = min(need, capacity(rows, scratch, keys[0]))
        is_plain[0] = amounts[0] > 0
    n_live[0] = _first_level(geo, ask, axes, u, state, room, sure_from)
    if k == 0:
        cost = 0.0
        for x in range(n_live[0]):
            cost += spent[0, x]
        if is_plain[0] and cost < min(most, best_score):
            lacking = 1.0 + 0.5 * (need - amounts[0]) / need
            return cost * lacking, cost, amounts[0], 1, _taken(room, n_live[0], np.int64(1), np.int64(0))
        return found
    v = room.codes
    v[:] = u
    depth = 0
    n_priced = 0
    while depth >= 0:
        o = next_option[depth]
        bound = _bound(best_score, most, need, amounts[depth], is_plain[depth])
        least = spent[depth, 0] + least_left[depth + 1]
        if o == n_options[depth] or n_priced > combinations or least + room.costs[depth, o] >= bound:
            depth -= 1
            continue
        next_option[depth] = o + 1
        axis = axes[depth]
        v[axis] = room.options[depth, o]
        half = 1 << depth
        shift = (v[axis] - u[axis]) * geo.strides[axis]
        amount = amounts[depth]
        plain = is_plain[depth]
        for j in range(half):
            keys[half + j] = keys[j] + shift
            signs[half + j] = -signs[j]
            if plain and not signed and signs[j] > 0:
                amount = min(amount, capacity(rows, scratch, keys[half + j]))
                plain = amount > 0
        if not plain and is_whole:
            continue
        bound = _bound(best_score, most, need, amount, plain)
        sure = 0.0
        n = 0
        first = geo.starts[axis]
        for x in range(n_live[depth]):
            b = live[depth, x]
            if not plain and b != block:
                break
            change = geo.far_steps[b, first + v[axis]] - geo.far_steps[b, first + u[axis]]
            if change == 0:
                continue
            cost = spent[depth, x]
            for j in range(half):
                here = at[b, j] + change
                at[b, half + j] = here
                if here < NOWHERE:
                    if here == banned[0] or here == banned[1] or state.alone[here] == banned[2] or geo.is_closed[b]:
                        cost = FAR
                    elif state.use[here] == 0:
                        cost += state.weight[here]
            live[depth + 1, n] = b
            spent[depth + 1, n] = cost
            n += 1
            if sure_from[b] <= depth + 1:
                sure += cost
                if sure >= bound:
                    break
        if sure >= bound:
            continue
        if depth + 1 < k:
            depth += 1
            next_option[depth] = 0
            n_live[depth] = n
            amounts[depth] = amount
            is_plain[depth] = plain
            continue
        n_priced += 1
        if plain:
            score = sure * (1.0 + 0.5 * (need - amount) / need)
            if score < best_score or (score == best_score and amount > best_amount):
                best_score, best_cost, best_amount, best_m = score, sure, amount, 2 * half
                best_n = _taken(room, n, 2 * half, k)
        else:
            amount = set_lines(
                geo, rows, scratch, (room.corners, room.line_signs, axes), line, (block, raises), u, v,
                seed + 13 * n_priced,
            )  # fmt: skip
            amount = min(amount, need)
            if amount <= 0:
                continue
            bound = _bound(best_score, most, need, amount, amount > 0)
            cost, n = price(
                geo, (room.corners, room.line_signs, 2 * half), line, u, v, banned, state, bound,
                (room.line_cells, room.line_nets),
            )  # fmt: skip
            if n == 0:
                continue
            score = cost * (1.0 + 0.5 * (need - amount) / need)
            if score < best_score or (score == best_score and amount > best_amount):
                best_score, best_cost, best_amount, best_m, best_n = score, cost, amount, 2 * half, n
                _take_lines(geo, room, 2 * half, n)
        if best_cost == 0.0 and best_amount == need:
            break
    return best_score, best_cost, best_amount, best_m, best_n


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def _bound(best_score: Any, most: Any, need: Any, amount: Any, is_plain: Any) -> Any:
    """Return what a move of an amount must stay below to be the best so far; moves that do all that is needed count."""
    lacking = 1.0 + 0.5 * (need - amount) / need if is_plain else 1.0
    return min(most, best_score / lacking + ROUNDING)


@njit(cache=True, nogil=True, error_model="numpy")
def _taken(room: Any, n_live: Any, m: Any, depth: Any) -> Any:
    """Take the move in hand as the best one; return how many cells it changes."""
    room.keys[:m] = room.corner_keys[:m]
    room.signs[:m] = room.corner_signs[:m]
    n = 0
    for x in range(n_live):
        b = room.live[depth, x]
        for j in range(m):
            if room.at[b, j] < NOWHERE:
                room.cells[n] = room.at[b, j]
                room.nets[n] = room.corner_signs[j]
                n += 1
    return n


@njit(cache=True, nogil=True, error_model="numpy")
def _take_lines(geo: Any, room: Any, m: Any, n: Any) -> None:
    """Take the move of lines in hand as the best one."""
    for j in range(m):
        room.keys[j] = 0
        for axis in range(len(geo.sizes)):
            room.keys[j] += room.corners[j, axis] * geo.strides[axis]
    room.signs[:m] = room.line_signs[:m]
    room.cells[:n] = room.line_cells[:n]
    room.nets[:n] = room.line_nets[:n]
