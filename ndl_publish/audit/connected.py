"""Which rows and columns of a sparse matrix hang together through its entries.

Without ``scipy.sparse.csgraph``, which loads a quarter of scipy for this one question.
"""

import numpy as np
from scipy import sparse

from ndl_publish.cube.grid import IntArray


def connected(matrix: sparse.csr_matrix) -> tuple[IntArray, IntArray]:
    """Return the component of every column and of every row.

    Components are numbered by their first column; after those come rows without an entry, one component each.

    Args:
        matrix: Any entries, ``(n_rows, n_columns)``; only where they stand is looked at.

    Returns:
        Components of the columns, ``n_columns``, and of the rows, ``n_rows``.

    Example:
        >>> of_column, of_row = connected(sparse.csr_matrix([[1, 0, 1], [0, 0, 0], [0, 1, 0]]))
        >>> of_column.tolist(), of_row.tolist()
        ([0, 1, 0], [0, 2, 1])
    """
    length = np.diff(matrix.indptr)
    is_used = length > 0
    root = _roots(matrix.indices.astype(np.int64), matrix.indptr[:-1][is_used], length[is_used], matrix.shape[1])
    first, of_column = np.unique(root, return_inverse=True)
    of_row = np.empty(len(length), np.int64)
    of_row[is_used] = of_column.reshape(-1)[matrix.indices[matrix.indptr[:-1][is_used]]]
    of_row[~is_used] = len(first) + np.arange(int((~is_used).sum()))
    return of_column.reshape(-1).astype(np.int64), of_row


def _roots(columns: IntArray, start: IntArray, length: IntArray, n: int) -> IntArray:
    """Return the least column that each column hangs together with, rows having at least one entry."""
    root = np.arange(n)
    if not len(start):
        return root
    while True:
        now = root[columns]
        joined = root.copy()
        np.minimum.at(joined, now, np.repeat(np.minimum.reduceat(now, start), length))
        while not np.array_equal(joined, joined[joined]):
            joined = joined[joined]
        if np.array_equal(joined, root):
            return root
        root = joined
