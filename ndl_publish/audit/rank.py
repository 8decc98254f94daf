"""Attack: is a withheld value a linear combination of shown ones?

The unknown variables obey homogeneous equations once everything shown is moved to the other side. A cell follows from
what is shown if and only if it is 0 in every solution of those. A random solution is computed exactly, modulo a prime
near 2**31: a cell that does not follow is 0 in it by chance with probability 2**-31, in both solutions drawn with
probability 2**-62.
"""

import numpy as np
from scipy import sparse

from ndl_publish.audit.connected import connected
from ndl_publish.audit.elimination import PRIME, null_vectors
from ndl_publish.audit.equations import Equations
from ndl_publish.audit.propagation import Knowledge, propagate
from ndl_publish.audit.published import BoolArray, Intervals, PublishedCells, open_intervals
from ndl_publish.cube.grid import IntArray
from ndl_publish.errors import Finding

COMPONENT_LIMIT = 20_000_000
"""Most matrix entries that the elimination of one component may hold before it is given up, and reported."""
N_VECTORS = 2


def rank(published: PublishedCells, *, component_limit: int = COMPONENT_LIMIT) -> Intervals:
    """Return which withheld cells are linear combinations of shown ones, whatever sign values may have.

    Args:
        published: All an outsider has.
        component_limit: Most matrix entries per component of unknowns; what is larger is left and reported.

    Returns:
        Open intervals with ``is_exact``; points where repeated subtraction already gives the value. Note ``NDL-D006``
        says how many cells were in components too large to attack.
    """
    equations = Equations(published)
    known = propagate(equations, published)
    lower, upper = open_intervals(published)
    n = published.grid.n_cells
    recovered = known.is_known[:n] & ~published.is_shown & equations.is_possible
    lower[recovered] = upper[recovered] = known.values[:n][recovered]
    follows, too_large = _follows(equations, known, component_limit)
    is_exact = recovered | (follows[:n] & ~published.is_shown & equations.is_possible)
    skipped = int((too_large[:n] & ~published.is_shown).sum())
    notes = (
        []
        if equations.is_closed
        else [Finding("NDL-D006", "warning", "rank", "too many blocks to tie all sums they share")]
    )
    if skipped:
        message = (
            f"{skipped} withheld cells hang together in components too large to attack; split the release by region"
        )
        notes.append(Finding("NDL-D006", "warning", "rank", message))
    return Intervals("rank", lower, upper, is_exact, tuple(notes))


def _follows(equations: Equations, known: Knowledge, limit: int) -> tuple[BoolArray, BoolArray]:
    """Return which unknown variables are fixed by the equations, and which were not attacked."""
    unknown = np.flatnonzero(~known.is_known)
    follows, too_large = np.zeros(equations.n_variables, bool), np.zeros(equations.n_variables, bool)
    matrix = _matrix(equations, unknown)
    if not matrix.shape[0]:
        return follows, too_large
    of_column, of_row = connected(matrix)
    draws = np.random.default_rng(0).integers(1, PRIME, (N_VECTORS, len(unknown)))
    rows_by, columns_by = _grouped(of_row), _grouped(of_column)
    lengths = np.diff(matrix.indptr)
    local = np.empty(len(unknown), np.int64)
    for component, rows in rows_by.items():
        mine = columns_by[component]
        local[mine] = np.arange(len(mine))
        part = matrix[rows]
        order = np.argsort(lengths[rows], kind="stable")
        found = null_vectors(
            part.indptr.astype(np.int64),
            local[part.indices],
            part.data.astype(np.int64),
            order,
            len(mine),
            draws[:, mine],
            limit,
        )
        if len(found):
            follows[unknown[mine]] = (found == 0).all(axis=0)
        else:
            too_large[unknown[mine]] = True
    return follows, too_large


def _matrix(equations: Equations, unknown: IntArray) -> sparse.csr_matrix:
    """Return the coefficients of the unknowns in all sums: 1 for the parts, -1 for a sum that is itself unknown."""
    column = np.full(equations.n_variables, -1, np.int64)
    column[unknown] = np.arange(len(unknown))
    rows, columns, data = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
    n_rows = 0
    for one in equations.direct_sums():
        take = (one.into >= 0) & (column[one.fine] >= 0)
        take[take] = one.is_valid[one.into[take]]
        whole = one.is_valid & (column[one.coarse] >= 0)
        present = whole.copy()
        present[one.into[take]] = True
        place = np.cumsum(present) - 1 + n_rows
        rows += [place[one.into[take]], place[whole]]
        columns += [column[one.fine[take]], column[one.coarse[whole]]]
        data += [np.ones(int(take.sum()), np.int64), np.full(int(whole.sum()), -1, np.int64)]
        n_rows += int(present.sum())
    entries = (np.concatenate(data), (np.concatenate(rows), np.concatenate(columns)))
    return sparse.csr_matrix(entries, (n_rows, len(unknown)))


def _grouped(label: IntArray) -> dict[int, IntArray]:
    """Return the positions of each label."""
    order = np.argsort(label, kind="stable")
    values, starts = np.unique(label[order], return_index=True)
    return dict(zip(values.tolist(), np.split(order, starts[1:]), strict=True)) if len(label) else {}
