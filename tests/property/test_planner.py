"""Whatever the areas and tables: no child costs more than is charged, and noisy tables are whole and add up."""

from fractions import Fraction
from math import prod

import numpy as np
from hypothesis import Phase, assume, given, settings
from hypothesis import strategies as st

from ndl_publish.audit.additivity import additivity
from ndl_publish.audit.published import PublishedCells
from ndl_publish.cube.grid import CellGrid, Dimension, make_dimension
from ndl_publish.privacy.randomness import KeyedRandomSource
from ndl_publish.privacy.secret_key import SecretKey
from tests.planned import Planned

some = settings(max_examples=15, deadline=None, derandomize=True, phases=(Phase.explicit, Phase.generate))
RHO = Fraction(1, 7)


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
def plans(draw: st.DrawFn) -> Planned:
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
    return Planned.of(
        grid, bound=draw(st.sampled_from([1, 17])), rho=RHO, expected_count=draw(st.sampled_from([1, 10**6]))
    )


@some
@given(plans())
def test_no_kind_of_child_costs_more_than_is_charged_and_one_kind_costs_that(plan: Planned) -> None:
    assert 0 < plan.charged <= RHO
    costs = plan.costs()
    assert max(costs.values()) == plan.charged
    if all(depth == 1 for query in plan.queries for _, depth in query.part):
        assert set(costs.values()) == {plan.charged}


@some
@given(plans(), st.integers(0, 2**32 - 1))
def test_what_a_child_moves_is_what_the_matrices_say(plan: Planned, seed: int) -> None:
    rng = np.random.default_rng(seed)
    costs = plan.costs()
    for _ in range(3):
        child = np.array([[rng.integers(0, len(dim.codes)) for dim in plan.grid.dimensions]])
        moved = plan.exact(child, np.array([plan.quantity.bound]))
        cost = sum(
            (Fraction(int((moved[q.event.label] ** 2).sum())) / (2 * q.gaussian.sigma2) for q in plan.queries),
            Fraction(0),
        )
        assert cost == costs[tuple(int(x) for x in child[0])]


@some
@given(plans(), st.integers(0, 2**32 - 1))
def test_noisy_tables_add_up_and_exact_ones_come_back(plan: Planned, seed: int) -> None:
    rng = np.random.default_rng(seed)
    codes = np.column_stack([rng.integers(0, len(dim.codes), 40) for dim in plan.grid.dimensions])
    weights = rng.integers(0, 9, 40)
    estimator = plan.estimator
    source = KeyedRandomSource(SecretKey(bytes(rng.integers(0, 256, 32, dtype=np.uint8))))
    exact = plan.exact(codes, weights)
    truth = plan.grid.tabulate(codes, weights)
    assert np.array_equal(estimator.whole_tables(exact, source, label="r").cells(), truth)
    noisy = {label: values + rng.integers(-40, 41, len(values)) for label, values in exact.items()}
    found = estimator.whole_tables(noisy, source, label="r").cells()
    assert additivity(PublishedCells(plan.grid, found, np.ones(plan.grid.n_cells, bool), is_count=False)) == ()


@some
@given(plans())
def test_every_published_cell_has_a_finite_positive_variance(plan: Planned) -> None:
    estimator = plan.estimator
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
def test_the_charge_is_the_sum_over_queries_of_sensitivity_over_noise(plan: Planned) -> None:
    for query in plan.queries:
        most = [int(plan.chains[i].siblings(depth).max()) for i, depth in query.part]
        assert query.gaussian.squared_sensitivity == plan.quantity.bound**2 * prod(m * (m - 1) for m in most)
    assert len({query.event.label for query in plan.queries}) == len(plan.queries)
