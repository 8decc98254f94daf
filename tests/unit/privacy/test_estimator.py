"""From measurements to tables: against dense least squares over the finest cells, and exact additivity."""

from dataclasses import replace
from fractions import Fraction
from itertools import product

import numpy as np
import pytest

from ndl_publish.audit.additivity import additivity
from ndl_publish.audit.published import PublishedCells
from ndl_publish.cube.grid import CellGrid, IntArray, make_dimension
from ndl_publish.privacy.estimator import Estimator
from ndl_publish.privacy.randomness import KeyedRandomSource
from ndl_publish.privacy.secret_key import SecretKey
from ndl_publish.privacy.strategy import Known, ResidualQuery, table_of
from tests.planned import Planned

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
PLAN = Planned.of(GRID)
COUNTS = np.random.default_rng(5).poisson(20, len(PLAN.finest))


@pytest.fixture(scope="module")
def estimator() -> Estimator:
    return PLAN.estimator


def _source(number: int = 1) -> KeyedRandomSource:
    return KeyedRandomSource(SecretKey(bytes([number] * 32)))


def _noisy(seed: int) -> dict[str, IntArray]:
    return PLAN.noisy(COUNTS, seed)


def test_measurements_without_noise_give_the_exact_tables(estimator: Estimator) -> None:
    for number in range(3):
        found = estimator.whole_tables(PLAN.exact(PLAN.finest, COUNTS), _source(number + 1), label="r").cells()
        assert np.array_equal(found, GRID.tabulate(PLAN.finest, COUNTS))


def test_real_estimates_are_those_of_dense_least_squares(estimator: Estimator) -> None:
    noisy = _noisy(1)
    designs, covariance = PLAN.dense()
    right = sum(
        x.T @ noisy[q.event.label] / float(q.gaussian.sigma2) for x, q in zip(designs, PLAN.queries, strict=True)
    )
    finest = covariance @ np.asarray(right)
    real = {part: estimator._estimates(part, noisy, None) for part in estimator.subspaces}
    tried = 0
    for block in GRID.blocks:
        table, level = table_of(block.levels, estimator.chains), block.levels[0]
        is_measured_level = all(estimator.chains[i].levels[depth - 1] == block.levels[i] for i, depth in table)
        if level in PLAN.tree.levels and is_measured_level:
            tried += 1
            found = estimator._table(table, level, real)
            assert np.allclose(found.ravel(), PLAN.incidence(block) @ finest, rtol=1e-9, atol=1e-7)
    assert tried >= 12


def test_variances_and_covariances_are_those_of_dense_least_squares(estimator: Estimator) -> None:
    _, dense = PLAN.dense()
    for block in GRID.blocks:
        incidence = PLAN.incidence(block)
        wanted = incidence @ dense @ incidence.T
        cells = PLAN.indicators(block)
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
    found = estimator.whole_tables(_noisy(seed), _source(seed + 1), label="r").cells()
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
    one = estimator.whole_tables(noisy, _source(1), label="r").cells()
    other = estimator.whole_tables(noisy, _source(2), label="r").cells()
    assert not np.array_equal(one, other)
    assert np.abs(one - other).max() < 20
    assert np.array_equal(one, estimator.whole_tables(noisy, _source(1), label="r").cells())
    assert not np.array_equal(one, estimator.whole_tables(noisy, _source(1), label="another").cells())


def test_the_rounding_added_to_a_variance_is_about_what_rounding_adds(estimator: Estimator) -> None:
    noisy = _noisy(4)
    draws = np.array([estimator.whole_tables(noisy, _source(k), label="r").cells() for k in range(1, 120)], float)
    for level in ("all", "la", "leaf"):
        cells = GRID.block((level, "total", "total")).cells
        assert draws[:, cells].var(axis=0).mean() < 0.6


def test_noisy_tables_of_nobody_are_as_often_negative_as_positive(estimator: Estimator) -> None:
    """Nothing is clamped: clamping at 0 would make every sum of small cells too large."""
    rng = np.random.default_rng(6)
    total = np.zeros(GRID.n_cells)
    for k in range(1, 60):
        noise = {
            q.event.label: np.rint(rng.normal(0, float(q.gaussian.sigma2) ** 0.5, q.event.n_cells)).astype(np.int64)
            for q in PLAN.queries
        }
        total += np.sign(estimator.whole_tables(noise, _source(k), label="r").cells())
    assert abs(total.mean()) < 4


YEARS = make_dimension("year", ("2023", "2024"), {"year": ("2023", "2024")})
KNOWN_BLOCKS: list[tuple[str, ...]] = [
    (level, year, eth)
    for level in ("all", "la", "leaf")
    for year in ("total", "year")
    for eth in ("total", "major", "minor")
]
KNOWN_GRID = CellGrid.build((DIMS[0], YEARS, DIMS[1]), KNOWN_BLOCKS)
CLAIMS = [Known("la"), Known("la", frozenset({1})), Known("leaf", frozenset({1})), Known("all")]


def _known_figures(plan: Planned, known: Known, counts: IntArray) -> IntArray:
    levels = tuple("year" if i in known.dimensions else "total" for i in (1, 2))
    block = CellGrid.build(plan.grid.dimensions, [(known.level, *levels)])
    n_nodes = plan.tree.n_nodes[known.level]
    return block.tabulate(plan.finest, counts).reshape(n_nodes, *(2 for _ in known.dimensions))


@pytest.mark.parametrize("known", CLAIMS, ids=str)
def test_known_headcounts_come_out_exactly_and_the_rest_is_dense_least_squares_given_them(known: Known) -> None:
    plan = Planned.of(KNOWN_GRID, known=known)
    own = plan.estimator
    counts = np.random.default_rng(8).poisson(12, len(plan.finest))
    figures = _known_figures(plan, known, counts)
    year = "year" if known.dimensions else "total"
    rows = plan.incidence(CellGrid.build(plan.grid.dimensions, [(known.level, year, "total")]).blocks[0])
    designs, dense = plan.dense(exact=rows)
    for block in plan.grid.blocks:
        incidence = plan.incidence(block)
        wanted = incidence @ dense @ incidence.T
        cells = plan.indicators(block)
        for (one, a), (other, b) in product(cells, cells):
            found = own.covariance(block, a, b)
            for area in range(block.shape[0]):
                i = int(np.ravel_multi_index((area, *one), block.shape))
                j = int(np.ravel_multi_index((area, *other), block.shape))
                assert np.isclose(found[area], wanted[i, j], rtol=1e-8, atol=1e-8)
    particular = np.linalg.pinv(rows) @ figures.ravel()
    real_rows = [block for block in plan.grid.blocks if block.levels[0] in plan.tree.levels]
    for seed in range(3):
        noisy = plan.noisy(counts, seed)
        right = np.asarray(
            sum(
                x.T @ (noisy[q.event.label] - x @ particular) / float(q.gaussian.sigma2)
                for x, q in zip(designs, plan.queries, strict=True)
            )
        )
        finest = particular + dense @ right
        real = {part: own._estimates(part, noisy, figures) for part in own.subspaces}
        for block in real_rows:
            table = own._table(table_of(block.levels, own.chains), block.levels[0], real)
            assert np.allclose(table.ravel(), plan.incidence(block) @ finest, atol=1e-6)


@pytest.mark.parametrize("known", CLAIMS, ids=str)
def test_known_headcounts_stand_in_every_table_and_everything_still_adds_up(known: Known) -> None:
    plan = Planned.of(KNOWN_GRID, known=known)
    own = plan.estimator
    # the same noise without the figures, and they measured with next to none of it
    free = Estimator.build(Planned.of(KNOWN_GRID).quantity, plan.tree, (*plan.queries, *_barely_measured(plan)))
    counts = np.random.default_rng(8).poisson(12, len(plan.finest))
    figures = _known_figures(plan, known, counts)
    truth = KNOWN_GRID.tabulate(plan.finest, counts)
    is_certain = np.zeros(KNOWN_GRID.n_cells, bool)
    for block in KNOWN_GRID.blocks:
        part = table_of(block.levels, own.chains)
        is_certain[block.cells] = known.decides(part, block.levels[0], plan.tree)
        every = tuple(np.ones(n) for n, name in zip((2, 3), block.levels[1:], strict=True) if name != "total")
        assert (own.covariance(block, every, every) == 0).all() == (block.levels[0] in _at_or_above(plan, known))
        if block.levels[0] not in _at_or_above(plan, known):
            assert (own.covariance(block, every, every) < free.covariance(block, every, every)).all(), block.levels
    assert is_certain.any()
    for seed in range(10):
        found = own.whole_tables(plan.noisy(counts, seed), _source(seed + 1), label="r", known=figures).cells()
        assert additivity(PublishedCells(KNOWN_GRID, found, np.ones(len(found), bool), is_count=False)) == ()
        assert np.array_equal(found[is_certain], truth[is_certain])
        assert not np.array_equal(found[~is_certain], truth[~is_certain])
        for block in KNOWN_GRID.blocks:
            if block.levels[0] in _at_or_above(plan, known):
                summed = found[block.cells].reshape(block.shape).sum(axis=(1, 2))
                assert np.array_equal(summed, truth[block.cells].reshape(block.shape).sum(axis=(1, 2)))


def _barely_measured(plan: Planned) -> tuple[ResidualQuery, ...]:
    """Return queries for what is known, with so much noise that they tell nothing."""
    measured = {(query.level, query.part) for query in plan.queries}
    rest = [q for q in Planned.of(KNOWN_GRID).queries if (q.level, q.part) not in measured]
    return tuple(replace(q, event=replace(q.gaussian, sigma2=Fraction(10**9))) for q in rest)


def _at_or_above(plan: Planned, known: Known) -> tuple[str, ...]:
    return plan.tree.levels[: plan.tree.levels.index(known.level) + 1]


def test_rounding_of_nested_tables_has_no_bias(estimator: Estimator) -> None:
    noisy = _noisy(9)
    real = {part: estimator._estimates(part, noisy, None) for part in estimator.subspaces}
    n = 400
    draws = np.array([estimator.whole_tables(noisy, _source(k % 250), label=f"r{k}").cells() for k in range(n)], float)
    for levels in (("leaf", "minor", "total"), ("la", "minor", "gld+all"), ("all", "minor", "gld+all")):
        if levels not in {block.levels for block in GRID.blocks}:
            continue
        cells = GRID.block(levels).cells
        wanted = estimator._table(table_of(levels, estimator.chains), levels[0], real).ravel()
        spread = draws[:, cells].std(axis=0) + 0.1
        assert (np.abs(draws[:, cells].mean(axis=0) - wanted) < 5 * spread / n**0.5).all()
