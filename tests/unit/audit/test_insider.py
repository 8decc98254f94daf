"""A child alone in a withheld cell tries what it knows; an attacker who lists all tables agrees."""

import numpy as np
import pytest

from ndl_publish.audit.inside import LoneChildren
from ndl_publish.audit.insider import insiders
from ndl_publish.audit.published import BoolArray
from ndl_publish.columns import Mask
from ndl_publish.errors import Finding
from tests.certified_cases import Proof, cell_of
from tests.suppression_cases import Case, lone_children, table


def attack(case: Case, is_shown: BoolArray, seconds: float = 60.0) -> tuple[Finding, ...]:
    proof = Proof(case, is_shown, ())
    lone = LoneChildren.of(case.grid, case.codes, case.counts)
    return insiders(proof.published, proof.required, lone, seconds=seconds)


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
    assert insiders(proof.published, proof.required, lone, seconds=60.0) == ()


def test_a_total_that_is_only_the_child_itself_is_no_secret() -> None:
    """The row holds one child and a shown zero: whoever is that child learns of nobody else."""
    case = table(np.array([[1, 0], [9, 9], [9, 9]]))
    is_shown = ~np.isin(np.arange(case.grid.n_cells), np.flatnonzero(case.values == 1))
    lone = LoneChildren.of(case.grid, case.codes, case.counts)
    cell, total = np.flatnonzero(case.values == 1)[::-1]
    block = case.grid.block(("code", "code"))
    assert lone.is_same(case.grid, np.array([total]), np.array([cell]), block).all()
    proof = Proof(case, np.asarray(is_shown), ())
    assert [f for f in insiders(proof.published, proof.required, lone, seconds=60.0) if f.severity == "error"] == []
