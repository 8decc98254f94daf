"""Whatever the tree and the tables: the companion is whole, never negative and additive, or refused by name."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from ndl_publish.privacy.nonnegative import best_nonnegative
from ndl_publish.privacy.nonnegative_order import Axes, facets, steps_of
from tests.unit.privacy.noisy_family import World, closed, family, faults, uniforms

some = settings(max_examples=60, deadline=None, derandomize=True)


def _parents(draw: st.DrawFn, n: int) -> np.ndarray:
    """Return areas above for ``n`` areas, none of them without children."""
    return np.cumsum([0, *(draw(st.booleans()) for _ in range(n - 1))])


@st.composite
def worlds(draw: st.DrawFn, *, same: bool = False) -> World:
    sizes = tuple(draw(st.lists(st.integers(1, 4), min_size=1, max_size=4)))
    sets = st.lists(st.sets(st.integers(0, len(sizes) - 1), max_size=3), min_size=1, max_size=4)
    n_levels = draw(st.integers(1, 3))
    n_lowest = draw(st.integers(1, 12))
    parents: list[np.ndarray] = []
    n = n_lowest
    for _ in range(n_levels - 1):
        parents.insert(0, _parents(draw, n))
        n = int(parents[0][-1]) + 1
    wanted: list[list[Axes]] = [[tuple(sorted(s)) for s in draw(sets)] for _ in range(n_levels)]
    seed, mean = draw(st.integers(0, 10**6)), draw(st.sampled_from([0.0, 0.1, 1.0, 20.0]))
    finest = np.random.default_rng(seed).poisson(mean, (n_lowest, *sizes))
    noise = draw(st.sampled_from([0.0, 2.0, 15.0]))
    return family(finest, parents, [wanted[0]] * n_levels if same else wanted, sd=noise, seed=seed)


@some
@given(worlds())
def test_tables_add_up_or_are_refused(world: World) -> None:
    try:
        found = best_nonnegative(world.levels, uniforms=uniforms)
    except ValueError as error:
        assert "not decomposable: (" in str(error)  # noqa: PT017 - refusal is one of the two right answers
    else:
        assert faults(world.levels, found) == []


@some
@given(worlds(same=True))
def test_totals_and_faultless_areas_of_the_base_level_stay(world: World) -> None:
    noisy = world.levels[0].tables
    (found,) = best_nonnegative(world.levels[:1], uniforms=uniforms)
    assert np.array_equal(found[()], np.maximum(noisy[()], 0))
    fine = np.all([(table.reshape(len(table), -1) >= 0).all(axis=1) for table in noisy.values()], axis=0)
    assert all(np.array_equal(found[axes][fine], table[fine]) for axes, table in noisy.items())


@some
@given(st.lists(st.sets(st.integers(0, 5), max_size=4), min_size=1, max_size=5))
def test_a_tree_of_sets_is_never_refused(sets: list[set[int]]) -> None:
    """Sets that all hold one shared core and nothing else in common hang together like a star."""
    star = [tuple(sorted({*(10 * k + i for i in s), 99})) for k, s in enumerate(sets, 1)]
    steps = steps_of(closed(star), closed(star))
    assert {step.axes for step in steps} >= set(facets(closed(star)))
    assert all(len(step.margins) <= 1 for step in steps)
