"""From noisy measurements to integer tables that add up everywhere, with the exact variance of every cell.

Everything here is post-processing of what ``protect/measure.py`` drew: it reads no record and no exact count, so it
can be run again by anybody who has the measurements.

The noisy tables of a quantity are T_W = sum over S in W of u_S spread over the categories of W minus S, where u_S is
the least-squares estimate of subspace S. Cells at a coarser grouping are sums of cells; with group indicators a and b
on axis i a subspace contributes a'(I - J/n)b when i is in S and (sum a)(sum b)/n^2 when it is not, so variances and
covariances of any two cells of a table are closed formulas.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import combinations, pairwise

import numpy as np

from ndl_publish.cube.grid import Block, CellGrid, IntArray
from ndl_publish.privacy.area_tree import AreaTree
from ndl_publish.privacy.lattice import complete_table, round_children, round_roots
from ndl_publish.privacy.least_squares import FloatArray, SubspaceTree, Weights, estimate, variance_of_sum, weigh
from ndl_publish.privacy.randomness import RandomSource
from ndl_publish.privacy.residuals import residual_estimate
from ndl_publish.privacy.strategy import ResidualQuery, Subset, attributes

ROUNDING_VARIANCE = 0.5
"""Added to every variance for the rounding to integers, whose standard deviation is 0.6 to 0.8."""
UNIFORM_BITS = 53


@dataclass(frozen=True, slots=True)
class Subspace:
    """One subspace of a quantity with its tree and weights."""

    queries: tuple[ResidualQuery, ...]
    tree: SubspaceTree = field(repr=False)
    weights: Weights = field(repr=False)


@dataclass(frozen=True, slots=True)
class Estimator:
    """Estimates one quantity's tables on one area tree.

    Attributes:
        grid: The published blocks.
        tree: The area levels.
        subspaces: Attribute set -> its measurements.
    """

    grid: CellGrid = field(repr=False)
    tree: AreaTree = field(repr=False)
    subspaces: Mapping[Subset, Subspace] = field(repr=False)
    _variances: dict[tuple[Subset, str], FloatArray] = field(repr=False, default_factory=dict)

    @classmethod
    def build(cls, grid: CellGrid, tree: AreaTree, queries: tuple[ResidualQuery, ...]) -> "Estimator":
        """Return the estimator of the quantity whose queries are given."""
        subspaces = {}
        for subset in dict.fromkeys(query.subset for query in queries):
            own = tuple(query for query in queries if query.subset == subset)
            levels = tuple(query.level for query in own)
            parents = tuple(tree.parents(a, b) for a, b in pairwise(levels))
            precision = tuple(1 / query.s2 for query in own)
            subspace_tree = SubspaceTree(levels, parents, precision, tuple(tree.n_nodes[level] for level in levels))
            subspaces[subset] = Subspace(own, subspace_tree, weigh(subspace_tree))
        return cls(grid, tree, subspaces)

    def tables(self, noisy: Mapping[str, IntArray], source: RandomSource, *, label: str) -> IntArray:
        """Return an integer for every cell of the grid, additive everywhere.

        Args:
            noisy: Query label -> noisy integers.
            source: Randomness for the unbiased rounding.
            label: What makes this rounding different from any other.
        """
        real = {subset: self._estimates(subset, noisy) for subset in self.subspaces}
        reference = self._references(real)
        corners = self._round_corners(real, reference, source, label)
        out = np.zeros(self.grid.n_cells, np.int64)
        whole: dict[tuple[str, Subset], IntArray] = {}
        for block in self.grid.blocks:
            subset, level = attributes(block.levels), self._carrier(block.levels[0])
            if (level, subset) not in whole:
                whole[level, subset] = self._complete(subset, level, corners, reference)
            out[block.cells] = self._group(whole[level, subset], block).ravel()
        return out

    def covariance(self, block: Block, left: tuple[FloatArray, ...], right: tuple[FloatArray, ...]) -> FloatArray:
        """Return, for every area of a block's level, the covariance of two sums of its cells.

        Args:
            block: A block; only its level and which dimensions it does not total matter.
            left: For each of those dimensions in order, weights over the finest categories.
            right: The same for the other sum.

        Returns:
            Array over the level's areas, in squared units of the quantity; rounding not included.
        """
        subset = sorted(attributes(block.levels))
        total = np.zeros(block.shape[0])
        for part in (frozenset(c) for k in range(len(subset) + 1) for c in combinations(subset, k)):
            factor = 1.0
            for a, b, i in zip(left, right, subset, strict=True):
                both = a.sum() * b.sum() / len(a)
                factor *= float(a @ b - both) if i in part else float(both / len(a))
            if factor:
                total += factor * self.node_variance(part, block.levels[0])
        return total

    def node_variance(self, subset: Subset, level: str) -> FloatArray:
        """Return the variance of a subspace's estimate at every area of a level, per unit of its projection."""
        if (subset, level) not in self._variances:
            self._variances[subset, level] = self._node_variance(subset, level)
        return self._variances[subset, level]

    def _node_variance(self, subset: Subset, level: str) -> FloatArray:
        subspace = self.subspaces[subset]
        if level not in self.tree.sums:
            return subspace.weights.variance[subspace.tree.levels.index(level)]
        summed = self.tree.sums[level]
        masks = (summed.group_of_node == area for area in range(summed.n_areas))
        return np.array(
            [variance_of_sum(subspace.tree, subspace.weights, summed.carrier, m.astype(float)) for m in masks]
        )

    def _carrier(self, level: str) -> str:
        return self.tree.sums[level].carrier if level in self.tree.sums else level

    def _estimates(self, subset: Subset, noisy: Mapping[str, IntArray]) -> dict[str, FloatArray]:
        own = self.subspaces[subset]
        measured = tuple(residual_estimate(noisy[q.event.label], self.tree, q) for q in own.queries)
        shape = own.queries[0].sizes
        values = estimate(own.tree, own.weights, measured)
        return {level: value.reshape(-1, *shape) for level, value in zip(own.tree.levels, values, strict=True)}

    def _table(self, subset: Subset, level: str, real: Mapping[Subset, dict[str, FloatArray]]) -> FloatArray:
        """Return the real-valued table T_W of every node of a level."""
        axes = sorted(subset)
        sizes = [len(self.grid.dimensions[i].codes) for i in axes]
        table = np.zeros((self.tree.n_nodes[level], *sizes))
        for part in (frozenset(c) for k in range(len(axes) + 1) for c in combinations(axes, k)):
            kept = [slice(None) if i in part else None for i in axes]
            spread = np.prod([n for i, n in zip(axes, sizes, strict=True) if i not in part])
            table += real[part][level][(slice(None), *kept)] / spread
        return table

    def _references(self, real: Mapping[Subset, dict[str, FloatArray]]) -> dict[int, int]:
        """Return the reference category of each attribute: the largest in the noisy totals of the top level."""
        found = {}
        for i in sorted({i for subset in real for i in subset}):
            top = self.subspaces[frozenset({i})].tree.levels[0]
            found[i] = int(np.argmax(self._table(frozenset({i}), top, real).sum(axis=0)))
        return found

    def _round_corners(
        self,
        real: Mapping[Subset, dict[str, FloatArray]],
        reference: Mapping[int, int],
        source: RandomSource,
        label: str,
    ) -> dict[Subset, dict[str, IntArray]]:
        corners: dict[Subset, dict[str, IntArray]] = {}
        for subset, subspace in self.subspaces.items():
            axes = sorted(subset)
            corners[subset] = {}
            above: IntArray | None = None
            for k, level in enumerate(subspace.tree.levels):
                table = self._table(subset, level, real)
                for position, i in enumerate(axes):
                    table = np.delete(table, reference[i], axis=position + 1)
                flat = table.reshape(table.shape[0], -1)
                rows = flat.shape[0] if above is None else above.shape[0]
                uniform = _uniform(source, f"{label}/{level}/{axes}", (rows, flat.shape[1]))
                if above is None:
                    above = round_roots(flat, uniform)
                else:
                    above = round_children(flat, subspace.tree.parents[k - 1], above, uniform)
                corners[subset][level] = above
        return corners

    def _complete(
        self, subset: Subset, level: str, corners: Mapping[Subset, dict[str, IntArray]], reference: Mapping[int, int]
    ) -> IntArray:
        axes = sorted(subset)
        parts = (frozenset(c) for k in range(len(axes) + 1) for c in combinations(axes, k))
        known = {frozenset(axes.index(i) for i in part): corners[part][level] for part in parts}
        sizes = tuple(len(self.grid.dimensions[i].codes) for i in axes)
        return complete_table(known, sizes, tuple(reference[i] for i in axes))

    def _group(self, table: IntArray, block: Block) -> IntArray:
        """Return a finest table summed to the groups of a block."""
        level = block.levels[0]
        if level in self.tree.sums:
            table = _sum_groups(table, self.tree.sums[level].group_of_node, self.tree.sums[level].n_areas, axis=0)
        for axis, i in enumerate(sorted(attributes(block.levels)), 1):
            grouping = self.grid.dimensions[i].level(block.levels[i])
            if block.levels[i] != self.grid.dimensions[i].finest_level:
                table = _sum_groups(table, grouping.group_of, len(grouping.groups), axis=axis)
        return table


def _sum_groups(table: IntArray, group_of: IntArray, n_groups: int, *, axis: int) -> IntArray:
    moved = np.moveaxis(table, axis, 0)
    out = np.zeros((n_groups, *moved.shape[1:]), np.int64)
    for group in range(n_groups):
        out[group] = moved[group_of == group].sum(axis=0)
    return np.moveaxis(out, 0, axis)


def _uniform(source: RandomSource, label: str, shape: tuple[int, int]) -> FloatArray:
    """Return uniforms on [0, 1) with 53 bits; the rounding they drive is post-processing, so floats are safe."""
    words = source.words(label, shape[0] * shape[1])
    return ((words >> np.uint64(64 - UNIFORM_BITS)).astype(np.float64) / 2.0**UNIFORM_BITS).reshape(shape)
