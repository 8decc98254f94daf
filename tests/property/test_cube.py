"""Whatever the groupings and the children: margins add up, order never matters, nothing is counted twice."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from ndl_publish.audit.additivity import additivity
from ndl_publish.audit.published import PublishedCells
from ndl_publish.cube.grid import CellGrid, Dimension, IntArray, make_dimension
from ndl_publish.cube.layout import closure

some = settings(max_examples=60, deadline=None, derandomize=True)
Case = tuple[CellGrid, IntArray, IntArray]


@st.composite
def dimensions(draw: st.DrawFn, name: str) -> Dimension:
    """Return a dimension with its codes, a grouping, and one that leaves codes out and need not nest."""
    n = draw(st.integers(1, 5))
    codes = tuple(f"{name}{i}" for i in range(n))
    groups = draw(st.lists(st.sampled_from("xyz"), min_size=n, max_size=n))
    partial = draw(st.lists(st.sampled_from(["p", "q", None]), min_size=n, max_size=n))
    return make_dimension(name, codes, {"whole": tuple(groups), "part": tuple(partial), "code": codes})


@st.composite
def cases(draw: st.DrawFn) -> Case:
    dims = tuple(draw(dimensions(name)) for name in "abc"[: draw(st.integers(1, 3))])
    names = st.sampled_from(["total", "whole", "part", "code"])
    wanted = draw(st.lists(st.tuples(*(names for _ in dims)), min_size=1, max_size=12))
    n = draw(st.integers(0, 30))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    codes = np.column_stack([rng.integers(0, len(dim.codes), n) for dim in dims]).astype(np.int64)
    return CellGrid.build(dims, wanted), codes, rng.integers(0, 20, n)


@some
@given(cases())
def test_a_complete_block_counts_everybody_once(case: Case) -> None:
    grid, codes, weights = case
    counted = grid.tabulate(codes, weights)
    for block in grid.blocks:
        levels = [dim.level(name) for dim, name in zip(grid.dimensions, block.levels, strict=True)]
        inside = np.all([level.group_of[codes[:, i]] >= 0 for i, level in enumerate(levels)], axis=0)
        assert counted[block.cells].sum() == weights[inside].sum()
        if all(level.is_complete for level in levels):
            assert counted[block.cells].sum() == weights.sum()


@some
@given(cases())
def test_summing_a_dimension_away_gives_its_total(case: Case) -> None:
    grid, codes, weights = case
    for block in grid.blocks:
        for axis, (dim, name) in enumerate(zip(grid.dimensions, block.levels, strict=True)):
            if not dim.level(name).is_complete:
                continue
            coarse = CellGrid.build(grid.dimensions, [(*block.levels[:axis], "total", *block.levels[axis + 1 :])])
            table = grid.tabulate(codes, weights)[block.cells].reshape(block.shape)
            assert np.array_equal(table.sum(axis=axis).ravel(), coarse.tabulate(codes, weights))


@some
@given(cases(), st.randoms(use_true_random=False))
def test_the_order_of_rows_never_matters(case: Case, shuffle: object) -> None:
    grid, codes, weights = case
    order = np.arange(len(codes))
    shuffle.shuffle(order)  # type: ignore[attr-defined]
    assert np.array_equal(grid.tabulate(codes, weights), grid.tabulate(codes[order], weights[order]))


@some
@given(cases())
def test_splitting_a_row_never_matters(case: Case) -> None:
    grid, codes, weights = case
    first = weights // 2
    split = grid.tabulate(np.vstack([codes, codes]), np.concatenate([first, weights - first]))
    assert np.array_equal(grid.tabulate(codes, weights), split)


@some
@given(cases())
def test_the_auditor_finds_exact_counts_additive_and_any_change_not_more_so(case: Case) -> None:
    grid, codes, weights = case
    counted = grid.tabulate(codes, weights)
    assert additivity(PublishedCells(grid, counted, np.ones(grid.n_cells, bool))) == ()


@some
@given(cases())
def test_members_agree_with_tabulate(case: Case) -> None:
    grid, codes, weights = case
    by_members = np.zeros(grid.n_cells, np.int64)
    for block in grid.blocks:
        cells = grid.members(block, codes)
        for cell, weight in zip(cells, weights, strict=True):
            if cell >= 0:
                assert block.cells.start <= cell < block.cells.stop
                by_members[cell] += weight
    assert np.array_equal(by_members, grid.tabulate(codes, weights))


@some
@given(st.lists(st.lists(st.sampled_from("abcd"), unique=True, max_size=3), max_size=4))
def test_a_closure_is_closed_and_stays_so(crossings: list[list[str]]) -> None:
    once = closure(tuple(tuple(c) for c in crossings))
    sets = {frozenset(part) for part in once}
    assert len(sets) == len(once)
    assert all(part - {name} in sets for part in sets for name in part)
    assert {frozenset(part) for part in closure(once)} == sets
