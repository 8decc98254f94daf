"""Residual queries against the dense Kronecker matrix, in integers."""

from functools import reduce
from itertools import product
from math import prod

import numpy as np
import pytest

from ndl_publish.cube.grid import CellGrid, IntArray, make_dimension
from ndl_publish.privacy.chains import Chain
from ndl_publish.privacy.residuals import exact_residual, query_blocks, residual_estimate
from ndl_publish.privacy.strategy import Part
from tests.planned import Planned, differences, flat

NESTED = Chain(
    ("major", "minor"),
    (np.array([0, 0, 1, 0]), np.array([0, 1, 2, 3])),
    (np.array([0, 0]), np.array([0, 0, 1, 0])),
    {"major": 1, "minor": 2},
)
"""Groups of three siblings and of one: the lone minor group is its major one."""
EMPTY = Chain((), (), (), {})
CASES: list[tuple[tuple[Chain, ...], Part]] = [
    ((EMPTY, flat(2)), frozenset({(1, 1)})),
    ((EMPTY, flat(3)), frozenset({(1, 1)})),
    ((EMPTY, flat(2), flat(3)), frozenset({(1, 1), (2, 1)})),
    ((EMPTY, flat(4), flat(2), flat(3)), frozenset({(1, 1), (2, 1), (3, 1)})),
    ((EMPTY, NESTED), frozenset({(1, 2)})),
    ((EMPTY, flat(2), NESTED), frozenset({(1, 1), (2, 2)})),
    ((EMPTY, NESTED, flat(3)), frozenset({(1, 1), (2, 1)})),
]


def _shape(chains: tuple[Chain, ...], part: Part) -> tuple[int, ...]:
    return tuple(chains[i].size(depth) for i, depth in sorted(part))


def _dense(chains: tuple[Chain, ...], part: Part) -> IntArray:
    """Return the Kronecker product over the groups themselves."""
    own = []
    for i, depth in sorted(part):
        first = np.unique(chains[i].group_of[depth - 1], return_index=True)[1]
        own.append(differences(chains[i], depth)[:, first])
    return np.asarray(reduce(np.kron, own, np.eye(1, dtype=np.int64)))


@pytest.mark.parametrize(("chains", "part"), CASES)
def test_the_query_is_the_kronecker_product_in_whole_numbers(chains: tuple[Chain, ...], part: Part) -> None:
    table = np.random.default_rng(1).integers(0, 1000, (5, *_shape(chains, part)))
    found = exact_residual(table, chains, part)
    assert found.dtype == np.int64
    assert np.array_equal(found.reshape(5, -1), table.reshape(5, -1) @ _dense(chains, part).T)


@pytest.mark.parametrize(("chains", "part"), CASES)
def test_one_child_moves_the_query_by_the_stated_sensitivity_at_most(chains: tuple[Chain, ...], part: Part) -> None:
    """By exactly that among the most siblings, by less among fewer; where all have as many, by that wherever it is."""
    axes, shape = sorted(part), _shape(chains, part)
    moved = {}
    for cell in product(*(range(n) for n in shape)):
        table = np.zeros((2, *shape), np.int64)
        table[(1, *cell)] = 1
        changed = exact_residual(table, chains, part)
        assert not changed[0].any()
        moved[cell] = int((changed**2).sum())
        siblings = [int(chains[i].siblings(depth)[g]) for (i, depth), g in zip(axes, cell, strict=True)]
        assert moved[cell] == prod(m * (m - 1) for m in siblings)
    assert max(moved.values()) == prod(chains[i].sensitivity(depth) for i, depth in axes)


def test_without_attributes_the_query_is_the_count() -> None:
    assert exact_residual(np.array([3, 1, 0]), (EMPTY,), frozenset()).tolist() == [3, 1, 0]


@pytest.mark.parametrize(("chains", "part"), CASES)
def test_a_residual_holds_nothing_of_its_margins(chains: tuple[Chain, ...], part: Part) -> None:
    found = exact_residual(np.random.default_rng(2).integers(0, 99, (3, *_shape(chains, part))), chains, part)
    for axis, (i, depth) in enumerate(sorted(part), 1):
        parent = chains[i].parent[depth - 1]
        for group in range(int(parent.max()) + 1):
            assert not np.take(found, np.flatnonzero(parent == group), axis=axis).sum(axis=axis).any()


def test_query_tables_are_at_the_levels_that_are_measured() -> None:
    leaves = ("s1", "s2", "s3")
    dims = (
        make_dimension("area", leaves, {"all": ("E",) * 3, "leaf": leaves}),
        make_dimension("sex", ("F", "M"), {"sex": ("F", "M")}),
        make_dimension("eth", ("x", "y", "z"), {"major": ("A", "A", "B"), "minor": ("x", "y", "z")}),
    )
    for wanted, eth in (("major", {"major"}), ("minor", {"minor"})):
        plan = Planned.of(CellGrid.build(dims, [("all", "sex", wanted), ("leaf", "total", "total")]))
        blocks = query_blocks(plan.grid, plan.chains, plan.queries)
        levels = {("all", sex, name) for sex in ("total", "sex") for name in ("total", *eth)}
        assert {block.levels for block in blocks.blocks} == levels | {("leaf", "total", "total")}
    plan = Planned.of(CellGrid.build(dims, [("all", "sex", "major"), ("all", "total", "minor")]))
    blocks = query_blocks(plan.grid, plan.chains, plan.queries)
    assert ("all", "sex", "minor") not in {block.levels for block in blocks.blocks}
    assert ("all", "total", "minor") in {block.levels for block in blocks.blocks}


@pytest.mark.parametrize(("chains", "part"), CASES)
def test_without_noise_the_estimate_is_the_projection(chains: tuple[Chain, ...], part: Part) -> None:
    shape = _shape(chains, part)
    table = np.random.default_rng(3).integers(0, 50, (1, *shape))
    found = residual_estimate(exact_residual(table, chains, part).ravel(), chains, part)
    each = [np.asarray(_dense((EMPTY, chains[i]), frozenset({(1, k)})) / chains[i].siblings(k)[:, None])
            for i, k in sorted(part)]  # fmt: skip
    assert np.allclose(
        found, table.reshape(1, -1) @ reduce(lambda a, b: np.asarray(np.kron(a, b), np.float64), each).T, atol=1e-12
    )


@pytest.mark.parametrize(("chains", "part"), CASES)
def test_noise_outside_the_subspace_is_taken_off(chains: tuple[Chain, ...], part: Part) -> None:
    shape = _shape(chains, part)
    noise = np.random.default_rng(4).integers(-50, 50, prod(shape))
    found = residual_estimate(noise, chains, part)
    assert np.allclose(residual_estimate(noise + 7, chains, part), found, atol=1e-12)
    for axis, (i, depth) in enumerate(sorted(part)):
        parent = chains[i].parent[depth - 1]
        for group in range(int(parent.max()) + 1):
            mine = np.take(found.reshape(shape), np.flatnonzero(parent == group), axis=axis)
            assert np.allclose(mine.sum(axis=axis), 0, atol=1e-12)
