"""(epsilon, delta) against published figures, replace-one against brute force."""

import math
from fractions import Fraction
from itertools import product

import numpy as np
import pytest

from ndl_publish.errors import RuleError
from ndl_publish.privacy.conversion import ResidualQuery, epsilon_of_rho, replace_one_rho


@pytest.mark.parametrize(("rho", "epsilon"), [("0.1", 2.35), ("0.5", 5.67), ("1", 8.40)])
def test_published_figures(rho: str, epsilon: float) -> None:
    assert abs(epsilon_of_rho(Fraction(rho), delta=1e-7) - epsilon) < 0.005


def test_zero_costs_zero() -> None:
    assert epsilon_of_rho(Fraction(0), delta=1e-7) == 0


@pytest.mark.parametrize("rho", ["1/100000", "1/100", "1/3", "7", "500"])
def test_no_order_on_a_fine_grid_does_better(rho: str) -> None:
    loss, delta = float(Fraction(rho)), 1e-7
    orders = 1 + np.exp(np.linspace(-10, 20, 200_001))
    bound = loss * orders - (np.log(orders) + math.log(delta)) / (orders - 1) + np.log1p(-1 / orders)
    found = epsilon_of_rho(Fraction(rho), delta=delta)
    assert found <= max(0.0, float(bound.min())) * (1 + 1e-9) + 1e-12
    assert found >= float(bound.min()) * (1 - 1e-6)


def test_grows_with_rho_and_shrinks_with_delta() -> None:
    values = [epsilon_of_rho(Fraction(k, 100), delta=1e-7) for k in range(1, 40)]
    assert values == sorted(values)
    assert epsilon_of_rho(Fraction(1, 10), delta=1e-9) > values[9] > epsilon_of_rho(Fraction(1, 10), delta=1e-5)


@pytest.mark.parametrize(("rho", "delta"), [("0.1", 0.0), ("0.1", 1.0), ("0.1", -0.1), ("-1", 1e-7)])
def test_impossible_arguments_are_refused(rho: str, delta: float) -> None:
    with pytest.raises(RuleError) as caught:
        epsilon_of_rho(Fraction(rho), delta=delta)
    assert caught.value.code == "NDL-R047"


def column(attributes: tuple[str, ...], categories: dict[str, int], child: tuple[int, ...]) -> np.ndarray:
    """The column that one child adds to a residual table, built from its definition."""
    result = np.ones(1, dtype=np.int64)
    for position, name in enumerate(categories):
        if name in attributes:
            n = categories[name]
            result = np.kron(result, (n * np.eye(n, dtype=np.int64) - 1)[:, child[position]])
    return result


def brute_force(queries: list[tuple[ResidualQuery, Fraction]], categories: dict[str, int], *, levels: int) -> Fraction:
    """Enumerate all pairs of children and all depths to which their areas agree."""
    worst = Fraction(0)
    children = list(product(*(range(n) for n in categories.values())))
    for one, two, shared in product(children, children, range(1, levels + 1)):
        loss = Fraction(0)
        for query, sigma2 in queries:
            e, f = (column(query.attributes, categories, child) for child in (one, two))
            moved = e @ e + f @ f - (2 * (e @ f) if query.level < shared else 0)
            loss += Fraction(int(moved)) / (2 * sigma2)
        worst = max(worst, loss)
    return worst


@pytest.mark.parametrize("skew", [1, 7, 40])
def test_replace_one_equals_brute_force(skew: int) -> None:
    categories = {"outcome": 2, "sex": 2, "ethnicity": 3, "constant": 1}
    sets = [(), ("outcome",), ("outcome", "sex"), ("ethnicity",), ("outcome", "ethnicity"), ("constant",)]
    queries = []
    for level, names in product(range(3), sets):
        sigma2 = Fraction(100 + skew * level + len(names), 1 + level)
        squared = math.prod(categories[name] * (categories[name] - 1) for name in names)
        queries.append((ResidualQuery(level, names, Fraction(squared) / (2 * sigma2)), sigma2))
    expected = brute_force(queries, categories, levels=3)
    assert replace_one_rho([query for query, _ in queries], categories=categories) == expected


def test_replace_one_lies_between_two_and_four_times_when_areas_differ() -> None:
    queries = [ResidualQuery(1, (), Fraction(1, 20)), ResidualQuery(1, ("sex",), Fraction(1, 20))]
    assert replace_one_rho(queries, categories={"sex": 2}) == Fraction(1, 5)
    assert replace_one_rho(queries[:1], categories={}) == Fraction(1, 10)


def test_a_shared_root_costs_less_than_separate_roots() -> None:
    total = [ResidualQuery(0, (), Fraction(1, 20))]
    assert replace_one_rho(total, categories={}) == 0
    assert replace_one_rho(total, categories={}, single_root=False) == Fraction(1, 10)


def test_no_queries_no_loss() -> None:
    assert replace_one_rho([], categories={"sex": 2}) == 0
