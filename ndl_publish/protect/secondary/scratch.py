"""The witness in hand: what it does so far to rows and cells, and what that costs. Compiled.

Cells keep their change in a dense array (zero everywhere between witnesses), rows in a small open hash table. Uses and
the total weight are kept up to date with every move, so a later move of the same witness sees earlier ones as free.
"""

# ruff: noqa: ANN401 - compiled: numba infers types.

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from ndl_publish.cube.grid import IntArray

SLOTS = 1 << 13
MOST_ROWS = SLOTS // 2
MOST_CELLS = 1 << 14
NOT_ALONE = -2


class State(NamedTuple):
    """What the whole pattern costs.

    Attributes:
        use: Number of witnesses that change each cell, plus one for a primary, ``n_cells``; withheld means above 0.
        weight: What it costs to withhold each cell, ``n_cells``.
        alone: Row of the one child of each cell that an insider may be alone in, ``NOT_ALONE`` elsewhere, ``n_cells``.
        total: One number: weight of all cells in use that are not primary.
    """

    use: npt.NDArray[np.int32]
    weight: npt.NDArray[np.float64]
    alone: npt.NDArray[np.int32]
    total: npt.NDArray[np.float64]


class Scratch(NamedTuple):
    """What the witness in hand changes.

    Attributes:
        delta: Change of each cell, ``n_cells``.
        touched: Cells that were changed, each once.
        keys: Slots of the hash table: row keys, -1 for empty.
        nets: Change of the row of each slot.
        filled: Slots in use.
        lengths: Number of touched cells, of filled slots, and of searches for a move ever made.
    """

    delta: npt.NDArray[np.int32]
    touched: IntArray
    keys: IntArray
    nets: IntArray
    filled: IntArray
    lengths: IntArray


def new_scratch(n_cells: int) -> Scratch:
    """Return an empty scratch."""
    return Scratch(
        np.zeros(n_cells, np.int32),
        np.empty(MOST_CELLS, np.int64),
        np.full(SLOTS, -1, np.int64),
        np.zeros(SLOTS, np.int64),
        np.empty(MOST_ROWS, np.int64),
        np.zeros(3, np.int64),
    )


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def slot_of(scratch: Any, key: Any) -> Any:
    """Return the slot that holds a key, or the empty one where it would go."""
    at = np.int64((np.uint64(key) * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(51))
    while scratch.keys[at] != -1 and scratch.keys[at] != key:
        at = (at + 1) % SLOTS
    return at


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def net_of(scratch: Any, key: Any) -> Any:
    """Return what the witness in hand has added to a row."""
    if scratch.lengths[1] == 0:
        return np.int64(0)
    at = slot_of(scratch, key)
    return scratch.nets[at] if scratch.keys[at] == key else np.int64(0)


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def has_room(scratch: Any, n_rows: Any, n_cells: Any) -> Any:
    """Say whether a move of so many rows and cells still fits."""
    return scratch.lengths[1] + n_rows <= MOST_ROWS and scratch.lengths[0] + n_cells <= MOST_CELLS


@njit(cache=True, nogil=True, error_model="numpy")
def apply(scratch: Any, state: Any, move: Any, amount: Any) -> None:
    """Add a move: ``move`` is (row keys, signs, number of rows, cells, net of each, number of cells)."""
    row_keys, signs, m, cells, nets, n = move
    for i in range(m):
        at = slot_of(scratch, row_keys[i])
        if scratch.keys[at] == -1:
            scratch.keys[at] = row_keys[i]
            scratch.nets[at] = 0
            scratch.filled[scratch.lengths[1]] = at
            scratch.lengths[1] += 1
        scratch.nets[at] += signs[i] * amount
    for i in range(n):
        cell = cells[i]
        before = scratch.delta[cell]
        after = before + nets[i] * amount
        scratch.delta[cell] = after
        if before == 0:
            scratch.touched[scratch.lengths[0]] = cell
            scratch.lengths[0] += 1
            add_use(state, cell)
        elif after == 0:
            drop_use(state, cell)
            _forget(scratch, cell)


@njit(cache=True, nogil=True, error_model="numpy")
def _forget(scratch: Any, cell: Any) -> None:
    """Take a cell that is unchanged again off the list."""
    for i in range(scratch.lengths[0] - 1, -1, -1):
        if scratch.touched[i] == cell:
            scratch.lengths[0] -= 1
            scratch.touched[i] = scratch.touched[scratch.lengths[0]]
            return


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def add_use(state: Any, cell: Any) -> None:
    """Count one more witness of a cell."""
    if state.use[cell] == 0:
        state.total[0] += state.weight[cell]
    state.use[cell] += 1


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def drop_use(state: Any, cell: Any) -> None:
    """Count one witness of a cell less."""
    state.use[cell] -= 1
    if state.use[cell] == 0:
        state.total[0] -= state.weight[cell]


@njit(cache=True, nogil=True, error_model="numpy")
def affordable(scratch: Any, state: Any, ceiling: Any) -> Any:
    """Return what a further move may cost at most so that the total can stay below a ceiling.

    A move may take back what the witness in hand alone withholds.
    """
    most = ceiling - state.total[0]
    for i in range(scratch.lengths[0]):
        if state.use[scratch.touched[i]] == 1:
            most += state.weight[scratch.touched[i]]
    return most


@njit(cache=True, nogil=True, error_model="numpy")
def clear(scratch: Any) -> None:
    """Empty the scratch; uses stay as they are."""
    for i in range(scratch.lengths[0]):
        scratch.delta[scratch.touched[i]] = 0
    for i in range(scratch.lengths[1]):
        scratch.keys[scratch.filled[i]] = -1
    scratch.lengths[:2] = 0


@njit(cache=True, nogil=True, error_model="numpy")
def abandon(scratch: Any, state: Any) -> None:
    """Give up the witness in hand: its uses are taken back."""
    for i in range(scratch.lengths[0]):
        drop_use(state, scratch.touched[i])
    clear(scratch)
