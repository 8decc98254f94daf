"""All witnesses that are kept: linked lists of cells and rows by demand, and of witnesses by cell. Compiled.

Every change of a cell by a witness is a node in two lists: that of its demand and that of its cell. So a witness can be
ripped up, put back or found from a cell in time proportional to its own size, which is what makes rip-up and reroute
cheap.
"""

# ruff: noqa: ANN401 - compiled: numba infers types.

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from ndl_publish.cube.grid import IntArray
from ndl_publish.protect.secondary.scratch import MOST_CELLS, MOST_ROWS, add_use, clear, drop_use, slot_of

CELL, DEMAND, NEXT, BEFORE, AFTER, CHANGE = range(6)
KEY, AMOUNT, NEXT_ROW = range(3)
SPARE = 4
"""How many of the largest witnesses must fit before a search goes on."""


class Store(NamedTuple):
    """Witnesses as linked lists.

    Attributes:
        nodes: ``(n, 6)``: cell, demand, next of the demand, before and after in the cell's list, change.
        rows: ``(n, 3)``: row key, amount, next.
        first_node: First node of each demand's witness, -1 for none.
        first_row: First row of it.
        first_use: First node of each cell's list.
        free: Heads of the lists of free nodes and rows, and how many there are of each.
        met: Whether the demand has a witness.
    """

    nodes: npt.NDArray[np.int32]
    rows: IntArray
    first_node: npt.NDArray[np.int32]
    first_row: npt.NDArray[np.int32]
    first_use: npt.NDArray[np.int32]
    free: IntArray
    met: npt.NDArray[np.bool_]


def new_store(n_demands: int, n_cells: int) -> Store:
    """Return a store without witnesses."""
    empty = Store(
        np.zeros((0, 6), np.int32),
        np.zeros((0, 3), np.int64),
        np.full(n_demands, -1, np.int32),
        np.full(n_demands, -1, np.int32),
        np.full(n_cells, -1, np.int32),
        np.array([-1, -1, 0, 0], np.int64),
        np.zeros(n_demands, np.bool_),
    )
    return grown(empty, 8 * n_demands)


def grown(store: Store, wanted: int = 0) -> Store:
    """Return the store with room for half as much again, or as many as wanted."""
    nodes, first = _longer(store.nodes, max(wanted, 2 * SPARE * MOST_CELLS), NEXT, int(store.free[0]))
    rows, first_row = _longer(store.rows, max(wanted, 2 * SPARE * MOST_ROWS), NEXT_ROW, int(store.free[1]))
    added = np.array([len(nodes) - len(store.nodes), len(rows) - len(store.rows)])
    free = np.concatenate([[first, first_row], store.free[2:] + added]).astype(np.int64)
    return store._replace(nodes=nodes, rows=rows, free=free)


def more_demands(store: Store, n: int) -> Store:
    """Return the store with ``n`` further demands that have no witness."""
    none = np.full(n, -1, np.int32)
    return store._replace(
        first_node=np.concatenate([store.first_node, none]),
        first_row=np.concatenate([store.first_row, none]),
        met=np.concatenate([store.met, np.zeros(n, np.bool_)]),
    )


def _longer(pool: npt.NDArray[Any], wanted: int, following: int, head: int) -> tuple[npt.NDArray[Any], int]:
    """Return a longer pool whose new places stand before the free ones, and the new head of these."""
    n = len(pool)
    more = np.zeros((max(wanted, n // 2), pool.shape[1]), pool.dtype)
    more[:, following] = np.arange(n + 1, n + len(more) + 1)
    more[-1, following] = head
    return np.concatenate([pool, more]), n


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def has_spare(store: Any) -> Any:
    """Say whether some large witnesses still fit."""
    return store.free[2] > SPARE * MOST_CELLS and store.free[3] > SPARE * MOST_ROWS


@njit(cache=True, nogil=True, error_model="numpy")
def keep(store: Any, scratch: Any, demand: Any) -> None:
    """Keep the witness in hand as that of a demand, and empty the scratch. Its uses are counted already."""
    nodes, rows, free = store.nodes, store.rows, store.free
    store.first_node[demand] = -1
    store.first_row[demand] = -1
    for i in range(scratch.lengths[0]):
        cell = scratch.touched[i]
        node = free[0]
        free[0] = nodes[node, NEXT]
        free[2] -= 1
        nodes[node, CELL] = cell
        nodes[node, DEMAND] = demand
        nodes[node, CHANGE] = scratch.delta[cell]
        nodes[node, NEXT] = store.first_node[demand]
        store.first_node[demand] = node
        _link(store, node)
    for i in range(scratch.lengths[1]):
        at = scratch.filled[i]
        if scratch.nets[at] != 0:
            row = free[1]
            free[1] = rows[row, NEXT_ROW]
            free[3] -= 1
            rows[row, KEY] = scratch.keys[at]
            rows[row, AMOUNT] = scratch.nets[at]
            rows[row, NEXT_ROW] = store.first_row[demand]
            store.first_row[demand] = row
    store.met[demand] = True
    clear(scratch)


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def _link(store: Any, node: Any) -> None:
    """Put a node at the head of its cell's list."""
    nodes = store.nodes
    cell = nodes[node, CELL]
    head = store.first_use[cell]
    nodes[node, BEFORE] = -1
    nodes[node, AFTER] = head
    if head >= 0:
        nodes[head, BEFORE] = node
    store.first_use[cell] = node


@njit(cache=True, nogil=True, error_model="numpy")
def rip(store: Any, state: Any, demand: Any) -> Any:
    """Take a witness out of the pattern; return (first node, first row), with which it can be put back or let go."""
    nodes = store.nodes
    first, first_row = store.first_node[demand], store.first_row[demand]
    node = first
    while node >= 0:
        cell, before, after = nodes[node, CELL], nodes[node, BEFORE], nodes[node, AFTER]
        if before >= 0:
            nodes[before, AFTER] = after
        else:
            store.first_use[cell] = after
        if after >= 0:
            nodes[after, BEFORE] = before
        drop_use(state, cell)
        node = nodes[node, NEXT]
    store.first_node[demand] = -1
    store.first_row[demand] = -1
    store.met[demand] = False
    return first, first_row


@njit(cache=True, nogil=True, error_model="numpy")
def put_back(store: Any, state: Any, demand: Any, first: Any, first_row: Any) -> None:
    """Undo ``rip``."""
    node = first
    while node >= 0:
        _link(store, node)
        add_use(state, store.nodes[node, CELL])
        node = store.nodes[node, NEXT]
    store.first_node[demand] = first
    store.first_row[demand] = first_row
    store.met[demand] = True


@njit(cache=True, nogil=True, error_model="numpy")
def let_go(store: Any, first: Any, first_row: Any) -> None:
    """Free the nodes and rows of a witness that was ripped up."""
    nodes, rows, free = store.nodes, store.rows, store.free
    node = first
    while node >= 0:
        following = nodes[node, NEXT]
        nodes[node, NEXT] = free[0]
        free[0] = node
        free[2] += 1
        node = following
    row = first_row
    while row >= 0:
        following_row = rows[row, NEXT_ROW]
        rows[row, NEXT_ROW] = free[1]
        free[1] = row
        free[3] += 1
        row = following_row


@njit(cache=True, nogil=True, error_model="numpy")
def reload(store: Any, scratch: Any, state: Any, first: Any, first_row: Any) -> None:
    """Take a copy of a witness that was ripped up into the empty scratch, its uses counted."""
    node = first
    while node >= 0:
        cell = store.nodes[node, CELL]
        scratch.delta[cell] = store.nodes[node, CHANGE]
        scratch.touched[scratch.lengths[0]] = cell
        scratch.lengths[0] += 1
        add_use(state, cell)
        node = store.nodes[node, NEXT]
    row = first_row
    while row >= 0:
        at = slot_of(scratch, store.rows[row, KEY])
        scratch.keys[at] = store.rows[row, KEY]
        scratch.nets[at] = store.rows[row, AMOUNT]
        scratch.filled[scratch.lengths[1]] = at
        scratch.lengths[1] += 1
        row = store.rows[row, NEXT_ROW]
