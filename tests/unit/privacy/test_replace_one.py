"""The loss when one child is replaced by another, against all pairs of children."""

from collections.abc import Iterator
from fractions import Fraction
from functools import reduce
from itertools import product

import numpy as np
import pytest

from ndl_publish.cube.grid import CellGrid, IntArray, make_dimension
from ndl_publish.privacy.area_tree import area_tree
from ndl_publish.privacy.chains import Chain, chains_of
from ndl_publish.privacy.replace_one import replace_one_rho
from ndl_publish.privacy.strategy import Quantity, ResidualQuery, plan_queries
from tests.planned import differences

AREA = make_dimension(
    "area", ("s1", "s2", "s3"), {"all": ("E",) * 3, "la": ("a", "a", "b"), "leaf": ("s1", "s2", "s3")}
)
ETH = make_dimension("eth", ("x", "y", "z"), {"major": ("A", "A", "B"), "minor": ("x", "y", "z")})
SEX = make_dimension("sex", ("F", "M"), {"sex": ("F", "M")})
ONE = make_dimension("one", ("c",), {"one": ("c",)})
DIMS = (AREA, ETH, SEX, ONE)


def _pairs_of_levels(levels: tuple[str, ...], *, single_root: bool) -> Iterator[frozenset[str]]:
    """Yield the levels at which two children can be in the same area."""
    for shared in range(1 if single_root else 0, len(levels) + 1):
        yield frozenset(levels[:shared])


def _column(query: ResidualQuery, chains: tuple[Chain, ...], child: tuple[int, ...]) -> IntArray:
    own = [differences(chains[i], depth)[:, child[i - 1]] for i, depth in sorted(query.part)]
    return np.asarray(reduce(np.kron, own, np.ones(1, np.int64)), np.int64)


def brute_force(
    queries: tuple[ResidualQuery, ...], chains: dict[str, tuple[Chain, ...]], levels: tuple[str, ...],
    amounts: dict[str, int], *, single_root: bool,
) -> Fraction:  # fmt: skip
    """Return the largest loss over all pairs of children that add these amounts, one outside the release included."""
    worst = sum((query.gaussian.rho for query in queries), Fraction(0))
    kinds = list(product(*(range(len(dim.codes)) for dim in DIMS[1:])))
    for shared in _pairs_of_levels(levels, single_root=single_root):
        for one, other in product(kinds, kinds):
            loss = Fraction(0)
            for query in queries:
                a, b = (_column(query, chains[query.quantity], child) for child in (one, other))
                moved = a @ a + b @ b - (2 * (a @ b) if query.level in shared else 0)
                loss += Fraction(int(moved) * amounts[query.quantity] ** 2) / (2 * query.gaussian.sigma2)
            worst = max(worst, loss)
    return worst


def _planned(
    blocks: list[tuple[str, ...]], score_blocks: list[tuple[str, ...]] | None = None
) -> tuple[tuple[ResidualQuery, ...], dict[str, tuple[Chain, ...]], tuple[str, ...]]:
    grid = CellGrid.build(DIMS, blocks)
    quantities = [Quantity("children", 1, grid)]
    if score_blocks is not None:
        quantities.append(Quantity("score", 6, CellGrid.build(DIMS, score_blocks)))
    tree = area_tree(grid)
    queries = plan_queries(
        tuple(quantities), tree, loss=Fraction(1, 10), expected_count=100, cohorts=("c",), weights={}
    )
    return queries, {q.name: chains_of(q.grid) for q in quantities}, tree.levels


@pytest.mark.parametrize("levels", [("all", "la", "leaf"), ("la", "leaf"), ("leaf",)])
@pytest.mark.parametrize(
    "crossing",
    [
        [("total", "total", "total")],
        [("minor", "sex", "total")],
        [("major", "sex", "one"), ("minor", "total", "total")],
    ],
)
def test_counts_cost_exactly_what_the_worst_pair_of_children_does(
    levels: tuple[str, ...], crossing: list[tuple[str, ...]]
) -> None:
    queries, chains, tree_levels = _planned([(level, *c) for level in levels for c in crossing])
    for single_root in {True, "all" not in levels and False}:
        found = replace_one_rho(
            queries, chains=chains, levels=tree_levels, ranges={"children": (1, 1)}, single_root=single_root
        )
        assert found == brute_force(queries, chains, tree_levels, {"children": 1}, single_root=single_root)


SCORED = [
    ([("all", "minor", "sex", "total")], [("all", "minor", "total", "total")]),
    ([("all", "major", "sex", "total"), ("all", "minor", "total", "total")], [("all", "major", "total", "total")]),
]


@pytest.mark.parametrize(("blocks", "scores"), SCORED)
def test_with_sums_it_is_an_upper_bound(blocks: list[tuple[str, ...]], scores: list[tuple[str, ...]]) -> None:
    queries, chains, levels = _planned(blocks, scores)
    ranges = {"children": (1, 1), "score": (0, 6)}
    found = replace_one_rho(queries, chains=chains, levels=levels, ranges=ranges, single_root=True)
    assert found >= brute_force(queries, chains, levels, {"children": 1, "score": 6}, single_root=True)


def test_it_is_between_two_and_four_times_the_charge_where_areas_differ() -> None:
    queries, chains, levels = _planned([("leaf", "minor", "sex", "total")])
    charged = sum((query.gaussian.rho for query in queries), Fraction(0))
    found = replace_one_rho(queries, chains=chains, levels=levels, ranges={"children": (1, 1)}, single_root=False)
    assert 2 * charged <= found <= 4 * charged


def test_a_shared_root_costs_less_than_separate_roots() -> None:
    """One area that all children of the release share: only a child outside the release makes a difference."""
    queries, chains, levels = _planned([("all", "total", "total", "total")])
    ranges = {"children": (1, 1)}
    charged = sum((query.gaussian.rho for query in queries), Fraction(0))
    assert replace_one_rho(queries, chains=chains, levels=levels, ranges=ranges, single_root=True) == charged
    apart = replace_one_rho(queries, chains=chains, levels=levels, ranges=ranges, single_root=False)
    assert apart == 2 * charged


def test_no_queries_no_loss() -> None:
    chains = {"children": chains_of(CellGrid.build(DIMS, []))}
    assert replace_one_rho((), chains=chains, levels=(), ranges={}, single_root=True) == 0


OTHER_CHAINS: tuple[list[tuple[str, ...]], list[tuple[str, ...]]] = (
    [("all", "major", "sex", "total"), ("all", "minor", "total", "total")],
    [("all", "minor", "total", "total")],
)
"""The sum is measured by minor group alone, children by major group and within it."""


def test_a_sum_measured_at_other_depths_than_the_children_is_bounded_too() -> None:
    queries, chains, levels = _planned(*OTHER_CHAINS)
    ranges = {"children": (1, 1), "score": (0, 6)}
    found = replace_one_rho(queries, chains=chains, levels=levels, ranges=ranges, single_root=True)
    assert found >= brute_force(queries, chains, levels, {"children": 1, "score": 6}, single_root=True)
