import gc
import weakref
from dataclasses import replace

import numpy as np
import pytest

from ndl_publish.audit import components
from ndl_publish.audit import linear_programme as module
from ndl_publish.audit.linear_programme import Enough, linear_programme, unknowns_of
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
def test_blocks_that_overlap_like_a_tree_are_exact_without_clusters(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    counts = np.random.default_rng(seed).poisson(3.0, (3, 2, 3))
    blocks = [("code", "code", "total"), ("code", "total", "code"), ("code", "total", "total"), ("total",) * 3]
    case = table(counts, blocks)
    is_shown = np.random.default_rng(seed).random(case.grid.n_cells) < 0.6
    published = PublishedCells(case.grid, case.values, is_shown)
    exact = linear_programme(published)
    monkeypatch.setattr(module, "VARIABLE_LIMIT", 0)
    relaxed = linear_programme(replace(published))
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


def squares(n: int) -> tuple[PublishedCells, int]:
    """Return n squares of four blanks that nothing ties together, and how many blanks there are."""
    block = np.array([[3, 9, 9], [9, 9, 9], [9, 9, 9]])
    case = table(np.stack([block] * n))
    is_shown = np.ones((n, 3, 3), bool)
    is_shown[:, :2, :2] = False
    shown = np.ones(case.grid.n_cells, bool)
    shown[case.grid.block(("code",) * 3).cells] = is_shown.reshape(-1)
    shown[case.grid.block(("total", "code", "code")).cells] = is_shown[0].reshape(-1)
    return PublishedCells(case.grid, case.values, shown), 4 * n + 4


def test_when_time_is_up_nothing_is_claimed_and_the_share_is_said() -> None:
    published, n = squares(5)
    found = linear_programme(published, seconds=0.0)
    assert [note.code for note in found.notes] == ["NDL-D004", "NDL-D007"]
    assert f"0 of {n} withheld" in found.notes[1].message
    hidden = ~published.is_shown
    assert (found.lower[hidden] == 0).all()
    assert np.isinf(found.upper[hidden]).all()
    assert not found.is_exact.any()


def test_in_time_everything_is_reached() -> None:
    published, _ = squares(3)
    assert [note.code for note in linear_programme(published, seconds=60).notes] == ["NDL-D004"]


@pytest.mark.parametrize("together", [1, 7, 1000])
def test_threads_and_pieces_change_nothing(together: int, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(5)
    case = table(rng.poisson(4.0, (6, 3, 2)))
    published = PublishedCells(case.grid, case.values, rng.random(case.grid.n_cells) < 0.75)
    one = linear_programme(published, threads=1)
    monkeypatch.setattr(components, "TOGETHER", together)
    other = linear_programme(published, threads=3)
    assert np.allclose(one.lower, other.lower)
    assert np.allclose(one.upper, other.upper)
    assert np.array_equal(one.is_exact, other.is_exact)


def test_what_is_worked_out_of_a_release_is_kept_as_long_as_the_release() -> None:
    case = table(np.random.default_rng(0).poisson(2.0, (3, 3)))
    is_shown = np.asarray(case.suppress().mask == Mask.SHOWN)
    published = PublishedCells(case.grid, case.values, is_shown)
    once = unknowns_of(published)
    assert unknowns_of(published) is once
    other = PublishedCells(case.grid, case.values, is_shown)
    assert unknowns_of(other) is not once, "another release, even if it shows the same"
    kept = weakref.ref(once[0])
    del published, once
    gc.collect()
    assert kept() is None
