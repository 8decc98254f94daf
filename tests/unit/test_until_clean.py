"""Find, ask more, reroute, audit again: how often, with what, and what stands when it does not help."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from ndl_publish import pipeline
from ndl_publish import until_clean as module
from ndl_publish.audit.model import AuditCheck
from ndl_publish.columns import Mask
from ndl_publish.cube.grid import IntArray
from ndl_publish.errors import DisclosureError, Finding
from ndl_publish.home import Home
from ndl_publish.protect.secondary import refuse
from ndl_publish.protect.secondary.problem import Suppression, SuppressionProblem
from ndl_publish.protect.secondary.suppress import Progress, suppress
from ndl_publish.protect_counts import Charge, ProtectedCounts, protect_counts
from ndl_publish.spec.locations import shipped
from ndl_publish.until_clean import MOST_ROUNDS, until_clean

ERROR = Finding("NDL-D001", "error", "d0", "1 can be worked out")
CLEAN: tuple[int, ...] = ()


class World:
    """A protection and an audit that finds given cells, one entry a round; the last for ever."""

    def __init__(self, *rounds: tuple[int, ...], fails_in: int = 0) -> None:
        self.rounds = rounds
        self.fails_in = fails_in
        self.asked: list[list[int] | None] = []

    def protect(self, found: IntArray | None) -> int:
        self.asked.append(None if found is None else found.tolist())
        if len(self.asked) == self.fails_in:
            raise DisclosureError("NDL-D020", "no cover")
        return len(self.asked)

    def audit(self, made: int) -> tuple[AuditCheck, ...]:
        cells = self.rounds[min(made, len(self.rounds)) - 1]
        first = AuditCheck("propagation", "Steps", (), "9 cells")
        return first, AuditCheck("rank", "Combinations", (ERROR,) if cells else (), "9 cells", cells)

    def go(self) -> module.Outcome[int]:
        return until_clean(self.protect, self.audit, n_cells=4)


def test_a_clean_pattern_is_made_once() -> None:
    world = World(CLEAN)
    outcome = world.go()
    assert (outcome.made, outcome.notes, world.asked) == (1, (), [None])


def test_what_is_found_is_asked_for_until_nothing_is() -> None:
    world = World((1, 3), (3,), CLEAN)
    outcome = world.go()
    assert world.asked == [None, [0, 1, 0, 1], [0, 1, 0, 2]]
    assert outcome.made == 3
    assert all(check.is_passed for check in outcome.checks)
    assert [(note.code, note.severity) for note in outcome.notes] == [("NDL-D028", "warning")]


def test_after_so_many_rounds_what_was_found_stands() -> None:
    world = World((2,))
    outcome = world.go()
    assert outcome.made == len(world.asked) == MOST_ROUNDS
    assert not all(check.is_passed for check in outcome.checks)


def test_where_more_cannot_be_had_what_was_found_stands() -> None:
    outcome = World((2,), fails_in=2).go()
    assert outcome.made == 1
    assert [check.is_passed for check in outcome.checks] == [True, False]


def test_a_first_pattern_that_cannot_be_made_is_refused_as_such() -> None:
    with pytest.raises(DisclosureError) as caught:
        World(CLEAN, fails_in=1).go()
    assert caught.value.code == "NDL-D020"


def test_a_fault_without_cells_is_not_cured_by_another_pattern() -> None:
    proof = Finding("NDL-D053", "error", "certificate", "differs")
    asked: list[IntArray | None] = []
    check = AuditCheck("certificate_tables", "Tables", (proof,), "1 table")

    def protect(found: IntArray | None) -> int:
        asked.append(found)
        return len(asked)

    outcome = until_clean(protect, lambda _: (check,), n_cells=4)
    assert (asked, outcome.checks) == ([None], (check,))


Spoil = Callable[[Suppression], Suppression]
Sabotage = Callable[[int, Spoil], list[SuppressionProblem]]


def forget(answer: Suppression) -> Suppression:
    """Show the cells that are withheld for others."""
    mask = np.where(answer.mask == Mask.SECONDARY_SUPPRESSED, Mask.SHOWN, answer.mask).astype(np.uint8)
    return replace(answer, mask=mask)


def withhold_one_more(answer: Suppression) -> Suppression:
    """Withhold the last shown cell, for nothing: no other blank hides it."""
    mask = answer.mask.copy()
    mask[np.flatnonzero(mask == Mask.SHOWN)[-1]] = Mask.SECONDARY_SUPPRESSED
    return replace(answer, mask=mask)


@pytest.fixture
def sabotage(monkeypatch: pytest.MonkeyPatch) -> Sabotage:
    """Give a function that spoils the engine's answer the first so many times, and lists what it was asked."""

    def plant(times: int, spoil: Spoil) -> list[SuppressionProblem]:
        asked: list[SuppressionProblem] = []

        def spoilt(problem: SuppressionProblem, *, progress: Progress | None = None) -> Suppression:
            asked.append(problem)
            answer = suppress(problem, progress=progress)
            return spoil(answer) if len(asked) <= times else answer

        monkeypatch.setattr(refuse, "suppress", spoilt)
        return asked

    return plant


@pytest.fixture
def own_home(home: Path) -> Home:
    return Home.locate(key_file=None, ledger=None, notify=lambda _: None, environ={"NDL_PUBLISH_HOME": str(home)})


@pytest.fixture
def protect(tmp_path: Path, own_home: Home) -> Callable[[], ProtectedCounts]:
    rows = "la,sex,n\na,F,3\na,M,19\nb,F,18\nb,M,19\nc,F,29\nc,M,31\nd,F,44\nd,M,45\n"
    tables = {"tables": [{"geo": ["total", "la"], "sex": ["total", "sex"]}], "count": "n", "codes_are_public": True}
    (tmp_path / "in.csv").write_text(rows, encoding="utf-8")
    (tmp_path / "tables.json").write_text(json.dumps(tables), encoding="utf-8")

    def run() -> ProtectedCounts:
        return protect_counts(
            tmp_path / "in.csv", tables_file=tmp_path / "tables.json",
            rules_file=shipped("disclosure_rules") / "classic_threshold.yaml", out=tmp_path / "out.csv", home=own_home,
            charge=Charge(None, "1.0.0", None, "tester"), progress=lambda *_: None, is_whole=True,
        )  # fmt: skip

    return run


def test_a_table_of_counts_is_made_again_until_it_holds(
    sabotage: Sabotage, protect: Callable[[], ProtectedCounts]
) -> None:
    asked = sabotage(1, forget)
    done = protect()
    first, second = asked
    assert (second.highest >= first.highest).all()
    assert (second.highest > first.highest).any()
    assert "NDL-D028" in {finding.code for finding in done.findings}
    assert pl.read_csv(done.out)["published"].is_null().sum() >= 4


def test_a_secondary_that_follows_is_protected_like_a_primary_and_stays_secondary(
    sabotage: Sabotage, protect: Callable[[], ProtectedCounts]
) -> None:
    asked = sabotage(1, withhold_one_more)
    done = protect()
    (extra,) = np.flatnonzero(asked[1].primary & ~asked[0].primary)
    assert asked[1].highest[extra] == asked[1].values[extra] + 1
    assert np.array_equal(asked[1].highest[asked[0].primary], asked[0].highest[asked[0].primary])
    shown = pl.read_csv(done.out)["published"].drop_nulls().to_list()
    assert asked[0].values[extra] not in shown
    assert done.n_withheld >= 4


def test_an_engine_that_never_learns_is_refused_in_the_end(
    sabotage: Sabotage, protect: Callable[[], ProtectedCounts], tmp_path: Path
) -> None:
    asked = sabotage(99, forget)
    with pytest.raises(DisclosureError) as caught:
        protect()
    assert caught.value.code == "NDL-D010"
    assert len(asked) == MOST_ROUNDS
    assert not (tmp_path / "out.csv").exists()


def test_a_release_is_made_again_until_it_holds(sabotage: Sabotage, small: Path, own_home: Home) -> None:
    asked = sabotage(1, forget)
    built = pipeline.build(
        pipeline.prepare(small / "classic.yaml"), out=small / "out", home=own_home, actor="t", progress=lambda *_: None
    )
    assert len(asked) >= 2
    assert "NDL-D028" in {finding.code for finding in built.findings}
    assert all(check.is_passed for check in built.audited.checks)
