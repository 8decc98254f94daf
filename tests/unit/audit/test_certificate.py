"""Every way in which a certificate can fail to be a proof is found, and a good one passes."""

from dataclasses import replace

import numpy as np
import pytest

from ndl_publish.audit import witness_sums
from ndl_publish.audit.certificate import LARGEST, check_certificate
from ndl_publish.certificate_pack import certificate_of
from ndl_publish.columns import Mask
from ndl_publish.cube.grid import CellGrid, make_dimension
from ndl_publish.cube.protected import Implication
from tests.certified_cases import Proof, cell_of, integers, square, swap
from tests.suppression_cases import Case, table


def test_a_good_one_passes() -> None:
    assert square().codes() == []


@pytest.mark.parametrize("chunk", [1, 3, 100])
@pytest.mark.parametrize("seed", range(4))
def test_what_the_search_finds_is_a_proof(seed: int, chunk: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(witness_sums, "CHUNK", chunk)
    case = table(np.random.default_rng(seed).poisson(4.0, (4, 3, 2)))
    found = case.suppress(has_insiders=False)
    proof = certificate_of(case.grid, case.codes, case.counts, found.witnesses)
    made = Proof(case, np.asarray(found.mask == Mask.SHOWN), ())
    errors = [f for f in check_certificate(made.published, proof, made.required) if f.severity == "error"]
    assert errors == [] or len(found.unprotected)
    shown = made.is_shown.copy()
    shown[np.flatnonzero(found.mask == Mask.SECONDARY_SUPPRESSED)[0]] = True
    spoilt = replace(made, is_shown=shown)
    assert "NDL-D053" in {f.code for f in check_certificate(spoilt.published, proof, spoilt.required)}


def test_a_shown_cell_must_not_change() -> None:
    proof = square()
    shown = proof.is_shown.copy()
    shown[cell_of(proof.case, 1, 1)] = True
    assert replace(proof, is_shown=shown).codes() == ["NDL-D053"]


def test_margins_must_not_change() -> None:
    proof = square()
    cell = cell_of(proof.case, 0, 0)
    assert set(replace(proof, witnesses=((cell, -3, {0: -3}), (cell, 2, {0: 2}))).codes()) == {"NDL-D053", "NDL-D057"}


def test_no_count_may_be_negative() -> None:
    proof = square()
    cell = cell_of(proof.case, 0, 0)
    down = (cell, -4, swap(0, 1, 0, 1, -4, width=3))
    assert replace(proof, witnesses=(down, proof.witnesses[1])).codes() == ["NDL-D052"]


def test_changes_of_one_row_are_added_before_they_are_judged() -> None:
    """Minus 2 and minus 2 of one row with 3 children is too much, though each alone is not."""
    proof = square()
    rows = integers([0, 0, 1, 3, 4])
    amounts = integers([-2, -2, 4, 4, -4])
    cell = integers([cell_of(proof.case, 0, 0)])
    found = proof.codes(rows=rows, amounts=amounts, start=integers([0, 5]), cell=cell, change=integers([-4]))
    assert "NDL-D052" in found


def test_a_witness_must_do_what_it_says() -> None:
    proof = square()
    cell = cell_of(proof.case, 0, 0)
    said = ((cell, -2, proof.witnesses[0][2]), proof.witnesses[1])
    assert replace(proof, witnesses=said).codes() == ["NDL-D054"]
    assert replace(proof, witnesses=(*proof.witnesses, (cell, 1, {}))).codes() == ["NDL-D054"]


@pytest.mark.parametrize("kept", [(0,), (1,), ()])
def test_both_ends_must_be_reached(kept: tuple[int, ...]) -> None:
    proof = square()
    codes = replace(proof, witnesses=tuple(proof.witnesses[i] for i in kept)).codes()
    assert codes[0] == "NDL-D055"
    assert set(codes[1:]) == (set() if kept else {"NDL-D057"})


def test_an_interval_that_is_one_short_is_found() -> None:
    proof = square()
    cell = cell_of(proof.case, 0, 0)
    short = (cell, 1, swap(0, 1, 0, 1, 1, width=3))
    assert replace(proof, witnesses=(proof.witnesses[0], short)).codes() == ["NDL-D055"]


def test_finest_rows_must_add_up_to_what_is_shown() -> None:
    proof = square()
    children = proof.case.counts.copy()
    children[8] += 1
    assert set(proof.codes(children=children)) == {"NDL-D051"}


def test_a_primary_that_is_shown_needs_no_further_look() -> None:
    proof = square()
    assert replace(proof, is_shown=np.ones_like(proof.is_shown)).codes() == ["NDL-D050"]


def test_a_secondary_that_nothing_touches_is_only_a_warning() -> None:
    proof = square()
    shown = proof.is_shown.copy()
    shown[cell_of(proof.case, 2, 2)] = False
    spoilt = replace(proof, is_shown=shown)
    findings = check_certificate(spoilt.published, proof.certificate, spoilt.required)
    assert [(f.code, f.severity) for f in findings] == [("NDL-D057", "warning")]


@pytest.mark.parametrize(
    ("part", "values"),
    [
        ("cell", [10_000, 10_000]),
        ("cell", [-1, 9]),
        ("cell", [9]),
        ("change", [-3]),
        ("change", [0, 2]),
        ("start", [0, 4]),
        ("start", [0, 4, 7]),
        ("start", [1, 4, 8]),
        ("start", [0, 9, 8]),
        ("rows", [0, 1, 3, 9, 0, 1, 3, 4]),
        ("rows", [0, 1, 3, -1, 0, 1, 3, 4]),
        ("rows", [0, 1, 3]),
        ("amounts", [LARGEST + 1, 3, 3, -3, 2, -2, -2, 2]),
        ("children", [3, 9, 12, 8, 7, 9, 11, 9, -6]),
        ("children", [3, 9, 12, 8, 7, 9, 11, 9]),
        ("children", [3, 9, 12, 8, 7, 9, 11, 9, 2**62]),
    ],
)
def test_what_is_no_certificate_is_said_to_be_none(part: str, values: list[int]) -> None:
    assert set(square().codes(**{part: integers(values)})) == {"NDL-D050"}


@pytest.mark.parametrize("code", [-1, 3])
def test_a_code_that_no_dimension_has(code: int) -> None:
    proof = square()
    codes = proof.case.codes.copy()
    codes[4, 1] = code
    assert proof.codes(codes=codes) == ["NDL-D050"]


def test_findings_name_no_cell_and_no_count() -> None:
    proof = replace(square(), witnesses=())
    told = " ".join(map(str, check_certificate(proof.published, proof.certificate, proof.required)))
    assert "d0:code x d1:code: 1 withheld" in told
    assert "c0" not in told
    assert "8" not in told, "no count of a cell"


def alone() -> Proof:
    """Return a table with a child alone in a blank, (1,1), which every witness of the small count (0,0) changes."""
    counts = np.array([[3, 9, 8], [8, 1, 9], [11, 9, 6]])
    case = table(counts)
    is_shown = np.ones(case.grid.n_cells, bool)
    is_shown[[cell_of(case, *at) for at in ((0, 0), (0, 1), (1, 0), (1, 1), (2, 0), (2, 1), (0, 2), (1, 2))]] = False
    first, lone = cell_of(case, 0, 0), cell_of(case, 1, 1)
    down, up = ({**swap(0, 2, 0, 1, amount, width=3)} for amount in (-3, 2))
    own_down, own_up = (swap(1, 2, 1, 0, amount, width=3) for amount in (-1, 4))
    return Proof(case, is_shown, ((first, -3, down), (first, 2, up), (lone, -1, own_down), (lone, 4, own_up)), True)


def test_a_cell_of_ones_own_is_no_secret() -> None:
    assert [code for code in alone().codes() if code != "NDL-D057"] == []


def test_an_insider_whose_cell_always_changes_is_found() -> None:
    proof = alone()
    first = cell_of(proof.case, 0, 0)
    up = swap(0, 1, 0, 1, 2, width=3)
    down = {**swap(0, 1, 0, 1, -3, width=3)}
    spoilt = replace(proof, witnesses=((first, -3, down), (first, 2, up), *proof.witnesses[2:]))
    assert "NDL-D056" in spoilt.codes()
    assert "NDL-D056" not in replace(spoilt, has_insiders=False).codes()


def test_one_witness_that_leaves_the_lone_child_alone_is_enough() -> None:
    proof = alone()
    first = cell_of(proof.case, 0, 0)
    down = swap(0, 1, 0, 1, -3, width=3)
    mixed = replace(proof, witnesses=((first, -3, down), *proof.witnesses[1:]))
    assert "NDL-D056" not in mixed.codes()


def implied() -> Case:
    codes = ("s1", "s2", "s3")
    area = make_dimension("area", codes, {"area": codes, "la": ("A", "A", "B")})
    band = make_dimension("band", ("low", "high"), {"band": ("low", "high")})
    grid = CellGrid.build((area, band), [("total", "total"), ("area", "total"), ("total", "band")])
    look_up = Implication(1, 0, np.array([0, 0, 1]))
    rows = np.array([[0, 0], [1, 0], [2, 1]])
    return Case(grid, rows, np.array([9, 9, 9]), (look_up,))


def test_rows_that_cannot_occur_are_found() -> None:
    proof = Proof(implied(), np.ones(6, bool), ())
    assert proof.codes() == []
    wrong = proof.case.codes.copy()
    wrong[2, 1] = 0
    assert proof.codes(codes=wrong) == ["NDL-D050"]
