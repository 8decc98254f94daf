"""The last resort: send children from any row into a cell, or out of it to anywhere. Compiled."""

# ruff: noqa: ANN401, C901, PLR0912 - compiled: numba infers types, takes no
# keyword-only arguments, and is fastest when the inner loop stands in one function.

from typing import Any

import numpy as np
from numba import njit

from ndl_publish.protect.secondary.moves import capacity, mix, price
from ndl_publish.protect.secondary.product import FAR

TRANSFERS = 400
"""How many pairs of rows are tried."""


@njit(cache=True, nogil=True, error_model="numpy")
def transfer(geo: Any, rows: Any, ask: Any, state: Any, scratch: Any, room: Any) -> Any:
    """Find the cheapest way to send children from any row into a cell, or out of it to anywhere: the last resort.

    It blanks much, but exists in nearly every table; arguments and answer are those of ``find_move``.
    """
    cell, block, raises, need, starts, banned, signed, seed = ask
    n_axes = len(geo.sizes)
    corners = np.empty((2, n_axes), np.int64)
    signs = np.array([1, -1]) if raises else np.array([-1, 1])
    cells = np.empty(2 * len(geo.offsets), np.int64)
    nets = np.empty(2 * len(geo.offsets), np.int64)
    every = np.zeros(n_axes, np.int64)
    best_cost = FAR
    best_amount = np.int64(0)
    best_n = 0
    for attempt in range(TRANSFERS if len(starts) else 0):
        here = mix(seed + 31 * attempt)
        corners[0] = starts[attempt % len(starts)]
        if raises and not signed:
            corners[1] = rows.codes[here % len(rows.counts)]
        else:
            for axis in range(n_axes):
                other = mix(here + axis)
                corners[1, axis] = other % geo.sizes[axis] if other >> 40 & 1 else corners[0, axis]
        inside = geo.offsets[block]
        for axis in range(n_axes):
            at = geo.starts[axis]
            if geo.fence[at + corners[0, axis]] != geo.fence[at + corners[1, axis]]:
                inside = cell
                break
            step = geo.steps[block, at + corners[1, axis]]
            if step < 0:
                inside = -1
                break
            inside += step
        if inside == cell:
            continue
        amount = need
        if not signed:
            lowered = np.int64(0)
            for axis in range(n_axes):
                lowered += corners[1 if raises else 0, axis] * geo.strides[axis]
            amount = min(amount, capacity(rows, scratch, lowered))
            if amount <= 0:
                continue
        cost, n = price(
            geo, (corners, signs, np.int64(2)), np.int64(-1), every, every, banned, state, best_cost, (cells, nets)
        )
        if n > 0 and cost < best_cost:
            best_cost, best_amount, best_n = cost, amount, n
            for j in range(2):
                room.keys[j] = 0
                for axis in range(n_axes):
                    room.keys[j] += corners[j, axis] * geo.strides[axis]
                room.signs[j] = signs[j]
            room.cells[:n] = cells[:n]
            room.nets[:n] = nets[:n]
    return best_cost, best_amount, 2, best_n
