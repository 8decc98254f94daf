"""What each noisy table says about itself and about its margins, each with its own independent noise.

The noise of an additive family of tables is independent between **interactions** d_S = P_S y_S, with P_S the product
of (I - J/n) over the characteristics of S. A table's own interaction is the plain evidence of how far the area is from
what was expected. The interaction with one more characteristic i tells of the same thing when the categories of i are
not alike in size: an area with more children than expected also has a larger gap between the large and the small
categories. With q the usual shares of the categories less their mean, d_(R+i) q / |q|^2 is a second estimate, whose
noise is that of d_(R+i) over |q|^2 and the area's own peculiarity in i, the latter found by moments from the noisy
tables. Evidence is pooled by precision.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import combinations
from math import prod

import numpy as np

from ndl_publish.cube.grid import IntArray
from ndl_publish.privacy.least_squares import FloatArray
from ndl_publish.privacy.nonnegative_order import Axes

LEAST_NOISE = 1e-9
"""Noise variances are taken to be at least this, so that a precision is a number."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """How far areas seem to be from what was expected of a table.

    Attributes:
        gap: ``(n_nodes, n_1, n_2, ...)``, an interaction.
        noise: Noise variance per unit of the projection, ``(n_nodes,)``.
    """

    gap: FloatArray
    noise: FloatArray


@dataclass(frozen=True, slots=True)
class Interactions:
    """The interactions of a level's noisy tables.

    Attributes:
        values: Attribute set -> ``(n_nodes, n_1, n_2, ...)``.
        noise: Attribute set -> noise variance per unit of the projection, ``(n_nodes,)``.
        parent: Area above of each node.
        above: The whole tables of the areas above.
    """

    values: Mapping[Axes, FloatArray] = field(repr=False)
    noise: Mapping[Axes, FloatArray] = field(repr=False)
    parent: IntArray = field(repr=False)
    above: Mapping[Axes, IntArray] = field(repr=False)

    @classmethod
    def of(
        cls,
        tables: Mapping[Axes, IntArray],
        variances: Mapping[Axes, FloatArray],
        parent: IntArray,
        above: Mapping[Axes, IntArray],
    ) -> "Interactions":
        """Return the interactions of tables whose cells have the given mean noise variances ``(n_nodes,)``."""
        noise: dict[Axes, FloatArray] = {}
        for axes in sorted(tables, key=len):
            noise[axes] = _interaction_variance(axes, tables[axes].shape[1:], variances[axes], noise)
        values = {axes: interaction(table.astype(np.float64)) for axes, table in tables.items()}
        return cls(values, noise, parent, above)

    def evidence(self, axes: Axes, expected: FloatArray) -> Evidence:
        """Return all evidence on a table: its own, and that of tables with one more characteristic."""
        own = Evidence(self.values[axes] - interaction(expected), self.noise[axes])
        if axes not in self.above:
            return own
        more = sorted({i for other in self.values for i in other} - set(axes))
        larger = {i: tuple(sorted((*axes, i))) for i in more}
        known = [i for i in more if larger[i] in self.values and larger[i] in self.above]
        return _pooled([own, *(self._borrowed(axes, i, expected, own) for i in known)])

    def _borrowed(self, axes: Axes, extra: int, expected: FloatArray, own: Evidence) -> Evidence:
        """Return what the interaction with one more characteristic says of a table."""
        larger = tuple(sorted((*axes, extra)))
        position = larger.index(extra) + 1
        above = self.above[larger].astype(np.float64)
        shares = ratio(above, np.broadcast_to(np.expand_dims(self.above[axes], position), above.shape))
        spread = shares[self.parent] * np.expand_dims(expected, position)
        gap = self.values[larger] - interaction(spread)
        contrast = _contrast(above, position)[self.parent]
        length = (contrast**2).sum(axis=1)
        lined = contrast.reshape(-1, *(contrast.shape[1] if i == position else 1 for i in range(1, gap.ndim)))
        told = (gap * lined).sum(axis=position)
        wide = np.broadcast_to(_over_cells(length, told.ndim), told.shape)
        found = ratio(told, wide)
        scale = _own_part(found.shape[1:])
        apart = (wide * (found - own.gap) ** 2).reshape(len(found), -1).mean(axis=1) / scale
        peculiar = max(0.0, float(np.mean(apart - length * own.noise - self.noise[larger])))
        noise = np.divide(self.noise[larger] + peculiar, length, out=np.full(len(found), np.inf), where=length > 0)
        return Evidence(found, noise)


def interaction(table: FloatArray) -> FloatArray:
    """Return a table less its means along every axis but the areas'.

    Example:
        >>> interaction(np.array([[7.0, 3.0]])).tolist()
        [[2.0, -2.0]]
    """
    for axis in range(1, table.ndim):
        table = table - table.mean(axis=axis, keepdims=True)
    return table


def ratio(wanted: FloatArray | IntArray, there: FloatArray | IntArray) -> FloatArray:
    """Return a quotient, 0 where the divisor is not positive."""
    return np.asarray(np.divide(wanted, there, out=np.zeros(there.shape), where=there > 0))


def _pooled(evidence: list[Evidence]) -> Evidence:
    """Return evidence weighted by precision."""
    precision = sum((1 / one.noise for one in evidence), np.zeros(len(evidence[0].noise)))
    weighted = (one.gap * _over_cells(1 / one.noise / precision, one.gap.ndim) for one in evidence)
    return Evidence(sum(weighted, np.zeros(evidence[0].gap.shape)), 1 / precision)


def _over_cells(values: FloatArray, n_axes: int) -> FloatArray:
    """Return values of areas so that they go with all cells of a table with ``n_axes`` axes, the areas' among them."""
    return values.reshape(-1, *(1 for _ in range(n_axes - 1)))


def _contrast(above: FloatArray, position: int) -> FloatArray:
    """Return, for each area above, the shares of an axis's categories less their mean, ``(n_above, n)``."""
    sums = above.sum(axis=tuple(axis for axis in range(1, above.ndim) if axis != position))
    shares = ratio(sums, np.broadcast_to(sums.sum(axis=1, keepdims=True), sums.shape))
    return np.asarray(shares - shares.mean(axis=1, keepdims=True))


def _interaction_variance(
    axes: Axes, sizes: tuple[int, ...], variance: FloatArray, noise: Mapping[Axes, FloatArray]
) -> FloatArray:
    """Return the noise variance of a table's interaction, per unit of its projection.

    The variance of a cell is the sum over subsets S of u_S prod_S (1 - 1/n) / prod_(rest) n^2; all but the last are
    known from smaller tables.
    """
    left = variance.astype(np.float64)
    for part in (s for k in range(len(axes)) for s in combinations(axes, k)):
        left -= noise[part] * prod(1 - 1 / n if i in part else 1 / n**2 for i, n in zip(axes, sizes, strict=True))
    return np.asarray(np.maximum(left / _own_part(sizes), LEAST_NOISE))


def _own_part(sizes: tuple[int, ...]) -> float:
    """Return the part of the projection that a cell has on its diagonal; 1 where a characteristic has one category."""
    return prod(1 - 1 / n for n in sizes) or 1.0
