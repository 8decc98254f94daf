"""What is measured, and that the charge is exactly what every child costs: the proof, checked in fractions."""

from collections.abc import Mapping
from fractions import Fraction
from itertools import product
from math import prod

import numpy as np
import pytest

from ndl_publish.cube.grid import CellGrid, make_dimension
from ndl_publish.privacy.area_tree import AreaTree, area_tree
from ndl_publish.privacy.chains import chains_of
from ndl_publish.privacy.events import losses_by_cohort
from ndl_publish.privacy.residuals import exact_residual, query_blocks
from ndl_publish.privacy.strategy import (
    Known,
    PublishedTables,
    Quantity,
    ResidualQuery,
    attributes,
    closure_of,
    parts_of,
    plan_queries,
    table_of,
)
from tests.planned import Planned

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
    weights: Mapping[tuple[str, ...], float] | None = None,
) -> tuple[ResidualQuery, ...]:
    return plan_queries(
        quantities, tree, loss=rho, expected_count=expected_count, cohorts=("c",), weights=weights or {}
    )


def _at(level: str, weight: float) -> dict[tuple[str, ...], float]:
    """Return a weight for every block of an area level."""
    return {block.levels: weight for grid in (GRID, BASE) for block in grid.blocks if block.levels[0] == level}


def _moved(query: ResidualQuery, child: tuple[int, ...], amount: int) -> int:
    """Return the squared length by which one child moves a query, from the tables themselves."""
    grid = QUANTITIES[0].grid
    chains = chains_of(grid)
    tables = query_blocks(grid, chains, (query,))
    counts = tables.tabulate(np.array([child]), np.array([amount]))
    table = counts.reshape(TREE.n_nodes[query.level], *query.sizes)
    return int((exact_residual(table, chains, query.part) ** 2).sum())


def test_the_dearest_child_costs_exactly_what_is_charged_and_none_costs_more() -> None:
    """Sum over queries of |Q e|^2 / (2 sigma2), as fractions, for every kind of child.

    A minor group that is alone in its major one, and a child that did not reach what further goals split, are not moved
    by the differences within: such children cost less, and what each costs is known.
    """
    queries = _plan()
    charged = sum((query.gaussian.rho for query in queries), Fraction(0))
    bound = {quantity.name: quantity.bound for quantity in QUANTITIES}
    chains, costs = chains_of(GRID), {}
    for child in product(*(range(len(dim.codes)) for dim in DIMS)):
        costs[child] = sum(
            (Fraction(_moved(q, child, bound[q.quantity]), 1) / (2 * q.gaussian.sigma2) for q in queries), Fraction(0)
        )
        shares = (prod(chains[i].child_loss(child[i], depth) for i, depth in q.part) for q in queries)
        assert costs[child] == sum((s * q.gaussian.rho for s, q in zip(shares, queries, strict=True)), Fraction(0))
    assert max(costs.values()) == charged
    assert {cost == charged for child, cost in costs.items() if child[2] < 2 and child[3] > 0} == {True}
    assert all(cost < charged for child, cost in costs.items() if child[2] == 2 or child[3] == 0)


def test_where_no_child_has_the_most_siblings_at_every_depth_the_charge_is_more_than_any_child_costs() -> None:
    """Goals split first in two, then on one side, then on the other: the charge adds up the dearest of each depth."""
    outcome = ("0", "1", "2", "3")
    goals = make_dimension(
        "out",
        outcome,
        {"gld": ("n", "n", "y", "y"), "comm+gld": ("0", "1", "2", "2"), "comm+gld+all": outcome},
    )
    plan = Planned.of(CellGrid.build((DIMS[0], goals), [("all", name) for name in ("gld", "comm+gld", "comm+gld+all")]))
    assert plan.chains[1].levels == ("gld", "comm+gld", "comm+gld+all")
    assert max(plan.costs().values()) < plan.charged


def test_where_no_level_lies_within_another_every_child_costs_exactly_what_is_charged() -> None:
    blocks = [b.levels for b in GRID.blocks if "major" not in b.levels and "gld+all" not in b.levels]
    plan = Planned.of(CellGrid.build(DIMS, blocks), bound=3)
    assert all(depth == 1 for query in plan.queries for _, depth in query.part)
    assert set(plan.costs().values()) == {plan.charged}


def test_a_child_below_the_bound_costs_less() -> None:
    queries = _plan()
    charged = sum((query.gaussian.rho for query in queries), Fraction(0))
    amount = {"children": 1, "score": 5}
    cost = sum(
        (Fraction(_moved(q, (0, 0, 0, 2), amount[q.quantity])) / (2 * q.gaussian.sigma2) for q in queries), Fraction(0)
    )
    assert cost < charged


@pytest.mark.parametrize("rho", [Fraction(1, 1000), Fraction(1, 10), Fraction(1, 3), Fraction(5)])
def test_the_charge_is_never_above_what_was_asked_and_hardly_below(rho: Fraction) -> None:
    charged = sum((query.gaussian.rho for query in _plan(rho=rho)), Fraction(0))
    assert charged <= rho
    assert charged > rho * Fraction(99, 100)


def test_the_noise_is_rounded_up_never_down() -> None:
    for query in _plan(rho=Fraction(7, 1000)):
        sensitivity = query.gaussian.squared_sensitivity
        assert query.gaussian.sigma2.denominator in {1, 2, 4, 5, 8, 10, 20, 25, 40, 50, 100, 125, 200, 250, 500, 1000}
        assert sensitivity / (2 * query.gaussian.sigma2) == query.gaussian.rho
        assert query.event.n_cells == TREE.n_nodes[query.level] * prod(query.sizes)


def test_sensitivity_is_the_bound_squared_times_the_column_length() -> None:
    bound = {quantity.name: quantity.bound for quantity in QUANTITIES}
    chains = chains_of(GRID)
    for query in _plan():
        most = [int(chains[i].siblings(depth).max()) for i, depth in query.part]
        assert query.gaussian.squared_sensitivity == bound[query.quantity] ** 2 * prod(m * (m - 1) for m in most)
        assert query.sizes == tuple(chains[i].size(depth) for i, depth in sorted(query.part))


def test_what_is_measured_is_the_closure_of_what_is_published_level_by_level() -> None:
    children = {(q.level, q.part) for q in _plan() if q.quantity == "children"}
    published = PublishedTables.of(GRID, TREE, {})
    assert children == {(level, part) for level in TREE.levels for part in closure_of(published.at[level])}
    assert ("la", frozenset({(2, 1), (3, 2)})) in children  # carried for the city
    assert ("la", frozenset({(2, 2)})) not in children  # only major groups are published there
    assert ("leaf", frozenset({(2, 1)})) not in children
    scores = {(q.level, q.part) for q in _plan() if q.quantity == "score"}
    assert scores == {("all", frozenset()), ("all", frozenset({(1, 1)})), ("la", frozenset())}


def test_every_query_has_its_own_label() -> None:
    labels = [query.event.label for query in _plan()]
    assert len(set(labels)) == len(labels)
    assert "children/all/all" in labels
    assert "children/all/sex*minor*gld" in labels
    assert "children/all/sex*major*gld" in labels
    assert "score/la/all" in labels


def test_attributes_and_closure() -> None:
    assert attributes(("la", "sex", "total", "gld")) == frozenset({1, 3})
    parts = [frozenset[tuple[int, int]](), *(frozenset({x}) for x in [(1, 1), (2, 1)]), frozenset({(1, 1), (2, 1)})]
    assert closure_of({frozenset({(1, 1), (2, 1)}): 1.0}) == parts
    assert closure_of({}) == []


def test_a_nested_table_is_the_sum_of_the_parts_of_every_depth() -> None:
    chains = chains_of(GRID)
    assert table_of(("la", "sex", "minor", "gld"), chains) == frozenset({(1, 1), (2, 2), (3, 1)})
    assert table_of(("la", "total", "major", "total"), chains) == frozenset({(2, 1)})
    own = frozenset({(2, 2)})
    assert parts_of(own) == [frozenset(), frozenset({(2, 1)}), own]
    assert len(parts_of(frozenset({(1, 1), (2, 2), (3, 2)}))) == 2 * 3 * 3


def test_the_plan_is_the_same_every_time() -> None:
    assert _plan() == _plan()


def test_levels_with_more_weight_get_less_noise() -> None:
    plain = {q.event.label: q.gaussian.sigma2 for q in _plan()}
    leaning = {q.event.label: q.gaussian.sigma2 for q in _plan(weights=_at("leaf", 50.0))}
    assert leaning["children/leaf/all"] < plain["children/leaf/all"]
    assert leaning["children/all/sex*minor"] > plain["children/all/sex*minor"]


def test_a_table_with_more_weight_gets_less_noise_than_its_neighbours_at_the_level() -> None:
    plain = {q.event.label: q.gaussian.sigma2 for q in _plan()}
    leaning = {q.event.label: q.gaussian.sigma2 for q in _plan(weights={("la", "sex", "total", "gld"): 50.0})}
    assert leaning["children/la/sex*gld"] < plain["children/la/sex*gld"]
    assert leaning["children/all/sex*minor"] > plain["children/all/sex*minor"]


def test_no_query_is_starved() -> None:
    shares = [query.gaussian.rho / RHO for query in _plan(weights=_at("all", 1000.0))]
    assert min(shares) > Fraction(15, 1000) / len(shares)


def test_what_is_known_is_not_measured_there_or_above() -> None:
    tree = TREE
    known = Quantity("children", 1, GRID, Known("la"))
    plan = _plan((known, QUANTITIES[1]), tree=tree)
    without = {(q.quantity, q.level, q.part) for q in _plan()} - {(q.quantity, q.level, q.part) for q in plan}
    assert without == {("children", level, frozenset()) for level in ("all", "la")}
    assert Fraction(99, 100) * RHO < sum((q.gaussian.rho for q in plan), Fraction(0)) <= RHO
    before = {q.event.label: q.gaussian.sigma2 for q in _plan()}
    assert all(q.gaussian.sigma2 <= before[q.event.label] for q in plan if q.quantity == "score")


def test_each_cohort_pays_for_every_query() -> None:
    plan = Planned.of(GRID, cohorts=("2018-19", "2019-20"))
    assert {query.event.cohorts for query in plan.queries} == {("2018-19", "2019-20")}
    losses = dict(losses_by_cohort(query.event for query in plan.queries))
    assert set(losses) == {"2018-19", "2019-20"}
    assert {loss.rho for loss in losses.values()} == {plan.charged}


@pytest.mark.parametrize("power", [1, 2])
def test_the_split_is_better_than_an_even_one_and_cannot_be_bettered_by_small_moves(power: int) -> None:
    """The objective is convex: no move of a little loss from one query to another may lower it by much."""
    from ndl_publish.privacy.strategy import _objective, _slots, _split  # noqa: PLC0415

    slots = _slots(QUANTITIES[0], TREE, 1000, {})
    found = _split(slots, power=power)
    depth = max(len(slot.levels) for slot in slots)
    used = np.array([[k < len(slot.levels) for k in range(depth)] for slot in slots])
    masks = (used, np.zeros_like(used))
    nodes = np.array([[slot.n_nodes[min(k, len(slot.levels) - 1)] for k in range(depth)] for slot in slots], float)
    weight = np.array([[*slot.importance, *[0.0] * (depth - len(slot.levels))] for slot in slots])
    sizes = [slot.sensitivity if power == 1 else 4 * slot.length**2 for slot in slots]
    noise = (2 / np.array(sizes, float), power)
    rho = np.array([[*shares, *[0.0] * (depth - len(shares))] for shares in found])

    def value(shares: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> float:
        return float(_objective(shares, nodes, weight, noise, masks).sum())

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
