"""Insiders: a child alone in a withheld cell knows that count. What else would follow for it? Compiled.

Another primary is safe from such a child when one of its witnesses leaves the child's cell as it is: that is an
alternative table the child cannot rule out. Where every witness of a primary changes the cell, a further demand asks
for one that does not. A primary that is only about the child itself (it lies inside the child's cell,
or holds nobody but this child) needs none.
"""

# ruff: noqa: ANN401 - compiled: numba infers types.

from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

from ndl_publish.protect.secondary.demands import Demands
from ndl_publish.protect.secondary.geometry import Geometry, Rows
from ndl_publish.protect.secondary.store import CELL, NEXT, Store

BoolArray = npt.NDArray[np.bool_]


def insider_demands(geometry: Geometry, rows: Rows, demands: Demands, store: Store, is_single: BoolArray) -> Demands:
    """Return the demands that are missing: to move each primary by one while leaving a single child's cell alone.

    Args:
        geometry: Look-up arrays of the grid.
        rows: Finest rows with children.
        demands: Those there are.
        store: Their witnesses.
        is_single: Cells of exactly one child, ``n_cells``; those that a witness changes are withheld.
    """
    order = np.argsort(demands.cell, kind="stable").astype(np.int64)
    pairs = _exposed(geometry, rows, demands, store, order, is_single)
    of = pairs[:, 0]
    return Demands(
        demands.cell[of],
        demands.block[of],
        np.ones(len(of), np.bool_),
        np.ones(len(of), np.int64),
        demands.groups[of],
        demands.first_member[of],
        demands.end_member[of],
        demands.members,
        pairs[:, 1].copy(),
    )


@njit(cache=True, nogil=True, error_model="numpy")
def _is_own(geo: Any, rows: Any, demands: Any, d: Any, is_single: Any, cell: Any) -> Any:
    """Say whether the primary of a demand is only about the child in a cell.

    It is when all its codes are codes of the cell, or when its one child is the one in the cell.
    """
    block = np.searchsorted(geo.offsets, cell, side="right") - 1
    if is_single[demands.cell[d]]:
        codes = rows.codes[demands.members[demands.first_member[d]]]
        same = geo.offsets[block]
        for axis in range(len(geo.sizes)):
            step = geo.steps[block, geo.starts[axis] + codes[axis]]
            if step < 0:
                same = -1
                break
            same += step
        if same == cell:
            return True
    at = geo.offsets[block]
    for axis in range(len(geo.sizes)):
        group = demands.groups[d, axis]
        wanted = geo.steps[block, geo.starts[axis] + geo.members[geo.group_start[group]]]
        if wanted < 0:
            return False
        for i in range(geo.group_start[group] + 1, geo.group_start[group + 1]):
            if geo.steps[block, geo.starts[axis] + geo.members[i]] != wanted:
                return False
        at += wanted
    return at == cell


@njit(cache=True, nogil=True, error_model="numpy")
def _exposed(geo: Any, rows: Any, demands: Any, store: Any, order: Any, is_single: Any) -> Any:
    """Return (a demand of the primary, cell of one child) where all witnesses of a primary change that cell."""
    seen = np.zeros(len(is_single), np.int32)
    found = np.empty((1024, 2), np.int64)
    n_found = 0
    i = 0
    while i < len(order):
        primary = demands.cell[order[i]]
        n_witnesses = 0
        j = i
        while j < len(order) and demands.cell[order[j]] == primary:
            node = store.first_node[order[j]]
            n_witnesses += node >= 0
            while node >= 0:
                if is_single[store.nodes[node, CELL]]:
                    seen[store.nodes[node, CELL]] += 1
                node = store.nodes[node, NEXT]
            j += 1
        for k in range(i, j):
            node = store.first_node[order[k]]
            while node >= 0:
                cell = store.nodes[node, CELL]
                is_seen = seen[cell] == n_witnesses and cell != primary and seen[cell] > 0
                if is_seen and not _is_own(geo, rows, demands, order[i], is_single, cell):
                    if n_found == len(found):
                        larger = np.empty((2 * n_found, 2), np.int64)
                        larger[:n_found] = found
                        found = larger
                    found[n_found, 0] = order[i]
                    found[n_found, 1] = cell
                    n_found += 1
                seen[cell] = 0
                node = store.nodes[node, NEXT]
        i = j
    return found[:n_found]
