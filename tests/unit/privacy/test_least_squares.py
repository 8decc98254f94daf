"""The two passes against dense generalised least squares on random trees: estimates, variances, covariances."""

from itertools import pairwise

import numpy as np
import pytest

from ndl_publish.privacy.least_squares import FloatArray, SubspaceTree, estimate, variance_of_sum, weigh


def _random_tree(seed: int) -> SubspaceTree:
    rng = np.random.default_rng(seed)
    n_nodes = [int(rng.integers(1, 3))]
    parents = []
    for _ in range(int(rng.integers(0, 4))):
        fan = rng.integers(1, 4, n_nodes[-1])
        parents.append(np.repeat(np.arange(n_nodes[-1]), fan))
        n_nodes.append(int(fan.sum()))
    precision = tuple(float(p) for p in rng.uniform(0.01, 5, len(n_nodes)))
    return SubspaceTree(tuple(f"l{k}" for k in range(len(n_nodes))), tuple(parents), precision, tuple(n_nodes))


def _design(tree: SubspaceTree) -> list[FloatArray]:
    """Return, for each level, which leaves each node sums, ``(n_nodes, n_leaves)``."""
    designs = [np.eye(tree.n_nodes[-1])]
    for parent, n in reversed(list(zip(tree.parents, tree.n_nodes[:-1], strict=True))):
        above = np.zeros((n, tree.n_nodes[-1]))
        np.add.at(above, parent, designs[0])
        designs.insert(0, above)
    return designs


def _dense(tree: SubspaceTree, measured: list[FloatArray]) -> tuple[FloatArray, FloatArray]:
    """Return the leaves' best estimates and their covariance by solving the normal equations."""
    design = _design(tree)
    normal = sum(p * (x.T @ x) for p, x in zip(tree.precision, design, strict=True))
    right = sum(p * (x.T @ z) for p, x, z in zip(tree.precision, design, measured, strict=True))
    covariance = np.linalg.inv(np.asarray(normal))
    return covariance @ np.asarray(right), covariance


@pytest.mark.parametrize("seed", range(40))
def test_estimates_and_variances_are_those_of_dense_least_squares(seed: int) -> None:
    tree = _random_tree(seed)
    rng = np.random.default_rng(seed + 1000)
    measured = [rng.normal(0, 50, (n, 3)) for n in tree.n_nodes]
    weights = weigh(tree)
    found = estimate(tree, weights, tuple(measured))
    leaves, covariance = _dense(tree, measured)
    for k, design in enumerate(_design(tree)):
        assert np.allclose(found[k], design @ leaves, rtol=1e-9, atol=1e-9)
        assert np.allclose(weights.variance[k], np.diag(design @ covariance @ design.T), rtol=1e-9)


@pytest.mark.parametrize("seed", range(40))
def test_the_variance_of_any_weighted_sum_has_the_covariances_in_it(seed: int) -> None:
    tree = _random_tree(seed)
    weights = weigh(tree)
    _, covariance = _dense(tree, [np.zeros((n, 1)) for n in tree.n_nodes])
    rng = np.random.default_rng(seed)
    for level, design in zip(tree.levels, _design(tree), strict=True):
        nodes = design @ covariance @ design.T
        masks = [rng.normal(size=len(design)), (rng.random(len(design)) < 0.5).astype(float), np.ones(len(design))]
        for a in masks:
            assert np.isclose(variance_of_sum(tree, weights, level, a), a @ nodes @ a, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("seed", range(10))
def test_estimates_add_up_along_the_tree(seed: int) -> None:
    tree = _random_tree(seed)
    rng = np.random.default_rng(seed)
    found = estimate(tree, weigh(tree), tuple(rng.normal(0, 9, (n, 2)) for n in tree.n_nodes))
    for parent, (above, below) in zip(tree.parents, pairwise(found), strict=True):
        summed = np.zeros_like(above)
        np.add.at(summed, parent, below)
        assert np.allclose(summed, above, atol=1e-9)


@pytest.mark.parametrize("seed", range(10))
def test_measurements_that_agree_come_back_unchanged(seed: int) -> None:
    tree = _random_tree(seed)
    leaves = np.random.default_rng(seed).normal(0, 9, (tree.n_nodes[-1], 2))
    truth = tuple(design @ leaves for design in _design(tree))
    for found, true in zip(estimate(tree, weigh(tree), truth), truth, strict=True):
        assert np.allclose(found, true, atol=1e-9)


def test_more_measurements_never_hurt() -> None:
    tree = _random_tree(3)
    for k, variance in enumerate(weigh(tree).variance):
        assert (variance <= 1 / tree.precision[k] + 1e-12).all()


def test_the_variance_of_everything_is_that_of_the_top() -> None:
    tree = SubspaceTree(("a", "b"), (np.array([0, 0, 0]),), (0.5, 2.0), (1, 3))
    weights = weigh(tree)
    assert np.isclose(variance_of_sum(tree, weights, "b", np.ones(3)), weights.variance[0][0])
    assert np.isclose(weights.variance[0][0], 1 / (0.5 + 2.0 / 3))
