"""Open withheld cells: lead their witnesses around them and keep that where the pattern gets cheaper. Compiled.

A pass goes downhill only. An excursion opens a cell although that is dearer, then tries to open the cells that this
withheld, and takes everything back unless the pattern is no dearer in the end: that finds a way out of patterns where
every single cell is needed.
"""

# ruff: noqa: ANN401, C901, PLR0912, PLR0913, PLR0917 - compiled: numba infers types and takes no keyword-only arguments.

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from ndl_publish.cube.grid import IntArray
from ndl_publish.protect.secondary.around import lead_around
from ndl_publish.protect.secondary.borrowed import borrowed
from ndl_publish.protect.secondary.moves import mix
from ndl_publish.protect.secondary.route import LEAST
from ndl_publish.protect.secondary.store import AFTER, CELL, DEMAND, NEXT, has_spare, keep, let_go, put_back, rip

MOST_USERS = 400
"""A cell that more witnesses change is left alone."""
MOST_CHANGED = 2000
MOST_NEAR = 32
"""How many cells an excursion tries to open after the first."""


class Journal(NamedTuple):
    """Witnesses as they were before an excursion: which demands changed in it, and what to put back.

    Attributes:
        stamp: Excursion in which each demand changed last, ``n_demands``.
        before: (demand, first node, first row) of those that changed in this one.
        length: Number of these.
    """

    stamp: npt.NDArray[np.int32]
    before: IntArray
    length: IntArray


def new_journal(n_demands: int) -> Journal:
    """Return an empty journal."""
    return Journal(np.zeros(n_demands, np.int32), np.zeros((MOST_CHANGED, 3), np.int64), np.zeros(1, np.int64))


@njit(cache=True, nogil=True, error_model="numpy")
def sort_by(numbers: Any, keys: Any) -> None:
    """Sort a few numbers by their keys, in place; both are changed. Numba takes seconds to compile its own sort."""
    for i in range(1, len(numbers)):
        j = i
        while j > 0 and keys[j - 1] > keys[j]:
            keys[j - 1], keys[j] = keys[j], keys[j - 1]
            numbers[j - 1], numbers[j] = numbers[j], numbers[j - 1]
            j -= 1


@njit(cache=True, nogil=True, error_model="numpy")
def _open(world: Any, cell: Any, effort: Any, slack: Any, primary: Any, journal: Any, excursion: Any, seed: Any) -> Any:
    """Lead all witnesses of a cell around it where the total grows by less than ``slack``; return whether it worked.

    With an ``excursion`` (a number above 0) the witnesses of before are noted in the journal, else let go.
    """
    demands, state, scratch, store = world[2], world[3], world[4], world[5]
    tries, limit, combinations, dropped, signed, _, over = effort
    n_users = state.use[cell]
    if primary[cell] or n_users == 0 or n_users > MOST_USERS or not has_spare(store):
        return False
    if excursion and journal.length[0] + n_users > MOST_CHANGED:
        return False
    users = np.empty(n_users, np.int64)
    heads = np.empty((n_users, 2), np.int64)
    node = store.first_use[cell]
    for j in range(n_users):
        if node < 0:
            return False  # others use it, too
        users[j] = store.nodes[node, DEMAND]
        node = store.nodes[node, AFTER]
    sort_by(users, -demands.need[users])
    full = (tries, limit, combinations, dropped, signed, state.total[0] + slack - LEAST, over)
    for j in range(n_users):
        heads[j] = rip(store, state, users[j])
    n_built = 0
    while n_built < n_users and has_spare(store):
        if not lead_around(world, users[n_built], heads[n_built], cell, full, seed):
            break
        keep(store, scratch, users[n_built])
        n_built += 1
    is_open = n_built == n_users
    for j in range(n_users):
        d = users[j]
        if is_open:
            if excursion and journal.stamp[d] != excursion:
                journal.stamp[d] = excursion
                journal.before[journal.length[0], 0] = d
                journal.before[journal.length[0], 1:] = heads[j]
                journal.length[0] += 1
            else:
                let_go(store, heads[j, 0], heads[j, 1])
        elif j < n_built:
            first, first_row = rip(store, state, d)
            let_go(store, first, first_row)
    if not is_open:
        for j in range(n_users):
            put_back(store, state, users[j], heads[j, 0], heads[j, 1])
    return is_open


@njit(cache=True, nogil=True, error_model="numpy")
def _near(store: Any, state: Any, journal: Any, primary: Any, cells: Any) -> Any:
    """Fill ``cells`` with withheld cells that the changed witnesses use, those with fewest witnesses first."""
    n = 0
    for j in range(journal.length[0]):
        node = store.first_node[journal.before[j, 0]]
        while node >= 0 and n < len(cells):
            cell = store.nodes[node, CELL]
            if not primary[cell]:
                known = False
                for i in range(n):
                    if cells[i] == cell:
                        known = True
                        break
                if not known:
                    cells[n] = cell
                    n += 1
            node = store.nodes[node, NEXT]
    sort_by(cells[:n], state.use[cells[:n]].astype(np.int64))
    return n


@njit(cache=True, nogil=True, error_model="numpy")
def _undo(store: Any, state: Any, journal: Any) -> None:
    """Put the witnesses of before the excursion back."""
    for j in range(journal.length[0]):
        first, first_row = rip(store, state, journal.before[j, 0])
        let_go(store, first, first_row)
    for j in range(journal.length[0]):
        put_back(store, state, journal.before[j, 0], journal.before[j, 1], journal.before[j, 2])


@njit(cache=True, nogil=True, error_model="numpy")
def open_cells(
    geo: Any, rows: Any, demands: Any, cells: Any, begin: Any, effort: Any, slack: Any, primary: Any, state: Any,
    scratch: Any, store: Any, room: Any, journal: Any, seed: Any,
) -> Any:  # fmt: skip
    """Try to open one cell after another, from place ``begin``; return where it stopped for lack of room.

    With ``slack`` above 0 each is the first step of an excursion, which may make the pattern dearer by that much.
    """
    store, journal, state = borrowed(store), borrowed(journal), borrowed(state)
    world = (borrowed(geo), borrowed(rows), borrowed(demands), state, borrowed(scratch), store, borrowed(room))
    near = np.empty(MOST_NEAR, np.int64)
    for i in range(begin, len(cells)):
        if not has_spare(store):
            return i
        before = state.total[0]
        journal.length[0] = 0
        excursion = i + 1 if slack > 0 else np.int64(0)
        here = mix(seed + i)
        if not _open(world, cells[i], effort, slack, primary, journal, excursion, here) or excursion == 0:
            continue
        n = _near(store, state, journal, primary, near)
        for j in range(n):
            _open(world, near[j], effort, 0.0, primary, journal, excursion, here + 7 * j)
        if state.total[0] <= before + LEAST:
            for j in range(journal.length[0]):
                let_go(store, journal.before[j, 1], journal.before[j, 2])
        else:
            _undo(store, state, journal)
    return len(cells)
