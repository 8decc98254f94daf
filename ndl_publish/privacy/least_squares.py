"""Exact generalised least squares on the area tree: two passes and one scalar variance per node.

All residual measurements of one node commute, so the estimate of a subspace S needs only the measurements of S: each
subspace is a scalar tree. Unbalanced trees are exact, and areas without children keep their place.

Source:
    Cumings-Menon, "Full-information estimation for hierarchical data" (arXiv 2404.13164), here per residual subspace
    of Xiao, He, Zhang and Kifer (arXiv 2305.08175); Hay and others, "Boosting the accuracy of differentially private
    histograms through consistency" (2010) for the two passes.
"""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from ndl_publish.cube.grid import IntArray

FloatArray = npt.NDArray[np.float64]
CERTAIN = float("inf")
"""Precision of what is known exactly; 0 is the precision of what is not measured."""


@dataclass(frozen=True, slots=True)
class SubspaceTree:
    """The levels at which one subspace is measured or known, from the top down.

    Attributes:
        levels: Level names.
        parents: For each level but the first, the node of the level above in this list for every node.
        precision: 1 / s2 of the measurement at each level; ``CERTAIN`` where it is known exactly.
        n_nodes: Nodes of each level.
    """

    levels: tuple[str, ...]
    parents: tuple[IntArray, ...] = field(repr=False)
    precision: tuple[float, ...]
    n_nodes: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Weights:
    """What the two passes need, and the variances they end with; depends on no data.

    Attributes:
        up: t_v of each level: variance of the estimate from the node's own subtree.
        up_sums: For each level but the last, the sum of t over each node's children.
        gain: For each level but the first, g_c = t_c / sum of t over its siblings and itself.
        variance: Variance of the final estimate of each level's nodes (per unit of P_S).
    """

    up: tuple[FloatArray, ...] = field(repr=False)
    up_sums: tuple[FloatArray, ...] = field(repr=False)
    gain: tuple[FloatArray, ...] = field(repr=False)
    variance: tuple[FloatArray, ...] = field(repr=False)


def _sum_children(values: FloatArray, parent: IntArray, n_parents: int) -> FloatArray:
    """Return sums over each parent's children, along the first axis; children of a parent stand together."""
    starts = np.searchsorted(parent, np.arange(n_parents))
    return np.add.reduceat(values, starts, axis=0)


def weigh(tree: SubspaceTree) -> Weights:
    """Return the weights of both passes and the final variances."""
    last = len(tree.levels) - 1
    up: list[FloatArray] = [np.empty(0)] * (last + 1)
    sums: list[FloatArray] = [np.empty(0)] * last
    up[last] = np.full(tree.n_nodes[last], 1 / tree.precision[last])
    for k in range(last - 1, -1, -1):
        sums[k] = _sum_children(up[k + 1], tree.parents[k], tree.n_nodes[k])
        up[k] = sums[k] / (1 + tree.precision[k] * sums[k]) if tree.precision[k] < CERTAIN else np.zeros_like(sums[k])
    gain = [_shares(up[k + 1], sums[k], tree.parents[k]) for k in range(last)]
    variance = [up[0]]
    for k in range(last):
        above = variance[k][tree.parents[k]]
        variance.append(up[k + 1] * (1 - gain[k]) + gain[k] ** 2 * above)
    return Weights(tuple(up), tuple(sums), tuple(gain), tuple(variance))


def _shares(part: FloatArray, total: FloatArray, parent: IntArray) -> FloatArray:
    """Return each child's part of its parent's total; equal parts where there is nothing to divide."""
    whole = total[parent]
    equal = 1 / np.bincount(parent)[parent]
    return np.asarray(np.where(whole > 0, part / np.where(whole > 0, whole, 1.0), equal), np.float64)


def estimate(tree: SubspaceTree, weights: Weights, measured: tuple[FloatArray, ...]) -> tuple[FloatArray, ...]:
    """Return the best linear unbiased estimates of the subspace at every level, additive along the tree.

    Args:
        tree: Levels, parents and precisions.
        weights: Result of ``weigh``.
        measured: One array per level, ``(n_nodes, n_components)``: noisy differences, exact ones where known.
    """
    last = len(tree.levels) - 1
    best = list(measured)
    child_sums: list[FloatArray] = [np.empty(0)] * last
    for k in range(last - 1, -1, -1):
        child_sums[k] = _sum_children(best[k + 1], tree.parents[k], tree.n_nodes[k])
        if tree.precision[k] < CERTAIN:
            own = (tree.precision[k] * weights.up[k])[:, None]  # 1 less this is the share of the children
            best[k] = own * measured[k] + (1 - own) * child_sums[k]
    for k in range(last):
        gap = best[k] - child_sums[k]
        best[k + 1] = best[k + 1] + weights.gain[k][:, None] * gap[tree.parents[k]]
    return tuple(best)


def gap_below(
    tree: SubspaceTree, weights: Weights, measured: tuple[FloatArray, ...]
) -> tuple[FloatArray, FloatArray] | None:
    """Return by how much the finest level that is known exactly differs from what was measured below it.

    Args:
        tree: Levels, parents and precisions.
        weights: Result of ``weigh``.
        measured: As for ``estimate``.

    Returns:
        Known less measured, ``(n_nodes, n_components)``, and the variance of the measured sums, ``(n_nodes,)``; none
        where nothing is known or nothing is measured below it.
    """
    last = len(tree.levels) - 1
    known = max((k for k, precision in enumerate(tree.precision) if precision == CERTAIN), default=last)
    if known == last:
        return None
    best = measured[last]
    for k in range(last - 1, known, -1):
        own = (tree.precision[k] * weights.up[k])[:, None]
        best = own * measured[k] + (1 - own) * _sum_children(best, tree.parents[k], tree.n_nodes[k])
    return measured[known] - _sum_children(best, tree.parents[known], tree.n_nodes[known]), weights.up_sums[known]


def variance_of_sum(tree: SubspaceTree, weights: Weights, level: str, coefficient: FloatArray) -> float:
    """Return the exact variance of a weighted sum of node estimates of one level, covariances included.

    Siblings covary: Cov = -t t'/sum t + g g' Var(parent); cousins through their parents. Summed over a parent's
    children that is sum a^2 t - (sum a t)^2 / sum t, and the parent enters with coefficient sum a g.

    Args:
        tree: Levels, parents and precisions.
        weights: Result of ``weigh``.
        level: Level of the nodes that are summed.
        coefficient: One coefficient per node of the level.
    """
    total = 0.0
    a = coefficient
    for k in range(tree.levels.index(level), 0, -1):
        parent, t, n_above = tree.parents[k - 1], weights.up[k], tree.n_nodes[k - 1]
        first = _sum_children(a * a * t, parent, n_above)
        cross = _sum_children(a * t, parent, n_above)
        whole = weights.up_sums[k - 1]
        total += float((first - np.where(whole > 0, cross**2 / np.where(whole > 0, whole, 1.0), 0.0)).sum())
        a = _sum_children(a * weights.gain[k - 1], parent, n_above)
    return total + float((a * a * weights.up[0]).sum())
