"""Remedies for what cannot be protected: which are tried, whether they help, what they cost."""

from dataclasses import replace

import numpy as np
import pytest

from ndl_publish.columns import Mask
from ndl_publish.cube.grid import CellGrid, make_dimension
from ndl_publish.protect.secondary import remedies
from ndl_publish.protect.secondary.problem import Suppression, SuppressionProblem, Witnesses
from ndl_publish.protect.secondary.remedies import MOST_REMEDIES, SECONDS, block_words, try_remedies, worst_blocks
from ndl_publish.protect.secondary.suppress import suppress
from tests.suppression_cases import MINIMUM, table

NONE = np.zeros(0, np.int64)
NO_WITNESSES = Witnesses(NONE, NONE, np.zeros(1, np.int64), np.zeros((0, 0), np.int64), NONE, NONE, NONE)


def posed(grid: CellGrid, counts: np.ndarray[tuple[int, ...], np.dtype[np.int64]]) -> SuppressionProblem:
    codes = np.stack([index.reshape(-1) for index in np.indices(counts.shape)], axis=1)
    values = grid.tabulate(codes, counts.reshape(-1))
    return SuppressionProblem(
        grid=grid, values=values, primary=(values > 0) & (values < MINIMUM), signed=False,
        lowest=np.zeros_like(values), highest=np.full_like(values, MINIMUM), codes=codes, counts=counts.reshape(-1),
    )  # fmt: skip


def answer(problem: SuppressionProblem, *, secondary: tuple[int, ...] = (), open_: tuple[int, ...] = ()) -> Suppression:
    mask = np.where(problem.primary, Mask.PRIMARY_SUPPRESSED, Mask.SHOWN).astype(np.uint8)
    mask[list(secondary)] = Mask.SECONDARY_SUPPRESSED
    return Suppression(mask, NO_WITNESSES, np.array(open_, np.int64))


@pytest.fixture
def ethnic() -> SuppressionProblem:
    """Areas (2) x minor in major ethnic groups (5 in 2): A1 holds fewest, then B1, then B2."""
    minor = ("A1", "A2", "A3", "B1", "B2")
    group = make_dimension("ethnicity", minor, {"major": ("A", "A", "A", "B", "B"), "minor": minor})
    area = make_dimension("area", ("X", "Y"), {"ward": ("X", "Y")})
    crossings: list[tuple[str, ...]] = [
        (level, name) for level in ("total", "ward") for name in ("total", "major", "minor")
    ]
    return posed(CellGrid.build((area, group), crossings), np.array([[1, 40, 50, 2, 9], [3, 60, 30, 5, 8]]))


@pytest.fixture
def fails_with(monkeypatch: pytest.MonkeyPatch) -> list[SuppressionProblem]:
    """Give the problems a remedy made; none of them can be solved."""
    seen: list[SuppressionProblem] = []

    def fail(problem: SuppressionProblem) -> Suppression:
        seen.append(problem)
        return answer(problem, open_=(0, 1))

    monkeypatch.setattr(remedies, "suppress", fail)
    return seen


def test_at_most_six_are_tried_each_for_a_short_time(
    ethnic: SuppressionProblem, fails_with: list[SuppressionProblem]
) -> None:
    ethnic = replace(ethnic, forced=ethnic.values > 50)
    told: list[tuple[int, int]] = []
    every = tuple(range(ethnic.grid.n_cells))
    found = try_remedies(ethnic, answer(ethnic, open_=every), progress=lambda _, done, of: told.append((done, of)))
    assert len(found) == len(fails_with) == MOST_REMEDIES
    assert {problem.seconds for problem in fails_with} == {SECONDS}
    assert [done for done, _ in told] == list(range(MOST_REMEDIES))
    assert len({tried.words for tried in found}) == MOST_REMEDIES


def test_what_is_tried_for_a_block(ethnic: SuppressionProblem, fails_with: list[SuppressionProblem]) -> None:
    first = ethnic.grid.block(("ward", "minor")).offset
    found = {tried.words: tried for tried in try_remedies(ethnic, answer(ethnic, open_=(first, first + 3)))}
    assert set(found) == {
        "leave out the protection against insiders",
        "leave out area:ward x ethnicity:minor",
        "merge the two smallest categories of ethnicity:minor",
        "leave out the level area:ward everywhere",
        "leave out the level ethnicity:minor everywhere",
    }
    n_cells = {words: tried.n_unpublished for words, tried in found.items()}
    assert n_cells["leave out area:ward x ethnicity:minor"] == 10
    assert n_cells["leave out the level area:ward everywhere"] == 16
    assert n_cells["merge the two smallest categories of ethnicity:minor"] == 3
    assert n_cells["leave out the protection against insiders"] == 0
    assert not fails_with[0].has_insiders


def test_the_smallest_categories_stay_within_their_parent(
    ethnic: SuppressionProblem, fails_with: list[SuppressionProblem]
) -> None:
    """A1 holds 4 and B1 7: the smallest two of all, but of different major groups."""
    first = ethnic.grid.block(("ward", "minor")).offset
    try_remedies(ethnic, answer(ethnic, open_=(first,)))
    merged = [p for p in fails_with if p.grid.n_cells == ethnic.grid.n_cells - 3]
    assert [p.grid.dimensions[1].level("minor").groups for p in merged] == [("A1", "A2", "A3", "B1")]
    assert [p.grid.dimensions[1].level("major").groups for p in merged] == [("A", "B")]


def test_a_coarse_table_goes_with_what_is_finer(
    ethnic: SuppressionProblem, fails_with: list[SuppressionProblem]
) -> None:
    first = ethnic.grid.block(("ward", "major")).offset
    found = {tried.words for tried in try_remedies(ethnic, answer(ethnic, open_=(first,)))}
    assert "leave out area:ward x ethnicity:major and what is finer" in found
    assert not any("merge" in words for words in found), "the finer level would give both back"
    levels = {tuple(block.levels for block in p.grid.blocks) for p in fails_with}
    assert (("total", "total"), ("total", "major"), ("total", "minor"), ("ward", "total")) in levels


def test_areas_and_outcomes_are_not_merged(fails_with: list[SuppressionProblem]) -> None:
    areas = make_dimension("area", ("X", "Y", "Z"), {"ward": ("X", "Y", "Z")})
    outcome = make_dimension("gld", ("0", "1"), {"gld": ("no", "yes")})
    grid = CellGrid.build((areas, outcome), [("total", "total"), ("ward", "gld")])
    problem = posed(grid, np.array([[1, 40], [50, 2], [30, 20]]))
    found = try_remedies(problem, answer(problem, open_=(1,)))
    assert found
    assert fails_with
    assert not any("merge" in tried.words for tried in found)


def test_cost_counts_blanks_among_what_is_still_published(
    monkeypatch: pytest.MonkeyPatch, ethnic: SuppressionProblem
) -> None:
    """The failed pattern blanks 2 of ward totals and 3 in what is dropped; after dropping, 1 is blank."""
    wards, fine = ethnic.grid.block(("ward", "total")).offset, ethnic.grid.block(("ward", "minor")).offset
    failed = answer(ethnic, secondary=(wards, wards + 1, fine + 1), open_=(fine,))

    def one_blank(problem: SuppressionProblem) -> Suppression:
        mask = np.zeros(problem.grid.n_cells, np.uint8)
        mask[-1] = Mask.SECONDARY_SUPPRESSED
        return Suppression(mask, NO_WITNESSES, NONE)

    monkeypatch.setattr(remedies, "suppress", one_blank)
    found = {tried.words: tried for tried in try_remedies(ethnic, failed)}
    dropped = found["leave out area:ward x ethnicity:minor"]
    before = int((failed.mask[:fine] != Mask.SHOWN).sum())
    assert (dropped.n_unprotected, dropped.n_unpublished, dropped.n_more_blank) == (0, 10, 1 - before)


def test_what_helps_comes_first(monkeypatch: pytest.MonkeyPatch, ethnic: SuppressionProblem) -> None:
    def only_without_wards(problem: SuppressionProblem) -> Suppression:
        return answer(problem, open_=() if all(b.levels[0] == "total" for b in problem.grid.blocks) else (0,))

    monkeypatch.setattr(remedies, "suppress", only_without_wards)
    found = try_remedies(ethnic, answer(ethnic, open_=(ethnic.grid.n_cells - 1,)))
    assert found[0].words == "leave out the level area:ward everywhere"
    assert [tried.n_unprotected for tried in found] == [0, 1, 1, 1, 1]


def test_large_grids_are_not_tried(monkeypatch: pytest.MonkeyPatch, ethnic: SuppressionProblem) -> None:
    monkeypatch.setattr(remedies, "MOST_CELLS", ethnic.grid.n_cells - 1)
    assert try_remedies(ethnic, answer(ethnic, open_=(0,))) == ()


def test_forced_cells_are_let_go(ethnic: SuppressionProblem, fails_with: list[SuppressionProblem]) -> None:
    failed = answer(ethnic, open_=(ethnic.grid.n_cells - 1,))
    kept = replace(ethnic, forced=ethnic.values > 50, has_insiders=False)
    assert "let cells that must be shown be withheld" in {tried.words for tried in try_remedies(kept, failed)}
    assert fails_with[0].forced is None
    none = replace(ethnic, forced=np.zeros(ethnic.grid.n_cells, bool))
    assert "let cells that must be shown be withheld" not in {tried.words for tried in try_remedies(none, failed)}


def test_noisy_counts_have_no_insiders(ethnic: SuppressionProblem, fails_with: list[SuppressionProblem]) -> None:
    found = try_remedies(replace(ethnic, signed=True), answer(ethnic, open_=(ethnic.grid.n_cells - 1,)))
    assert fails_with
    assert not any("insiders" in tried.words for tried in found)


def test_a_total_under_another_name_has_no_remedy() -> None:
    """The only cell of a dimension is the grand total: leaving it out under one name would show it under the other."""
    case = table(np.array([6]))
    problem = SuppressionProblem(
        grid=case.grid, values=np.array([6, 6]), primary=np.array([False, True]), signed=False,
        lowest=np.array([0, 0]), highest=np.array([7, 7]), codes=case.codes, counts=case.counts, has_insiders=False,
    )  # fmt: skip
    failed = suppress(problem)
    assert failed.unprotected.tolist() == [1]
    assert try_remedies(problem, failed) == ()


def test_blocks_with_most_open_cells_come_first(ethnic: SuppressionProblem) -> None:
    offsets = [block.offset for block in ethnic.grid.blocks]
    cells = np.array([offsets[1], offsets[5], offsets[5] + 2, offsets[4]])
    assert worst_blocks(ethnic.grid, cells) == (5, 1, 4)
    assert block_words(ethnic.grid, ethnic.grid.blocks[0]) == "grand total"
