"""Real tables of small areas that are never negative: noisy tables drawn towards what is expected of each area.

Tables are taken from small to large. What is expected of a table follows from the table of the area above, raked to
the area's own margins, which are estimated by then; so each table has to say only what its margins do not, its highest
interaction d = P(y - expected) with P the product of (I - J/n). The noise of d is known. Its signal is taken to be in
proportion to the expected count, with a factor for cells of like expected count found by moments:

    factor = max(0, (mean(d^2) - mean noise) / mean expected),  weight = factor * expected / (factor * expected + noise).

Cells whose signal drowns in noise (nearly all of the smallest) stay where they are expected; large ones follow the
data. Only the noisy tables and public variances are read.

Source:
    Efron and Morris, "Data analysis using Stein's estimator and its generalizations" (1975): shrinkage whose weight is
    estimated from all cells; Fay and Herriot (1979) for small areas.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from math import prod

import numpy as np

from ndl_publish.cube.grid import IntArray
from ndl_publish.privacy.least_squares import FloatArray
from ndl_publish.privacy.nonnegative_order import Axes

MARGIN_SWEEPS = 6
"""Rounds of raking of a real estimate to its margins; whole tables are raked again until they fit."""
SMALLEST_PART = 0.1
"""An estimate is at least this part of what was expected, so that raking can move every cell that may hold a child."""
GROUPS_PER_DOUBLING = 2
"""Cells are alike when their expected counts fall in the same of these steps of a doubling."""


@dataclass(frozen=True, slots=True)
class Below:
    """The areas of a level as parts of the areas above.

    Attributes:
        parent: Area above of each area, never decreasing.
        above: The whole tables of the areas above.
    """

    parent: IntArray
    above: Mapping[Axes, IntArray]

    def sums(self, table: FloatArray) -> FloatArray:
        """Return what a table's areas add up to in each area above."""
        out = np.zeros((len(self.above[()]), *table.shape[1:]))
        if len(self.parent):
            starts = np.flatnonzero(np.diff(self.parent, prepend=-1))
            out[self.parent[starts]] = np.add.reduceat(table, starts, axis=0)
        return out


def shrink(tables: Mapping[Axes, IntArray], variances: Mapping[Axes, FloatArray], below: Below) -> dict[Axes, FloatArray]:
    """Return estimates of all tables of a level, positive wherever children can be, and nearly additive.

    Args:
        tables: Attribute set -> noisy integers ``(n_nodes, n_1, n_2, ...)``, additive within a node.
        variances: Attribute set -> mean noise variance of a cell at each node, ``(n_nodes,)``.
        below: The areas above.

    Returns:
        Attribute set -> real array of the table's shape.
    """
    found: dict[Axes, FloatArray] = {}
    noise: dict[Axes, FloatArray] = {}
    for axes in sorted(tables, key=lambda axes: (len(axes), axes)):
        sizes = tables[axes].shape[1:]
        noise[axes] = _interaction_variance(axes, sizes, variances[axes], noise)
        expected = _expected(axes, tables[axes].shape, found, below)
        gap = _interaction(tables[axes] - expected)
        each = noise[axes] * prod(1 - 1 / n for n in sizes)
        weight = _weights(gap, expected, each.reshape(-1, *(1 for _ in sizes)))
        moved = expected + _balanced(weight * gap, weight)
        found[axes] = _fit(np.maximum(moved, SMALLEST_PART * expected), axes, found, below)
    return found


def _expected(axes: Axes, shape: tuple[int, ...], found: Mapping[Axes, FloatArray], below: Below) -> FloatArray:
    """Return the table of the area above (an even one where it has none) raked to the area's margins."""
    if not axes:
        children = np.bincount(below.parent, minlength=len(below.above[()]))
        return np.asarray((below.above[()] / np.maximum(children, 1))[below.parent])
    whole = below.above[axes][below.parent].astype(np.float64) if axes in below.above else np.ones(shape)
    return _rake_margins(whole, axes, found)


def _fit(table: FloatArray, axes: Axes, found: Mapping[Axes, FloatArray], below: Below) -> FloatArray:
    """Return a table raked to its margins within the area and to the areas above."""
    for _ in range(MARGIN_SWEEPS if axes else 1):
        if axes in below.above:
            table = table * _ratio(below.above[axes], below.sums(table))[below.parent]
        if axes:
            table = _rake_margins(table, axes, found, sweeps=1)
    return table


def _rake_margins(
    table: FloatArray, axes: Axes, found: Mapping[Axes, FloatArray], *, sweeps: int = MARGIN_SWEEPS
) -> FloatArray:
    for _ in range(sweeps if len(axes) > 1 else 1):
        for position in range(len(axes)):
            margin = found[axes[:position] + axes[position + 1 :]]
            scale = _ratio(margin, table.sum(axis=position + 1))
            table = table * np.expand_dims(scale, position + 1)
    return table


def _ratio(wanted: IntArray | FloatArray, there: FloatArray) -> FloatArray:
    return np.asarray(np.divide(wanted, there, out=np.zeros(there.shape), where=there > 0))


def _interaction(table: FloatArray) -> FloatArray:
    """Return a table less its means along every axis but the areas'."""
    for axis in range(1, table.ndim):
        table = table - table.mean(axis=axis, keepdims=True)
    return table


def _interaction_variance(
    axes: Axes, sizes: tuple[int, ...], variance: FloatArray, noise: Mapping[Axes, FloatArray]
) -> FloatArray:
    """Return the noise variance of a table's highest interaction, per unit of its projection.

    The variance of a cell is the sum over subsets S of u_S prod_S (1 - 1/n) / prod_(rest) n^2; all but the last are
    known from smaller tables.
    """
    left = variance.copy()
    for part in (s for k in range(len(axes)) for s in combinations(axes, k)):
        left -= noise[part] * prod(1 - 1 / n if i in part else 1 / n**2 for i, n in zip(axes, sizes, strict=True))
    return np.asarray(np.maximum(left / prod(1 - 1 / n for n in sizes), 0.0))


def _weights(gap: FloatArray, expected: FloatArray, noise: FloatArray) -> FloatArray:
    """Return how far each cell follows the data: its share of signal, from cells of like expected count."""
    steps = np.floor(np.log2(np.maximum(expected, 2.0**-6)) * GROUPS_PER_DOUBLING).astype(np.int64)
    group = (steps - steps.min()).ravel()
    count = np.maximum(np.bincount(group), 1)
    signal = np.bincount(group, (gap**2 - noise).ravel()) / count
    size = np.bincount(group, expected.ravel()) / count
    factor = np.maximum(_ratio(signal, size), 0.0)
    strength = factor[group].reshape(expected.shape) * expected
    return np.asarray(_ratio(strength, strength + noise))


def _balanced(move: FloatArray, weight: FloatArray) -> FloatArray:
    """Return moves that cancel along each axis; cells give way in proportion to their weights."""
    for axis in range(1, move.ndim):
        total = weight.sum(axis=axis, keepdims=True)
        move = move - weight * _ratio(move.sum(axis=axis, keepdims=True), total)
    return move
