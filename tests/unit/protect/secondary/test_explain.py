"""The refusal: one finding per block, with remedies and cost, and neither a count of a cell nor a code of an area."""

from dataclasses import replace

import numpy as np
import pytest

from ndl_publish.columns import Mask
from ndl_publish.cube.grid import CellGrid, make_dimension
from ndl_publish.errors import DisclosureError
from ndl_publish.protect.secondary import refuse
from ndl_publish.protect.secondary.explain import explain_unprotected, remedy_words
from ndl_publish.protect.secondary.problem import Suppression, SuppressionProblem
from ndl_publish.protect.secondary.refuse import suppress_or_refuse
from ndl_publish.protect.secondary.remedies import RULE_BOOK, Tried
from ndl_publish.protect.secondary.suppress import suppress

CANARY = 4
"""Count of the small cell."""


@pytest.fixture
def problem() -> SuppressionProblem:
    """Two canary areas by three categories; the search is told that the small cell is open."""
    areas, kinds = ("E77000001", "E77000002"), ("k1", "k2", "k3")
    dims = (make_dimension("area", areas, {"ward": areas}), make_dimension("fsm", kinds, {"fsm": kinds}))
    grid = CellGrid.build(dims, [("total", "total"), ("total", "fsm"), ("ward", "fsm")])
    counts = np.array([[CANARY, 733, 911], [822, 644, 955]])
    codes = np.stack([index.reshape(-1) for index in np.indices(counts.shape)], axis=1)
    values = grid.tabulate(codes, counts.reshape(-1))
    return SuppressionProblem(
        grid=grid, values=values, primary=values == CANARY, signed=False, lowest=np.zeros_like(values),
        highest=np.full_like(values, 5), codes=codes, counts=counts.reshape(-1),
    )  # fmt: skip


def failed(problem: SuppressionProblem) -> Suppression:
    found = suppress(problem)
    mask = np.where(problem.primary, Mask.PRIMARY_SUPPRESSED, Mask.SHOWN).astype(np.uint8)
    return Suppression(mask, found.witnesses, np.flatnonzero(problem.primary))


def test_a_finding_lists_remedies_with_cost_and_file(problem: SuppressionProblem) -> None:
    (finding,) = explain_unprotected(problem, failed(problem))
    assert (finding.code, finding.severity, finding.where) == ("NDL-D020", "error", "area:ward x fsm:fsm")
    assert finding.message.startswith("1 small count cannot be protected; merge categories")
    assert "Tried: (1)" in finding.message
    assert "leave out area:ward x fsm:fsm (tables in the release or tables file): helps; 6 cells fewer published" in (
        finding.message
    )
    assert "merge the two smallest categories of fsm:fsm (the categories in the metadata" in finding.message


def test_a_table_with_every_other_cell_kept_is_refused_with_what_to_let_go(problem: SuppressionProblem) -> None:
    kept = replace(problem, forced=~problem.primary)
    with pytest.raises(DisclosureError) as caught:
        suppress_or_refuse(kept)
    (finding,) = caught.value.findings
    assert "let cells that must be shown be withheld (the rule book): helps; 1 more blank." in finding.message
    assert "leave out the protection against insiders (the rule book): 1 small count would still be open" in (
        finding.message
    )


def test_no_count_and_no_code_is_told(problem: SuppressionProblem) -> None:
    (finding,) = explain_unprotected(problem, failed(problem))
    told = str(finding)
    assert not any(code in told for code in ("E77", "k1", "k2", "k3"))
    assert not any(str(count) in told for count in (733, 911, 822, 644, 955, int(problem.values[0])))


def test_progress_is_told(problem: SuppressionProblem) -> None:
    told: list[str] = []
    explain_unprotected(problem, failed(problem), progress=lambda stage, _done, _of: told.append(stage))
    assert set(told) == {"trying remedies"}


def test_the_refusal_carries_the_findings(problem: SuppressionProblem, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(refuse, "suppress", lambda given, progress: failed(given))  # noqa: ARG005 - as the real one
    with pytest.raises(DisclosureError) as caught:
        suppress_or_refuse(problem)
    assert caught.value.code == "NDL-D020"
    assert "Tried:" in caught.value.findings[0].message


def test_nothing_is_refused_without_reason(problem: SuppressionProblem) -> None:
    assert len(suppress_or_refuse(problem).unprotected) == 0


@pytest.mark.parametrize(
    ("numbers", "words"),
    [
        ((0, 0, 0), "helps; as many blank."),
        ((0, 1, 1), "helps; 1 cell fewer published, 1 more blank."),
        ((1, 0, -1200), "1 small count would still be open; 1,200 fewer blank."),
    ],
)
def test_words_for_what_came_of_it(numbers: tuple[int, int, int], words: str) -> None:
    assert remedy_words(Tried("do it", RULE_BOOK, 0, *numbers)) == f"do it (the rule book): {words}"
