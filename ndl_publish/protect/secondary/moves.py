"""Elementary moves: a product of differences of codes, priced by the cells it would newly withhold. Compiled.

A move for a cell takes one pair of codes (u, v) on every differenced axis. Its corners are the ``2**k`` choices between
them; signs alternate, so every grouping that cannot tell some pair apart stays as it is.

In the plain move all corners share all other codes. Where children are lacking for that, one axis is the *line*: the
two corners of a line differ in that axis only and share all other codes, so a line is one child who changes that one
code. Different lines may then use different children (other codes of the axes that the cell sums over), which makes
moves possible in sparse tables that share totals; what such a move changes in further blocks is priced like all else.
"""

# ruff: noqa: ANN401, C901, PLR0912, PLR0913, PLR0917 - compiled: numba infers types, takes no
# keyword-only arguments, and is fastest when the inner loop stands in one function.

from typing import Any

import numpy as np
from numba import njit

from ndl_publish.protect.secondary.geometry import NOWHERE
from ndl_publish.protect.secondary.scratch import net_of

MAX_CANDIDATES = 40
SCANNED = 256
PLENTY = 1 << 60


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def mix(value: Any) -> Any:
    """Return 62 well-stirred bits of an integer (splitmix64), for choices that a secret seed decides."""
    z = np.uint64(value) + np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.int64((z ^ (z >> np.uint64(31))) >> np.uint64(2))


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def row_at(rows: Any, key: Any) -> Any:
    """Return the position of a row with children, -1 when nobody has these codes."""
    if len(rows.place) > 0:
        return np.int64(rows.place[key])
    at = np.searchsorted(rows.keys, key)
    if at < len(rows.keys) and rows.keys[at] == key:
        return at
    return -1


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def capacity(rows: Any, scratch: Any, key: Any) -> Any:
    """Return how many children a row can give, after what the witness in hand has done to it."""
    at = row_at(rows, key)
    return net_of(scratch, key) + (rows.counts[at] if at >= 0 else 0)


@njit(cache=True, nogil=True, error_model="numpy")
def candidates(geo: Any, block: Any, axis: Any, u: Any, cell: Any, use: Any, limit: Any, seed: Any, out: Any) -> Any:
    """Fill ``out`` with codes to exchange for ``u``: all of a short axis, else the nearest first; return how many.

    Near means: in the same group of the narrowest published grouping. Codes whose cell is withheld already come first.
    """
    at = geo.starts[axis]
    steps = geo.steps[block]
    n = 0
    if geo.sizes[axis] <= limit:
        for v in range(geo.sizes[axis]):
            if steps[at + v] != steps[at + u] and geo.fence[at + v] == geo.fence[at + u]:
                out[n] = v
                n += 1
        return n
    mine = geo.partition[block, axis]
    for w in range(geo.wider_start[mine], geo.wider_start[mine + 1]):
        group = geo.group_of[geo.partition_start[geo.wider[w]] + u]
        if group < 0:
            continue
        first = geo.group_start[group]
        size = geo.group_start[group + 1] - first
        shift = mix(seed + w) % size
        for wanted in range(2):
            quota = (2 * limit) // 3 if wanted == 0 else min(limit, n + limit // 3)
            at_member = first + shift
            for _ in range(min(size, SCANNED)):
                if n >= quota:
                    break
                v = geo.members[at_member]
                at_member += 1
                if at_member == first + size:
                    at_member = first
                if steps[at + v] == steps[at + u] or geo.fence[at + v] != geo.fence[at + u]:
                    continue
                if wanted == 0 and (steps[at + v] < 0 or use[cell - steps[at + u] + steps[at + v]] == 0):
                    continue
                known = False
                for j in range(n):
                    if out[j] == v:
                        known = True
                        break
                if not known:
                    out[n] = v
                    n += 1
        if n >= limit:
            break
    return n


@njit(cache=True, nogil=True, error_model="numpy")
def price(geo: Any, move: Any, line: Any, u: Any, v: Any, banned: Any, state: Any, bound: Any, out: Any) -> Any:
    """Return the weight of the cells a move would newly withhold (or ``bound``) and the number of cells it changes.

    ``move`` is (codes of each corner, signs, number of corners); ``banned`` are two cells that must not change, and
    a child: none of the cells it is alone in may; ``out`` receives the changed cells and by how much.
    """
    corners, signs, m = move
    out_cells, out_net = out
    cost = 0.0
    n_out = 0
    n_axes = len(geo.sizes)
    slot = line if line >= 0 else n_axes
    for i in range(geo.line_start[slot], geo.line_start[slot + 1]):
        block = geo.line_blocks[i]
        steps = geo.far_steps[block]
        if line >= 0 and steps[geo.starts[line] + u[line]] == steps[geo.starts[line] + v[line]]:
            continue
        first = n_out
        for j in range(m):
            cell = geo.offsets[block]
            for axis in range(n_axes):
                cell += steps[geo.starts[axis] + corners[j, axis]]
            if cell >= NOWHERE:
                continue
            found = False
            for k in range(first, n_out):
                if out_cells[k] == cell:
                    out_net[k] += signs[j]
                    found = True
                    break
            if not found:
                out_cells[n_out] = cell
                out_net[n_out] = signs[j]
                n_out += 1
        kept = first
        for k in range(first, n_out):
            if out_net[k] != 0:
                cell = out_cells[k]
                if cell == banned[0] or cell == banned[1] or state.alone[cell] == banned[2] or geo.is_closed[block]:
                    return bound, 0
                if state.use[cell] == 0:
                    cost += state.weight[cell]
                    if cost >= bound:
                        return bound, 0
                out_cells[kept] = cell
                out_net[kept] = out_net[k]
                kept += 1
        n_out = kept
    return cost, n_out


@njit(cache=True, nogil=True, error_model="numpy")
def find_row(rows: Any, sets: Any, strides: Any, want: Any, scratch: Any, seed: Any) -> Any:
    """Return a row with children left that has the wanted codes; -1 when there is none.

    All axes must agree, else those of the first of ``sets`` for which there is a row; of several the seed decides.
    """
    full = np.int64(0)
    for axis in range(len(strides)):
        full += want[axis] * strides[axis]
    at = row_at(rows, full)
    if at >= 0 and rows.counts[at] + net_of(scratch, full) > 0:
        return at
    for one in sets:
        if one < 0:
            continue
        part = np.int64(0)
        for axis in range(len(strides)):
            if rows.sets[one, axis]:
                part += want[axis] * strides[axis]
        keys = rows.index_keys[one]
        low = np.searchsorted(keys, part)
        high = np.searchsorted(keys, part, side="right")
        for i in range(np.minimum(high - low, 4)):
            row = np.int64(rows.index_rows[one, low + (mix(seed) + i) % (high - low)])
            if rows.counts[row] + net_of(scratch, rows.keys[row]) > 0:
                return row
    return np.int64(-1)


@njit(cache=True, nogil=True, error_model="numpy")
def any_member(geo: Any, rows: Any, block: Any, u: Any, is_held: Any, scratch: Any, seed: Any, out: Any) -> Any:
    """Set ``out`` to codes in the same cell of a block as ``u``, of a row with children if so wanted; say if it worked.

    The seed decides which.
    """
    for axis in range(len(geo.sizes)):
        group = geo.group_of[geo.partition_start[geo.partition[block, axis]] + u[axis]]
        first = geo.group_start[group]
        out[axis] = geo.members[first + mix(seed + axis) % (geo.group_start[group + 1] - first)]
    if not is_held:
        return True
    row = find_row(rows, rows.own_set[block : block + 1], geo.strides, out, scratch, seed)
    if row < 0:
        return False
    out[:] = rows.codes[row]
    return True


@njit(cache=True, nogil=True, error_model="numpy")
def set_lines(geo: Any, rows: Any, scratch: Any, move: Any, line: Any, ask: Any, u: Any, v: Any, seed: Any) -> Any:
    """Set the corners of the move from u and v, a line at a time; return its amount, 0 when children are lacking."""
    corners, signs, axes = move
    block, raises = ask
    n_axes = len(geo.sizes)
    n_lines = 1 << (len(axes) - 1)
    amount = np.int64(PLENTY)
    first = rows.choice_start[block * n_axes + line]
    sets = rows.choices[first : rows.choice_start[block * n_axes + line + 1]]
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
        want[line] = v[line] if sign > 0 else u[line]
        row = find_row(rows, sets, geo.strides, want, scratch, seed + bits)
        if row < 0:
            return np.int64(0)
        amount = min(amount, capacity(rows, scratch, rows.keys[row]))
        want[:] = rows.codes[row]
        if bits == 0:
            for axis in range(n_axes):
                if not fixed[axis]:
                    rest[axis] = want[axis]
        corners[bits] = want
        signs[bits] = sign
        corners[bits, line] = u[line]
        corners[n_lines + bits] = want
        corners[n_lines + bits, line] = v[line]
        signs[n_lines + bits] = -sign
    return amount


@njit(cache=True, nogil=True, error_model="numpy")
def longest_line(geo: Any, axes: Any) -> Any:
    """Return the axis to be the line: the one that fewest blocks tell apart."""
    line = -1
    for axis in axes:
        length = geo.line_start[axis + 1] - geo.line_start[axis]
        if line < 0 or length <= geo.line_start[line + 1] - geo.line_start[line]:
            line = axis
    return line
