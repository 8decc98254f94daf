"""Residual queries on integer tables: what is measured, and how it is read back."""

from math import prod

import numpy as np

from ndl_publish.cube.grid import CellGrid, IntArray
from ndl_publish.privacy.area_tree import AreaTree
from ndl_publish.privacy.least_squares import FloatArray
from ndl_publish.privacy.strategy import ResidualQuery


def query_blocks(grid: CellGrid, queries: tuple[ResidualQuery, ...]) -> CellGrid:
    """Return the grid of the tables M_S x_v that the queries are made from, all at finest categories."""
    wanted = []
    for query in queries:
        levels = ["total"] * len(grid.dimensions)
        levels[0] = query.level
        for i in query.subset:
            levels[i] = grid.dimensions[i].finest_level
        wanted.append(tuple(levels))
    return CellGrid.build(grid.dimensions, wanted)


def exact_residual(table: IntArray) -> IntArray:
    """Return (kron of (n_i I - J)) applied to every node's table; integers in, integers out.

    Args:
        table: ``(n_nodes, n_1, n_2, ...)``.

    Example:
        >>> exact_residual(np.array([[3, 1]])).tolist()
        [[2, -2]]
    """
    out = table
    for axis in range(1, table.ndim):
        out = table.shape[axis] * out - out.sum(axis=axis, keepdims=True)
    return out


def residual_estimate(noisy: IntArray, tree: AreaTree, query: ResidualQuery) -> FloatArray:
    """Return the noisy residual in units of children, projected on the subspace, ``(n_nodes, prod n_i)``."""
    shape = (tree.n_nodes[query.level], *query.sizes)
    out = noisy.reshape(shape) / prod(query.sizes)
    for axis in range(1, out.ndim):
        out = out - out.mean(axis=axis, keepdims=True)
    return np.asarray(out.reshape(shape[0], -1), np.float64)
