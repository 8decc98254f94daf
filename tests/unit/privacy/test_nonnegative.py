"""The non-negative companion: additive everywhere, never negative, untouched where nothing is wrong, and better."""

from itertools import combinations

import numpy as np
import pytest

from ndl_publish.cube.grid import IntArray
from ndl_publish.privacy.nonnegative import LevelTables, best_nonnegative
from ndl_publish.privacy.nonnegative_order import Axes
from tests.unit.privacy.noisy_family import World, family, faults, sum_up, tabulate, uniforms

STAR: list[Axes] = [(0, 3), (1, 3), (2, 3)]
PAIRS: list[Axes] = [(a, b, 3) for a, b in combinations(range(3), 2)]
SIZES = (2, 4, 3, 2)


def _finest(n_parents: int, n_children: int, seed: int) -> tuple[IntArray, IntArray]:
    """Return children of areas of unlike size, each parent with its own mix, and their parents."""
    rng = np.random.default_rng(seed)
    mix = rng.dirichlet(np.full(np.prod(SIZES), 0.4), n_parents)
    parent = np.repeat(np.arange(n_parents), n_children)
    size = rng.gamma(5, 18.4 / 5, len(parent))
    return rng.poisson(size[:, None] * mix[parent]).reshape(-1, *SIZES), parent


@pytest.fixture(scope="module")
def world() -> World:
    finest, parent = _finest(12, 60, 3)
    return family(finest, [parent], [PAIRS, STAR], sd=9, seed=4)


@pytest.fixture(scope="module")
def found(world: World) -> list[dict[Axes, IntArray]]:
    return best_nonnegative(world.levels, uniforms=uniforms)


def test_tables_are_whole_and_add_up_in_both_directions(world: World, found: list[dict[Axes, IntArray]]) -> None:
    assert any((table < 0).any() for table in world.levels[0].tables.values())
    assert faults(world.levels, found) == []


def test_totals_of_the_base_level_stay(world: World, found: list[dict[Axes, IntArray]]) -> None:
    assert np.array_equal(found[0][()], world.levels[0].tables[()])


def test_an_area_of_the_base_level_without_negative_cells_stays() -> None:
    finest, _ = _finest(5, 1, 1)
    finest[2, 0, 0, 0, 0] -= 10_000
    finest[2, 1, 1, 1, 1] += 10_100
    tables = tabulate(finest, PAIRS)
    level = LevelTables(None, tables, {axes: np.ones(5) for axes in tables})
    (made,) = best_nonnegative([level], uniforms=uniforms)
    assert faults([level], [made]) == []
    for axes, table in made.items():
        assert np.array_equal(np.delete(table, 2, axis=0), np.delete(tables[axes], 2, axis=0))


def test_a_base_level_without_negative_cells_stays_whole() -> None:
    tables = tabulate(_finest(5, 1, 1)[0], PAIRS)
    level = LevelTables(None, tables, {axes: np.ones(5) for axes in tables})
    (made,) = best_nonnegative([level], uniforms=uniforms)
    assert all(np.array_equal(made[axes], table) for axes, table in tables.items())


def test_a_base_table_moves_as_little_as_it_can() -> None:
    table = np.array([[10, 6, -4]])
    level = LevelTables(None, {(): table.sum(axis=1), (5,): table}, {(): np.ones(1), (5,): np.ones(1)})
    (made,) = best_nonnegative([level], uniforms=uniforms)
    assert made[5,].tolist() == [[8, 4, 0]]


def test_a_negative_base_total_becomes_zero() -> None:
    level = LevelTables(None, {(): np.array([-3, 4])}, {(): np.ones(2)})
    below = LevelTables(np.array([0, 0, 1]), {(): np.array([-1, -2, 4])}, {(): np.ones(3)})
    first, second = best_nonnegative([level, below], uniforms=uniforms)
    assert first[()].tolist() == [0, 4]
    assert second[()].tolist() == [0, 0, 4]


def test_errors_are_smaller_than_those_of_clamping_and_of_expectation_alone(
    world: World, found: list[dict[Axes, IntArray]]
) -> None:
    noisy, truth, parent = world.levels[1].tables, world.truth[1], world.levels[1].parent
    assert parent is not None
    for axes, table in found[1].items():
        error = np.abs(table - truth[axes]).mean()
        assert error < 0.75 * np.abs(np.maximum(noisy[axes], 0) - truth[axes]).mean()
        even = (found[0][axes] / np.bincount(parent).reshape(-1, *(1 for _ in axes)))[parent]
        assert error < np.abs(even - truth[axes]).mean()


def test_the_same_uniforms_give_the_same_tables(world: World, found: list[dict[Axes, IntArray]]) -> None:
    again = best_nonnegative(world.levels, uniforms=uniforms)
    other = best_nonnegative(world.levels, uniforms=lambda label, n: uniforms(label + "!", n))
    assert all(np.array_equal(a[axes], b[axes]) for a, b in zip(found, again, strict=True) for axes in a)
    assert any(not np.array_equal(found[1][axes], other[1][axes]) for axes in found[1])


def test_what_it_is_given_is_not_changed(world: World) -> None:
    before = {axes: table.copy() for axes, table in world.levels[0].tables.items()}
    best_nonnegative(world.levels, uniforms=uniforms)
    assert all(np.array_equal(table, world.levels[0].tables[axes]) for axes, table in before.items())


def test_without_noise_large_areas_are_nearly_what_they_are() -> None:
    finest, parent = _finest(4, 30, 9)
    finest *= 40
    quiet = family(finest, [parent], [STAR, STAR], sd=0, seed=1)
    made = best_nonnegative(quiet.levels, uniforms=uniforms)
    assert np.abs(made[1][()] - quiet.truth[1][()]).max() <= 2
    assert np.abs(made[1][1, 3] - quiet.truth[1][1, 3]).mean() < 2


def test_three_levels_and_tables_that_the_level_above_lacks() -> None:
    finest, lower = _finest(12, 20, 5)
    upper = np.repeat([0, 1, 2], [5, 1, 6])
    few: list[Axes] = [(0,), (3,), (1, 3)]
    deep = family(finest, [upper, lower], [PAIRS, few, [(0, 3), (1, 3)]], sd=9, seed=2)
    assert faults(deep.levels, best_nonnegative(deep.levels, uniforms=uniforms)) == []


def test_tables_without_an_order_are_refused() -> None:
    finest, parent = _finest(3, 4, 5)
    circle: list[Axes] = [(0, 1), (1, 2), (0, 2)]
    knotted = family(finest, [parent], [circle, circle], sd=5, seed=1)
    with pytest.raises(ValueError, match=r"not decomposable: \(0, 1\), \(0, 2\), \(1, 2\)"):
        best_nonnegative(knotted.levels, uniforms=uniforms)


@pytest.mark.parametrize(
    ("parent", "sizes"),
    [
        ([0], (1,)),
        ([0], (2, 3)),
        ([0, 1, 2], (1, 2)),
        ([0] * 40, (2, 1)),
        ([0, 0, 2, 2, 2], (3, 2)),
        ([1, 1], (2, 2)),
    ],
)
def test_degenerate_shapes(parent: list[int], sizes: tuple[int, ...]) -> None:
    rng = np.random.default_rng(1)
    finest = rng.poisson(0.4, (len(parent), *sizes))
    axes = tuple(range(len(sizes)))
    odd = family(finest, [np.array(parent)], [[axes], [axes]], sd=3, seed=7)
    assert faults(odd.levels, best_nonnegative(odd.levels, uniforms=uniforms)) == []


def test_an_area_above_without_children_is_left_alone() -> None:
    upper = LevelTables(None, {(): np.array([3, 5, 2])}, {(): np.ones(3)})
    lower = LevelTables(np.array([0, 0, 2]), {(): np.array([4, -1, 2])}, {(): np.ones(3)})
    first, second = best_nonnegative([upper, lower], uniforms=uniforms)
    assert first[()].tolist() == [3, 5, 2]
    assert sum_up(second[()], np.array([0, 0, 2]), 3).tolist() == [3, 0, 2]


def test_no_areas_at_all() -> None:
    upper = LevelTables(None, {(): np.array([3]), (0,): np.array([[1, 2]])}, {(): np.ones(1), (0,): np.ones(1)})
    none = np.zeros(0, np.int64)
    lower = LevelTables(none, {(): none, (0,): np.zeros((0, 2), np.int64)}, {(): np.ones(0), (0,): np.ones(0)})
    assert best_nonnegative([upper, lower], uniforms=uniforms)[1][0,].shape == (0, 2)
    assert best_nonnegative([], uniforms=uniforms) == []


@pytest.mark.parametrize(
    ("tables", "parent", "message"),
    [
        ({(0,): np.zeros((2, 2), np.int64)}, None, "closed downward"),
        ({(): np.zeros(2, np.int64), (0, 1): np.zeros((2, 2, 2), np.int64)}, None, r"\(0,\), \(1,\)"),
        ({(): np.zeros((2, 1), np.int64)}, None, "lacks an axis"),
        ({(): np.zeros(2, np.int64)}, np.array([0]), "same areas"),
        ({(): np.zeros(2, np.int64)}, np.array([1, 0]), "stand together"),
    ],
)
def test_tables_that_are_no_family_are_refused(
    tables: dict[Axes, IntArray], parent: IntArray | None, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        LevelTables(parent, tables, {axes: np.ones(2) for axes in tables})
