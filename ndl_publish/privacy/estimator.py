"""From noisy measurements to integer tables that add up everywhere, with the exact variance of every cell.

Everything here is post-processing of what ``protect/measure.py`` drew: it reads no record and no exact count, so it
can be run again by anybody who has the measurements.

The noisy tables of a quantity are T_W = sum over parts S of W of u_S spread evenly over what S does not tell apart,
where u_S is the least-squares estimate of part S. Cells at a coarser grouping are sums of cells, so variances and
covariances of any two cells of a table are products over the characteristics (``Chain.product``), summed over the
parts.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from math import prod

import numpy as np

from ndl_publish.cube.grid import Block, CellGrid, IntArray
from ndl_publish.privacy.area_tree import AreaTree
from ndl_publish.privacy.chains import Chain
from ndl_publish.privacy.lattice import References, complete_table, round_children, round_roots
from ndl_publish.privacy.least_squares import (
    CERTAIN,
    FloatArray,
    SubspaceTree,
    Weights,
    estimate,
    gap_below,
    variance_of_sum,
    weigh,
)
from ndl_publish.privacy.randomness import RandomSource
from ndl_publish.privacy.residuals import exact_residual, residual_estimate
from ndl_publish.privacy.strategy import (
    Part,
    PublishedTables,
    Quantity,
    ResidualQuery,
    attributes,
    closure_of,
    parts_of,
    table_of,
)

ROUNDING_VARIANCE = 0.5
"""Added to every variance for the rounding to integers, whose standard deviation is 0.6 to 0.8."""
UNIFORM_BITS = 53
Values = Mapping[Part, dict[str, FloatArray]]


@dataclass(frozen=True, slots=True)
class Subspace:
    """One part of a quantity with its tree and weights; a level without a query is known."""

    queries: Mapping[str, ResidualQuery]
    tree: SubspaceTree = field(repr=False)
    weights: Weights = field(repr=False)


@dataclass(frozen=True, slots=True)
class Estimator:
    """Estimates one quantity's tables on one area tree.

    Attributes:
        quantity: What is estimated, with its published blocks and what of it is known.
        tree: The area levels.
        chains: Chain of each dimension.
        subspaces: Part -> its measurements.
    """

    quantity: Quantity = field(repr=False)
    tree: AreaTree = field(repr=False)
    chains: tuple[Chain, ...] = field(repr=False)
    subspaces: Mapping[Part, Subspace] = field(repr=False)
    _variances: dict[tuple[Part, str], FloatArray] = field(repr=False, default_factory=dict)

    @classmethod
    def build(cls, quantity: Quantity, tree: AreaTree, queries: tuple[ResidualQuery, ...]) -> "Estimator":
        """Return the estimator of a quantity from the queries that measure it."""
        published = PublishedTables.of(quantity.grid, tree, {})
        levels_of: dict[Part, list[str]] = {}
        for level in tree.levels:
            for part in closure_of(published.at[level]):
                levels_of.setdefault(part, []).append(level)
        measured = {(query.part, query.level): query for query in queries}
        subspaces = {}
        for part, levels in levels_of.items():
            own = {level: measured[part, level] for level in levels if (part, level) in measured}
            parents = tuple(tree.parents(a, b) for a, b in pairwise(levels))
            precision = tuple(1 / own[x].event.variance if x in own else CERTAIN for x in levels)
            subspace_tree = SubspaceTree(tuple(levels), parents, precision, tuple(tree.n_nodes[x] for x in levels))
            subspaces[part] = Subspace(own, subspace_tree, weigh(subspace_tree))
        return cls(quantity, tree, published.chains, subspaces)

    @property
    def grid(self) -> CellGrid:
        """The published blocks."""
        return self.quantity.grid

    def whole_tables(
        self, noisy: Mapping[str, IntArray], source: RandomSource, *, label: str, known: IntArray | None = None
    ) -> "WholeTables":
        """Return the estimates rounded to integers that add up everywhere.

        Args:
            noisy: Query label -> noisy integers.
            source: Randomness for the unbiased rounding.
            label: What makes this rounding different from any other.
            known: Figures known exactly, ``(n_nodes, n_1, ...)`` at the level and for the dimensions of
                ``quantity.known``.
        """
        real = {part: self._estimates(part, noisy, known) for part in self.subspaces}
        references = self._references(real)
        return WholeTables(self, references, self._round_corners(real, references, source, label))

    def covariance(self, block: Block, left: tuple[FloatArray, ...], right: tuple[FloatArray, ...]) -> FloatArray:
        """Return, for every area of a block's level, the covariance of two sums of its cells.

        Args:
            block: A block; only its level and which dimensions it does not total matter.
            left: For each of those dimensions in order, weights over the finest categories.
            right: The same for the other sum.

        Returns:
            Array over the level's areas, in squared units of the quantity; rounding not included.
        """
        sums = dict(zip(sorted(attributes(block.levels)), zip(left, right, strict=True), strict=True))
        depths = {i: self.chains[i].depth_of_weights(*both) for i, both in sums.items()}
        total = np.zeros(block.shape[0])
        for part in parts_of(frozenset((i, depth) for i, depth in depths.items() if depth)):
            own = dict(part)
            factor = prod(self._product(i, both, depths[i], own.get(i, 0)) for i, both in sums.items())
            if factor:
                total += factor * self.node_variance(part, block.levels[0])
        return total

    def _product(self, i: int, both: tuple[FloatArray, FloatArray], depth: int, part: int) -> float:
        chain = self.chains[i]
        if not depth and not chain.levels:
            return float(both[0][0] * both[1][0])
        a, b = (chain.pulled_up(chain.at_depth(weights, depth), depth, part) for weights in both)
        return chain.product(a, b, part)

    def node_variance(self, part: Part, level: str) -> FloatArray:
        """Return the variance of a part's estimate at every area of a level, per unit of its measurements' noise."""
        if (part, level) not in self._variances:
            self._variances[part, level] = self._node_variance(part, level)
        return self._variances[part, level]

    def _node_variance(self, part: Part, level: str) -> FloatArray:
        subspace = self.subspaces[part]
        if level not in self.tree.sums:
            return subspace.weights.variance[subspace.tree.levels.index(level)]
        summed = self.tree.sums[level]
        masks = (summed.group_of_node == area for area in range(summed.n_areas))
        return np.array(
            [variance_of_sum(subspace.tree, subspace.weights, summed.carrier, m.astype(float)) for m in masks]
        )

    def cell_variance(self, table: Part, level: str) -> FloatArray:
        """Return the mean variance of a cell of a table at every area of a level, rounding not included."""
        total = np.zeros_like(self.node_variance(frozenset(), level))
        for part in parts_of(table):
            own = dict(part)
            shares = (self.chains[i].mean_variance(depth, own.get(i, 0)) for i, depth in table)
            total = total + prod(shares) * self.node_variance(part, level)
        return total

    def _sizes(self, part: Part) -> tuple[int, ...]:
        return tuple(self.chains[i].size(depth) for i, depth in sorted(part))

    def known_misfit(self, noisy: Mapping[str, IntArray], known: IntArray) -> FloatArray:
        """Return how far known figures are from what was measured below their level, in standard deviations.

        Returns:
            The largest of each area of their level, 0 where nothing below them was measured.
        """
        claim = self.quantity.known
        if claim is None:
            return np.zeros(0)
        worst = np.zeros(self.tree.n_nodes[claim.level])
        for part, own in self.subspaces.items():
            if not {i for i, _ in part} <= claim.dimensions:
                continue
            found = gap_below(own.tree, own.weights, self._measured(part, noisy, known))
            if found is not None:
                gap, variance = found
                deviation = np.sqrt(variance * prod(self.chains[i].mean_variance(depth, depth) for i, depth in part))
                worst = np.maximum(worst, np.abs(gap).max(axis=1) / deviation)
        return worst

    def _measured(self, part: Part, noisy: Mapping[str, IntArray], known: IntArray | None) -> tuple[FloatArray, ...]:
        """Return the noisy differences of a part at every level of its tree, exact ones where it is known."""
        own, exact = self.subspaces[part], self._known_differences(part, known)
        return tuple(
            residual_estimate(noisy[own.queries[level].event.label], self.chains, part)
            if level in own.queries
            else exact[level]
            for level in own.tree.levels
        )

    def _estimates(self, part: Part, noisy: Mapping[str, IntArray], known: IntArray | None) -> dict[str, FloatArray]:
        own = self.subspaces[part]
        values = estimate(own.tree, own.weights, self._measured(part, noisy, known))
        return {x: v.reshape(-1, *self._sizes(part)) for x, v in zip(own.tree.levels, values, strict=True)}

    def _known_differences(self, part: Part, known: IntArray | None) -> dict[str, FloatArray]:
        """Return what is known of a part at the level of the known figures and those above it."""
        claim = self.quantity.known
        if claim is None or known is None or not {i for i, _ in part} <= claim.dimensions:
            return {}
        axes = tuple(k for k, i in enumerate(sorted(claim.dimensions), 1) if i not in {i for i, _ in part})
        table = exact_residual(known.sum(axis=axes), self.chains, part)
        found = {}
        for level in self.tree.levels[: self.tree.levels.index(claim.level) + 1]:
            parent = self.tree.parents(level, claim.level)
            above = np.zeros((self.tree.n_nodes[level], *table.shape[1:]), np.int64)
            np.add.at(above, parent, table)
            found[level] = residual_estimate(above, self.chains, part)
        return found

    def _table(self, table: Part, level: str, real: Values) -> FloatArray:
        """Return the real-valued table T_W of every node of a level."""
        axes = sorted(table)
        out = np.zeros((self.tree.n_nodes[level], *self._sizes(table)))
        for part in parts_of(table):
            own = dict(part)
            absent = [axis for axis, (i, _) in enumerate(axes, 1) if i not in own]
            term = np.expand_dims(real[part][level], absent)
            for axis, (i, depth) in enumerate(axes, 1):
                chain, k = self.chains[i], own.get(i, 0)
                if k < depth:
                    if k:
                        term = np.take(term, chain.ancestors(depth, k), axis=axis)
                    share = chain.spread(depth, k)
                    is_even = (share == share[0]).all()
                    term = term * (share[0] if is_even else share.reshape(-1, *[1] * (len(axes) - axis)))
            out += term
        return out

    def _references(self, real: Values) -> dict[int, References]:
        """Return the reference categories of each dimension: the largest in the noisy totals of the top level."""
        found = {}
        for i in sorted({i for part in self.subspaces for i, _ in part}):
            chain, chosen = self.chains[i], []
            for depth in range(1, len(chain.levels) + 1):
                alone = frozenset({(i, depth)})
                if alone not in self.subspaces:
                    break
                size = self._table(alone, self.subspaces[alone].tree.levels[0], real).sum(axis=0)
                by_size = np.lexsort((np.arange(len(size)), -size))
                parent = chain.parent[depth - 1]
                first = np.unique(parent[by_size], return_index=True)[1]
                chosen.append(by_size[first])
            found[i] = References(chain.parent, tuple(chosen))
        return found

    def _round_corners(
        self, real: Values, references: Mapping[int, References], source: RandomSource, label: str
    ) -> dict[Part, dict[str, IntArray]]:
        corners: dict[Part, dict[str, IntArray]] = {}
        for part, subspace in self.subspaces.items():
            corners[part] = {}
            above: IntArray | None = None
            for k, level in enumerate(subspace.tree.levels):
                table = self._table(part, level, real)
                for axis, (i, depth) in enumerate(sorted(part), 1):
                    table = np.take(table, references[i].others(depth), axis=axis)
                flat = table.reshape(table.shape[0], -1)
                if self._is_certain(part, level):
                    above = np.rint(flat).astype(np.int64)
                else:
                    rows = flat.shape[0] if above is None else above.shape[0]
                    drawn = uniform(source, f"{label}/{level}/{sorted(part)}", (rows, flat.shape[1]))
                    if above is None:
                        above = round_roots(flat, drawn)
                    else:
                        above = round_children(flat, subspace.tree.parents[k - 1], above, drawn)
                corners[part][level] = above
        return corners

    def _is_certain(self, part: Part, level: str) -> bool:
        """Say whether a part's table is known exactly at a level: the part itself, and so all its parts."""
        return self.quantity.known is not None and self.quantity.known.decides(part, level, self.tree)


@dataclass(frozen=True, slots=True)
class WholeTables:
    """The integer tables of a quantity, in their corner parameters.

    Attributes:
        estimator: Made them.
        references: Reference categories of each dimension.
        corners: Part -> level -> integers of the groups that are no reference.
    """

    estimator: Estimator
    references: Mapping[int, References] = field(repr=False)
    corners: Mapping[Part, Mapping[str, IntArray]] = field(repr=False)

    def table(self, table: Part, level: str) -> IntArray:
        """Return one whole table of every node of a tree level, ``(n_nodes, n_1, ...)``."""
        axes = sorted(table)
        known = {tuple(dict(part).get(i, 0) for i, _ in axes): self.corners[part][level] for part in parts_of(table)}
        return complete_table(known, tuple(depth for _, depth in axes), tuple(self.references[i] for i, _ in axes))

    def cells(self) -> IntArray:
        """Return an integer for every cell of the grid."""
        estimator = self.estimator
        out = np.zeros(estimator.grid.n_cells, np.int64)
        made: dict[tuple[str, Part], IntArray] = {}
        for block in estimator.grid.blocks:
            table, level = table_of(block.levels, estimator.chains), estimator.tree.carrier(block.levels[0])
            if (level, table) not in made:
                made[level, table] = self.table(table, level)
            out[block.cells] = grouped(estimator, made[level, table], block, table).ravel()
        return out


def grouped(estimator: Estimator, table: IntArray, block: Block, part: Part) -> IntArray:
    """Return a table of a tree level, at the depths of a part, summed to the areas and groups of a block."""
    level = block.levels[0]
    if level in estimator.tree.sums:
        summed = estimator.tree.sums[level]
        table = _sum_groups(table, summed.group_of_node, summed.n_areas, axis=0)
    for axis, (i, depth) in enumerate(sorted(part), 1):
        chain, name = estimator.chains[i], block.levels[i]
        if chain.levels[depth - 1] != name:
            grouping = estimator.grid.dimensions[i].level(name)
            at = chain.at_depth(grouping.group_of, depth)
            table = _sum_groups(table, at, len(grouping.groups), axis=axis)
    return table


def _sum_groups(table: IntArray, group_of: IntArray, n_groups: int, *, axis: int) -> IntArray:
    moved = np.moveaxis(table, axis, 0)
    out = np.zeros((n_groups, *moved.shape[1:]), np.int64)
    for group in range(n_groups):
        out[group] = moved[group_of == group].sum(axis=0)
    return np.moveaxis(out, 0, axis)


def uniform(source: RandomSource, label: str, shape: tuple[int, int]) -> FloatArray:
    """Return uniforms on [0, 1) with 53 bits; the rounding they drive is post-processing, so floats are safe."""
    words = source.words(label, shape[0] * shape[1])
    return ((words >> np.uint64(64 - UNIFORM_BITS)).astype(np.float64) / 2.0**UNIFORM_BITS).reshape(shape)
