"""Levels of one characteristic that nest: what is measured at each depth, and what fits into no chain."""

from fractions import Fraction

import numpy as np
import pytest

from ndl_publish.cube.grid import CellGrid, Dimension, make_dimension
from ndl_publish.privacy.chains import Chain, chains_of

AREA = make_dimension("area", ("s1", "s2"), {"all": ("E", "E"), "leaf": ("s1", "s2")})
ETHNICITY = make_dimension(
    "eth",
    ("a1", "a2", "a3", "b1", "c1", "c2"),
    {
        "major": ("A", "A", "A", "B", "C", "C"),
        "minor": ("a1", "a2", "a3", "b1", "c1", "c2"),
        "across": ("x", "y", "x", "x", "y", "y"),
    },
)


def _chain(dimension: Dimension, *levels: str) -> Chain:
    """Return the chain of a dimension published by levels; one named twice is published at two area levels."""
    blocks: list[tuple[str, ...]] = [("leaf" if name in levels[:k] else "all", name) for k, name in enumerate(levels)]
    return chains_of(CellGrid.build((AREA, dimension), blocks))[1]


def test_major_then_minor_nests_unevenly() -> None:
    chain = _chain(ETHNICITY, "minor", "major")
    assert chain.levels == ("major", "minor")
    assert chain.depth_of == {"major": 1, "minor": 2}
    assert (chain.size(0), chain.size(1), chain.size(2)) == (1, 3, 6)
    assert chain.siblings(1).tolist() == [3, 3, 3]
    assert chain.siblings(2).tolist() == [3, 3, 3, 1, 2, 2]
    assert (chain.sensitivity(1), chain.sensitivity(2)) == (6, 6)
    assert chain.ancestors(2, 1).tolist() == [0, 0, 0, 1, 2, 2]
    assert chain.ancestors(2, 0).tolist() == [0] * 6
    assert np.allclose(chain.spread(2, 0), [1 / 9, 1 / 9, 1 / 9, 1 / 3, 1 / 6, 1 / 6])
    assert np.allclose(chain.spread(2, 1), [1 / 3, 1 / 3, 1 / 3, 1, 1 / 2, 1 / 2])
    assert chain.spread(1, 1).tolist() == [1, 1, 1]


def test_a_child_among_fewer_siblings_loses_less() -> None:
    chain = _chain(ETHNICITY, "minor", "major")
    assert [chain.child_loss(code, 1) for code in range(6)] == [Fraction(1)] * 6
    wanted = [Fraction(1)] * 3 + [Fraction(0)] + [Fraction(1, 3)] * 2
    assert [chain.child_loss(code, 2) for code in range(6)] == wanted


@pytest.mark.parametrize("only", ["major", "minor"])
def test_where_one_level_is_published_only_that_is_measured(only: str) -> None:
    chain = _chain(ETHNICITY, only)
    assert chain.levels == (only,)
    assert chain.depth_of == {only: 1}
    assert chain.size(1) == {"major": 3, "minor": 6}[only]


def test_what_is_not_published_by_is_not_measured() -> None:
    chain = _chain(ETHNICITY, "total")
    assert chain.levels == ()
    assert chain.depth_of == {"total": 0}
    assert chain.size(0) == 1


def test_a_level_that_fits_into_no_chain_is_summed_from_the_finest_codes() -> None:
    """It cuts across the major groups, so it is summed from the minor ones, published or not."""
    chain = _chain(ETHNICITY, "major", "across", "across")
    assert len(chain.levels) == 2
    assert chain.levels[1] == "minor"
    assert sorted(chain.depth_of.values()) == [1, 2]
    assert chain.depth_of[chain.levels[0]] == 1


def test_the_coarsest_level_that_is_not_cut_carries_what_fits_into_no_chain() -> None:
    fine = make_dimension(
        "d",
        ("1", "2", "3", "4", "5"),
        {"half": ("a", "a", "a", "b", "b"), "third": ("x", "x", "y", "z", "w"), "odd": ("o", "o", "e", "o", "e"),
         "own": ("1", "2", "3", "4", "5")},
    )  # fmt: skip
    chain = _chain(fine, "half", "third", "odd", "half", "half", "own")
    assert "third" in chain.levels
    assert chain.levels[-1] == "own"
    assert chain.depth_of["odd"] == chain.levels.index("third") + 1 or chain.levels[0] == "odd"


def test_nested_goals_are_a_chain_and_a_measure_in_between_is_a_sum() -> None:
    goals = make_dimension(
        "goals",
        ("0", "1", "2", "3"),
        {"comm": ("n", "y", "y", "y"), "gld": ("n", "n", "y", "y"), "comm+gld": ("0", "1", "2", "2"),
         "comm+gld+all": ("0", "1", "2", "3")},
    )  # fmt: skip
    chain = _chain(goals, "comm", "gld", "gld", "comm+gld", "comm+gld+all")
    assert chain.levels == ("gld", "comm+gld", "comm+gld+all")  # of two cuts as coarse, the one published more often
    assert chain.depth_of["comm"] == 2
    assert chain.siblings(2).tolist() == [2, 2, 1]
    assert chain.siblings(3).tolist() == [1, 1, 2, 2]


def test_a_dimension_of_one_category_is_measured_by_nothing() -> None:
    one = make_dimension("d", ("x",), {"d": ("x",)})
    chain = _chain(one, "d", "total")
    assert chain.levels == ()
    assert chain.depth_of == {"d": 0, "total": 0}
    assert chain.depth_of_weights(np.ones(1)) == 0


def test_weights_are_seen_at_the_depth_that_tells_them_apart() -> None:
    chain = _chain(ETHNICITY, "minor", "major")
    assert chain.depth_of_weights(np.ones(6)) == 0
    assert chain.depth_of_weights(np.array([1.0, 1, 1, 0, 0, 0])) == 1
    assert chain.depth_of_weights(np.array([1.0, 0, 0, 0, 0, 0])) == 2
    assert chain.depth_of_weights(np.ones(6), np.array([0.0, 0, 0, 0, 0, 1])) == 2
    assert chain.at_depth(np.array([5, 5, 5, 7, 9, 9]), 1).tolist() == [5, 7, 9]
    assert chain.at_depth(np.full(6, 4), 0).tolist() == [4]


def test_weights_pulled_up_give_the_same_sum_of_whatever_is_spread_evenly() -> None:
    chain = _chain(ETHNICITY, "minor", "major")
    weights, values = np.array([1.0, 0, 2, 3, 0, 5]), np.array([30.0, 7.0, 8.0])
    spread = values[chain.ancestors(2, 1)] * chain.spread(2, 1)
    assert np.isclose(chain.pulled_up(weights, 2, 1) @ values, weights @ spread)
    assert chain.pulled_up(weights, 2, 2) is weights


@pytest.mark.parametrize("depth", [1, 2])
def test_the_product_of_weights_is_the_covariance_of_the_projected_noise(depth: int) -> None:
    chain = _chain(ETHNICITY, "minor", "major")
    parent, n = chain.parent[depth - 1], chain.size(depth)
    m = np.array([(parent == p).sum() for p in parent])
    take_off = np.eye(n) - (parent[:, None] == parent) / m[:, None]
    covariance = take_off @ np.diag(1 / m**2) @ take_off.T
    rng = np.random.default_rng(depth)
    for _ in range(5):
        a, b = rng.normal(size=n), rng.normal(size=n)
        assert np.isclose(chain.product(a, b, depth), a @ covariance @ b)
    for part in range(depth + 1):
        ones = np.eye(n)
        up = [chain.pulled_up(ones[g], depth, part) for g in range(n)]
        single = [chain.product(a, a, part) for a in up]
        assert np.isclose(chain.mean_variance(depth, part), np.mean(single))
