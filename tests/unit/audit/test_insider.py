"""A child alone in a withheld cell tries what it knows; an attacker who lists all tables agrees."""

import numpy as np
import pytest

from ndl_publish.audit.inside import LoneChildren
from ndl_publish.audit.insider import insiders
from ndl_publish.audit.linear_programme import linear_programme
from ndl_publish.audit.published import BoolArray, PublishedCells
from ndl_publish.columns import Mask
from ndl_publish.errors import Finding
from tests.certified_cases import Proof, cell_of
from tests.suppression_cases import Case, lone_children, table


def attack(case: Case, is_shown: BoolArray, seconds: float = 60.0) -> tuple[Finding, ...]:
    proof = Proof(case, is_shown, ())
    lone = LoneChildren.of(case.grid, case.codes, case.counts)
    return insiders(proof.published, proof.required, lone, seconds=seconds).findings


def square(counts: list[list[int]], blanks: list[tuple[int, int]]) -> tuple[Case, BoolArray]:
    case = table(np.array(counts))
    is_shown = np.ones(case.grid.n_cells, bool)
    is_shown[[cell_of(case, *at) for at in blanks]] = False
    return case, is_shown


SQUARE = [(0, 0), (0, 1), (1, 0), (1, 1)]


def test_a_child_in_the_only_square_knows_all_of_it() -> None:
    case, is_shown = square([[1, 9, 9], [9, 3, 9], [9, 9, 9]], SQUARE)
    found = attack(case, is_shown)
    assert [finding.code for finding in found] == ["NDL-D008"]
    assert found[0].message.startswith("1 withheld"), "its own cell is no secret"
    assert all(finding.code != "NDL-D001" for finding in case.attack(is_shown)), "an outsider cannot tell"


def test_a_second_square_keeps_the_secret() -> None:
    case, is_shown = square([[1, 9, 9], [9, 3, 9], [9, 9, 9]], [*SQUARE, (1, 2), (2, 1), (2, 2)])
    assert attack(case, is_shown) == ()


def test_nobody_alone_learns_nothing() -> None:
    case, is_shown = square([[2, 9, 9], [9, 3, 9], [9, 9, 9]], SQUARE)
    assert attack(case, is_shown) == ()


def test_when_time_is_up_it_says_how_far_it_got() -> None:
    case, is_shown = square([[1, 9, 9], [9, 3, 9], [9, 9, 9]], SQUARE)
    found = attack(case, is_shown, seconds=-1.0)
    assert [(finding.code, finding.severity) for finding in found] == [("NDL-D009", "note")]
    assert "0 of 1 children" in found[0].message


def test_a_component_of_too_many_pairs_is_left_and_named(monkeypatch: pytest.MonkeyPatch) -> None:
    case, is_shown = square([[1, 9, 9], [9, 3, 9], [9, 9, 9]], SQUARE)
    monkeypatch.setattr("ndl_publish.audit.insider.MOST_PAIRS", 1)
    found = attack(case, is_shown)
    assert [(finding.code, finding.severity) for finding in found] == [("NDL-D009", "note")]
    assert "too large" in found[0].message


def test_when_work_is_done_it_says_how_far_it_got() -> None:
    case, is_shown = square([[1, 9, 9], [9, 3, 9], [9, 9, 9]], SQUARE)
    lone = LoneChildren.of(case.grid, case.codes, case.counts)
    proof = Proof(case, is_shown, ())
    found = insiders(proof.published, proof.required, lone, seconds=60.0, work=0.0).findings
    assert [finding.code for finding in found] == ["NDL-D009"]
    assert "0 of 1 children" in found[0].message


@pytest.mark.parametrize("work", [1.0, 40.0, 120.0, 400.0])
def test_less_work_finds_no_more_than_all_of_it(work: float) -> None:
    case = table(np.random.default_rng(4).poisson(1.2, (5, 5)))
    is_shown = np.asarray(case.suppress(has_insiders=False).mask == Mask.SHOWN)
    proof = Proof(case, is_shown, ())
    lone = LoneChildren.of(case.grid, case.codes, case.counts)
    whole = insiders(proof.published, proof.required, lone, seconds=60.0)
    part = insiders(proof.published, proof.required, lone, seconds=60.0, work=work)
    assert set(part.cells) <= set(whole.cells)
    assert not [finding for finding in whole.findings if finding.code == "NDL-D009"]
    assert part == insiders(proof.published, proof.required, lone, seconds=60.0, work=work), "the same each time"


def each_by_itself(case: Case, is_shown: BoolArray) -> set[int]:
    """Return what children work out when the counts each is alone in are simply shown to an outsider."""
    lone = LoneChildren.of(case.grid, case.codes, case.counts)
    is_primary = np.asarray((case.values >= 1) & (case.values < 5))
    found: set[int] = set()
    for row in np.unique(lone.row_of[(lone.row_of >= 0) & ~is_shown]):
        ranges = linear_programme(PublishedCells(case.grid, case.values, is_shown | (lone.row_of == row)))
        others = np.flatnonzero(ranges.is_exact & is_primary & ~is_shown)
        secret = ~lone.is_own(case.grid, (), others, np.full(len(others), row))
        found |= set(others[secret].tolist())
    return found


@pytest.mark.parametrize("seed", range(12))
def test_children_tried_together_learn_what_each_learns_by_itself(seed: int) -> None:
    case = table(np.random.default_rng(seed).poisson(1.4, (4, 5)))
    is_shown = np.asarray(case.suppress(has_insiders=False).mask == Mask.SHOWN)
    proof = Proof(case, is_shown, ())
    lone = LoneChildren.of(case.grid, case.codes, case.counts)
    found = insiders(proof.published, proof.required, lone, seconds=60.0)
    assert set(found.cells) == each_by_itself(case, is_shown) & set(np.flatnonzero(proof.required.is_primary).tolist())


@pytest.mark.parametrize("seed", range(10))
def test_agrees_with_listing_all_tables(seed: int) -> None:
    """Whatever the programme calls exact is so in every table of whole numbers."""
    case = table(np.random.default_rng(seed).poisson(1.2, (3, 3)))
    mask = case.suppress(has_insiders=False).mask
    is_shown = np.asarray(mask == Mask.SHOWN)
    known = {cell for _, cell in lone_children(case, is_shown)}
    n = sum(int(finding.message.split()[0]) for finding in attack(case, is_shown) if finding.code == "NDL-D008")
    assert n <= len(known)
    assert bool(n) == bool(known)


def test_a_cell_inside_ones_own_is_no_secret() -> None:
    """One child in all: who is alone in the total knows where, and nobody else is there to learn of."""
    case = table(np.array([[1, 0], [0, 0]]))
    is_shown = np.zeros(case.grid.n_cells, bool)
    proof = Proof(case, is_shown, ())
    lone = LoneChildren.of(case.grid, case.codes, case.counts)
    assert insiders(proof.published, proof.required, lone, seconds=60.0).cells == ()


def test_a_total_that_is_only_the_child_itself_is_no_secret() -> None:
    """The row holds one child and a shown zero: whoever is that child learns of nobody else."""
    case = table(np.array([[1, 0], [9, 9], [9, 9]]))
    is_shown = ~np.isin(np.arange(case.grid.n_cells), np.flatnonzero(case.values == 1))
    lone = LoneChildren.of(case.grid, case.codes, case.counts)
    cells = np.flatnonzero(case.values == 1)
    assert lone.is_own(case.grid, (), cells, lone.row_of[cells]).all()
    proof = Proof(case, np.asarray(is_shown), ())
    assert insiders(proof.published, proof.required, lone, seconds=60.0).cells == ()
