"""The default mechanism: what it plans for a release, what it says of itself, and what it gives."""

from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from math import erfc, exp, prod, sqrt
from pathlib import Path

import numpy as np
import pytest

from ndl_publish.cube.grid import CellGrid, Level, make_dimension
from ndl_publish.cube.model import Cube
from ndl_publish.errors import BudgetError, InputError, RuleError
from ndl_publish.ledger.book import Ledger
from ndl_publish.privacy.area_tree import area_tree
from ndl_publish.privacy.estimator import ROUNDING_VARIANCE, Estimator
from ndl_publish.privacy.randomness import KeyedRandomSource
from ndl_publish.privacy.strategy import Known, Quantity, plan_queries
from ndl_publish.protect.measure import measurements_of
from ndl_publish.protect.public_figures import PublicFigures
from ndl_publish.protect.tree_residuals import (
    FARTHEST,
    FARTHEST_LAPLACE,
    TreeResidualPlan,
    block_weights,
    plan_tree_residuals,
    tree_residual_plan,
)
from ndl_publish.spec.rules import DpRules
from tests.unit.cube.small_release import MEANS, SMALL, World, children, key, number, pay, world


@pytest.fixture(scope="module")
def plan(small: World) -> TreeResidualPlan:
    return plan_tree_residuals(small.spec, small.layout)


def test_the_plan_costs_no_more_than_the_rules_allow(plan: TreeResidualPlan) -> None:
    spent = sum((query.gaussian.rho for query in plan.queries), Fraction(0))
    assert Fraction(99, 100) < spent <= 1
    assert {query.event.cohorts for query in plan.queries} == {("tiny",)}


def test_counts_and_every_mean_are_measured(plan: TreeResidualPlan) -> None:
    assert set(plan.estimators) == {"children", "score"}
    assert {query.quantity for query in plan.queries} == {"children", "score"}
    worst = {q.quantity: q.gaussian.squared_sensitivity for q in plan.queries if not q.part}
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
    measurements = plan.measure(exact, grant=grant, source=KeyedRandomSource(key()))
    drawn = plan.estimate(measurements)
    assert drawn.values.shape == (small.layout.grid.n_cells,)
    assert drawn.values.dtype == np.int64
    assert drawn.sums["score"].shape == (small.layout.base.n_cells,)
    assert set(measurements) == {query.event.label for query in plan.queries}
    assert 0 < np.abs(drawn.values - cube.counts).max() < 200


def test_tables_follow_from_the_measurements_alone(
    ledger: Ledger, plan: TreeResidualPlan, cube: Cube, small: World
) -> None:
    """Replay: whoever has the noisy measurements can compute every published count without the records."""
    grant = pay(ledger, plan.events, "d")
    measurements = plan.measure(plan.exact(cube.rows), grant=grant, source=KeyedRandomSource(key()))
    drawn = plan.estimate(measurements)
    written = plan.labelled(measurements).sample(fraction=1.0, shuffle=True, seed=1)
    again = plan_tree_residuals(small.spec, small.layout).estimate(measurements_of(written))
    assert np.array_equal(again.values, drawn.values)
    assert all(np.array_equal(again.sums[name], drawn.sums[name]) for name in drawn.sums)


def test_a_grant_that_does_not_pay_is_refused(ledger: Ledger, plan: TreeResidualPlan, cube: Cube) -> None:
    with pytest.raises(BudgetError):
        plan.measure(plan.exact(cube.rows), grant=pay(ledger, plan.events[1:], "d"), source=KeyedRandomSource(key()))


def _largest_group(levels: Mapping[str, Level], name: str, within: str | None) -> int:
    """Return how many groups of a level lie in one of the level it is measured within, at most."""
    own = levels[name].group_of
    above = np.zeros_like(own) if within is None else levels[within].group_of
    return max(len(set(own[above == group])) for group in set(above))


def test_it_describes_every_query_exactly(plan: TreeResidualPlan, small: World) -> None:
    said = plan.describe()
    level = {level.name: level for dim in small.layout.grid.dimensions[1:] for level in dim.levels}
    assert [query["label"] for query in said["queries"]] == [query.event.label for query in plan.queries]
    total = Fraction(0)
    for query in said["queries"]:
        bound = 6 if query["quantity"] == "score" else 1
        largest = [_largest_group(level, name, query.get("within", {}).get(name)) for name in query["attributes"]]
        sensitivity = bound**2 * prod(m * (m - 1) for m in largest)
        assert Fraction(query["squared_sensitivity"]) == sensitivity
        assert Fraction(query["rho"]) == sensitivity / (2 * Fraction(query["sigma2"]))
        total += Fraction(query["rho"])
    assert total == sum((query.gaussian.rho for query in plan.queries), Fraction(0))


def test_level_weights_of_the_rules_move_the_loss(small: World) -> None:
    quantity = Quantity("children", 1, small.layout.grid)
    lowest = [block.levels for block in small.layout.grid.blocks if block.levels[0] == "lsoa"]

    def share(weight: float) -> float:
        made = tree_residual_plan(
            (quantity,), loss=Fraction(1), cohorts=("c",), expected_count=0, weights=dict.fromkeys(lowest, weight)
        )
        return float(sum(query.gaussian.rho for query in made.queries if query.level == "lsoa"))

    assert share(0.1) < share(1.0) < share(10.0)


def test_the_children_are_not_in_the_plan(plan: TreeResidualPlan, small: World) -> None:
    assert plan.exact(small.cube(children(10)).rows).keys() == plan.estimators.keys()


def _weighted(folder: Path, weights: Mapping[str, object]) -> dict[tuple[str, ...], float]:
    made = world(folder, tables=(SMALL, MEANS))
    book = made.spec.rules.model_dump(mode="json", exclude_unset=True) | {"weights": weights}
    spec = replace(made.spec, rules=DpRules.model_validate(book))
    return block_weights(spec, made.layout)


def test_rule_books_weigh_levels_and_tables_by_name(tmp_path: Path) -> None:
    plain = _weighted(tmp_path / "plain", {})
    assert plain == {}
    level, table = number("0.5", "times"), number("4", "times")
    found = _weighted(tmp_path / "named", {"lsoa": level, "small": table})
    assert {name: value for name, value in found.items() if name[0] == "lsoa"}.values()
    assert {value for name, value in found.items() if name[0] == "lsoa"} == {2.0}
    assert {value for name, value in found.items() if name[0] == "local_authority"} == {4.0}
    assert {value for name, value in found.items() if name[0] == "national"} == {1.0}


def test_a_block_of_two_tables_weighs_as_much_as_the_weightier(tmp_path: Path) -> None:
    twice = ({**SMALL, "levels": ["national"]}, MEANS)
    made = world(tmp_path, tables=twice)
    book = made.spec.rules.model_dump(mode="json", exclude_unset=True)
    book["weights"] = {"small": number("0.1", "times"), "means": number("3", "times")}
    weights = block_weights(replace(made.spec, rules=DpRules.model_validate(book)), made.layout)
    assert weights[("national", *["total"] * (len(made.layout.grid.dimensions) - 1))] == 3.0
    by_sex = made.layout.levels_for("national", ("sex",))
    assert weights[by_sex] == 0.1


def test_weights_of_the_rules_reach_the_plan(tmp_path: Path) -> None:
    made = world(tmp_path, tables=(SMALL, MEANS))
    book = made.spec.rules.model_dump(mode="json", exclude_unset=True) | {"weights": {"lsoa": number("20", "times")}}
    leaning = plan_tree_residuals(replace(made.spec, rules=DpRules.model_validate(book)), made.layout)

    def share(plan: TreeResidualPlan) -> float:
        return float(sum(query.gaussian.rho for query in plan.queries if query.level == "lsoa"))

    assert share(leaning) > 1.5 * share(plan_tree_residuals(made.spec, made.layout))


@pytest.mark.parametrize(("is_pure", "explained", "not_explained"), [(False, 5.5, 6.5), (True, 13.0, 15.0)])
def test_headcounts_are_refused_once_noise_of_its_kind_cannot_explain_them(
    is_pure: bool, explained: float, not_explained: float
) -> None:
    plan = _plan_with_known(is_pure=is_pure)
    measured = {query.event.label: np.full(query.event.n_cells, 500) for query in plan.queries}
    assert plan.known is not None
    per_child = plan.estimators["children"].known_misfit(measured, plan.known.children + 10**6)[0] / 10**6
    for deviations, is_refused in ((explained, False), (not_explained, True)):
        moved = plan.known.children + np.array([round(deviations / per_child), 0])
        found = replace(plan, known=PublicFigures(plan.known.known, moved))
        if is_refused:
            with pytest.raises(InputError, match="1 of 2 areas: a"):
                found.refuse_contradicted(measured)
        else:
            found.refuse_contradicted(measured)


def test_noise_of_either_kind_is_refused_by_chance_once_in_500_million() -> None:
    assert max(erfc(FARTHEST / sqrt(2)), exp(-FARTHEST_LAPLACE * sqrt(2))) <= 1 / 500_000_000


def _plan_with_known(*, is_pure: bool) -> TreeResidualPlan:
    """Return a plan of two areas of two small ones each, 1000 children known in either."""
    areas = make_dimension(
        "area", ("a1", "a2", "b1", "b2"), {"leaf": ("a1", "a2", "b1", "b2"), "la": ("a", "a", "b", "b")}
    )
    grid = CellGrid.build((areas,), [("la",), ("leaf",)])
    tree, known = area_tree(grid), Known("la")
    quantity = Quantity("children", 1, grid, known)
    queries = plan_queries(
        (quantity,), tree, loss=Fraction(1, 100), expected_count=2000, cohorts=("c",), weights={}, is_pure=is_pure
    )
    figures = PublicFigures(known, np.array([1000, 1000]))
    return TreeResidualPlan(tree, queries, {"children": Estimator.build(quantity, tree, queries)}, figures)
