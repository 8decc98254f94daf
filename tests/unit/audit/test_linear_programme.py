import numpy as np
import pytest

from ndl_publish.audit import linear_programme as module
from ndl_publish.audit.linear_programme import Enough, linear_programme
from ndl_publish.audit.published import PublishedCells
from ndl_publish.columns import Mask
from tests.suppression_cases import integer_ranges, table


@pytest.mark.parametrize("seed", range(12))
def test_agrees_with_an_attacker_who_lists_all_tables(seed: int) -> None:
    rng = np.random.default_rng(seed)
    case = table(rng.integers(0, 4, (2, 3)))
    is_shown = rng.random(case.grid.n_cells) < 0.6
    is_shown[case.grid.block(("total", "total")).offset] = True
    found = linear_programme(PublishedCells(case.grid, case.values, is_shown))
    lower, upper = integer_ranges(case, is_shown)
    assert np.array_equal(found.lower, lower)
    assert np.array_equal(found.upper, upper)
    assert np.array_equal(found.is_exact, (lower == upper) & ~is_shown)


@pytest.mark.parametrize("seed", range(6))
def test_three_ways_never_narrower_than_all_tables(seed: int) -> None:
    rng = np.random.default_rng(seed)
    case = table(rng.integers(0, 3, (2, 2, 2)))
    is_shown = rng.random(case.grid.n_cells) < 0.7
    is_shown[0] = True
    found = linear_programme(PublishedCells(case.grid, case.values, is_shown))
    lower, upper = integer_ranges(case, is_shown)
    assert (found.lower <= lower + 1e-6).all()
    assert (found.upper >= upper - 1e-6).all()


@pytest.mark.parametrize("seed", range(4))
def test_blocks_that_overlap_like_a_tree_need_no_crossing(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    counts = np.random.default_rng(seed).poisson(3.0, (3, 2, 3))
    blocks = [("code", "code", "total"), ("code", "total", "code"), ("code", "total", "total"), ("total",) * 3]
    case = table(counts, blocks)
    is_shown = np.random.default_rng(seed).random(case.grid.n_cells) < 0.6
    published = PublishedCells(case.grid, case.values, is_shown)
    exact = linear_programme(published)
    monkeypatch.setattr(module, "CROSSING_LIMIT", 0)
    relaxed = linear_programme(published)
    assert np.allclose(exact.lower, relaxed.lower)
    assert np.allclose(exact.upper, relaxed.upper)
    assert exact.notes[0].message != relaxed.notes[0].message


def test_true_values_of_withheld_cells_are_never_read() -> None:
    case = table(np.array([[2, 9, 9], [9, 9, 9], [9, 9, 9]]))
    is_shown = case.suppress().mask == Mask.SHOWN
    lied = np.where(is_shown, case.values, 4711)
    one, other = (linear_programme(PublishedCells(case.grid, v, is_shown)) for v in (case.values, lied))
    assert np.array_equal(one.lower, other.lower)
    assert np.array_equal(one.upper, other.upper)


def test_enough_stops_early_and_says_no_more_than_it_saw() -> None:
    case = table(np.random.default_rng(3).poisson(6.0, (6, 6)))
    is_shown = case.suppress().mask == Mask.SHOWN
    published = PublishedCells(case.grid, case.values, is_shown)
    full = linear_programme(published)
    enough = Enough(np.where(case.primary, 0.0, np.inf), np.where(case.primary, 5.0, -np.inf))
    quick = linear_programme(published, enough=enough)
    assert (quick.lower >= full.lower - 1e-6).all()
    assert (quick.upper <= full.upper + 1e-6).all()
    assert np.array_equal(quick.is_exact, full.is_exact)
    assert (quick.upper[case.primary] >= 5).all()


def test_figures_that_contradict_each_other_are_said_to() -> None:
    case = table(np.array([[2, 9], [9, 9]]))
    values = case.values.copy()
    values[case.grid.block(("total", "total")).offset] += 3
    is_shown = np.ones(case.grid.n_cells, bool)
    is_shown[case.grid.block(("code", "code")).cells] = False
    notes = linear_programme(PublishedCells(case.grid, values, is_shown)).notes
    assert "NDL-D005" in [note.code for note in notes]


def test_everything_shown() -> None:
    case = table(np.array([[6, 9], [9, 9]]))
    found = linear_programme(PublishedCells(case.grid, case.values, np.ones(case.grid.n_cells, bool)))
    assert not found.is_exact.any()
    assert np.array_equal(found.lower, found.upper)
