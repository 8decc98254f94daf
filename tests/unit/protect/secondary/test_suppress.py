from itertools import product

import numpy as np
import pytest

from ndl_publish.columns import Mask
from ndl_publish.cube.grid import CellGrid, IntArray, make_dimension
from ndl_publish.errors import RuleError
from ndl_publish.protect.secondary.explain import explain_unprotected
from ndl_publish.protect.secondary.problem import Implication, Suppression, SuppressionProblem
from ndl_publish.protect.secondary.suppress import suppress
from tests.suppression_cases import MINIMUM, Case, table


def cohort(seed: int) -> Case:
    return table(np.random.default_rng(seed).poisson(9.0, (6, 3, 2)))


def check_witnesses(case: Case, found: Suppression) -> None:
    """Check the certificate by addition only."""
    have = dict(zip(map(tuple, case.codes.tolist()), case.counts.tolist(), strict=True))
    witnesses = found.witnesses
    for i in range(len(witnesses.cell)):
        span = slice(int(witnesses.start[i]), int(witnesses.start[i + 1]))
        rows, amounts = witnesses.codes[witnesses.rows[span]], witnesses.amounts[span].astype(np.int64)
        change = case.grid.tabulate(rows, amounts)
        assert not change[found.mask == Mask.SHOWN].any()
        assert change[witnesses.cell[i]] == witnesses.change[i]
        after = dict(have)
        for row, amount in zip(map(tuple, rows.tolist()), amounts.tolist(), strict=True):
            after[row] = after.get(row, 0) + amount
        assert min(after.values()) >= 0


@pytest.mark.parametrize("seed", range(5))
def test_every_primary_has_a_table_up_and_a_table_down(seed: int) -> None:
    case = cohort(seed)
    found = case.suppress()
    assert not len(found.unprotected)
    check_witnesses(case, found)
    for sign in (1, -1):
        mine = found.witnesses.cell[np.sign(found.witnesses.change) == sign]
        assert set(np.flatnonzero(case.primary)) == set(mine.tolist())
    own = found.witnesses.avoids < 0
    values = (case.values[found.witnesses.cell] + found.witnesses.change)[own]
    assert set(values.tolist()) <= {0, MINIMUM}


def test_no_primaries_no_blanks() -> None:
    case = table(np.full((3, 3), 20))
    found = case.suppress()
    assert (found.mask == Mask.SHOWN).all()
    assert len(found.witnesses.cell) == 0


def test_grand_total_stays() -> None:
    case = cohort(1)
    total = case.grid.block(("total",) * 3).offset
    assert case.suppress().mask[total] == Mask.SHOWN


def test_cell_in_no_margin_needs_no_company() -> None:
    case = table(np.array([[2, 9], [9, 9]]), [("code", "code")])
    mask = case.suppress().mask
    assert mask.tolist() == [Mask.PRIMARY_SUPPRESSED, 0, 0, 0]


def test_same_pattern_each_time_and_tie_break_decides() -> None:
    case = table(np.full((8, 8), 9) - 7 * np.eye(8, dtype=np.int64)[:, ::-1] * (np.arange(8) % 3 == 0))
    assert np.array_equal(case.suppress(b"a").mask, case.suppress(b"a").mask)
    patterns = {case.suppress(bytes([i])).mask.tobytes() for i in range(16)}
    assert len(patterns) > 1


def test_signed_values_need_no_rows() -> None:
    case = cohort(2)
    noisy = case.grid.tabulate(case.codes, case.counts - 3)
    problem = SuppressionProblem(grid=case.grid, values=noisy, primary=noisy < 5, signed=True)
    found = suppress(problem)
    assert not len(found.unprotected)
    for i in range(len(found.witnesses.cell)):
        span = slice(int(found.witnesses.start[i]), int(found.witnesses.start[i + 1]))
        rows = found.witnesses.codes[found.witnesses.rows[span]]
        change = case.grid.tabulate(rows, found.witnesses.amounts[span].astype(np.int64))
        assert not change[found.mask == Mask.SHOWN].any()
        assert change[found.witnesses.cell[i]] != 0


def deciles(decile: IntArray) -> Case:
    names = tuple(f"a{i}" for i in range(len(decile)))
    dims = (
        make_dimension("area", names, {"area": names}),
        make_dimension("sex", ("F", "M"), {"sex": ("F", "M")}),
        make_dimension("decile", ("1", "2"), {"decile": ("1", "2")}),
    )
    wanted: list[tuple[str, ...]] = [("total", "sex", "decile")]
    wanted += [(a, s, "total") for a, s in product(("total", "area"), ("total", "sex"))]
    codes = np.array([(a, s, decile[a]) for a in range(len(decile)) for s in (0, 1)])
    counts = np.full(len(codes), 9)
    counts[0] = 2
    return Case(CellGrid.build(dims, wanted), codes, counts, (Implication(2, 0, decile),))


def test_moves_use_possible_rows_only() -> None:
    decile = np.array([0, 0, 1, 1])
    case = deciles(decile)
    found = case.suppress()
    assert np.array_equal(found.witnesses.codes[:, 2], decile[found.witnesses.codes[:, 0]])
    assert case.attack(found.mask == Mask.SHOWN) == ()
    check_witnesses(case, found)


@pytest.mark.parametrize("code_of", [np.array([0, 0, 1]), np.array([0, 0, 1, 2]), np.array([0, 0, 1, -1])])
def test_implication_that_does_not_fit_is_refused(code_of: IntArray) -> None:
    case = deciles(np.array([0, 0, 1, 1]))
    with pytest.raises(RuleError) as error:
        Case(case.grid, case.codes, case.counts, (Implication(2, 0, code_of),)).suppress()
    assert error.value.code == "NDL-R032"


def test_rows_that_contradict_an_implication_are_refused() -> None:
    case = deciles(np.array([0, 0, 1, 1]))
    with pytest.raises(RuleError) as error:
        Case(case.grid, case.codes, case.counts, (Implication(2, 0, np.array([1, 0, 1, 1])),)).suppress()
    assert error.value.code == "NDL-R034"


def test_implications_in_a_circle_are_refused() -> None:
    case = table(np.full((2, 2), 9))
    both = (Implication(0, 1, np.array([0, 1])), Implication(1, 0, np.array([0, 1])))
    with pytest.raises(RuleError, match="circle"):
        Case(case.grid, case.codes, case.counts, both).suppress()


def test_what_cannot_be_protected_is_returned_and_explained() -> None:
    """The only cell of a dimension is the grand total under another name, and the grand total is never withheld."""
    case = table(np.array([6]))
    problem = SuppressionProblem(
        grid=case.grid, values=np.array([6, 6]), primary=np.array([False, True]), signed=False,
        lowest=np.array([0, 0]), highest=np.array([7, 7]),
        codes=case.codes, counts=case.counts,
    )  # fmt: skip
    found = suppress(problem)
    assert found.unprotected.tolist() == [1]
    assert found.mask.tolist() == [Mask.SHOWN, Mask.PRIMARY_SUPPRESSED]
    findings = explain_unprotected(problem, found)
    assert [(finding.code, finding.where) for finding in findings] == [("NDL-D020", "d0:code")]
    assert "merge categories" in findings[0].message


def test_primary_grand_total_withholds_with_its_parts() -> None:
    case = table(np.array([2, 2]))
    found = case.suppress()
    assert (found.mask == Mask.PRIMARY_SUPPRESSED).all()
    assert case.attack(found.mask == Mask.SHOWN) == ()
