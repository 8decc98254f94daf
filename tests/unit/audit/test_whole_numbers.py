"""Tables of whole numbers: an attacker who lists them all agrees, and real intervals may say too much."""

import numpy as np
import pytest

from ndl_publish.audit import whole_numbers as module
from ndl_publish.audit.judge import Required
from ndl_publish.audit.linear_programme import Enough, linear_programme
from ndl_publish.audit.published import BoolArray, PublishedCells
from ndl_publish.audit.registry import judged_attack
from ndl_publish.audit.run import attacked
from ndl_publish.audit.whole_numbers import whole_numbers
from ndl_publish.columns import Mask
from ndl_publish.cube.grid import CellGrid, make_dimension
from tests.suppression_cases import Case, integer_ranges, table

AREAS = {"a0": 1, "a1": 1, "a2": 1, "a3": 1, "a4": 1, "a5": 1, "b": 1, "c": 1, "small": 4, "d": 1}
GROUPS = {
    **{f"pair{i}": {f"a{i}", "b"} for i in range(6)},
    "other": {"a0", "c"},
    "six": {*(f"a{i}" for i in range(6)), "small"},
    "three": {"b", "c", "d"},
}
"""Groups of areas that do not nest; their sums are shown, no area is.

If ``b`` loses t, every ``a`` gains t, ``c`` loses t, ``small`` loses 6 t and ``d`` gains 2 t. None may be negative, so
-1/2 <= t <= 2/3: ``small`` is anything from 0 to 7 over real tables, and 4 over whole numbers.
"""


def odd(*, times: int = 1) -> tuple[Case, BoolArray, int]:
    """Return the areas, what is shown, and the cell of ``small``; with ``times`` as many copies side by side."""
    names = tuple(AREAS)
    levels = {level: tuple("in" if name in group else None for name in names) for level, group in GROUPS.items()}
    copies = tuple(f"k{i}" for i in range(times))
    areas, copy = make_dimension("area", names, {**levels, "area": names}), make_dimension("k", copies, {"k": copies})
    grid = CellGrid.build((areas, copy), [(level, "k") for level in ("total", *GROUPS, "area")])
    codes = np.stack([index.reshape(-1) for index in np.indices((len(names), times))], axis=1)
    case = Case(grid, codes, np.repeat(np.array(list(AREAS.values())), times))
    block = grid.block(("area", "k"))
    is_shown = np.ones(grid.n_cells, bool)
    is_shown[block.cells] = False
    small = np.arange(grid.n_cells) == block.offset + names.index("small") * times
    wanted = case.asking(small, np.zeros_like(case.values), np.full_like(case.values, 5))
    return wanted, is_shown, int(np.flatnonzero(small)[0])


def seen(case: Case, is_shown: BoolArray) -> PublishedCells:
    return PublishedCells(case.grid, case.values, is_shown, case.implications)


def required(case: Case, is_shown: BoolArray) -> Required:
    return Required(case.grid, case.primary, ~is_shown & ~case.primary, case.lowest, case.highest)


def test_wide_over_real_tables_and_a_point_over_whole_numbers() -> None:
    case, is_shown, cell = odd()
    real, whole = linear_programme(seen(case, is_shown)), whole_numbers(seen(case, is_shown))
    assert (real.lower[cell], real.upper[cell], real.is_exact[cell]) == (0.0, pytest.approx(7.0), False)
    assert (whole.lower[cell], whole.upper[cell], whole.is_exact[cell]) == (4.0, 4.0, True)
    low, high = integer_ranges(case, is_shown)
    assert np.array_equal(whole.lower, low)
    assert np.array_equal(whole.upper, high)


def test_only_the_optional_attack_finds_it() -> None:
    case, is_shown, cell = odd()
    wanted = required(case, is_shown)
    assert cell not in judged_attack("linear_programme", seen(case, is_shown), wanted).cells
    found = judged_attack("whole_numbers", seen(case, is_shown), wanted)
    assert cell in found.cells
    assert {finding.code for finding in found.findings} == {"NDL-D001", "NDL-D003"}
    by_name = {check.name: check for check in attacked(seen(case, is_shown), wanted, is_whole=True)}
    assert not by_name["whole_numbers"].is_passed
    assert "whole_numbers" not in {check.name for check in attacked(seen(case, is_shown), wanted)}


@pytest.mark.parametrize(("shape", "most"), [((2, 3), 4), ((2, 2, 2), 3), ((3, 3, 3), 2), ((2, 2, 3), 3)])
@pytest.mark.parametrize("seed", range(8))
def test_agrees_with_an_attacker_who_lists_all_tables(shape: tuple[int, ...], most: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    case = table(rng.integers(0, most, shape))
    is_shown = rng.random(case.grid.n_cells) < 0.65
    is_shown[0] = True
    found = whole_numbers(seen(case, is_shown))
    low, high = integer_ranges(case, is_shown)
    assert np.array_equal(found.lower, low)
    assert np.array_equal(found.upper, high)
    assert np.array_equal(found.is_exact, (low == high) & ~is_shown)


@pytest.mark.parametrize("seed", range(6))
def test_enough_stops_early_and_says_no_more_than_it_saw(seed: int) -> None:
    case = table(np.random.default_rng(seed).integers(0, 4, (2, 3)))
    is_shown = np.random.default_rng(seed + 100).random(case.grid.n_cells) < 0.5
    is_shown[0] = True
    low, high = integer_ranges(case, is_shown)
    enough = Enough(np.where(case.primary, 0.0, np.inf), np.where(case.primary, 5.0, -np.inf))
    quick = whole_numbers(seen(case, is_shown), enough=enough)
    assert (quick.lower >= low).all()
    assert (quick.upper <= high).all()
    assert np.array_equal(quick.is_exact, (low == high) & ~is_shown)
    asked = case.primary & ~is_shown
    assert np.array_equal((quick.lower <= 0)[asked], (low <= 0)[asked])
    assert np.array_equal((quick.upper >= 5)[asked], (high >= 5)[asked])


def test_a_pattern_with_witnesses_holds() -> None:
    case = table(np.random.default_rng(3).poisson(6.0, (6, 6)))
    is_shown = case.suppress().mask == Mask.SHOWN
    assert judged_attack("whole_numbers", seen(case, is_shown), required(case, is_shown)).cells == ()


def test_when_time_is_up_nothing_is_claimed_and_the_share_is_said() -> None:
    case, is_shown, cell = odd()
    found = whole_numbers(seen(case, is_shown), seconds=0.0)
    assert [(note.code, note.severity) for note in found.notes] == [("NDL-D027", "note")]
    assert "0 of 10 withheld" in found.notes[0].message
    assert (found.lower[cell], found.upper[cell]) == (0.0, np.inf)
    assert not found.is_exact.any()


def test_components_that_are_too_large_are_left_and_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    case, is_shown, cell = odd()
    monkeypatch.setattr(module, "MOST_UNKNOWNS", len(AREAS) - 1)
    found = whole_numbers(seen(case, is_shown))
    assert [note.code for note in found.notes] == ["NDL-D027"]
    assert not found.is_exact.any()
    monkeypatch.setattr(module, "MOST_UNKNOWNS", len(AREAS))
    assert whole_numbers(seen(case, is_shown)).is_exact[cell]


def test_many_components_are_reached_one_by_one() -> None:
    case, is_shown, cell = odd(times=30)
    found = whole_numbers(seen(case, is_shown))
    assert found.notes == ()
    assert found.is_exact[cell : cell + 30].all()


def test_figures_that_only_fractions_fit_are_said_to() -> None:
    """Three sums of two areas each, 1, 1 and 1: every area would be a half."""
    names = ("a", "b", "c")
    levels = {f"{x}{y}": tuple("in" if name in x + y else None for name in names) for x, y in ("ab", "bc", "ac")}
    grid = CellGrid.build(
        (make_dimension("area", names, {**levels, "area": names}),), [(one,) for one in (*levels, "area")]
    )
    values = np.array([1, 1, 1, 0, 0, 0])
    published = PublishedCells(grid, values, values == 1)
    assert "NDL-D005" not in {note.code for note in linear_programme(published).notes}
    assert "NDL-D005" in {note.code for note in whole_numbers(published).notes}


def test_true_values_of_withheld_cells_are_never_read() -> None:
    case, is_shown, _ = odd()
    lied = PublishedCells(case.grid, np.where(is_shown, case.values, 4711), is_shown)
    one, other = whole_numbers(seen(case, is_shown)), whole_numbers(lied)
    assert np.array_equal(one.lower, other.lower)
    assert np.array_equal(one.upper, other.upper)
