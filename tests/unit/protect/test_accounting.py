"""The identity behind the claim: what the dearest child moves is what the ledger was charged, as fractions."""

from collections.abc import Mapping
from fractions import Fraction
from itertools import product
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ndl_publish.cube.model import FinestRows
from ndl_publish.ledger.book import Ledger
from ndl_publish.privacy.events import total_loss
from ndl_publish.protect.finest_geometric import plan_finest_geometric
from ndl_publish.protect.tree_residuals import TreeResidualPlan, plan_tree_residuals
from tests.unit.cube.small_release import (
    MAIN,
    MEANS,
    MEANS_BY_SEX,
    SMALL,
    World,
    chains,
    children,
    exact_answers,
    pay,
    protect,
    world,
)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> World:
    return world(tmp_path_factory.mktemp("accounting"), tables=(MAIN, SMALL, MEANS_BY_SEX), rho="0.1")


def _cost(plan: TreeResidualPlan, child: tuple[int, ...], score: int) -> Fraction:
    """Return the sum over all queries of |Q e|^2 / (2 sigma2), from the tables that are measured."""
    one = np.ones(1, np.int64)
    moved = exact_answers(plan, plan.exact(FinestRows(np.array([child]), one, {"score": score * one})))
    return sum(
        (Fraction(int((moved[q.event.label] ** 2).sum())) / (2 * q.gaussian.sigma2) for q in plan.queries), Fraction(0)
    )


def _stated(plan: TreeResidualPlan, child: tuple[int, ...]) -> Fraction:
    """Return what the charge comes to for one kind of child: each query's rho, less among fewer siblings."""
    own = chains(plan)
    shares = (
        prod((own[q.quantity][i].child_loss(child[i], depth) for i, depth in q.part), start=Fraction(1))
        for q in plan.queries
    )
    return sum((share * q.gaussian.rho for share, q in zip(shares, plan.queries, strict=True)), Fraction(0))


@pytest.mark.parametrize(("tables", "is_even"), [((MAIN, SMALL, MEANS_BY_SEX), True), ((MAIN, MEANS), False)])
def test_what_the_dearest_child_moves_is_exactly_what_the_ledger_was_charged(
    tmp_path: Path, ledger: Ledger, tables: tuple[Mapping[str, Any], ...], *, is_even: bool
) -> None:
    """And for every kind of child it is what its groups of siblings say; all alike where all have as many siblings."""
    made = world(tmp_path, tables=tables, rho="0.1")
    plan = plan_tree_residuals(made.spec, made.layout)
    paid = protect(made, made.cube(children(300)), ledger)
    charged = dict(paid.grant.losses)["tiny"].rho
    shape = tuple(len(dimension.codes) for dimension in made.layout.grid.dimensions)
    costs = {
        (area, *rest): _cost(plan, (area, *rest), 6)
        for area in (0, shape[0] - 1)
        for rest in product(*map(range, shape[1:]))
    }
    assert costs == {child: _stated(plan, child) for child in costs}
    assert max(costs.values()) == charged
    assert (min(costs.values()) == charged) == is_even
    assert ledger.balances()[0].spent == charged
    assert total_loss(plan.events).rho == charged
    assert Fraction(paid.result.protected.privacy["rho"]["fraction"]) == charged
    assert charged <= Fraction(1, 10)


def test_a_score_of_less_than_the_bound_costs_less(made: World) -> None:
    plan = plan_tree_residuals(made.spec, made.layout)
    assert _cost(plan, (0, 0, 0, 3), 5) < _cost(plan, (0, 0, 0, 3), 6)


def test_every_measured_table_is_in_the_events_with_the_noise_it_gets(made: World, ledger: Ledger) -> None:
    plan = plan_tree_residuals(made.spec, made.layout)
    assert [event.label for event in plan.events] == [query.event.label for query in plan.queries]
    entry = ledger.entry(pay(ledger, plan.events, "d"))
    assert Fraction(entry["losses"][0]["rho"]) == sum((q.gaussian.rho for q in plan.queries), Fraction(0))


def test_a_child_is_in_one_finest_cell_of_the_geometric_mechanism(tmp_path_factory: pytest.TempPathFactory) -> None:
    made = world(tmp_path_factory.mktemp("pure"), "geometric", tables=(SMALL,), rho="0.5")
    plan = plan_finest_geometric(made.spec, made.layout)
    one = np.ones(1, np.int64)
    shape = tuple(len(dimension.codes) for dimension in made.layout.grid.dimensions)
    for child in product(*map(range, shape)):
        moved = plan.exact(FinestRows(np.array([child]), one, {}))["children"].values
        assert int(np.abs(moved).sum()) == 1
    assert plan.events[0].epsilon == Fraction(1, 2)
    assert plan.events[0].sensitivity == 1
