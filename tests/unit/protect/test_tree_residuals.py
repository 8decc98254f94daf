"""The default mechanism: what it plans for a release, what it says of itself, and what it gives."""

from fractions import Fraction
from math import prod
from pathlib import Path

import numpy as np
import pytest

from ndl_publish.cube.model import Cube
from ndl_publish.errors import BudgetError, RuleError
from ndl_publish.ledger.book import Ledger
from ndl_publish.privacy.estimator import ROUNDING_VARIANCE
from ndl_publish.privacy.randomness import KeyedRandomSource
from ndl_publish.privacy.strategy import Quantity
from ndl_publish.protect.tree_residuals import TreeResidualPlan, plan_tree_residuals, tree_residual_plan
from tests.unit.cube.small_release import MEANS, World, children, key, pay, world


@pytest.fixture(scope="module")
def plan(small: World) -> TreeResidualPlan:
    return plan_tree_residuals(small.spec, small.layout)


def test_the_plan_costs_no_more_than_the_rules_allow(plan: TreeResidualPlan) -> None:
    spent = sum((query.event.rho for query in plan.queries), Fraction(0))
    assert Fraction(99, 100) < spent <= 1
    assert {query.event.cohort for query in plan.queries} == {"tiny"}


def test_counts_and_every_mean_are_measured(plan: TreeResidualPlan) -> None:
    assert set(plan.estimators) == {"children", "score"}
    assert {query.quantity for query in plan.queries} == {"children", "score"}
    worst = {q.quantity: q.event.squared_sensitivity for q in plan.queries if not q.subset}
    assert worst == {"children": 1, "score": 36}


def test_the_plan_knows_nothing_of_the_children(small: World, plan: TreeResidualPlan) -> None:
    assert plan_tree_residuals(small.spec, small.layout).queries == plan.queries


def test_other_rules_are_refused(tmp_path: Path) -> None:
    for mode in ("classic", "geometric"):
        made = world(tmp_path / mode, mode, tables=({**MEANS, "measures": ["children"]},))
        with pytest.raises(RuleError) as caught:
            plan_tree_residuals(made.spec, made.layout)
        assert caught.value.code == "NDL-R060"


def test_a_variance_has_the_rounding_in_it_and_a_covariance_has_not(small: World, plan: TreeResidualPlan) -> None:
    block = small.layout.grid.block(("region", "sex", "total", "gld"))
    a, b = (np.array([1.0, 0.0]), np.ones(4)), (np.array([1.0, 0.0]), np.array([0.0, 0.0, 1.0, 1.0]))
    own = plan.estimators["children"]
    assert np.allclose(plan.covariance("children", block, a, a), own.covariance(block, a, a) + ROUNDING_VARIANCE)
    assert np.allclose(plan.covariance("children", block, a, b), own.covariance(block, a, b))


def test_half_the_variance_of_the_whole_is_shared_with_a_half_of_it(small: World, plan: TreeResidualPlan) -> None:
    """In this basis Cov(X, N) = Var(N) times the part of the categories that X has."""
    block = small.layout.grid.block(("region", "total", "total", "gld"))
    whole, part = (np.ones(4),), (np.array([0.0, 0.0, 1.0, 1.0]),)
    own = plan.estimators["children"]
    assert np.allclose(own.covariance(block, whole, part), own.covariance(block, whole, whole) / 2)


def test_what_is_drawn_covers_every_cell(ledger: Ledger, plan: TreeResidualPlan, cube: Cube, small: World) -> None:
    exact = plan.exact(cube.rows)
    grant = pay(ledger, plan.events, "d")
    drawn = plan.draw(exact, grant=grant, source=KeyedRandomSource(key()))
    assert drawn.values.shape == (small.layout.grid.n_cells,)
    assert drawn.values.dtype == np.int64
    assert drawn.sums["score"].shape == (small.layout.base.n_cells,)
    assert set(drawn.measurements) == {query.event.label for query in plan.queries}
    assert 0 < np.abs(drawn.values - cube.counts).max() < 200


def test_tables_follow_from_the_measurements_alone(ledger: Ledger, plan: TreeResidualPlan, cube: Cube) -> None:
    """Replay: whoever has the noisy measurements can compute every published count without the records."""
    grant = pay(ledger, plan.events, "d")
    source = KeyedRandomSource(key())
    drawn = plan.draw(plan.exact(cube.rows), grant=grant, source=source)
    again = plan.estimators["children"].tables(
        drawn.measurements, source, label=f"{grant.request_digest}/rounding/children"
    )
    assert np.array_equal(again, drawn.values)


def test_a_grant_that_does_not_pay_is_refused(ledger: Ledger, plan: TreeResidualPlan, cube: Cube) -> None:
    with pytest.raises(BudgetError):
        plan.draw(plan.exact(cube.rows), grant=pay(ledger, plan.events[1:], "d"), source=KeyedRandomSource(key()))


def test_it_describes_every_query_exactly(plan: TreeResidualPlan, small: World) -> None:
    said = plan.describe()
    size = {dim.name: len(dim.codes) for dim in small.layout.grid.dimensions}
    assert [query["label"] for query in said["queries"]] == [query.event.label for query in plan.queries]
    total = Fraction(0)
    for query in said["queries"]:
        bound = 6 if query["quantity"] == "score" else 1
        sensitivity = bound**2 * prod(size[name] * (size[name] - 1) for name in query["attributes"])
        assert Fraction(query["squared_sensitivity"]) == sensitivity
        assert Fraction(query["rho"]) == sensitivity / (2 * Fraction(query["sigma2"]))
        total += Fraction(query["rho"])
    assert total == sum((query.event.rho for query in plan.queries), Fraction(0))


def test_level_weights_of_the_rules_move_the_loss(small: World) -> None:
    quantity = Quantity("children", 1, small.layout.grid)

    def share(weight: float) -> float:
        made = tree_residual_plan(
            (quantity,), rho=Fraction(1), cohort="c", expected_count=0, level_weights={"lsoa": weight}
        )
        return float(sum(query.event.rho for query in made.queries if query.level == "lsoa"))

    assert share(0.1) < share(1.0) < share(10.0)


def test_the_children_are_not_in_the_plan(plan: TreeResidualPlan, small: World) -> None:
    assert plan.exact(small.cube(children(10)).rows).keys() == plan.estimators.keys()
