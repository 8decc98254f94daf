"""The groupings of a characteristic that are measured: a chain of levels, each splitting the groups of the one before.

Minor ethnic groups lie in major ones, "reached the goals" splits into how far. Where only the coarse level is
published, only that is measured; where the fine one is published too, it is measured as the difference of a fine
group from its coarse group. The two parts are free of one another, so each has its own least-squares tree.

A level that fits into no chain (a second way to cut the same codes) is summed from the coarsest level of the chain that
never cuts across it.

Source:
    Xiao, He, Zhang and Kifer, "An optimal and scalable matrix mechanism for noisy marginals" (arXiv 2305.08175), whose
    residual bases are of one level; nesting them is the same argument within each coarse group.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise
from typing import TypeVar

import numpy as np

from ndl_publish.cube.grid import CellGrid, Dimension, IntArray
from ndl_publish.privacy.least_squares import FloatArray

Numbers = TypeVar("Numbers", IntArray, FloatArray)


@dataclass(frozen=True, slots=True)
class Chain:
    """The measured levels of one characteristic; depth 0 is all codes together.

    Attributes:
        levels: Level names from depth 1 on, coarsest first.
        group_of: For each of them, the group of every finest code.
        parent: For each of them, the group of the depth before that each of its groups lies in.
        depth_of: Level that may be published -> depth it is summed from.
    """

    levels: tuple[str, ...]
    group_of: tuple[IntArray, ...] = field(repr=False)
    parent: tuple[IntArray, ...] = field(repr=False)
    depth_of: dict[str, int]

    def size(self, depth: int) -> int:
        """Return the number of groups at a depth."""
        return len(self.parent[depth - 1]) if depth else 1

    def siblings(self, depth: int) -> IntArray:
        """Return, for every group of a depth, how many groups its parent has, itself included."""
        return np.bincount(self.parent[depth - 1])[self.parent[depth - 1]]

    def sensitivity(self, depth: int) -> int:
        """Return the squared length of the column by which one child changes the residual of a depth, at most."""
        most = int(self.siblings(depth).max())
        return most * (most - 1)

    def length(self, depth: int) -> int:
        """Return the sum of the sizes by which one child changes the residual of a depth, at most."""
        return 2 * (int(self.siblings(depth).max()) - 1)

    def ancestors(self, depth: int, above: int) -> IntArray:
        """Return the group at depth ``above`` that each group of ``depth`` lies in."""
        found = np.arange(self.size(depth))
        for k in range(depth, above, -1):
            found = self.parent[k - 1][found]
        return found

    def spread(self, depth: int, above: int) -> FloatArray:
        """Return the share of its ancestor's value that each group of ``depth`` gets when it is spread evenly."""
        share = np.ones(self.size(depth))
        for k in range(depth, above, -1):
            share = share / self.siblings(k)[self.ancestors(depth, k)]
        return share

    def pulled_up(self, weights: FloatArray, depth: int, above: int) -> FloatArray:
        """Return the weights over groups at ``above`` that stand for weights over groups at ``depth``."""
        if depth == above:
            return weights
        spread = weights * self.spread(depth, above)
        return np.bincount(self.ancestors(depth, above), weights=spread, minlength=self.size(above)).astype(np.float64)

    def product(self, left: FloatArray, right: FloatArray, depth: int) -> float:
        """Return the covariance of two sums of a depth's estimated differences, per unit of measurement noise.

        The noise of a difference within m siblings is that of the measurement divided by m, without its mean.
        """
        if depth == 0:
            return float(left[0] * right[0])
        parent, siblings = self.parent[depth - 1], np.bincount(self.parent[depth - 1])
        both = np.bincount(parent, weights=left * right)
        sums = np.bincount(parent, weights=left) * np.bincount(parent, weights=right)
        return float(((both - sums / siblings) / siblings**2).sum())

    def mean_variance(self, depth: int, part: int) -> float:
        """Return what a part adds to the variance of a cell of a depth's table, mean over its groups."""
        share = self.spread(depth, part) ** 2
        if part == 0:
            return float(share.mean())
        siblings = self.siblings(part)[self.ancestors(depth, part)]
        return float((share * (1 - 1 / siblings) / siblings**2).mean())

    def depth_of_weights(self, *weights: FloatArray) -> int:
        """Return the smallest depth in whose groups these weights over finest codes do not vary."""
        for depth in range(len(self.levels)):
            at = self.group_of[depth - 1] if depth else np.zeros(len(weights[0]), np.int64)
            if all((w == w[_first(at)][at]).all() for w in weights):
                return depth
        return len(self.levels)

    def at_depth(self, weights: Numbers, depth: int) -> Numbers:
        """Return numbers over finest codes, constant within the groups of a depth, as numbers over those groups."""
        return weights[_first(self.group_of[depth - 1])] if depth else weights[:1]

    def child_loss(self, code: int, depth: int) -> Fraction:
        """Return what part of the largest sensitivity a child with this finest code has at a depth."""
        own = int(self.siblings(depth)[self.group_of[depth - 1][code]])
        return Fraction(own * (own - 1), self.sensitivity(depth))


def _first(group_of: IntArray) -> IntArray:
    """Return the first code of each group."""
    return np.unique(group_of, return_index=True)[1]


def chains_of(grid: CellGrid) -> tuple[Chain, ...]:
    """Return the chain of every dimension of a grid; that of the areas is empty."""
    empty = Chain((), (), (), {})
    chains = [empty]
    for axis, dimension in enumerate(grid.dimensions[1:], 1):
        uses: dict[str, int] = {}
        for block in grid.blocks:
            uses[block.levels[axis]] = uses.get(block.levels[axis], 0) + 1
        chains.append(_chain(dimension, uses))
    return tuple(chains)


def _chain(dimension: Dimension, uses: Mapping[str, int]) -> Chain:
    n_codes = len(dimension.codes)
    groupings = {name: dimension.level(name).group_of for name in uses}
    order = sorted(groupings, key=lambda name: (int(groupings[name].max()), -uses[name]))
    levels: list[str] = []
    group_of = [np.zeros(n_codes, np.int64)]
    for name in order:
        if groupings[name].max() > group_of[-1].max() and _refines(groupings[name], group_of[-1]):
            levels.append(name)
            group_of.append(groupings[name])
    if not all(_refines(group_of[-1], groupings[name]) for name in order):
        levels.append(dimension.finest_level)
        group_of.append(np.arange(n_codes))
    depth_of = {
        name: next(k for k, groups in enumerate(group_of) if _refines(groups, groupings[name])) for name in order
    }
    parent = tuple(upper[_first(lower)] for upper, lower in pairwise(group_of))
    return Chain(tuple(levels), tuple(group_of[1:]), parent, depth_of)


def _refines(fine: IntArray, coarse: IntArray) -> bool:
    """Say whether every group of the fine level lies in one group of the coarse one."""
    return bool((coarse == coarse[_first(fine)][fine]).all())
