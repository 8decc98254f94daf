"""Every way a command can end: 0, 2 to 6, 130, 1 for the unforeseen, and never a traceback."""

import sqlite3
from pathlib import Path
from typing import Any, NoReturn

import pytest

from ndl_publish import pipeline
from ndl_publish.errors import BudgetError, DisclosureError, InputError, PublishError, RuleError, TargetError
from tests.command import EXAMPLES
from tests.conftest import Run
from tests.small_pilot import set_key

COHORT = "synthetic-2019-20"
FAMILIES: list[tuple[type[PublishError], str, int]] = [
    (RuleError, "NDL-R001", 2),
    (InputError, "NDL-V000", 3),
    (DisclosureError, "NDL-D010", 4),
    (BudgetError, "NDL-B001", 5),
    (TargetError, "NDL-T001", 6),
]


def failing(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    def stop(*_: Any, **__: Any) -> NoReturn:  # noqa: ANN401 - takes whatever it is given
        raise error

    monkeypatch.setattr(pipeline, "prepare", stop)


@pytest.mark.parametrize(("family", "code", "exit_code"), FAMILIES)
@pytest.mark.parametrize("command", ["check", "plan", "build"])
def test_each_family_has_its_exit_code(
    monkeypatch: pytest.MonkeyPatch, run: Run, command: str, family: type[PublishError], code: str, exit_code: int
) -> None:
    failing(monkeypatch, family(code, "Wrong. Do this."))
    told = run(command, "x.yaml")
    assert told.code == exit_code
    assert told.out == ""
    assert told.err.splitlines() == [f"{code}: Wrong. Do this.", f"More: ndl-publish explain {code}"]
    as_json = run(command, "x.yaml", "--json")
    assert (as_json.code, as_json.err) == (exit_code, "")
    assert as_json.json() == {"status": "error", "code": code, "message": "Wrong. Do this.", "findings": []}


@pytest.mark.parametrize("command", ["check", "plan", "build"])
@pytest.mark.parametrize(
    "error", [ValueError("CANARY"), KeyError("CANARY"), RuntimeError("CANARY"), OSError(5, "CANARY")]
)
def test_the_text_of_an_unforeseen_error_is_not_shown(
    monkeypatch: pytest.MonkeyPatch, run: Run, command: str, error: Exception
) -> None:
    failing(monkeypatch, error)
    told = run(command, "x.yaml")
    assert told.code == 1
    assert "CANARY" not in told.told
    assert "Traceback" not in told.told
    assert type(error).__name__ in told.err
    assert "test_exit_codes.py" in told.err, "the place is named, so that it can be mended"


def test_an_unforeseen_error_deep_inside_a_build_is_not_shown(
    monkeypatch: pytest.MonkeyPatch, run: Run, small: Path
) -> None:
    def stop(*_: Any, **__: Any) -> NoReturn:  # noqa: ANN401 - takes whatever it is given
        raise ValueError("CANARY")

    monkeypatch.setattr(pipeline, "checker_pack", stop)
    told = run("build", small / "classic.yaml", "--out", small / "out")
    assert (told.code, "CANARY" in told.told, (small / "out").exists()) == (1, False, False)


def test_an_interrupt_is_130(monkeypatch: pytest.MonkeyPatch, run: Run) -> None:
    failing(monkeypatch, KeyboardInterrupt())
    told = run("build", "x.yaml")
    assert told.code == 130
    assert "Stopped." in told.err
    assert "Traceback" not in told.err


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["nonsense"],
        ["build"],
        ["build", "a", "b"],
        ["build", "x.yaml", "--nonsense"],
        ["protect", "x.csv"],
        ["ledger", "set-cap", "2019-20", "half", "--reason", "r"],
        ["ledger", "set-cap", "2019-20", "1/0", "--reason", "r"],
        ["build", str(EXAMPLES)],
    ],
)
def test_a_slip_in_the_words_is_2_with_the_usage(run: Run, words: list[str]) -> None:
    told = run(*words)
    assert told.code == (2 if words else told.code)
    assert "Usage: ndl-publish" in told.told
    assert "Traceback" not in told.told


def test_success_is_0(run: Run, small: Path) -> None:
    assert run("check", small / "release.yaml").code == 0
    assert run("plan", small / "release.yaml").code == 0
    assert run("explain", "NDL-R003").code == 0


def test_check_and_plan_leave_nothing(run: Run, small: Path, home: Path) -> None:
    before = sorted(small.rglob("*"))
    assert run("check", small / "release.yaml").code == run("plan", small / "release.yaml").code == 0
    assert sorted(small.rglob("*")) == before
    assert not home.exists()


def test_every_json_answer_parses(run: Run, small: Path) -> None:
    release, out = small / "release.yaml", small / "out"
    assert run("check", release, "--json").json()["status"] == "ok"
    assert run("plan", release, "--json").json()["mode"] == "dp"
    built = run("build", release, "--out", out, "--json").json()
    assert built["privacy"]["is_replay"] is False
    assert {"masks", "ledger_entry"} <= set(built["checks"])
    assert run("audit", Path(built["public"]).parent, "--json").json()["status"] == "ok"
    assert run("ledger", "show", "--json").json()[0]["cohort"] == COHORT
    assert [entry["kind"] for entry in run("ledger", "history", "--json").json()][-2:] == ["reserve", "commit"]
    assert run("ledger", "verify", "--json").json()["status"] == "ok"


def test_progress_is_silent_in_a_pipe(run: Run, small: Path) -> None:
    told = run("build", small / "classic.yaml", "--out", small / "out")
    assert "\r" not in told.told
    assert "\x1b" not in told.told
    lines = [line for line in told.err.splitlines() if line]
    assert all(line.startswith(("NDL-V", "A new secret key")) for line in lines)


def test_a_release_is_found_beside_its_records_from_any_folder(
    monkeypatch: pytest.MonkeyPatch, run: Run, small: Path, tmp_path: Path
) -> None:
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert run("check", small / "release.yaml").code == 0
    monkeypatch.chdir(small)
    assert run("check", "release.yaml").code == 0


def test_ledger_commands_without_a_ledger(run: Run, home: Path) -> None:
    for words in (["show"], ["history"], ["verify"], ["set-cap", "2019-20", "1", "--reason", "r"]):
        told = run("ledger", *words)
        assert told.code == 5
        assert "NDL-B" in told.err
    assert not home.exists()


def test_set_cap_is_recorded_with_its_reason(run: Run, small: Path) -> None:
    assert run("build", small / "release.yaml", "--out", small / "out").code == 0
    told = run("ledger", "set-cap", COHORT, "2/5", "--reason", "Agreed by the board")
    assert told.code == 0, told.told
    assert run("ledger", "show", "--json").json()[0]["cap"] == "2/5"
    assert "Agreed by the board" in run("ledger", "history", "--json").out
    assert run("ledger", "history", "--cohort", "none", "--json").json() == []
    assert run("plan", small / "release.yaml", "--json").json()["cohorts"][0]["cap"] == 0.4


def test_a_changed_ledger_is_5(run: Run, small: Path, home: Path) -> None:
    assert run("build", small / "release.yaml", "--out", small / "out").code == 0
    with sqlite3.connect(home / "ledger.sqlite") as base:
        base.execute("DROP TRIGGER entries_never_change")
        base.execute("UPDATE entries SET body = replace(body, 'early-years-pilot', 'early-years-other')")
    base.close()
    told = run("ledger", "verify")
    assert told.code == 5
    assert "NDL-B006" in told.err


def test_a_release_that_would_be_refused_is_forecast_so(run: Run, small: Path) -> None:
    set_key(small / "release.yaml", "version", "0.0.1")
    assert run("build", small / "release.yaml", "--out", small / "out").code == 0
    assert run("ledger", "set-cap", COHORT, "0.15", "--reason", "Lowered").code == 0
    set_key(small / "release.yaml", "version", "0.0.2")
    assert "would be refused" in run("plan", small / "release.yaml").out
