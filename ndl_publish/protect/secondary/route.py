"""Route: find a witness for each demand. Compiled."""

# ruff: noqa: ANN401, PLR0913, PLR0917 - compiled: numba infers types, takes no
# keyword-only arguments, and is fastest when the inner loop stands in one function.

from typing import Any

import numpy as np
from numba import njit

from ndl_publish.protect.secondary.borrowed import borrowed
from ndl_publish.protect.secondary.moves import mix
from ndl_publish.protect.secondary.product import FAR, MAX_AXES
from ndl_publish.protect.secondary.scratch import abandon, affordable, apply, has_room
from ndl_publish.protect.secondary.search import find_move
from ndl_publish.protect.secondary.store import has_spare, keep
from ndl_publish.protect.secondary.transfer import transfer

LEAST = 1e-6
"""A gain smaller than this is rounding."""


@njit(cache=True, nogil=True, error_model="numpy")
def _starts(geo: Any, rows: Any, demands: Any, d: Any, tries: Any, signed: Any, seed: Any) -> Any:
    """Return codes to start from: rows of the cell that hold children, then any codes of it where that will do."""
    n_axes = len(geo.sizes)
    first, n = demands.first_member[d], demands.end_member[d] - demands.first_member[d]
    starts = np.empty((tries, n_axes), np.int64)
    n_starts = 0
    for attempt in range(min(n, tries)):
        pick = (attempt + seed) % n if n <= tries else mix(seed + attempt) % n
        starts[n_starts] = rows.codes[demands.members[first + pick]]
        n_starts += 1
    if demands.raises[d] or signed:
        for attempt in range(min(tries - n_starts, max(1, tries // 2))):
            here = mix(seed + 977 * attempt)
            for axis in range(n_axes):
                group = demands.groups[d, axis]
                begin = geo.group_start[group]
                size = geo.group_start[group + 1] - begin
                starts[n_starts, axis] = geo.members[begin + mix(here + axis) % size]
            n_starts += 1
    return starts[:n_starts]


@njit(cache=True, nogil=True, error_model="numpy")
def build(
    geo: Any, rows: Any, demands: Any, d: Any, cell: Any, effort: Any, state: Any, scratch: Any, room: Any, seed: Any
) -> Any:
    """Build a witness of a demand that leaves ``cell`` alone; return whether that worked (if not, nothing is left)."""
    tries, limit, combinations, dropped, signed, ceiling, over = effort
    need = demands.need[d]
    banned = np.array([cell, -1, demands.avoids[d]])
    moves = 0
    while need > 0 and moves < 4 * demands.need[d] + 8:
        here = mix(seed + 1009 * d + 131 * moves)
        starts = _starts(geo, rows, demands, d, tries, signed, here)
        ask = (demands.cell[d], demands.block[d], demands.raises[d], need, starts, banned, signed, here)
        tried = (limit, combinations, affordable(scratch, state, ceiling + over))
        cost, amount, m, n = find_move(geo, rows, ask, tried, dropped, state, scratch, room)
        if cost >= FAR and dropped >= MAX_AXES:
            cost, amount, m, n = transfer(geo, rows, ask, state, scratch, room)
        if cost >= FAR or not has_room(scratch, m, n):
            break
        apply(scratch, state, (room.keys, room.signs, m, room.cells, room.nets, n), amount)
        if state.total[0] >= ceiling + over:
            break
        moves += 1
        need -= amount
    wanted = demands.need[d] if demands.raises[d] else -demands.need[d]
    if need <= 0 and scratch.delta[demands.cell[d]] == wanted:
        return True
    abandon(scratch, state)
    return False


@njit(cache=True, nogil=True, error_model="numpy")
def route(
    geo: Any,
    rows: Any,
    demands: Any,
    order: Any,
    begin: Any,
    effort: Any,
    state: Any,
    scratch: Any,
    store: Any,
    room: Any,
    seed: Any,
) -> Any:
    """Find witnesses in order, from place ``begin``; return where it stopped for lack of room.

    In signed problems a demand that lies on the witness of another needs none of its own.
    """
    signed = effort[4]
    geo, rows, demands = borrowed(geo), borrowed(rows), borrowed(demands)
    state, scratch, store, room = borrowed(state), borrowed(scratch), borrowed(store), borrowed(room)
    for i in range(begin, len(order)):
        if not has_spare(store):
            return i
        d = order[i]
        if signed and state.use[demands.cell[d]] > 1:
            continue
        if build(geo, rows, demands, d, np.int64(-1), effort, state, scratch, room, seed):
            keep(store, scratch, d)
    return len(order)
