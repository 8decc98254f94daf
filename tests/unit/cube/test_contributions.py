"""Who stands behind the children of a cell, compared with counting one by one."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ndl_publish.cube.contributions import (
    CellContributors,
    Contributions,
    contributors_of_children,
    contributors_of_sum,
)
from ndl_publish.cube.grid import CellGrid, make_dimension

AREAS = ("a", "b", "c")
GRID = CellGrid.build(
    (
        make_dimension("area", AREAS, {"area": AREAS, "part": ("x", "x", None)}),
        make_dimension("sex", ("F", "M"), {"sex": ("F", "M")}),
    ),
    [("total", "total"), ("area", "sex"), ("part", "total")],
)
BASE = CellGrid.build(GRID.dimensions, [("part", "total")])

Child = tuple[int, int, tuple[int, ...]]
"""Area, sex, and the providers of one child."""


def contributions(world: list[Child]) -> Contributions:
    """Return the finest rows by provider, as ``tabulate`` makes them; what a provider brings of a sum is its number."""
    rows: Counter[tuple[int, int, int]] = Counter()
    known: Counter[tuple[int, int, int]] = Counter()
    for area, sex, providers in world:
        for provider in providers:
            rows[area, sex, provider] += 1
            known[area, sex, provider] += provider == min(providers)
    keys = np.array(list(rows), np.int64).reshape(-1, 3)
    children = np.array(list(rows.values()), np.int64)
    own = np.array([known[key] for key in rows], np.int64)
    return Contributions(keys[:, :2], keys[:, 2], children, own, {"hours": children * keys[:, 2]})


def children(world: list[Child]) -> CellContributors:
    codes = np.array([child[:2] for child in world], np.int64).reshape(-1, 2)
    counts = GRID.tabulate(codes, np.ones(len(world), np.int64))
    return contributors_of_children(GRID, counts, contributions(world), n_largest=3)


worlds = st.lists(
    st.tuples(st.integers(0, 2), st.integers(0, 1), st.frozensets(st.integers(0, 4), max_size=3).map(tuple)),
    max_size=25,
)


@settings(max_examples=60, deadline=None)
@given(worlds)
def test_number_total_and_largest_of_every_cell(world: list[Child]) -> None:
    found = children(world)
    for block in GRID.blocks:
        for child_number, cell in enumerate(range(block.offset, block.offset + block.n_cells)):
            del child_number
            brought: Counter[object] = Counter()
            for i, (area, sex, providers) in enumerate(world):
                if GRID.members(block, np.array([[area, sex]]))[0] == cell:
                    brought.update(providers or [f"child {i}"])
            largest = [n for _, n in brought.most_common(3)]
            assert found.number[cell] == len(brought)
            assert found.total[cell] == brought.total()
            assert found.largest[cell].tolist() == largest + [0] * (3 - len(largest))


def test_a_child_of_two_providers_counts_for_each_and_one_of_none_for_itself() -> None:
    found = children([(0, 0, (1, 2)), (0, 0, (1,)), (0, 0, ())])
    assert (found.number[0], found.total[0], found.largest[0].tolist()) == (3, 4, [2, 1, 1])


def test_a_sum_is_judged_where_its_mean_is_published() -> None:
    world: list[Child] = [(0, 0, (2, 3)), (1, 1, (3,)), (2, 0, (4,)), (1, 0, ())]
    found = contributors_of_sum(GRID, BASE, contributions(world), measure="hours", n_largest=2)
    (part,) = (block for block in GRID.blocks if block.levels == ("part", "total"))
    assert (found.number[part.offset], found.total[part.offset]) == (2, 8)
    assert found.largest[part.offset].tolist() == [6, 2]
    elsewhere = np.delete(np.arange(GRID.n_cells), part.offset)
    assert not found.total[elsewhere].any()
    assert not found.number[elsewhere].any()


def test_who_brings_nothing_is_no_contributor_of_a_sum() -> None:
    found = contributors_of_sum(GRID, BASE, contributions([(0, 0, (0, 1))]), measure="hours", n_largest=2)
    assert found.number.max() == 1


def test_repr_holds_no_contributor() -> None:
    held = contributions([(0, 0, (3,))])
    with pytest.raises(AttributeError):
        held.codes = held.codes  # type: ignore[misc]
    assert repr(held) == "Contributions()"
    assert repr(children([])) == "CellContributors()"
