"""Cut the attacker's unknowns into pieces that nothing ties together, the smallest first."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from scipy import sparse

from ndl_publish.audit.connected import connected
from ndl_publish.audit.published import FloatArray
from ndl_publish.audit.unknowns import Unknowns
from ndl_publish.cube.grid import IntArray

TOGETHER = 200
"""Small components are put into one piece up to this many unknowns."""


@dataclass(frozen=True)
class Piece:
    """Some unknowns with all that is said of them.

    Attributes:
        equations: Coefficients, ``(n_equations, n_unknowns)``.
        totals: Right-hand sides.
        parts: Unknowns that add up to each withheld cell.
        rows: Row of ``Unknowns.parts`` that each of ``parts`` is.
    """

    equations: sparse.csr_matrix
    totals: FloatArray = field(repr=False)
    parts: sparse.csr_matrix
    rows: IntArray = field(repr=False)


def pieces(model: Unknowns) -> Iterator[Piece]:
    """Yield the pieces that hold withheld cells, the smallest first."""
    n = model.equations.shape[1]
    if not n or not model.parts.shape[0]:
        return
    of_column, of_row, of_part = _labels(model)
    columns, rows, parts = (np.argsort(label, kind="stable") for label in (of_column, of_row, of_part))
    place = np.empty(n, np.int64)
    place[columns] = np.arange(n)
    equations, made = _moved(model.equations, rows, place), _moved(model.parts, parts, place)
    totals = model.totals[rows]
    n_pieces = int(of_column.max()) + 1
    ends = [np.searchsorted(label, np.arange(n_pieces + 1)) for label in
            (of_column[columns], of_row[rows], of_part[parts])]  # fmt: skip
    for k in range(n_pieces):
        (a, b), (c, d), (e, f) = ((int(end[k]), int(end[k + 1])) for end in ends)
        if f > e:
            yield Piece(_cut(equations, c, d, a, b), totals[c:d], _cut(made, e, f, a, b), parts[e:f])


def _labels(model: Unknowns) -> tuple[IntArray, IntArray, IntArray]:
    """Return the piece of every unknown, equation and withheld cell, numbered by size."""
    n, n_rows = model.equations.shape[1], model.equations.shape[0]
    label = np.concatenate(connected(sparse.vstack([model.equations, model.parts]).tocsr()))
    size = np.bincount(label[:n], minlength=int(label.max()) + 1)
    order = np.argsort(size, kind="stable")
    before = np.cumsum(size[order]) - size[order]
    together = np.where(size[order] < TOGETHER, before // TOGETHER, before // TOGETHER + np.arange(len(size)) + 1)
    number = np.empty(len(size), np.int64)
    number[order] = np.unique(together, return_inverse=True)[1].reshape(-1)
    piece = number[label]
    return piece[:n], piece[n : n + n_rows], piece[n + n_rows :]


def _moved(matrix: sparse.csr_matrix, rows: IntArray, place: IntArray) -> sparse.csr_matrix:
    """Return a matrix with its rows in another order and its columns at other places."""
    found = matrix[rows]
    return sparse.csr_matrix((found.data, place[found.indices], found.indptr), found.shape)


def _cut(matrix: sparse.csr_matrix, first: int, last: int, left: int, right: int) -> sparse.csr_matrix:
    """Return some rows, all of whose entries stand between two columns."""
    begin, end = matrix.indptr[first], matrix.indptr[last]
    parts = (matrix.data[begin:end], matrix.indices[begin:end] - left, matrix.indptr[first : last + 1] - begin)
    return sparse.csr_matrix(parts, (last - first, right - left))
