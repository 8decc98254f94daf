"""A problem after tables were left out or categories merged: the same counts, on fewer cells."""

from dataclasses import replace
from itertools import permutations

import numpy as np
import pytest

from ndl_publish.cube.grid import CellGrid, make_dimension
from ndl_publish.protect.secondary.altered import with_merged, without_blocks
from ndl_publish.protect.secondary.problem import SuppressionProblem
from ndl_publish.protect.secondary.suppress import suppress
from tests.suppression_cases import MINIMUM, table

COUNTS = np.array([[2, 1, 40], [30, 3, 50], [25, 60, 0], [21, 70, 60]])


@pytest.fixture
def problem() -> SuppressionProblem:
    case = table(COUNTS)
    return SuppressionProblem(
        grid=case.grid, values=case.values, primary=case.primary, signed=False, lowest=np.zeros_like(case.values),
        highest=np.full_like(case.values, MINIMUM), codes=case.codes, counts=case.counts,
    )  # fmt: skip


def test_what_is_left_out_is_gone_and_the_rest_is_as_it_was(problem: SuppressionProblem) -> None:
    altered = without_blocks(problem, frozenset({1}))
    new = altered.problem
    assert [block.levels for block in new.grid.blocks] == [("total", "total"), ("code", "total"), ("code", "code")]
    assert np.array_equal(new.values, new.grid.tabulate(new.codes, new.counts))
    kept = altered.place >= 0
    assert np.flatnonzero(~kept).tolist() == [1, 2, 3]
    assert np.array_equal(new.primary[altered.place[kept]], problem.primary[kept])
    assert len(new.highest) == new.grid.n_cells


def test_merged_counts_are_those_of_the_merged_records(problem: SuppressionProblem) -> None:
    altered = with_merged(problem, dimension=1, level="code", groups=(2, 0))
    new = altered.problem
    assert new.grid.n_cells == problem.grid.n_cells - 5
    assert np.array_equal(new.values, new.grid.tabulate(new.codes, new.counts))
    assert new.grid.dimensions[1].level("code").groups == ("c0", "c1")
    assert new.values[new.grid.block(("code", "code")).cells].tolist() == [42, 1, 80, 3, 25, 60, 81, 70]
    assert len(suppress(new).unprotected) == 0


def test_a_merged_cell_is_primary_while_it_is_still_small(problem: SuppressionProblem) -> None:
    new = with_merged(problem, dimension=1, level="code", groups=(0, 1)).problem
    cells = new.grid.block(("code", "code")).cells
    assert new.values[cells].reshape(4, 2)[:, 0].tolist() == [3, 33, 85, 91]
    assert new.primary[cells].reshape(4, 2)[:, 0].tolist() == [True, False, False, False]
    assert new.highest[cells][0] == MINIMUM
    assert new.lowest[cells][0] == 0
    assert (new.highest[~new.primary] == new.values[~new.primary]).all()


def test_noisy_counts_are_merged_too(problem: SuppressionProblem) -> None:
    signed = replace(
        problem, signed=True, demanded=problem.primary, unpublished=problem.values == 0, lowest=np.zeros(0, np.int64),
        highest=np.zeros(0, np.int64),
    )  # fmt: skip
    new = with_merged(signed, dimension=1, level="code", groups=(0, 1)).problem
    cells = new.grid.block(("code", "code")).cells
    assert new.primary[cells].reshape(4, 2)[:, 0].tolist() == [True, False, False, False]
    assert new.demanded is not None
    assert np.array_equal(new.demanded, new.primary)
    assert new.unpublished is not None
    assert new.unpublished[cells].reshape(4, 2)[:, 1].tolist() == [False, False, True, False]
    assert len(new.highest) == 0


def test_cells_that_must_be_shown_and_preferences_go_along(problem: SuppressionProblem) -> None:
    at = problem.grid.block(("code", "code")).offset
    forced, preference = np.zeros(problem.grid.n_cells, bool), np.ones(problem.grid.n_cells)
    forced[at + 1], preference[at] = True, 7.0
    new = with_merged(replace(problem, forced=forced, preference=preference), dimension=1, level="code", groups=(0, 1))
    offset = new.problem.grid.block(("code", "code")).offset
    assert new.problem.forced is not None
    assert np.flatnonzero(new.problem.forced).tolist() == [offset]
    assert new.problem.preference is not None
    assert new.problem.preference[offset] == 7.0
    assert new.problem.preference.sum() == new.problem.grid.n_cells + 6


def test_merging_inside_an_incomplete_level_leaves_the_outsiders_out() -> None:
    codes = ("a", "b", "c", "d")
    dimension = make_dimension("area", codes, {"ca": ("x", "y", None, "z"), "la": codes})
    grid = CellGrid.build((dimension,), [("total",), ("ca",), ("la",)])
    rows, counts = np.arange(4)[:, None], np.array([9, 1, 7, 2])
    values = grid.tabulate(rows, counts)
    primary = values < MINIMUM
    problem = SuppressionProblem(
        grid=grid, values=values, primary=primary, signed=False, lowest=np.zeros_like(values),
        highest=np.full_like(values, MINIMUM), codes=rows, counts=counts,
    )  # fmt: skip
    new = with_merged(problem, dimension=0, level="ca", groups=(1, 2)).problem
    assert new.grid.dimensions[0].level("ca").group_of.tolist() == [0, 1, -1, 1]
    assert new.values.tolist() == [19, 9, 3, 9, 1, 7, 2]


def test_every_pair_of_every_dimension_adds_up(problem: SuppressionProblem) -> None:
    for dimension, n in enumerate(COUNTS.shape):
        for first, second in permutations(range(n), 2):
            new = with_merged(problem, dimension=dimension, level="code", groups=(first, second)).problem
            assert np.array_equal(new.values, new.grid.tabulate(new.codes, new.counts)), (dimension, first, second)
