"""From measurements to tables: against dense least squares over the finest cells, and exact additivity."""

from fractions import Fraction
from itertools import product

import numpy as np
import pytest

from ndl_publish.audit.additivity import additivity
from ndl_publish.audit.published import PublishedCells
from ndl_publish.cube.grid import Block, CellGrid, IntArray, make_dimension
from ndl_publish.privacy.area_tree import area_tree
from ndl_publish.privacy.estimator import Estimator
from ndl_publish.privacy.least_squares import FloatArray
from ndl_publish.privacy.randomness import KeyedRandomSource
from ndl_publish.privacy.residuals import exact_residual, query_blocks
from ndl_publish.privacy.secret_key import SecretKey
from ndl_publish.privacy.strategy import Quantity, plan_queries

LEAVES = ("s0", "s1", "s2", "s3", "s4")
DIMS = (
    make_dimension(
        "area", LEAVES, {"all": ("E",) * 5, "city": (None, "c", "c", "d", None), "la": ("a", "b", "b", "b", "c"),
                         "leaf": LEAVES},
    ),
    make_dimension("eth", ("x", "y", "z"), {"major": ("A", "A", "B"), "minor": ("x", "y", "z")}),
    make_dimension("out", ("0", "1", "2"), {"gld": ("no", "yes", "yes"), "gld+all": ("0", "1", "2")}),
)  # fmt: skip
CROSSED = [("total", "total"), ("minor", "total"), ("major", "gld"), ("total", "gld"), ("minor", "gld+all")]
BLOCKS: list[tuple[str, ...]] = [
    (level, *c) for level in ("all", "city", "la", "leaf") for c in CROSSED[: 3 if level == "leaf" else 5]
]
GRID = CellGrid.build(DIMS, BLOCKS)
TREE = area_tree(GRID)
QUERIES = plan_queries(
    (Quantity("children", 1, GRID),), TREE, rho=Fraction(1, 10), expected_count=500, cohort="c", level_weights={}
)
SHAPE = tuple(len(dim.codes) for dim in DIMS)
CODES = np.stack([axis.ravel() for axis in np.indices(SHAPE)], axis=1)
COUNTS = np.random.default_rng(5).poisson(20, len(CODES))


@pytest.fixture(scope="module")
def estimator() -> Estimator:
    return Estimator.build(GRID, TREE, QUERIES)


def _source(number: int = 1) -> KeyedRandomSource:
    return KeyedRandomSource(SecretKey(bytes([number] * 32)))


def _exact(counts: IntArray) -> dict[str, IntArray]:
    blocks = query_blocks(GRID, QUERIES)
    values = blocks.tabulate(CODES, counts)
    out = {}
    for query, block in zip(QUERIES, blocks.blocks, strict=True):
        table = values[block.cells].reshape(TREE.n_nodes[query.level], *query.sizes)
        out[query.event.label] = exact_residual(table).ravel()
    return out


def _noisy(seed: int) -> dict[str, IntArray]:
    rng = np.random.default_rng(seed)
    return {
        q.event.label: exact + np.rint(rng.normal(0, float(q.event.sigma2) ** 0.5, len(exact))).astype(np.int64)
        for q, exact in zip(QUERIES, _exact(COUNTS).values(), strict=True)
    }


def _design() -> tuple[list[FloatArray], FloatArray]:
    """Return each query as a matrix over the finest cells, and the covariance of their best estimates."""
    blocks = query_blocks(GRID, QUERIES)
    designs = []
    for query, block in zip(QUERIES, blocks.blocks, strict=True):
        incidence = np.zeros((block.n_cells, len(CODES)))
        incidence[blocks.members(block, CODES) - block.offset, np.arange(len(CODES))] = 1
        parts = [n * np.eye(n) - np.ones((n, n)) for n in query.sizes]
        kron: FloatArray = np.eye(TREE.n_nodes[query.level])
        for part in parts:
            kron = np.asarray(np.kron(kron, part), np.float64)
        designs.append(kron @ incidence)
    information = sum(x.T @ x / float(q.event.sigma2) for x, q in zip(designs, QUERIES, strict=True))
    return designs, np.linalg.pinv(np.asarray(information), rcond=1e-11, hermitian=True)


def _incidence(block: Block) -> FloatArray:
    cells = GRID.members(block, CODES)
    out = np.zeros((block.n_cells, len(CODES)))
    out[cells[cells >= 0] - block.offset, np.flatnonzero(cells >= 0)] = 1
    return out


def _indicators(block: Block) -> list[tuple[tuple[int, ...], tuple[FloatArray, ...]]]:
    """Return, for each crossing of groups of a block, the cells' index and its weights over finest categories."""
    axes = [i for i in range(1, len(DIMS)) if block.levels[i] != "total"]
    levels = [DIMS[i].level(block.levels[i]) for i in axes]
    out = []
    for groups in product(*(range(len(level.groups)) for level in levels)):
        index = [0] * (len(DIMS) - 1)
        for i, group in zip(axes, groups, strict=True):
            index[i - 1] = group
        weights = tuple((level.group_of == g).astype(float) for level, g in zip(levels, groups, strict=True))
        out.append((tuple(index), weights))
    return out


def test_measurements_without_noise_give_the_exact_tables(estimator: Estimator) -> None:
    for number in range(3):
        found = estimator.tables(_exact(COUNTS), _source(number + 1), label="r")
        assert np.array_equal(found, GRID.tabulate(CODES, COUNTS))


def test_real_estimates_are_those_of_dense_least_squares(estimator: Estimator) -> None:
    noisy = _noisy(1)
    designs, covariance = _design()
    right = sum(x.T @ noisy[q.event.label] / float(q.event.sigma2) for x, q in zip(designs, QUERIES, strict=True))
    finest = covariance @ np.asarray(right)
    real = {subset: estimator._estimates(subset, noisy) for subset in estimator.subspaces}
    for level, subset in [
        ("all", {1, 2}),
        ("la", {1, 2}),
        ("la", {2}),
        ("leaf", {1}),
        ("leaf", {1, 2}),
        ("all", set()),
    ]:
        names = [level, *(DIMS[i].finest_level if i in subset else "total" for i in (1, 2))]
        block = CellGrid.build(DIMS, [tuple(names)]).blocks[0]
        table = estimator._table(frozenset(subset), level, real)
        assert np.allclose(table.ravel(), _incidence(block) @ finest, rtol=1e-9, atol=1e-7)


def test_variances_and_covariances_are_those_of_dense_least_squares(estimator: Estimator) -> None:
    _, dense = _design()
    for block in GRID.blocks:
        incidence = _incidence(block)
        wanted = incidence @ dense @ incidence.T
        cells = _indicators(block)
        for (one, a), (other, b) in product(cells, cells):
            found = estimator.covariance(block, a, b)
            for area in range(block.shape[0]):
                i = int(np.ravel_multi_index((area, *one), block.shape))
                j = int(np.ravel_multi_index((area, *other), block.shape))
                assert np.isclose(found[area], wanted[i, j], rtol=1e-9, atol=1e-9)


def test_a_margin_seen_through_a_finer_block_has_the_margins_variance(estimator: Estimator) -> None:
    fine, coarse = GRID.block(("la", "minor", "gld+all")), GRID.block(("la", "total", "total"))
    ones = tuple(np.ones(3) for _ in range(2))
    assert np.allclose(estimator.covariance(fine, ones, ones), estimator.covariance(coarse, (), ()), rtol=1e-12)


@pytest.mark.parametrize("seed", range(20))
def test_noisy_tables_are_whole_numbers_that_add_up_everywhere(estimator: Estimator, seed: int) -> None:
    found = estimator.tables(_noisy(seed), _source(seed + 1), label="r")
    assert found.dtype == np.int64
    assert additivity(PublishedCells(GRID, found, np.ones(GRID.n_cells, bool), is_count=False)) == ()

    def table(*levels: str) -> IntArray:
        block = GRID.block(levels)
        return found[block.cells].reshape(block.shape)

    assert np.array_equal(table("all", "minor", "total").ravel(), table("leaf", "minor", "total").sum(axis=(0, 2)))
    assert np.array_equal(table("city", "minor", "total")[0], table("leaf", "minor", "total")[[1, 2]].sum(axis=0))
    assert np.array_equal(
        table("la", "minor", "gld+all").sum(axis=1)[:, 1:].sum(axis=1), table("la", "total", "gld")[:, 0, 1]
    )
    assert np.array_equal(
        table("la", "minor", "gld+all")[:, :2].sum(axis=(1, 2)), table("la", "major", "gld")[:, 0].sum(axis=1)
    )
    assert table("leaf", "major", "gld").sum() == table("all", "total", "total").sum()


def test_rounding_moves_a_finest_cell_little_and_takes_nothing_from_the_data(estimator: Estimator) -> None:
    noisy = _noisy(3)
    one = estimator.tables(noisy, _source(1), label="r")
    other = estimator.tables(noisy, _source(2), label="r")
    assert not np.array_equal(one, other)
    assert np.abs(one - other).max() < 20
    assert np.array_equal(one, estimator.tables(noisy, _source(1), label="r"))
    assert not np.array_equal(one, estimator.tables(noisy, _source(1), label="another"))


def test_the_rounding_added_to_a_variance_is_about_what_rounding_adds(estimator: Estimator) -> None:
    noisy = _noisy(4)
    draws = np.array([estimator.tables(noisy, _source(k), label="r") for k in range(1, 120)], float)
    for level in ("all", "la", "leaf"):
        cells = GRID.block((level, "total", "total")).cells
        assert draws[:, cells].var(axis=0).mean() < 0.6


def test_noisy_tables_of_nobody_are_as_often_negative_as_positive(estimator: Estimator) -> None:
    """Nothing is clamped: clamping at 0 would make every sum of small cells too large."""
    rng = np.random.default_rng(6)
    total = np.zeros(GRID.n_cells)
    for k in range(1, 60):
        noise = {
            q.event.label: np.rint(rng.normal(0, float(q.event.sigma2) ** 0.5, q.event.n_cells)).astype(np.int64)
            for q in QUERIES
        }
        total += np.sign(estimator.tables(noise, _source(k), label="r"))
    assert abs(total.mean()) < 4
