"""Elementary moves: a product of differences of codes, priced by the cells it would newly withhold. Compiled.

A move for a primary takes one pair of codes (u, v) on every differenced axis. Its corners are the ``2**k`` choices
between them; signs alternate, so every grouping that cannot tell some pair apart stays as it is. One axis is the
*line*: the two corners of a line differ in that axis only and share all other codes, so a line is one child who changes
that one code. Different lines may therefore use different children (other codes of the axes that the primary sums
over), which makes moves possible in sparse tables that share totals; what such a move changes in further blocks is
priced like all else.
"""

# ruff: noqa: ANN401, C901, PLR0912, PLR0913, PLR0917 - compiled: numba infers types, takes no
# keyword-only arguments, and is fastest when the inner loop stands in one function.

from typing import Any

import numpy as np
from numba import njit

MAX_CORNERS = 256
MAX_CANDIDATES = 40
SCANNED = 256


@njit(cache=True, nogil=True, error_model="numpy")
def mix(value: Any) -> Any:
    """Return 62 well-stirred bits of an integer (splitmix64), for choices that a secret seed decides."""
    z = np.uint64(value) + np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.int64((z ^ (z >> np.uint64(31))) >> np.uint64(2))


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
            if steps[at + v] != steps[at + u]:
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
            for i in range(min(size, SCANNED)):
                if n >= quota:
                    break
                v = geo.members[first + (shift + i) % size]
                if steps[at + v] == steps[at + u]:
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
def price(
    geo: Any, move: Any, line: Any, axes: Any, u: Any, v: Any, use: Any, weight: Any, bound: Any, out: Any
) -> Any:
    """Return the weight of the cells a move would newly withhold (or ``bound``) and the number of cells it changes.

    ``move`` is (codes of each corner, signs, number of corners, whether all corners share all other codes).
    ``out`` receives the changed cells.
    """
    corners, signs, m, alike = move
    cost = 0.0
    n_out = 0
    n_axes = len(geo.sizes)
    cells = np.empty(MAX_CORNERS, np.int64)
    net = np.empty(MAX_CORNERS, np.int64)
    slot = line if line >= 0 else n_axes
    for i in range(geo.line_start[slot], geo.line_start[slot + 1]):
        block = geo.line_blocks[i]
        steps = geo.steps[block]
        blind = line >= 0 and steps[geo.starts[line] + u[line]] == steps[geo.starts[line] + v[line]]
        if alike and not blind:
            for axis in axes:
                if steps[geo.starts[axis] + u[axis]] == steps[geo.starts[axis] + v[axis]]:
                    blind = True
                    break
        if blind:
            continue
        n = 0
        for j in range(m):
            cell = geo.offsets[block]
            for axis in range(n_axes):
                step = steps[geo.starts[axis] + corners[j, axis]]
                if step < 0:
                    cell = -1
                    break
                cell += step
            if cell < 0:
                continue
            found = False
            if not alike:
                for k in range(n):
                    if cells[k] == cell:
                        net[k] += signs[j]
                        found = True
                        break
            if not found:
                cells[n] = cell
                net[n] = signs[j]
                n += 1
        for k in range(n):
            if net[k] != 0:
                if use[cells[k]] == 0:
                    cost += weight[cells[k]]
                    if cost >= bound:
                        return bound, 0
                out[n_out] = cells[k]
                n_out += 1
    return cost, n_out


@njit(cache=True, nogil=True, error_model="numpy")
def find_row(rows: Any, strides: Any, index: Any, want: Any, fixed: Any, taken: Any, seed: Any) -> Any:
    """Return a row with children left that has the wanted codes on the fixed axes; -1 when there is none.

    A row with all the wanted codes is taken first, else one chosen by the seed.
    """
    full = np.int64(0)
    part = np.int64(0)
    for axis in range(len(strides)):
        full += want[axis] * strides[axis]
        if fixed[axis]:
            part += want[axis] * strides[axis]
    at = np.searchsorted(rows.keys, full)
    if at < len(rows.keys) and rows.keys[at] == full and rows.counts[at] > taken[at]:
        return at
    keys = rows.index_keys[index]
    low = np.searchsorted(keys, part)
    high = np.searchsorted(keys, part, side="right")
    for i in range(np.minimum(high - low, 4)):
        row = rows.index_rows[index, low + (mix(seed) + i) % (high - low)]
        if rows.counts[row] > taken[row]:
            return row
    return -1
