"""All rules of a book together: which holds where, and how far each interval reaches."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from ndl_publish.cube.contributions import Contributions
from ndl_publish.cube.grid import IntArray
from ndl_publish.cube.model import Cube
from ndl_publish.cube.possible import possible_cells
from ndl_publish.protect.primary.found import Found
from ndl_publish.protect.primary.judged import Judged, judged_counts, judged_release
from ndl_publish.protect.primary.sensitive import join_rules, rule_name, sensitive_counts
from tests.rule_books import ZEROS, book, dominance, group_disclosure, minimum_contributors, p_percent, threshold
from tests.suppression_cases import table
from tests.unit.cube.small_release import BANDS, MAIN, MEANS, World, children, world

PROTECT = {**ZEROS, "policy": "protect"}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> World:
    return world(tmp_path_factory.mktemp("sensitive"), "classic", tables=(MAIN, MEANS, BANDS))


@pytest.fixture(scope="module")
def cube(made: World) -> Cube:
    return made.cube(children(700))


def judged(cube: Cube) -> Judged:
    return judged_release(cube, possible=possible_cells(cube.layout.grid, cube.layout.implications))


def with_provider(cube: Cube, provider: IntArray) -> Cube:
    """Return the cube with one provider for all children of each finest row; its hours are its children's scores."""
    rows = cube.rows
    by = Contributions(rows.codes, provider, rows.children, rows.children, {"score": rows.sums["score"]})
    return replace(cube, contributions={"provider": by})


def test_the_threshold_alone(cube: Cube) -> None:
    found = sensitive_counts(judged(cube), book(threshold(5), ZEROS))
    assert np.array_equal(found.is_primary, (cube.counts > 0) & (cube.counts < 5))
    assert found.rules == ("threshold", "zero")
    assert set(found.lowest[found.is_primary]) == {0}
    assert set(found.highest[found.is_primary]) == {5}
    assert np.array_equal(found.highest[~found.is_primary], cube.counts[~found.is_primary])


def test_a_measure_with_a_threshold_of_its_own(cube: Cube) -> None:
    cells = judged(cube)
    found = sensitive_counts(cells, book(threshold(5), threshold(12, "gld")))
    assert found.rules == ("threshold", "threshold (gld)")
    gld, children_cells = cells.measures["gld"], cells.measures["children"]
    small, middling = (cube.counts > 0) & (cube.counts < 5), (cube.counts >= 5) & (cube.counts < 12)
    assert found.is_primary[gld & (small | middling)].all()
    assert not found.is_primary[children_cells & middling].any()
    assert set(found.highest[gld & small]) == {12}
    assert set(found.highest[children_cells & small]) == {5}


def test_a_lower_threshold_of_a_measure_holds_alone_in_its_cells(cube: Cube) -> None:
    cells = judged(cube)
    found = sensitive_counts(cells, book(threshold(12), threshold(5, "comm", "gld", "all_goals"), PROTECT))
    shares = ~cells.measures["children"]
    assert not found.is_primary[shares & (cube.counts >= 5)].any()
    zeros = found.is_primary & (cube.counts == 0)
    assert set(found.highest[zeros & shares]) == {5}


def test_protected_zeros_are_observed_ones(cube: Cube) -> None:
    cells = judged(cube)
    found = sensitive_counts(cells, book(threshold(5), PROTECT))
    zeros = cube.counts == 0
    assert (zeros & ~cells.possible).any()
    assert found.is_primary[zeros & cells.possible].all()
    assert not found.is_primary[~cells.possible].any()
    assert set(found.highest[zeros & cells.possible]) == {5}


def test_group_disclosure_in_a_chain_of_nested_measures(tmp_path: Path) -> None:
    made = world(tmp_path, "classic", tables=(MAIN,))
    frame = children(700).filter(~(pl.col("is_all") & (pl.col("minor") == "a1")))
    cube = made.cube(frame)
    cells = judged(cube)
    found = sensitive_counts(cells, book(group_disclosure(2)))
    at = cube.layout.grid.block(("region", "total", "ethnic_minor", "all_goals"))
    counts = cube.counts[at.cells].reshape(at.shape)
    assert (counts[..., 0, 1] == 0).all(), "nobody of the first group reached all goals"
    marked = found.is_primary[at.cells].reshape(at.shape)
    assert marked[..., 0, 1].all(), "the numerator is withheld although it is 0 and zeros are shown"
    assert (found.highest[at.cells].reshape(at.shape)[..., 0, 1] == 2).all()
    only = sensitive_counts(cells, book(group_disclosure(2, "comm")))
    assert not only.is_primary[at.cells].reshape(at.shape)[..., 0, 1].any()


def test_every_rule_by_contributor_finds_an_area_with_one_provider(cube: Cube) -> None:
    provider = np.where(cube.rows.codes[:, 0] == 0, 0, 1 + np.arange(len(cube.rows.children)))
    cells = judged(with_provider(cube, provider))
    for rule in (minimum_contributors(3), dominance(1, "90"), p_percent("10")):
        found = sensitive_counts(cells, book(threshold(1), rule))
        assert found.rules[1] == f"{rule['method']} (provider)"
        whole = cube.layout.grid.block(("local_authority", "total", "total", "total", "total"))
        assert found.is_primary[whole.cells].tolist() == [True, False, False, False]
        parts = cube.layout.grid.block(("local_authority", "total", "total", "total", "gld"))
        shown = ~found.is_primary[parts.cells].reshape(parts.shape)
        assert not shown[0].any()
        assert shown[1:].all()
        value = int(cube.counts[whole.offset])
        reach = {"dominance": -(-value // 9), "p_percent": -(-value // 10)}.get(str(rule["method"]), 1)
        assert found.highest[whole.offset] == value + reach
        assert found.lowest[whole.offset] == value - reach


def test_the_interval_is_at_least_as_wide_as_the_threshold_and_not_negative(cube: Cube) -> None:
    cells = judged(with_provider(cube, np.zeros(len(cube.rows.children), np.int64)))
    found = sensitive_counts(cells, book(threshold(7), minimum_contributors(2)))
    assert found.is_primary[cube.counts > 0].all()
    assert not found.is_primary[cube.counts == 0].any()
    assert np.array_equal(found.highest[cube.counts > 0], np.maximum(cube.counts + 7, 7)[cube.counts > 0])
    assert np.array_equal(found.lowest[cube.counts >= 7], cube.counts[cube.counts >= 7] - 7)
    assert found.lowest.min() == 0


def test_a_dominated_sum_marks_the_children_its_mean_is_over(cube: Cube) -> None:
    provider = np.where(cube.rows.codes[:, 0] == 0, 0, 1 + np.arange(len(cube.rows.children)))
    cells = judged(with_provider(cube, provider))
    found = sensitive_counts(cells, book(threshold(1), dominance(1, "30", of="score")))
    north = cube.layout.grid.block(("region", "total", "total", "total", "total")).offset
    assert np.flatnonzero(found.is_primary).tolist() == [north]
    assert np.flatnonzero(found.sums["score"]).tolist() == [north]
    assert found.rules[1] == "dominance (provider of score)"
    scores = cube.rows.sums["score"]
    alone, total = int(scores[provider == 0].sum()), int(cube.sums["score"][cube.layout.base.blocks[1].offset])
    reach = -(-100 * alone // 30) - total
    assert found.highest[north] == cube.counts[north] + -(-reach * cube.counts[north] // total)


def test_a_sum_that_is_not_published_is_not_judged(cube: Cube) -> None:
    bare = with_provider(cube, np.zeros(len(cube.rows.children), np.int64))
    bare.contributions["provider"].amounts.clear()
    found = sensitive_counts(judged(bare), book(threshold(1), dominance(1, "30", of="score")))
    assert not found.is_primary.any()


def test_the_widest_interval_holds_and_every_rule_is_remembered() -> None:
    values = np.array([3, 8, 0])
    one = Found("a", np.array([True, False, False]), np.array([0, 0, 0]), np.array([5, 5, 5]))
    other = Found("b", np.array([True, True, False]), np.array([2, -4, 0]), np.array([9, 8, 9]))
    found = join_rules(values, (one, other))
    assert found.marked_by.tolist() == [3, 2, 0]
    assert found.lowest.tolist() == [0, 0, 0]
    assert found.highest.tolist() == [9, 8, 0]
    assert found.rules == ("a", "b")
    assert found.sums == {}


def test_a_table_of_counts_has_outcomes_for_measures() -> None:
    case = table(np.array([[9, 0], [6, 8], [0, 0]]))
    cells = judged_counts(case.grid, case.values, outcomes=("d1",))
    found = sensitive_counts(cells, book(threshold(5), threshold(7, "d1"), group_disclosure(3)))
    inner = case.grid.block(("code", "code"))
    assert found.is_primary[inner.cells].tolist() == [True, True, True, False, False, False]
    assert found.rules == ("threshold", "threshold (d1)", "group_disclosure")
    assert cells.possible.all()


@pytest.mark.parametrize(
    ("rule", "name"),
    [
        (threshold(5), "threshold"),
        (ZEROS, "zero"),
        (group_disclosure(3, "gld", "comm"), "group_disclosure (gld, comm)"),
        (p_percent("10", of="score"), "p_percent (provider of score)"),
    ],
)
def test_names_of_rules(rule: dict[str, object], name: str) -> None:
    rules = book(rule).primary
    assert rule_name(rules[-1]) == name


def test_the_order_of_the_rules_changes_only_their_bits(cube: Cube) -> None:
    rules = [threshold(5), PROTECT, group_disclosure(3), threshold(9, "gld")]
    one, other = (sensitive_counts(judged(cube), book(*order)) for order in (rules, rules[::-1]))
    assert np.array_equal(one.is_primary, other.is_primary)
    assert np.array_equal(one.lowest, other.lowest)
    assert np.array_equal(one.highest, other.highest)
    assert one.rules == other.rules[::-1]
