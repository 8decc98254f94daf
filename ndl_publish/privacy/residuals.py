"""Residual queries on integer tables: what is measured, and how it is read back."""

from typing import TypeVar

import numpy as np

from ndl_publish.cube.grid import CellGrid, IntArray
from ndl_publish.privacy.chains import Chain
from ndl_publish.privacy.least_squares import FloatArray
from ndl_publish.privacy.strategy import Part, ResidualQuery

Numbers = TypeVar("Numbers", IntArray, FloatArray)


def query_levels(grid: CellGrid, chains: tuple[Chain, ...], query: ResidualQuery) -> tuple[str, ...]:
    """Return the block levels of the table M_S x_v that a query is made from."""
    levels = ["total"] * len(grid.dimensions)
    levels[0] = query.level
    for i, depth in query.part:
        levels[i] = chains[i].levels[depth - 1]
    return tuple(levels)


def query_blocks(grid: CellGrid, chains: tuple[Chain, ...], queries: tuple[ResidualQuery, ...]) -> CellGrid:
    """Return the grid of the tables that the queries are made from."""
    return CellGrid.build(grid.dimensions, [query_levels(grid, chains, query) for query in queries])


def exact_residual(table: IntArray, chains: tuple[Chain, ...], part: Part) -> IntArray:
    """Return every node's table as differences, for each axis m times a group less the sum of its m siblings.

    Args:
        table: ``(n_nodes, n_1, n_2, ...)``, an axis for each dimension of the part, in order.
        chains: Chain of each dimension.
        part: Dimensions with depths.

    Returns:
        Integers of the table's shape; integers in, integers out.
    """
    out = table
    for axis, (i, depth) in enumerate(sorted(part), 1):
        chain = chains[i]
        siblings = chain.siblings(depth).reshape(-1, *[1] * (table.ndim - axis - 1))
        out = siblings * out - _sums_of_siblings(out, chain.parent[depth - 1], axis)
    return out


def residual_estimate(noisy: IntArray, chains: tuple[Chain, ...], part: Part) -> FloatArray:
    """Return the noisy differences in units of children, projected on the part, ``(n_nodes, n_components)``."""
    sizes = tuple(chains[i].size(depth) for i, depth in sorted(part))
    out = noisy.reshape(-1, *sizes).astype(np.float64)
    n_nodes = out.shape[0]
    for axis, (i, depth) in enumerate(sorted(part), 1):
        chain = chains[i]
        siblings = chain.siblings(depth).reshape(-1, *[1] * (out.ndim - axis - 1))
        out = out / siblings
        out = out - _sums_of_siblings(out, chain.parent[depth - 1], axis) / siblings
    return np.asarray(out.reshape(n_nodes, -1), np.float64)


def _sums_of_siblings(table: Numbers, parent: IntArray, axis: int) -> Numbers:
    """Return, for every group of an axis, the sum over the groups of its parent."""
    if parent[-1] == 0 and not parent.any():
        whole: Numbers = table.sum(axis=axis, keepdims=True)
        return whole
    moved = np.moveaxis(table, axis, 0)
    sums = np.stack([moved[parent == p].sum(axis=0) for p in range(int(parent.max()) + 1)])
    return np.moveaxis(sums[parent], 0, axis)
