"""Lead one witness around a withheld cell. Compiled."""

# ruff: noqa: ANN401, PLR0913, PLR0917 - compiled: numba infers types and takes no keyword-only arguments.

from typing import Any

import numpy as np
from numba import njit

from ndl_publish.protect.secondary.moves import any_member, mix
from ndl_publish.protect.secondary.product import FAR
from ndl_publish.protect.secondary.route import LEAST, build
from ndl_publish.protect.secondary.scratch import abandon, affordable, apply, has_room
from ndl_publish.protect.secondary.search import find_move
from ndl_publish.protect.secondary.store import reload

MOST_MENDS = 4
MOST_POLISHED = 40


@njit(cache=True, nogil=True, error_model="numpy")
def _cell_of(geo: Any, block: Any, key: Any) -> Any:
    """Return the cell of a block that a row is in, -1 for none."""
    cell = geo.offsets[block]
    for axis in range(len(geo.sizes)):
        step = geo.steps[block, geo.starts[axis] + (key // geo.strides[axis]) % geo.sizes[axis]]
        if step < 0:
            return np.int64(-1)
        cell += step
    return cell


@njit(cache=True, nogil=True, error_model="numpy")
def _starts(geo: Any, rows: Any, scratch: Any, block: Any, cell: Any, tries: Any, seed: Any) -> Any:
    """Return codes to start from: rows of the witness in hand that make it change a cell, and others of that cell."""
    n_axes = len(geo.sizes)
    starts = np.empty((tries, n_axes), np.int64)
    n = 0
    for i in range(scratch.lengths[1]):
        at = scratch.filled[i]
        key = scratch.keys[at]
        if n < tries and scratch.nets[at] * scratch.delta[cell] > 0 and _cell_of(geo, block, key) == cell:
            for axis in range(n_axes):
                starts[n, axis] = (key // geo.strides[axis]) % geo.sizes[axis]
            n += 1
    if n == 0:
        return starts[:0]
    is_held = scratch.delta[cell] > 0
    for turn in range(tries):
        if n == tries:
            break
        if any_member(geo, rows, block, starts[0], is_held, scratch, mix(seed + turn), starts[n]):
            n += 1
    return starts[:n]


@njit(cache=True, nogil=True, error_model="numpy")
def polish(world: Any, d: Any, cell: Any, effort: Any, seed: Any) -> Any:
    """Make the witness in hand cheaper until it is below the ceiling; return whether it is.

    What it alone withholds is led around by further moves, one cell after another, which leave ``cell`` alone.
    """
    geo, rows, demands, state, scratch, _, room = world
    tries, limit, combinations, dropped, signed, ceiling, _ = effort
    banned = np.array([demands.cell[d], cell, demands.avoids[d]])
    tried = 0
    while state.total[0] >= ceiling and tried < min(MOST_POLISHED, scratch.lengths[0]):
        lone = scratch.touched[(tried + seed) % scratch.lengths[0]]
        tried += 1
        if state.use[lone] != 1 or lone == cell or lone == demands.cell[d]:
            continue
        before = state.total[0]
        block = np.searchsorted(geo.offsets, lone, side="right") - 1
        change = np.int64(scratch.delta[lone])
        starts = _starts(geo, rows, scratch, block, lone, tries, mix(seed + tried))
        ask = (lone, block, change < 0, abs(change), starts, banned, signed, mix(seed + 1009 * d + 131 * tried))
        limits = (limit, combinations, affordable(scratch, state, before))
        cost, amount, m, n = find_move(geo, rows, ask, limits, dropped, state, scratch, room)
        if cost >= FAR or not has_room(scratch, m, n):
            continue
        move = (room.keys, room.signs, m, room.cells, room.nets, n)
        apply(scratch, state, move, amount)
        if state.total[0] > before - LEAST:
            apply(scratch, state, move, -amount)
        else:
            tried = 0
    return state.total[0] < ceiling


@njit(cache=True, nogil=True, error_model="numpy")
def _mend(world: Any, d: Any, head: Any, cell: Any, effort: Any, seed: Any) -> Any:
    """Build a witness that leaves ``cell`` alone: the one ``head`` leads to, and moves that cancel its change there.

    The sum of moves through cells that are withheld anyhow reaches what no single product of differences does. Returns
    whether that worked (if not, the scratch is empty).
    """
    geo, rows, demands, state, scratch, store, room = world
    tries, limit, combinations, dropped, signed, ceiling, over = effort
    reload(store, scratch, state, head[0], head[1])
    block = np.searchsorted(geo.offsets, cell, side="right") - 1
    banned = np.array([demands.cell[d], -1, demands.avoids[d]])
    for turn in range(MOST_MENDS):
        change = np.int64(scratch.delta[cell])
        if change == 0:
            break
        starts = _starts(geo, rows, scratch, block, cell, tries, mix(seed + 17 * turn))
        ask = (cell, block, change < 0, abs(change), starts, banned, signed, mix(seed + 1009 * d + 131 * turn))
        tried = (limit, combinations, affordable(scratch, state, ceiling + over))
        cost, amount, m, n = find_move(geo, rows, ask, tried, dropped, state, scratch, room)
        if cost >= FAR or not has_room(scratch, m, n):
            break
        apply(scratch, state, (room.keys, room.signs, m, room.cells, room.nets, n), amount)
        if state.total[0] >= ceiling + over:
            break
    if scratch.delta[cell] == 0 and polish(world, d, cell, effort, seed):
        return True
    abandon(scratch, state)
    return False


@njit(cache=True, nogil=True, error_model="numpy")
def lead_around(world: Any, d: Any, head: Any, cell: Any, effort: Any, seed: Any) -> Any:
    """Build the cheaper of a mended and a new witness that leave ``cell`` alone; return whether there is one.

    ``world`` is (look-ups, rows, demands, state, scratch, store, room for the best move), ``head`` the witness that was
    ripped up, ``effort`` that of ``route.build``.
    """
    state, scratch = world[3], world[4]
    tries, limit, combinations, dropped, signed, _, over = effort
    before = state.total[0]
    if not _mend(world, d, head, cell, effort, seed):
        return _anew(world, d, cell, effort, seed)
    mended = state.total[0]
    if mended <= before + LEAST:
        return True
    abandon(scratch, state)
    less = (tries, limit, combinations, dropped, signed, mended - LEAST, over)
    if _anew(world, d, cell, less, seed):
        return True
    return _mend(world, d, head, cell, effort, seed)


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def _anew(world: Any, d: Any, cell: Any, effort: Any, seed: Any) -> Any:
    """Build a new witness that leaves ``cell`` alone; return whether there is one below the ceiling."""
    geo, rows, demands, state, scratch, _, room = world
    if not build(geo, rows, demands, d, cell, effort, state, scratch, room, seed):
        return False
    if polish(world, d, cell, effort, seed):
        return True
    abandon(scratch, state)
    return False
