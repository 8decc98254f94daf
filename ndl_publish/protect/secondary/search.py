"""The search for one move: the cheapest that changes a cell as wanted and nothing that is shown. Compiled."""

# ruff: noqa: ANN401, C901, PLR0912, PLR0913, PLR0915, PLR0917 - compiled: numba infers types, takes no
# keyword-only arguments, and is fastest when the inner loop stands in one function.

from typing import Any

import numpy as np
from numba import njit

from ndl_publish.protect.secondary.moves import (
    MAX_CANDIDATES,
    MAX_CORNERS,
    PLENTY,
    candidates,
    capacity,
    find_row,
    mix,
    price,
)

FAR = 1e18
DEAR = 12.0
"""A move dearer than this (one that blanks a zero is) makes the search try leaving out two axes."""
MAX_AXES = 7
UNSET = -2


@njit(cache=True, nogil=True, error_model="numpy")
def _lines(geo: Any, rows: Any, scratch: Any, move: Any, line: Any, ask: Any, u: Any, v: Any, seed: Any) -> Any:
    """Set the corners of the move from u and v, a line at a time; return its amount, 0 when children are lacking."""
    corners, signs, axes = move
    block, raises, signed = ask
    n_axes = len(geo.sizes)
    n_lines = 1 << (len(axes) - 1 if line >= 0 else len(axes))
    amount = np.int64(PLENTY)
    fixed = geo.tells_apart[block]
    rest = u.copy()
    want = np.empty(n_axes, np.int64)
    for bits in range(n_lines):
        sign = 1 if raises else -1
        want[:] = rest
        for axis in range(n_axes):
            if fixed[axis]:
                want[axis] = u[axis]
        bit = 0
        for axis in axes:
            if axis == line:
                continue
            if bits >> bit & 1:
                want[axis] = v[axis]
                sign = -sign
            bit += 1
        if line >= 0:
            want[line] = v[line] if sign > 0 else u[line]
        if not signed and (line >= 0 or sign < 0):
            row = find_row(rows, geo.strides, rows.index_of_block[block], want, fixed, scratch, seed + bits)
            if row < 0:
                return 0
            amount = min(amount, capacity(rows, scratch, rows.keys[row]))
            want[:] = rows.codes[row]
            if bits == 0:
                for axis in range(n_axes):
                    if not fixed[axis]:
                        rest[axis] = want[axis]
        corners[bits] = want
        signs[bits] = sign
        if line >= 0:
            corners[bits, line] = u[line]
            corners[n_lines + bits] = want
            corners[n_lines + bits, line] = v[line]
            signs[n_lines + bits] = -sign
    return amount


@njit(cache=True, nogil=True, error_model="numpy")
def _longest(geo: Any, axes: Any) -> Any:
    """Return the axis to be the line: the one that fewest blocks tell apart."""
    line = -1
    for axis in axes:
        length = geo.line_start[axis + 1] - geo.line_start[axis]
        if line < 0 or length <= geo.line_start[line + 1] - geo.line_start[line]:
            line = axis
    return line


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
            if other == banned[0] or other == banned[1]:
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


@njit(cache=True, nogil=True, error_model="numpy")
def _search_axes(
    geo: Any, rows: Any, ask: Any, effort: Any, axes: Any, state: Any, scratch: Any, best: Any, found: Any
) -> Any:
    """Look for a move on these axes that beats ``found`` = (score, cost, amount, rows, cells); return the better."""
    cell, block, raises, need, starts, banned, signed, seed = ask
    limit, combinations = effort
    best_score, best_cost, best_amount, best_m, best_n = found
    n_axes = len(geo.sizes)
    n_blocks = len(geo.offsets)
    k = len(axes)
    m = 1 << k
    is_whole = True
    is_differenced = np.zeros(n_axes, np.bool_)
    for axis in axes:
        is_differenced[axis] = True
    for axis in range(n_axes):
        if not geo.tells_apart[block, axis]:
            is_whole = False
    line = UNSET
    blocks = np.empty(n_blocks, np.int64)
    bases = np.empty(n_blocks, np.int64)
    options = np.empty((max(1, k), MAX_CANDIDATES), np.int64)
    costs = np.empty((max(1, k), MAX_CANDIDATES))
    n_options = np.ones(max(1, k), np.int64)
    keys = np.empty(m, np.int64)
    signs = np.empty(m, np.int64)
    corners = np.empty((m, n_axes), np.int64)
    cells = np.empty(n_blocks * m, np.int64)
    nets = np.empty(n_blocks * m, np.int64)
    u = np.empty(n_axes, np.int64)
    v = np.empty(n_axes, np.int64)
    for attempt in range(len(starts)):
        u[:] = starts[attempt]
        v[:] = u
        here = mix(seed + 977 * attempt)
        total = 1
        for i in range(k):
            n_options[i] = candidates(
                geo, block, axes[i], u[axes[i]], cell, state.use, limit, here + 31 * i, options[i]
            )
        key = np.int64(0)
        for axis in range(n_axes):
            key += u[axis] * geo.strides[axis]
        if not raises and not signed and is_whole and capacity(rows, scratch, key) <= 0:
            continue
        for i in range(k):
            n_options[i] = _best_first(
                geo,
                rows,
                ask,
                is_whole,
                key,
                axes[i],
                u[axes[i]],
                (options[i], costs[i], n_options[i]),
                state,
                scratch,
                here + i,
            )
            total *= n_options[i]
        if total == 0:
            continue
        n_here = 0
        for b in range(n_blocks):
            base = geo.offsets[b]
            for axis in range(n_axes):
                if is_differenced[axis]:
                    if not geo.tells_apart[b, axis]:
                        base = -1
                        break
                else:
                    step = geo.steps[b, geo.starts[axis] + u[axis]]
                    if step < 0:
                        base = -1
                        break
                    base += step
            if base >= 0:
                blocks[n_here] = b
                bases[n_here] = base
                n_here += 1
        n_priced = 0
        for c in range(total):
            which = c
            least = 0.0
            for i in range(k):
                v[axes[i]] = options[i, which % n_options[i]]
                least += costs[i, which % n_options[i]]
                which //= n_options[i]
            if least > best_score or (least == best_score and best_amount == need):
                continue
            n_priced += 1
            if n_priced > combinations:
                break
            keys[0] = key
            signs[0] = 1 if raises else -1
            n_keys = 1
            for i in range(k):
                shift_key = (v[axes[i]] - u[axes[i]]) * geo.strides[axes[i]]
                for j in range(n_keys):
                    keys[n_keys + j] = keys[j] + shift_key
                    signs[n_keys + j] = -signs[j]
                n_keys *= 2
            amount = need
            if not signed:
                for j in range(m):
                    if signs[j] < 0:
                        amount = min(amount, capacity(rows, scratch, keys[j]))
                        if amount <= 0:
                            break
            n = 0
            cost = 0.0
            if amount > 0:
                lacking = 1.0 + 0.5 * (need - amount) / need
                bound = best_score / lacking + 1e-9
                for i in range(n_here):
                    b = blocks[i]
                    blind = False
                    for axis in axes:
                        at = geo.starts[axis]
                        if geo.steps[b, at + u[axis]] == geo.steps[b, at + v[axis]]:
                            blind = True
                            break
                    if blind:
                        continue
                    for j in range(m):
                        at_cell = bases[i]
                        for a in range(k):
                            axis = axes[a]
                            code = v[axis] if j >> a & 1 else u[axis]
                            step = geo.steps[b, geo.starts[axis] + code]
                            if step < 0:
                                at_cell = -1
                                break
                            at_cell += step
                        if at_cell < 0:
                            continue
                        if at_cell == banned[0] or at_cell == banned[1] or geo.is_closed[b]:
                            cost = FAR
                        elif state.use[at_cell] == 0:
                            cost += state.weight[at_cell]
                        cells[n] = at_cell
                        nets[n] = signs[j]
                        n += 1
                        if cost >= bound:
                            break
                    if cost >= bound:
                        n = 0
                        break
            elif not is_whole:
                if line == UNSET:
                    line = _longest(geo, axes)
                amount = _lines(
                    geo, rows, scratch, (corners, signs, axes), line, (block, raises, signed), u, v, here + 13 * c
                )
                if amount <= 0:
                    continue
                amount = min(amount, need)
                lacking = 1.0 + 0.5 * (need - amount) / need
                bound = best_score / lacking + 1e-9
                cost, n = price(geo, (corners, signs, m), line, u, v, banned, state, bound, (cells, nets))
                for j in range(m):
                    keys[j] = 0
                    for axis in range(n_axes):
                        keys[j] += corners[j, axis] * geo.strides[axis]
            if n == 0:
                continue
            score = cost * lacking
            if score < best_score or (score == best_score and amount > best_amount):
                best_score, best_cost, best_amount, best_m, best_n = score, cost, amount, m, n
                best[0][:m] = keys[:m]
                best[1][:m] = signs[:m]
                best[2][:n] = cells[:n]
                best[3][:n] = nets[:n]
                if cost == 0.0 and amount == need:
                    return best_score, best_cost, best_amount, best_m, best_n
        if best_cost == 0.0:
            break
    return best_score, best_cost, best_amount, best_m, best_n


@njit(cache=True, nogil=True, error_model="numpy")
def find_move(geo: Any, rows: Any, ask: Any, effort: Any, dropped: Any, state: Any, scratch: Any, best: Any) -> Any:
    """Find the cheapest move for a cell; return (cost, amount, rows, cells), cost FAR when there is none.

    ``ask`` is (cell, its block, raises, need, rows of codes to start from, two cells that must not change, signed,
    seed); ``effort`` is (codes per axis, combinations); ``dropped`` is how many differenced axes may be left out (each
    changes margins, which may be cheaper than a zero); ``best`` receives row keys, signs, cells and nets.
    """
    scratch.lengths[2] += 1
    every = np.flatnonzero(geo.differenced[ask[1]])[:MAX_AXES]
    found = (FAR, FAR, np.int64(0), 0, 0)
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
            found = _search_axes(geo, rows, ask, effort, axes, state, scratch, best, found)
            if found[1] == 0.0:
                return found[1], found[2], found[3], found[4]
    return found[1], found[2], found[3], found[4]


@njit(cache=True, nogil=True, error_model="numpy")
def new_best(geo: Any) -> Any:
    """Return room for the best move: row keys, signs, cells, nets."""
    n = len(geo.offsets) * MAX_CORNERS
    return (
        np.empty(MAX_CORNERS, np.int64),
        np.empty(MAX_CORNERS, np.int64),
        np.empty(n, np.int64),
        np.empty(n, np.int64),
    )
