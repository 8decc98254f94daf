"""The nearest table, by least squares, that has no negative cell and fits its margins; real numbers.

Source:
    Held, Wolfe and Crowder, "Validation of subgradient optimization" (1974) for the simplex; Boyle and Dykstra, "A
    method for finding projections onto the intersection of convex sets" (1986).
"""

import numpy as np

from ndl_publish.cube.grid import IntArray
from ndl_publish.privacy.least_squares import FloatArray

ROUNDS = 200
"""Rounds of Dykstra's method; what a margin still misses then is small, and mended by raking."""
CLOSE = 1e-6


def nearest_rows(wanted: FloatArray, sums: IntArray) -> FloatArray:
    """Return, for each row, the nearest one that is not negative and has the given sum.

    Args:
        wanted: ``(n_rows, n_columns)``.
        sums: ``(n_rows,)``, not negative.

    Example:
        >>> nearest_rows(np.array([[5.0, 3.0, -2.0], [1.0, 2.0, 0.0]]), np.array([6, 3])).tolist()
        [[4.0, 2.0, 0.0], [1.0, 2.0, 0.0]]
    """
    ordered = np.sort(wanted, axis=1)[:, ::-1]
    excess = (np.cumsum(ordered, axis=1) - sums[:, None]) / np.arange(1, wanted.shape[1] + 1)
    n_positive = np.maximum((ordered > excess).sum(axis=1), 1)
    cut = excess[np.arange(len(wanted)), n_positive - 1]
    return np.asarray(np.maximum(wanted - cut[:, None], 0.0))


def nearest_matrices(wanted: FloatArray, row_sums: IntArray, column_sums: IntArray) -> FloatArray:
    """Return, for each matrix, nearly the nearest one that is not negative and has the given margins.

    Args:
        wanted: ``(n_matrices, n_rows, n_columns)``; a matrix that fits already is returned as it is.
        row_sums: ``(n_matrices, n_rows)``, not negative.
        column_sums: ``(n_matrices, n_columns)``, not negative, with the rows' total.
    """
    found = wanted.copy()
    correction = np.zeros_like(found)
    for _ in range(ROUNDS):
        moved = _met(found, row_sums, column_sums)
        if np.abs(moved - found).max(initial=0.0) < CLOSE and not (found < 0).any():
            break
        found = np.maximum(moved + correction, 0.0)
        correction += moved - found
    return np.asarray(np.maximum(found, 0.0))


def _met(table: FloatArray, row_sums: IntArray, column_sums: IntArray) -> FloatArray:
    """Return the nearest matrices with the given margins, whatever their signs."""
    rows = row_sums - table.sum(axis=2)
    columns = column_sums - table.sum(axis=1)
    n_rows, n_columns = table.shape[1:]
    whole = rows.sum(axis=1)[:, None, None] / (n_rows * n_columns)
    return np.asarray(table + rows[:, :, None] / n_columns + columns[:, None, :] / n_rows - whole)
