"""What an attack found is asked for again with more room, and keeps the name the rules gave it."""

import numpy as np
import pytest

from ndl_publish.columns import Mask
from ndl_publish.cube.grid import IntArray
from ndl_publish.errors import DisclosureError
from ndl_publish.protect.secondary.more import asking_more, with_primaries_of
from ndl_publish.protect.secondary.problem import Suppression, SuppressionProblem
from ndl_publish.protect.secondary.refuse import suppress_or_refuse
from tests.suppression_cases import MINIMUM, Case, table

CASE = table(np.random.default_rng(3).poisson(6.0, (5, 5)))


def posed(case: Case) -> SuppressionProblem:
    return SuppressionProblem(
        grid=case.grid, values=case.values, primary=case.primary, signed=False,
        lowest=np.where(case.primary, 0, case.values), highest=np.where(case.primary, MINIMUM, case.values),
        codes=case.codes, counts=case.counts, seconds=1.0, tie_break=b"t",
    )  # fmt: skip


def once(problem: SuppressionProblem, *cells: int) -> IntArray:
    found = np.zeros(problem.grid.n_cells, np.int64)
    found[list(cells)] = 1
    return found


def reached(answer: Suppression, cell: int) -> tuple[int, int]:
    """Return how far the witnesses of a cell lower and raise it."""
    change = answer.witnesses.change[answer.witnesses.cell == cell]
    return int(change.min(initial=0)), int(change.max(initial=0))


def test_a_primary_reaches_up_by_the_width_of_its_interval_each_time() -> None:
    problem = posed(CASE)
    cell = int(np.flatnonzero(problem.primary)[0])
    value = int(problem.values[cell])
    wider = suppress_or_refuse(problem, found=once(problem, cell))
    low, high = reached(wider, cell)
    assert low <= -value
    assert value + high >= 2 * MINIMUM
    assert asking_more(problem, 2 * once(problem, cell)).highest[cell] == 3 * MINIMUM


def test_a_cell_withheld_for_others_gets_a_witness_and_stays_secondary() -> None:
    problem = posed(CASE)
    plain = suppress_or_refuse(problem)
    cell = int(np.flatnonzero(plain.mask == Mask.SECONDARY_SUPPRESSED)[0])
    assert reached(plain, cell) == (0, 0)
    again = suppress_or_refuse(problem, found=once(problem, cell))
    assert reached(again, cell)[1] >= 1
    assert again.mask[cell] == Mask.SECONDARY_SUPPRESSED
    assert np.array_equal(again.mask == Mask.PRIMARY_SUPPRESSED, problem.primary)


def test_what_nobody_found_stays_as_it_is() -> None:
    problem = posed(CASE)
    asked = asking_more(problem, np.zeros(problem.grid.n_cells, np.int64))
    assert np.array_equal(asked.primary, problem.primary)
    assert np.array_equal(asked.highest, problem.highest)
    assert np.array_equal(asked.lowest, problem.lowest)
    plain = suppress_or_refuse(problem)
    assert np.array_equal(with_primaries_of(problem, plain).mask, plain.mask)


def test_more_than_the_table_holds_is_refused() -> None:
    problem = posed(table(np.array([[2, 9], [9, 9]])))
    cell = int(np.flatnonzero(problem.primary)[0])
    assert suppress_or_refuse(problem).mask[cell] == Mask.PRIMARY_SUPPRESSED
    with pytest.raises(DisclosureError) as caught:
        suppress_or_refuse(problem, found=9 * once(problem, cell))
    assert caught.value.code == "NDL-D020"
