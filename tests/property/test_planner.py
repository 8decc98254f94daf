"""Whatever the areas and tables: every child costs what is charged, and noisy tables are whole and add up."""

from dataclasses import dataclass
from fractions import Fraction
from math import prod

import numpy as np
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from ndl_publish.audit.additivity import additivity
from ndl_publish.audit.published import PublishedCells
from ndl_publish.cube.grid import CellGrid, Dimension, IntArray, make_dimension
from ndl_publish.privacy.area_tree import AreaTree, area_tree
from ndl_publish.privacy.estimator import Estimator
from ndl_publish.privacy.randomness import KeyedRandomSource
from ndl_publish.privacy.residuals import exact_residual, query_blocks
from ndl_publish.privacy.secret_key import SecretKey
from ndl_publish.privacy.strategy import Quantity, ResidualQuery, plan_queries

some = settings(max_examples=15, deadline=None, derandomize=True)
RHO = Fraction(1, 7)


@dataclass(frozen=True)
class Plan:
    grid: CellGrid
    tree: AreaTree
    queries: tuple[ResidualQuery, ...]
    bound: int

    def exact(self, codes: IntArray, weights: IntArray) -> dict[str, IntArray]:
        blocks = query_blocks(self.grid, self.queries)
        values = blocks.tabulate(codes, weights)
        found = {}
        for query, block in zip(self.queries, blocks.blocks, strict=True):
            table = values[block.cells].reshape(self.tree.n_nodes[query.level], *query.sizes)
            found[query.event.label] = exact_residual(table).ravel()
        return found


@st.composite
def areas(draw: st.DrawFn) -> Dimension:
    """Return leaves in authorities in regions, cities that leave leaves out, and health areas that cross."""
    n = draw(st.integers(2, 7))
    leaves = tuple(f"s{i}" for i in range(n))
    la = tuple(f"a{i}" for i in np.cumsum([draw(st.booleans()) for _ in leaves]))
    region = tuple(f"r{int(name[1:]) // 2}" for name in la)
    city = tuple(draw(st.sampled_from([None, "x", "y"])) for _ in leaves)
    health = tuple(draw(st.sampled_from(["h", "i", "j"])) for _ in leaves)
    assume(any(city))
    groupings = {"all": ("E",) * n, "region": region, "city": city, "health": health, "la": la, "leaf": leaves}
    return make_dimension("area", leaves, groupings)


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    eth = make_dimension("eth", ("x", "y", "z"), {"major": ("A", "A", "B"), "minor": ("x", "y", "z")})
    sex = make_dimension("sex", ("F", "M"), {"sex": ("F", "M")})
    out = make_dimension("out", ("0", "1", "2"), {"gld": ("no", "yes", "yes"), "gld+all": ("0", "1", "2")})
    dims = (draw(areas()), eth, sex, out)
    used = draw(st.lists(st.sampled_from(["all", "region", "city", "health", "la", "leaf"]), min_size=1, unique=True))
    crossing = st.tuples(
        st.sampled_from(["total", "major", "minor"]), st.sampled_from(["total", "sex"]),
        st.sampled_from(["total", "gld", "gld+all"]),
    )  # fmt: skip
    wanted: list[tuple[str, ...]] = [
        (level, *c) for level in used for c in draw(st.lists(crossing, min_size=1, max_size=3))
    ]
    grid = CellGrid.build(dims, wanted)
    tree = area_tree(grid)
    bound = draw(st.sampled_from([1, 17]))
    quantity = Quantity("q", bound, grid)
    queries = plan_queries(
        (quantity,), tree, rho=RHO, expected_count=draw(st.sampled_from([1, 10**6])), cohort="c", level_weights={}
    )
    return Plan(grid, tree, queries, bound)


@some
@given(plans(), st.integers(0, 2**32 - 1))
def test_every_kind_of_child_costs_exactly_what_is_charged(plan: Plan, seed: int) -> None:
    charged = sum((query.event.rho for query in plan.queries), Fraction(0))
    assert 0 < charged <= RHO
    rng = np.random.default_rng(seed)
    for _ in range(5):
        child = np.array([[rng.integers(0, len(dim.codes)) for dim in plan.grid.dimensions]])
        moved = plan.exact(child, np.array([plan.bound]))
        cost = sum(
            (Fraction(int((moved[q.event.label] ** 2).sum())) / (2 * q.event.sigma2) for q in plan.queries), Fraction(0)
        )
        assert cost == charged


@some
@given(plans(), st.integers(0, 2**32 - 1))
def test_noisy_tables_add_up_and_exact_ones_come_back(plan: Plan, seed: int) -> None:
    rng = np.random.default_rng(seed)
    codes = np.column_stack([rng.integers(0, len(dim.codes), 40) for dim in plan.grid.dimensions])
    weights = rng.integers(0, 9, 40)
    estimator = Estimator.build(plan.grid, plan.tree, plan.queries)
    source = KeyedRandomSource(SecretKey(bytes(rng.integers(0, 256, 32, dtype=np.uint8))))
    exact = plan.exact(codes, weights)
    truth = plan.grid.tabulate(codes, weights)
    assert np.array_equal(estimator.tables(exact, source, label="r"), truth)
    noisy = {label: values + rng.integers(-40, 41, len(values)) for label, values in exact.items()}
    found = estimator.tables(noisy, source, label="r")
    assert additivity(PublishedCells(plan.grid, found, np.ones(plan.grid.n_cells, bool), is_count=False)) == ()


@some
@given(plans())
def test_every_published_cell_has_a_finite_positive_variance(plan: Plan) -> None:
    estimator = Estimator.build(plan.grid, plan.tree, plan.queries)
    for block in plan.grid.blocks:
        first = tuple(
            (dim.level(name).group_of == 0).astype(float)
            for dim, name in zip(plan.grid.dimensions[1:], block.levels[1:], strict=True)
            if name != "total"
        )
        variance = estimator.covariance(block, first, first)
        assert variance.shape == (block.shape[0],)
        assert (variance > 0).all()
        assert np.isfinite(variance).all()


@some
@given(plans())
def test_the_charge_is_the_sum_over_queries_of_sensitivity_over_noise(plan: Plan) -> None:
    for query in plan.queries:
        assert query.event.squared_sensitivity == plan.bound**2 * prod(n * (n - 1) for n in query.sizes)
    assert len({query.event.label for query in plan.queries}) == len(plan.queries)
