"""Weak protections known from the literature: the auditor must catch each, the search must not make them."""

from collections.abc import Sequence

import numpy as np
import pytest

from ndl_publish.audit.judge import Required, judge
from ndl_publish.audit.linear_programme import linear_programme
from ndl_publish.audit.propagation import propagation
from ndl_publish.audit.published import PublishedCells
from ndl_publish.audit.rank import rank
from ndl_publish.columns import Mask
from ndl_publish.cube.grid import CellGrid
from tests.suppression_cases import Case, table


def shown_but(case: Case, blanks: Sequence[tuple[int, ...]]) -> np.typing.NDArray[np.bool_]:
    block = case.grid.block(("code",) * len(case.grid.dimensions))
    is_shown = np.ones(case.grid.n_cells, bool)
    is_shown[[block.offset + int(np.ravel_multi_index(blank, block.shape)) for blank in blanks]] = False
    return is_shown


def bridge() -> tuple[Case, np.typing.NDArray[np.bool_], int]:
    """Return two squares of blanks joined by one cell: two blanks in every row and column, yet it follows."""
    case = table(np.array([[9, 8, 9, 7], [7, 9, 3, 9], [8, 9, 9, 9], [9, 7, 8, 9]]))
    blanks = [(0, 0), (0, 1), (1, 0), (1, 1), (1, 2), (2, 2), (2, 3), (3, 2), (3, 3)]
    offset = case.grid.block(("code", "code")).offset
    return case, shown_but(case, blanks), offset + 1 * 4 + 2


@pytest.mark.parametrize("attack", [rank, linear_programme])
def test_bridge_is_crossed(attack: object) -> None:
    case, is_shown, cell = bridge()
    published = PublishedCells(case.grid, case.values, is_shown)
    found = attack(published)  # type: ignore[operator]
    assert np.flatnonzero(found.is_exact).tolist() == [cell]


def test_bridge_is_not_seen_by_subtraction_alone() -> None:
    case, is_shown, _ = bridge()
    assert not propagation(PublishedCells(case.grid, case.values, is_shown)).is_exact.any()


def test_one_blank_in_a_row_is_subtracted() -> None:
    case = table(np.array([[3, 9], [8, 9]]))
    found = propagation(PublishedCells(case.grid, case.values, shown_but(case, [(0, 0)])))
    assert found.is_exact.sum() == 1
    assert found.lower[found.is_exact].tolist() == [3.0]


def test_blanks_that_must_all_be_one_are_narrowed() -> None:
    """Two blanks that add up to 2: nobody knows which, yet neither can be 5."""
    case = table(np.array([[1, 1, 9], [1, 1, 9], [9, 9, 9]]))
    errors = case.attack(shown_but(case, [(0, 0), (0, 1), (1, 0), (1, 1)]))
    assert [finding.code for finding in errors] == ["NDL-D002"]


SHARED: tuple[list[tuple[str, ...]], list[tuple[str, ...]]] = (
    [("code", "code", "total"), ("code", "total", "total"), ("total", "code", "total"), ("total",) * 3],
    [("code", "total", "code"), ("code", "total", "total"), ("total", "total", "code"), ("total",) * 3],
)
"""Area by one characteristic and by another: both print the totals of the areas."""


def one_at_a_time(whole: Case) -> np.typing.NDArray[np.bool_]:
    """Return what both tables show when each is protected without the other: a cell blank in one stays blank."""
    is_shown = np.ones(whole.grid.n_cells, bool)
    for wanted in SHARED:
        part = Case(CellGrid.build(whole.grid.dimensions, wanted), whole.codes, whole.counts)
        found = part.suppress()
        assert len(found.unprotected) == 0
        assert part.attack(found.mask == Mask.SHOWN) == ()
        for block in part.grid.blocks:
            is_shown[whole.grid.block(block.levels).cells] &= found.mask[block.cells] == Mask.SHOWN
    return is_shown


def test_linked_tables_done_one_at_a_time_are_caught() -> None:
    """One area's total is small, so another total is blank with it: an area whose other counts are small already.

    By the first characteristic that is the second area, by the second characteristic the third. Each table shows all
    parts of the other's area, so both totals can be added up, and the small one is what remains.
    """
    counts = np.zeros((4, 5, 5), np.int64)
    counts[0, 0, 0], counts[1, :, 0], counts[2, 0, :], counts[3] = 3, 4, 4, 30
    whole = table(counts, list(dict.fromkeys([*SHARED[0], *SHARED[1]])))
    is_shown = one_at_a_time(whole)
    total = whole.grid.block(("code", "total", "total")).offset
    assert is_shown[total : total + 4].tolist() == [False, False, False, True]
    assert "NDL-D001" in {finding.code for finding in whole.attack(is_shown)}
    together = whole.suppress()
    assert len(together.unprotected) == 0
    assert whole.attack(together.mask == Mask.SHOWN) == ()


@pytest.mark.parametrize("seed", range(6))
def test_linked_tables_done_as_one_are_clean(seed: int) -> None:
    counts = np.random.default_rng(seed).poisson(2.0, (4, 2, 3))
    whole = table(counts, [("code", "code", "total"), ("code", "total", "code"), *margins()])
    together = whole.suppress()
    assert len(together.unprotected) or whole.attack(together.mask == Mask.SHOWN) == ()


def margins() -> list[tuple[str, ...]]:
    return [
        ("code", "total", "total"),
        ("total", "code", "total"),
        ("total", "total", "code"),
        ("total", "total", "total"),
    ]


def test_primaries_alone_are_not_enough() -> None:
    case = table(np.array([[2, 9, 9], [9, 9, 9], [9, 9, 9]]))
    assert [finding.code for finding in case.attack(~case.primary)] == ["NDL-D001", "NDL-D001"]


def test_noisy_counts_that_follow_are_caught_whatever_their_sign() -> None:
    case, is_shown, cell = bridge()
    noisy = PublishedCells(case.grid, case.values - 6, is_shown, is_count=False)
    is_primary = np.zeros(case.grid.n_cells, bool)
    is_primary[cell] = True
    findings = judge(rank(noisy), Required(case.grid, is_primary, ~is_shown & ~is_primary))
    assert [finding.code for finding in findings] == ["NDL-D001"]
