"""What is measured, and that the charge is exactly what every child costs: the proof, checked in fractions."""

from collections.abc import Mapping
from fractions import Fraction
from itertools import product
from math import prod

import numpy as np
import pytest

from ndl_publish.cube.grid import CellGrid, make_dimension
from ndl_publish.privacy.area_tree import AreaTree, area_tree
from ndl_publish.privacy.residuals import exact_residual, query_blocks
from ndl_publish.privacy.strategy import (
    Quantity,
    ResidualQuery,
    attributes,
    closure_of,
    plan_queries,
    published_sets,
)

LEAVES = tuple(f"s{i}" for i in range(5))
DIMS = (
    make_dimension(
        "area", LEAVES, {"all": ("E",) * 5, "city": (None, "c", "c", "c", None), "la": ("a", "b", "b", "b", "c"),
                         "leaf": LEAVES},
    ),
    make_dimension("sex", ("F", "M"), {"sex": ("F", "M")}),
    make_dimension("eth", ("x", "y", "z"), {"major": ("A", "A", "B"), "minor": ("x", "y", "z")}),
    make_dimension("out", ("0", "1", "2"), {"gld": ("no", "yes", "yes"), "gld+all": ("0", "1", "2")}),
)  # fmt: skip
BLOCKS: list[tuple[str, ...]] = [
    ("all", "sex", "minor", "gld"),
    ("all", "total", "total", "total"),
    ("city", "total", "major", "gld+all"),
    ("la", "sex", "total", "gld"),
    ("la", "total", "major", "total"),
    ("leaf", "total", "total", "total"),
    ("leaf", "sex", "total", "total"),
]
GRID = CellGrid.build(DIMS, BLOCKS)
BASE = CellGrid.build(DIMS, [("all", "sex", "total", "total"), ("la", "total", "total", "total")])
TREE = area_tree(GRID)
QUANTITIES = (Quantity("children", 1, GRID), Quantity("score", 6, BASE))
RHO = Fraction(1, 10)


def _plan(
    quantities: tuple[Quantity, ...] = QUANTITIES,
    *,
    tree: AreaTree = TREE,
    rho: Fraction = RHO,
    expected_count: int = 1000,
    level_weights: Mapping[str, float] | None = None,
) -> tuple[ResidualQuery, ...]:
    return plan_queries(
        quantities, tree, rho=rho, expected_count=expected_count, cohort="c", level_weights=level_weights or {}
    )


def _moved(query: ResidualQuery, child: tuple[int, ...], amount: int) -> int:
    """Return the squared length by which one child moves a query, from the tables themselves."""
    grid = QUANTITIES[0].grid
    tables = query_blocks(grid, (query,))
    counts = tables.tabulate(np.array([child]), np.array([amount]))
    table = counts.reshape(TREE.n_nodes[query.level], *query.sizes)
    return int((exact_residual(table) ** 2).sum())


def test_every_child_costs_exactly_what_is_charged() -> None:
    """Sum over queries of |Q e|^2 / (2 sigma2) equals the charge, as fractions, for every kind of child."""
    queries = _plan()
    charged = sum((query.event.rho for query in queries), Fraction(0))
    bound = {quantity.name: quantity.bound for quantity in QUANTITIES}
    for child in product(*(range(len(dim.codes)) for dim in DIMS)):
        cost = sum(
            (Fraction(_moved(q, child, bound[q.quantity]), 1) / (2 * q.event.sigma2) for q in queries), Fraction(0)
        )
        assert cost == charged


def test_a_child_below_the_bound_costs_less() -> None:
    queries = _plan()
    charged = sum((query.event.rho for query in queries), Fraction(0))
    amount = {"children": 1, "score": 5}
    cost = sum(
        (Fraction(_moved(q, (0, 0, 0, 0), amount[q.quantity])) / (2 * q.event.sigma2) for q in queries), Fraction(0)
    )
    assert cost < charged


@pytest.mark.parametrize("rho", [Fraction(1, 1000), Fraction(1, 10), Fraction(1, 3), Fraction(5)])
def test_the_charge_is_never_above_what_was_asked_and_hardly_below(rho: Fraction) -> None:
    charged = sum((query.event.rho for query in _plan(rho=rho)), Fraction(0))
    assert charged <= rho
    assert charged > rho * Fraction(99, 100)


def test_the_noise_is_rounded_up_never_down() -> None:
    for query in _plan(rho=Fraction(7, 1000)):
        sensitivity = query.event.squared_sensitivity
        assert query.event.sigma2.denominator in {1, 2, 4, 5, 8, 10, 20, 25, 40, 50, 100, 125, 200, 250, 500, 1000}
        assert sensitivity / (2 * query.event.sigma2) == query.event.rho
        assert query.event.n_cells == TREE.n_nodes[query.level] * prod(query.sizes)


def test_sensitivity_is_the_bound_squared_times_the_column_length() -> None:
    bound = {quantity.name: quantity.bound for quantity in QUANTITIES}
    for query in _plan():
        assert query.event.squared_sensitivity == bound[query.quantity] ** 2 * prod(n * (n - 1) for n in query.sizes)
        assert query.sizes == tuple(len(DIMS[i].codes) for i in sorted(query.subset))
        assert np.isclose(query.s2, float(query.event.sigma2) / prod(n * n for n in query.sizes))


def test_what_is_measured_is_the_closure_of_what_is_published_level_by_level() -> None:
    children = {(q.level, q.subset) for q in _plan() if q.quantity == "children"}
    sets = published_sets(GRID, TREE)
    assert children == {(level, subset) for level in TREE.levels for subset in closure_of(sets[level])}
    assert ("la", frozenset({2, 3})) in children  # carried for the city
    assert ("leaf", frozenset({2})) not in children
    scores = {(q.level, q.subset) for q in _plan() if q.quantity == "score"}
    assert scores == {("all", frozenset()), ("all", frozenset({1})), ("la", frozenset())}


def test_every_query_has_its_own_label() -> None:
    labels = [query.event.label for query in _plan()]
    assert len(set(labels)) == len(labels)
    assert "children/all/all" in labels
    assert "children/all/sex*eth*out" in labels
    assert "score/la/all" in labels


def test_attributes_and_closure() -> None:
    assert attributes(("la", "sex", "total", "gld")) == frozenset({1, 3})
    assert closure_of({frozenset({1, 2})}) == [frozenset(), frozenset({1}), frozenset({2}), frozenset({1, 2})]
    assert closure_of(set()) == []


def test_the_plan_is_the_same_every_time() -> None:
    assert _plan() == _plan()


def test_levels_with_more_weight_get_less_noise() -> None:
    plain = {q.event.label: q.event.sigma2 for q in _plan()}
    leaning = {q.event.label: q.event.sigma2 for q in _plan(level_weights={"leaf": 50.0})}
    assert leaning["children/leaf/all"] < plain["children/leaf/all"]
    assert leaning["children/all/sex*eth"] > plain["children/all/sex*eth"]


def test_no_query_is_starved() -> None:
    shares = [query.event.rho / RHO for query in _plan(level_weights={"all": 1000.0})]
    assert min(shares) > Fraction(15, 1000) / len(shares)


def test_the_split_is_better_than_an_even_one_and_cannot_be_bettered_by_small_moves() -> None:
    """The objective is convex: no move of a little loss from one query to another may lower it by much."""
    from ndl_publish.privacy.strategy import _objective, _slots, _split  # noqa: PLC0415

    slots = _slots(QUANTITIES[0], TREE, 1000, {})
    found = _split(slots)
    depth = max(len(slot.levels) for slot in slots)
    used = np.array([[k < len(slot.levels) for k in range(depth)] for slot in slots])
    nodes = np.array([[slot.n_nodes[min(k, len(slot.levels) - 1)] for k in range(depth)] for slot in slots], float)
    weight = np.array([[*slot.importance, *[0.0] * (depth - len(slot.levels))] for slot in slots])
    cost = np.array([float(slot.cost) for slot in slots])
    rho = np.array([[*shares, *[0.0] * (depth - len(shares))] for shares in found])

    def value(shares: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> float:
        return float(_objective(shares, nodes, weight, cost, used).sum())

    best = value(rho)
    assert np.isclose(rho.sum(), 1.0)
    assert best < value(used / used.sum()) * 0.99
    rng = np.random.default_rng(0)
    for _ in range(300):
        one, other = rng.choice(np.flatnonzero(used.ravel()), 2, replace=False)
        moved = rho.ravel().copy()
        step = 0.2 * moved[one]
        moved[one] -= step
        moved[other] += step
        assert value(moved.reshape(rho.shape)) > best * (1 - 1e-4)
