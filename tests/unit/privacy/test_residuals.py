"""Residual queries against the dense Kronecker matrix, in integers."""

from fractions import Fraction
from functools import reduce
from itertools import product
from math import prod

import numpy as np
import pytest

from ndl_publish.cube.grid import CellGrid, make_dimension
from ndl_publish.privacy.area_tree import area_tree
from ndl_publish.privacy.residuals import exact_residual, query_blocks, residual_estimate
from ndl_publish.privacy.strategy import Quantity, ResidualQuery, plan_queries

SHAPES = [(2,), (3,), (2, 3), (4, 2, 3), (2, 2, 2, 2)]


def _dense(shape: tuple[int, ...]) -> np.ndarray[tuple[int, ...], np.dtype[np.int64]]:
    parts = [n * np.eye(n, dtype=np.int64) - np.ones((n, n), np.int64) for n in shape]
    return np.asarray(reduce(np.kron, parts, np.eye(1, dtype=np.int64)))


@pytest.mark.parametrize("shape", SHAPES)
def test_the_query_is_the_kronecker_product_in_whole_numbers(shape: tuple[int, ...]) -> None:
    table = np.random.default_rng(1).integers(0, 1000, (5, *shape))
    found = exact_residual(table)
    assert found.dtype == np.int64
    assert np.array_equal(found.reshape(5, -1), table.reshape(5, -1) @ _dense(shape).T)


@pytest.mark.parametrize("shape", SHAPES)
def test_one_child_moves_the_query_by_the_stated_sensitivity_wherever_it_is(shape: tuple[int, ...]) -> None:
    for cell in product(*(range(n) for n in shape)):
        table = np.zeros((2, *shape), np.int64)
        table[(1, *cell)] = 1
        moved = exact_residual(table)
        assert (moved**2).sum() == prod(n * (n - 1) for n in shape)
        assert not moved[0].any()


def test_without_attributes_the_query_is_the_count() -> None:
    assert exact_residual(np.array([3, 1, 0])).tolist() == [3, 1, 0]


@pytest.mark.parametrize("shape", SHAPES)
def test_a_residual_holds_nothing_of_its_margins(shape: tuple[int, ...]) -> None:
    found = exact_residual(np.random.default_rng(2).integers(0, 99, (3, *shape)))
    for axis in range(1, found.ndim):
        assert not found.sum(axis=axis).any()


def _queries() -> tuple[CellGrid, tuple[ResidualQuery, ...]]:
    leaves = ("s1", "s2", "s3")
    dims = (
        make_dimension("area", leaves, {"all": ("E",) * 3, "leaf": leaves}),
        make_dimension("sex", ("F", "M"), {"sex": ("F", "M")}),
        make_dimension("eth", ("x", "y", "z"), {"major": ("A", "A", "B"), "minor": ("x", "y", "z")}),
    )
    grid = CellGrid.build(dims, [("all", "sex", "major"), ("leaf", "total", "total")])
    quantity = Quantity("children", 1, grid)
    planned = plan_queries(
        (quantity,), area_tree(grid), rho=Fraction(1), expected_count=100, cohort="c", level_weights={}
    )
    return grid, planned


def test_query_tables_are_at_finest_categories_whatever_is_published() -> None:
    grid, queries = _queries()
    blocks = query_blocks(grid, queries)
    assert {block.levels for block in blocks.blocks} == {
        ("all", "total", "total"), ("leaf", "total", "total"), ("all", "sex", "total"), ("all", "total", "minor"),
        ("all", "sex", "minor"),
    }  # fmt: skip


def test_without_noise_the_estimate_is_the_projection() -> None:
    grid, queries = _queries()
    tree = area_tree(grid)
    query = next(q for q in queries if q.subset == frozenset({1, 2}))
    table = np.random.default_rng(3).integers(0, 50, (1, 2, 3))
    found = residual_estimate(exact_residual(table).ravel(), tree, query)
    assert np.allclose(found, table.reshape(1, -1) @ (_dense((2, 3)) / 6).T, atol=1e-12)


def test_noise_outside_the_subspace_is_taken_off() -> None:
    grid, queries = _queries()
    tree = area_tree(grid)
    query = next(q for q in queries if q.subset == frozenset({1, 2}))
    noise = np.random.default_rng(4).integers(-50, 50, 6)
    found = residual_estimate(noise, tree, query).reshape(2, 3)
    assert np.allclose(found.sum(axis=0), 0, atol=1e-12)
    assert np.allclose(found.sum(axis=1), 0, atol=1e-12)
    assert np.allclose(residual_estimate(noise + 7, tree, query).reshape(2, 3), found, atol=1e-12)
