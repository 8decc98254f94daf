"""Insiders: a child alone in withheld cells knows these counts. What else would follow for it? Compiled.

Another primary is safe from such a child when one of its witnesses leaves all cells the child is alone in as they are:
that is an alternative table the child cannot rule out. Where every witness of a primary changes some of them, a further
demand asks for one that does not. A primary that is only about the child itself (it lies inside a cell that the child
is alone in, or holds nobody but this child) needs none.
"""

# ruff: noqa: ANN401 - compiled: numba infers types.

from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

from ndl_publish.cube.grid import IntArray
from ndl_publish.protect.secondary.demands import Demands
from ndl_publish.protect.secondary.geometry import NOWHERE, Geometry, Rows
from ndl_publish.protect.secondary.scratch import NOT_ALONE
from ndl_publish.protect.secondary.store import CELL, NEXT, Store


def lone_rows(geometry: Geometry, rows: Rows, values: IntArray) -> npt.NDArray[np.int32]:
    """Return the row of the one child of each cell that holds just one, ``NOT_ALONE`` elsewhere, ``n_cells``."""
    alone = np.full(len(values), NOT_ALONE, np.int32)
    for block, offset in enumerate(geometry.offsets):
        cell = offset + geometry.far_steps[block][geometry.starts[:-1] + rows.codes].sum(axis=1)
        single = np.flatnonzero(cell < NOWHERE)
        single = single[values[cell[single]] == 1]
        alone[cell[single]] = single
    return alone


def insider_demands(
    geometry: Geometry, rows: Rows, demands: Demands, store: Store, alone: npt.NDArray[np.int32]
) -> Demands:
    """Return the demands that are missing: to move each primary by one while leaving all cells of a lone child alone.

    Args:
        geometry: Look-up arrays of the grid.
        rows: Finest rows with children.
        demands: Those there are.
        store: Their witnesses.
        alone: Row of the one child of each cell; those that a witness changes are withheld.
    """
    order = np.argsort(demands.cell, kind="stable").astype(np.int64)
    pairs = _exposed(geometry, rows, demands, store, order, alone)
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
def _is_own(geo: Any, rows: Any, demands: Any, d: Any, alone: Any, child: Any) -> Any:
    """Say whether the primary of a demand is only about a child.

    It is when its one child is that child, or when all its codes are codes of a cell that the child is alone in.
    """
    if alone[demands.cell[d]] == child:
        return True
    for block in range(len(geo.offsets)):
        cell = geo.offsets[block]
        for axis in range(len(geo.sizes)):
            cell += geo.far_steps[block, geo.starts[axis] + rows.codes[child, axis]]
        if cell >= NOWHERE or alone[cell] != child:
            continue
        is_inside = True
        for axis in range(len(geo.sizes)):
            group = demands.groups[d, axis]
            wanted = geo.steps[block, geo.starts[axis] + rows.codes[child, axis]]
            for i in range(geo.group_start[group], geo.group_start[group + 1]):
                if geo.steps[block, geo.starts[axis] + geo.members[i]] != wanted:
                    is_inside = False
                    break
            if not is_inside:
                break
        if is_inside:
            return True
    return False


@njit(cache=True, nogil=True, error_model="numpy")
def _exposed(geo: Any, rows: Any, demands: Any, store: Any, order: Any, alone: Any) -> Any:
    """Return (a demand of the primary, child) where all witnesses of a primary change some cell a child is alone in."""
    seen = np.zeros(len(rows.counts), np.int32)
    seen_by = np.full(len(rows.counts), -1, np.int64)
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
                child = alone[store.nodes[node, CELL]]
                if child >= 0 and seen_by[child] != j:
                    seen_by[child] = j
                    seen[child] += 1
                node = store.nodes[node, NEXT]
            j += 1
        for k in range(i, j):
            node = store.first_node[order[k]]
            while node >= 0:
                child = alone[store.nodes[node, CELL]]
                if child >= 0:
                    is_seen = seen[child] == n_witnesses
                    seen[child] = 0
                    if is_seen and not _is_own(geo, rows, demands, order[i], alone, child):
                        if n_found == len(found):
                            larger = np.empty((2 * n_found, 2), np.int64)
                            larger[:n_found] = found
                            found = larger
                        found[n_found, 0] = order[i]
                        found[n_found, 1] = child
                        n_found += 1
                node = store.nodes[node, NEXT]
        i = j
    return found[:n_found]
