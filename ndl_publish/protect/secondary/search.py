"""The search for witnesses: for every demand, moves that change the primary and nothing that is shown. Compiled."""

# ruff: noqa: ANN401, C901, PLR0912, PLR0913, PLR0915, PLR0917 - compiled: numba infers types, takes no
# keyword-only arguments, and is fastest when the inner loop stands in one function.

from typing import Any

import numpy as np
from numba import njit

from ndl_publish.protect.secondary.moves import MAX_CANDIDATES, MAX_CORNERS, candidates, find_row, mix, price

FAR = 1e18
DEAR = 12.0
"""A move dearer than this (one that blanks a zero is) makes the search try leaving out two axes."""
MAX_AXES = 7
TRANSFERS = 400


@njit(cache=True, nogil=True, error_model="numpy")
def _fill_corners(
    state: Any, geo: Any, rows: Any, block: Any, raises: Any, axes: Any, line: Any, u: Any, v: Any
) -> Any:
    """Set the corners of the move from u and v; return (amount, all alike), amount 0 when children are lacking."""
    corners, signs, taken, lowered, rest, signed, seed = state
    n_axes = len(geo.sizes)
    others = axes[axes != line]
    n_lines = 1 << len(others)
    amount = np.int64(1 << 60)
    alike = True
    index = 0 if signed else rows.index_of_block[block]
    fixed = geo.tells_apart[block]
    want = np.empty(n_axes, np.int64)
    for bits in range(n_lines):
        sign = 1 if raises else -1
        want[:] = rest
        for axis in range(n_axes):
            if fixed[axis]:
                want[axis] = u[axis]
        for i in range(len(others)):
            if bits >> i & 1:
                want[others[i]] = v[others[i]]
                sign = -sign
        if line >= 0:
            want[line] = v[line] if sign > 0 else u[line]
        if not signed and (line >= 0 or sign < 0):
            row = find_row(rows, geo.strides, index, want, fixed, taken, seed + bits)
            if row < 0:
                return 0, False
            lowered[bits] = row
            amount = min(amount, rows.counts[row] - taken[row])
            want[:] = rows.codes[row]
            if bits == 0:
                for axis in range(n_axes):
                    if not fixed[axis]:
                        rest[axis] = want[axis]
            else:
                for axis in range(n_axes):
                    if not fixed[axis] and want[axis] != rest[axis]:
                        alike = False
        corners[bits] = want
        signs[bits] = sign
        if line >= 0:
            corners[bits, line] = u[line]
            corners[n_lines + bits] = want
            corners[n_lines + bits, line] = v[line]
            signs[n_lines + bits] = -sign
    return amount, alike


@njit(cache=True, nogil=True, error_model="numpy")
def _start(geo: Any, rows: Any, demand: Any, attempt: Any, tries: Any, taken: Any, start: Any) -> Any:
    """Set the codes a move starts from: a row of the primary, or any codes of it; return whether there are any."""
    raises, groups, member_rows, signed, seed = demand
    n = len(member_rows)
    if attempt < n:
        row = member_rows[(attempt + seed) % n] if n <= tries else member_rows[mix(seed + attempt) % n]
        start[:] = rows.codes[row]
        return raises or rows.counts[row] > taken[row]
    if not raises and not signed:
        return False
    here = mix(seed + 977 * attempt)
    for axis in range(len(start)):
        first = geo.group_start[groups[axis]]
        size = geo.group_start[groups[axis] + 1] - first
        start[axis] = geo.members[first + mix(here + axis) % size]
    return True


@njit(cache=True, nogil=True, error_model="numpy")
def _search_axes(
    geo: Any, rows: Any, demand: Any, effort: Any, axes: Any, use: Any, weight: Any, taken: Any, best: Any, found: Any
) -> Any:
    """Look for a move on these axes that beats ``found`` = (score, cost, amount, corners, cells); return the better."""
    cell, block, raises, need, groups, member_rows, signed, seed = demand
    tries, limit, combinations = effort
    best_score, best_cost, best_amount, best_m, best_n = found
    n_axes = len(geo.sizes)
    line = -1
    for axis in axes:
        length = geo.line_start[axis + 1] - geo.line_start[axis]
        if line < 0 or length <= geo.line_start[line + 1] - geo.line_start[line]:
            line = axis
    m = 1 << len(axes)
    corners = np.empty((m, n_axes), np.int64)
    signs = np.empty(m, np.int64)
    lowered = np.full(m, -1, np.int64)
    cells = np.empty(len(geo.offsets) * m, np.int64)
    options = np.empty((max(1, len(axes)), MAX_CANDIDATES), np.int64)
    n_options = np.ones(max(1, len(axes)), np.int64)
    v = np.empty(n_axes, np.int64)
    rest = np.empty(n_axes, np.int64)
    u = np.empty(n_axes, np.int64)
    for attempt in range(tries):
        if not _start(geo, rows, (raises, groups, member_rows, signed, seed), attempt, tries, taken, u):
            continue
        here = mix(seed + 977 * attempt)
        v[:] = u
        total = 1
        for i in range(len(axes)):
            n_options[i] = candidates(geo, block, axes[i], u[axes[i]], cell, use, limit, here + 31 * i, options[i])
            total *= n_options[i]
        shift = mix(here + 7) % max(total, 1)
        for c in range(min(total, combinations)):
            which = (c + shift) % total if total > combinations else c
            for i in range(len(axes)):
                v[axes[i]] = options[i, which % n_options[i]]
                which //= n_options[i]
            rest[:] = u
            amount, alike = _fill_corners(
                (corners, signs, taken, lowered, rest, signed, here + 13 * c),
                geo,
                rows,
                block,
                raises,
                axes,
                line,
                u,
                v,
            )
            if amount == 0:
                continue
            amount = min(amount, need)
            lacking = 1.0 + 0.5 * (need - amount) / need
            bound = best_score / lacking + 1e-9
            cost, n = price(geo, (corners, signs, m, alike), line, axes, u, v, use, weight, bound, cells)
            if n == 0:
                continue
            score = cost * lacking
            if score < best_score or (score == best_score and amount > best_amount):
                best_score, best_cost, best_amount, best_m, best_n = score, cost, amount, m, n
                best[0][:m] = corners
                best[1][:m] = signs
                best[2][:m] = lowered
                best[3][:n] = cells[:n]
                if cost == 0.0 and amount == need:
                    return best_score, best_cost, best_amount, best_m, best_n
        if best_cost == 0.0:
            break
    return best_score, best_cost, best_amount, best_m, best_n


@njit(cache=True, nogil=True, error_model="numpy")
def _find_move(
    geo: Any, rows: Any, demand: Any, effort: Any, dropped: Any, use: Any, weight: Any, taken: Any, best: Any
) -> Any:
    """Find the cheapest move for a demand; return (cost, amount, corners, cells), cost FAR when there is none.

    ``demand`` is (cell, block, raises, need, groups of the cell on each axis, member rows, signed, seed);
    ``dropped`` is how many differenced axes may be left out (each changes margins, which may be cheaper than a zero);
    ``best`` receives corners, signs, rows lowered and cells changed.
    """
    every = np.flatnonzero(geo.differenced[demand[1]])[:MAX_AXES]
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
            found = _search_axes(geo, rows, demand, effort, axes, use, weight, taken, best, found)
            if found[1] == 0.0:
                return found[1:]
    return found[1:]


@njit(cache=True, nogil=True, error_model="numpy")
def _transfer(geo: Any, rows: Any, demand: Any, use: Any, weight: Any, taken: Any, best: Any) -> Any:
    """Find the cheapest way to send children from any row into the primary, or out of it to anywhere: the last resort.

    It blanks much, but exists in nearly every table; arguments and answer are those of ``_find_move``.
    """
    cell, block, raises, need, groups, member_rows, signed, seed = demand
    n_axes = len(geo.sizes)
    corners = np.empty((2, n_axes), np.int64)
    signs = np.array([1, -1]) if raises else np.array([-1, 1])
    cells = np.empty(2 * len(geo.offsets), np.int64)
    axes = np.zeros(0, np.int64)
    every = np.zeros(n_axes, np.int64)
    best_cost = FAR
    best_amount = np.int64(0)
    best_n = 0
    for attempt in range(TRANSFERS):
        if not _start(geo, rows, (raises, groups, member_rows, signed, seed), attempt % 16, 16, taken, corners[0]):
            continue
        here = mix(seed + 31 * attempt)
        amount = need
        lowered = np.int64(-1)
        if raises and not signed:
            lowered = here % len(rows.counts)
            corners[1] = rows.codes[lowered]
        else:
            for axis in range(n_axes):
                other = mix(here + axis)
                corners[1, axis] = other % geo.sizes[axis] if other >> 40 & 1 else corners[0, axis]
            if not signed:
                key = np.int64(0)
                for axis in range(n_axes):
                    key += corners[0, axis] * geo.strides[axis]
                lowered = np.searchsorted(rows.keys, key)
        inside = geo.offsets[block]
        for axis in range(n_axes):
            step = geo.steps[block, geo.starts[axis] + corners[1, axis]]
            if step < 0:
                inside = -1
                break
            inside += step
        if inside == cell:
            continue
        if lowered >= 0:
            amount = min(amount, rows.counts[lowered] - taken[lowered])
            if amount <= 0:
                continue
        cost, n = price(geo, (corners, signs, 2, False), -1, axes, every, every, use, weight, best_cost, cells)
        if n > 0 and cost < best_cost:
            best_cost, best_amount, best_n = cost, amount, n
            best[0][:2] = corners
            best[1][:2] = signs
            best[2][0] = lowered
            best[3][:n] = cells[:n]
    return best_cost, best_amount, 2, best_n


@njit(cache=True, nogil=True, error_model="numpy")
def _grow(array: Any, wanted: Any) -> Any:
    """Return an array of at least the wanted length that begins like this one."""
    if wanted <= len(array):
        return array
    larger = np.empty(max(wanted, 2 * len(array)), array.dtype)
    larger[: len(array)] = array
    return larger


@njit(cache=True, nogil=True, error_model="numpy")
def route(
    geo: Any,
    rows: Any,
    demands: Any,
    order: Any,
    effort: Any,
    dropped: Any,
    state: Any,
    store: Any,
    seed: Any,
    signed: Any,
) -> Any:
    """Find or renew the witness of each demand in order; return the grown store.

    ``demands``: (cell, block, raises, need, groups, first member, members) as arrays. ``state``: (use of each cell,
    weight, is primary). ``store``: (cells, cell span of each demand, row keys, amounts, row span, lengths, met). A
    demand that has a witness is ripped up and takes the new one only when that is not dearer.
    """
    cell_of, block_of, raises_of, need_of, groups_of, first_member, members = demands
    use, weight = state
    kept_cells, cell_span, kept_keys, kept_amounts, row_span, lengths, met = store
    n_axes = len(geo.sizes)
    taken = np.zeros(len(rows.counts), np.int64)
    touched = np.empty(4096, np.int64)
    best = (
        np.empty((MAX_CORNERS, n_axes), np.int64),
        np.empty(MAX_CORNERS, np.int64),
        np.full(MAX_CORNERS, -1, np.int64),
        np.empty(len(geo.offsets) * MAX_CORNERS // 2 + 1, np.int64),
    )
    for d in order:
        if signed and not met[d] and use[cell_of[d]] > 1:
            met[d] = True
            continue
        freed = 0.0
        for i in range(cell_span[d, 0], cell_span[d, 1]):
            use[kept_cells[i]] -= 1
            if use[kept_cells[i]] == 0:
                freed += weight[kept_cells[i]]
        need = need_of[d]
        cost = 0.0
        n_cells, n_rows, n_touched, moves = lengths[0], lengths[1], 0, 0
        while need > 0 and moves < 4 * need_of[d] + 8:
            demand = (
                cell_of[d], block_of[d], raises_of[d], need, groups_of[d],
                members[first_member[d] : first_member[d + 1]], signed, mix(seed + 1009 * d + 131 * moves),
            )  # fmt: skip
            price_, amount, m, n = _find_move(geo, rows, demand, effort, dropped, use, weight, taken, best)
            if price_ >= FAR and dropped >= MAX_AXES:
                price_, amount, m, n = _transfer(geo, rows, demand, use, weight, taken, best)
            if price_ >= FAR:
                break
            cost += price_
            moves += 1
            need -= amount
            kept_cells = _grow(kept_cells, n_cells + n)
            kept_keys = _grow(kept_keys, n_rows + m)
            kept_amounts = _grow(kept_amounts, n_rows + m)
            for i in range(n):
                use[best[3][i]] += 1
                kept_cells[n_cells] = best[3][i]
                n_cells += 1
            for i in range(m):
                key = np.int64(0)
                for axis in range(n_axes):
                    key += best[0][i, axis] * geo.strides[axis]
                kept_keys[n_rows] = key
                kept_amounts[n_rows] = best[1][i] * amount
                n_rows += 1
            for i in range(max(1, m >> 1)):
                if best[2][i] >= 0 and not signed:
                    taken[best[2][i]] += amount
                    touched = _grow(touched, n_touched + 1)
                    touched[n_touched] = best[2][i]
                    n_touched += 1
        for i in range(n_touched):
            taken[touched[i]] = 0
        if need <= 0 and (not met[d] or cost <= freed):
            met[d] = True
            cell_span[d, 0], cell_span[d, 1] = lengths[0], n_cells
            row_span[d, 0], row_span[d, 1] = lengths[1], n_rows
            lengths[0], lengths[1] = n_cells, n_rows
        else:
            for i in range(lengths[0], n_cells):
                use[kept_cells[i]] -= 1
            for i in range(cell_span[d, 0], cell_span[d, 1]):
                use[kept_cells[i]] += 1
    return kept_cells, cell_span, kept_keys, kept_amounts, row_span, lengths, met
