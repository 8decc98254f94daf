"""The search for one move: the cheapest that changes a cell as wanted and nothing that is shown. Compiled."""

# ruff: noqa: ANN401, PLR0913, PLR0917 - compiled: numba infers types, takes no keyword-only arguments.

from typing import Any

import numpy as np
from numba import njit

from ndl_publish.protect.secondary.moves import candidates, capacity, longest_line, mix
from ndl_publish.protect.secondary.product import FAR, MAX_AXES, descend, order_axes

DEAR = 12.0
"""A move dearer than this (one that blanks a zero is) makes the search try leaving out two axes."""


@njit(cache=True, nogil=True, error_model="numpy")
def _best_first(
    geo: Any,
    rows: Any,
    ask: Any,
    is_whole: Any,
    key: Any,
    axis: Any,
    u: Any,
    found: Any,
    state: Any,
    scratch: Any,
    seed: Any,
) -> Any:
    """Drop codes that cannot do and sort the others by what the one cell next to the wanted one costs; return how many.

    That cell changes in every move that takes the code, so the sum over axes is a lower bound of a move's cost.
    """
    cell, block, raises, _, _, banned, signed, _ = ask
    options, costs, n = found
    at = geo.starts[axis]
    steps = geo.steps[block]
    kept = 0
    shift = seed % max(n, 1)
    order = options[:n].copy()
    for i in range(n):
        v = order[(i + shift) % n]
        cost = 0.0
        if steps[at + v] >= 0:
            other = cell - steps[at + u] + steps[at + v]
            if other == banned[0] or other == banned[1] or state.alone[other] == banned[2]:
                continue
            if state.use[other] == 0:
                cost = state.weight[other]
                if cost >= FAR:
                    continue
        if raises and is_whole and not signed and capacity(rows, scratch, key + (v - u) * geo.strides[axis]) <= 0:
            continue
        j = kept
        while j > 0 and costs[j - 1] > cost:
            costs[j] = costs[j - 1]
            options[j] = options[j - 1]
            j -= 1
        costs[j] = cost
        options[j] = v
        kept += 1
    return kept


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def _search_axes(
    geo: Any, rows: Any, ask: Any, effort: Any, axes: Any, state: Any, scratch: Any, room: Any, found: Any
) -> Any:
    """Look for a move on these axes that beats ``found`` = (score, cost, amount, rows, cells); return the better."""
    cell, block, raises, need, starts, _, signed, seed = ask
    limit, combinations, most = effort
    order_axes(geo, block, axes)
    n_options = np.ones(len(axes), np.int64)
    is_whole = geo.tells_apart[block].all()
    line = -1 if is_whole else longest_line(geo, axes)
    for attempt in range(len(starts)):
        u = starts[attempt]
        here = mix(seed + 977 * attempt)
        key = np.int64(0)
        for axis in range(len(geo.sizes)):
            key += u[axis] * geo.strides[axis]
        if not raises and not signed and is_whole and capacity(rows, scratch, key) <= 0:
            continue
        is_possible = True
        for i in range(len(axes)):
            options, costs, axis = room.options[i], room.costs[i], axes[i]
            n = candidates(geo, block, axis, u[axis], cell, state.use, limit, here + 31 * i, options)
            n_options[i] = _best_first(
                geo, rows, ask, is_whole, key, axis, u[axis], (options, costs, n), state, scratch, here + i
            )
            if n_options[i] == 0:
                is_possible = False
                break
        if is_possible:
            limits = (combinations, most, is_whole, line)
            found = descend(geo, rows, ask, axes, u, n_options, limits, state, scratch, room, found)
            if found[1] == 0.0 and found[2] == need:
                return found
        if found[1] == 0.0:
            break
    return found


@njit(cache=True, nogil=True, error_model="numpy")
def find_move(geo: Any, rows: Any, ask: Any, effort: Any, dropped: Any, state: Any, scratch: Any, room: Any) -> Any:
    """Find the cheapest move for a cell; return (cost, amount, rows, cells), cost FAR when there is none.

    ``ask`` is (cell, its block, raises, need, rows of codes to start from, banned, signed, seed), where ``banned`` are
    two cells that must not change and a child whose cells must not; ``effort`` is (codes per axis, combinations, what a
    move must stay below); ``dropped`` is how many differenced axes may be left out (each changes margins, which may be
    cheaper than a zero); ``room`` receives row keys, signs, cells and nets.
    """
    scratch.lengths[2] += 1
    every = np.flatnonzero(geo.differenced[ask[1]])[:MAX_AXES]
    found = (FAR, FAR, np.int64(0), np.int64(0), np.int64(0))
    for count in range(min(dropped, len(every)) + 1):
        if count > 1 and found[1] < DEAR:
            break
        for bits in range(1 << len(every)):
            n = 0
            for i in range(len(every)):
                n += bits >> i & 1
            if n != count:
                continue
            axes = np.empty(len(every) - n, np.int64)
            j = 0
            for i in range(len(every)):
                if not bits >> i & 1:
                    axes[j] = every[i]
                    j += 1
            found = _search_axes(geo, rows, ask, effort, axes, state, scratch, room, found)
            if found[1] == 0.0:
                return found[1], found[2], found[3], found[4]
    return found[1], found[2], found[3], found[4]
