"""Real tables of small areas that are never negative: noisy tables drawn towards what is expected of each area.

Tables are taken from small to large. What is expected of a table follows from the table of the area above, raked to
the area's own margins, which are estimated by then; so each table has to say only what its margins do not. That gap is
believed in part. Its noise is known; its signal is taken to be in proportion to the expected count, with a factor for
cells of like expected count found by moments:

    factor = (mean(gap^2) - mean noise) / mean expected,    weight = factor * expected / (factor * expected + noise).

Cells whose signal drowns in noise (nearly all of the smallest) stay where they are expected; large ones follow the
data. Only the noisy tables and public variances are read.

Source:
    Efron and Morris, "Data analysis using Stein's estimator and its generalizations" (1975): shrinkage whose weight is
    estimated from all cells; Fay and Herriot (1979) for small areas.
"""

from collections.abc import Mapping
from math import prod

import numpy as np

from ndl_publish.cube.grid import IntArray
from ndl_publish.privacy.interactions import Interactions, ratio
from ndl_publish.privacy.least_squares import FloatArray
from ndl_publish.privacy.nonnegative_order import Axes

MARGIN_SWEEPS = 6
"""Rounds of raking of a real estimate to its margins; whole tables are raked again until they fit."""
LARGEST_DOUBT = 0.2
"""An estimate is at least this part of what was expected, as far as the data are not believed, ..."""
SMALLEST_PART = 1e-3
"""... and at least this part however clear they are, so that raking can move every cell that may hold a child."""
SMALLEST_FACTOR = 0.5
"""Areas differ at least by half as much as independent children would make them; guards small samples."""
GROUPS_PER_DOUBLING = 2
"""Cells are alike when their expected counts fall in the same of these steps of a doubling."""
SMALLEST_EXPECTED = 2.0**-6
"""Cells expected to hold less than this are one group."""


def shrink(
    tables: Mapping[Axes, IntArray],
    variances: Mapping[Axes, FloatArray],
    *,
    parent: IntArray,
    above: Mapping[Axes, IntArray],
) -> dict[Axes, FloatArray]:
    """Return estimates of all tables of a level, positive wherever children can be, and nearly additive.

    Args:
        tables: Attribute set -> noisy integers ``(n_nodes, n_1, n_2, ...)``, additive within a node.
        variances: Attribute set -> mean noise variance of a cell at each node, ``(n_nodes,)``.
        parent: Area above of each node, never decreasing.
        above: Attribute set -> whole tables of the areas above, not negative.

    Returns:
        Attribute set -> real array of the table's shape.
    """
    if not len(parent):
        return {axes: table.astype(np.float64) for axes, table in tables.items()}
    found: dict[Axes, FloatArray] = {}
    seen = Interactions.of(tables, variances, parent, above)
    for axes in sorted(tables, key=lambda axes: (len(axes), axes)):
        sizes = tables[axes].shape[1:]
        expected = _expected(axes, tables[axes].shape, found, parent, above)
        evidence = seen.evidence(axes, expected)
        noise = (evidence.noise * prod(1 - 1 / n for n in sizes)).reshape(-1, *(1 for _ in sizes))
        weight = _weights(evidence.gap, expected, noise)
        least = np.maximum(LARGEST_DOUBT * (1 - weight), SMALLEST_PART) * expected
        moved = np.maximum(expected + weight * evidence.gap, least)
        found[axes] = _fit(moved, axes, found, parent, above)
    return found


def _expected(
    axes: Axes,
    shape: tuple[int, ...],
    found: Mapping[Axes, FloatArray],
    parent: IntArray,
    above: Mapping[Axes, IntArray],
) -> FloatArray:
    """Return the table of the area above (an even one where it has none) raked to the area's margins."""
    if not axes:
        children = np.bincount(parent, minlength=len(above[()]))
        return ratio(above[()], children)[parent]
    whole = above[axes][parent].astype(np.float64) if axes in above else np.ones(shape)
    return _rake_margins(whole, axes, found, sweeps=MARGIN_SWEEPS)


def _fit(
    table: FloatArray, axes: Axes, found: Mapping[Axes, FloatArray], parent: IntArray, above: Mapping[Axes, IntArray]
) -> FloatArray:
    """Return a table raked to its margins within the area and to the areas above."""
    for _ in range(MARGIN_SWEEPS if axes else 1):
        if axes in above:
            table = table * ratio(above[axes], _sums(table, parent, len(above[axes])))[parent]
        table = _rake_margins(table, axes, found, sweeps=1)
    return table


def _rake_margins(table: FloatArray, axes: Axes, found: Mapping[Axes, FloatArray], *, sweeps: int) -> FloatArray:
    for _ in range(sweeps if len(axes) > 1 else 1):
        for position in range(len(axes)):
            margin = found[axes[:position] + axes[position + 1 :]]
            scale = ratio(margin, table.sum(axis=position + 1))
            table = table * np.expand_dims(scale, position + 1)
    return table


def _sums(table: FloatArray, parent: IntArray, n_above: int) -> FloatArray:
    """Return what the areas add up to in each area above."""
    out = np.zeros((n_above, *table.shape[1:]))
    if len(parent):
        starts = np.flatnonzero(np.diff(parent, prepend=-1))
        out[parent[starts]] = np.add.reduceat(table, starts, axis=0)
    return out


def _weights(gap: FloatArray, expected: FloatArray, noise: FloatArray) -> FloatArray:
    """Return how far each cell follows the data: its share of signal, from cells of like expected count."""
    steps = np.floor(np.log2(np.maximum(expected, SMALLEST_EXPECTED)) * GROUPS_PER_DOUBLING).astype(np.int64)
    group = (steps - steps.min()).ravel()
    signal = np.bincount(group, (gap**2 - noise).ravel())
    factor = np.maximum(ratio(signal, np.bincount(group, expected.ravel())), SMALLEST_FACTOR)
    strength = factor[group].reshape(expected.shape) * expected
    return ratio(strength, strength + noise)
