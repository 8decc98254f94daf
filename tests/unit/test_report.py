"""The words and numbers that commands end with."""

import io
import json
from dataclasses import replace
from typing import Any

import pytest

from ndl_publish import terminal
from ndl_publish.audit.model import AuditCheck
from ndl_publish.errors import DisclosureError, Finding, RuleError
from ndl_publish.pipeline import prepare
from ndl_publish.protect_counts import ProtectedCounts
from ndl_publish.report import (
    show_audit,
    show_check,
    show_protected_counts,
)
from tests.command import PILOT, ROOT
from tests.conftest import Run

NOTE = Finding("NDL-D006", "note", "grid", "not every combination was tried.")
ERROR = Finding("NDL-D001", "error", "block", "can be worked out.")


def test_an_audit_that_held_is_a_line_for_each_check(capsys: pytest.CaptureFixture[str]) -> None:
    checks = (AuditCheck("rank", "Combinations", (), "9 cells"), AuditCheck("masks", "Masks", (NOTE,), "2 tables"))
    show_audit(checks, as_json=False)
    assert (
        capsys.readouterr().out
        == "pass  Combinations (9 cells)\npass  Masks (2 tables)\n      note: not every combination was tried.\n"
    )
    show_audit(checks, as_json=True)
    told = json.loads(capsys.readouterr().out)
    assert [check["name"] for check in told["checks"]] == ["rank", "masks"]


@pytest.mark.parametrize("as_json", [True, False])
def test_one_failed_check_stops_with_its_findings(as_json: bool, capsys: pytest.CaptureFixture[str]) -> None:
    checks = (AuditCheck("rank", "Combinations", (), ""), AuditCheck("masks", "Masks", (NOTE, ERROR), ""))
    with pytest.raises(DisclosureError) as caught:
        show_audit(checks, as_json=as_json)
    told = (ERROR, NOTE) if as_json else (ERROR,)
    assert (caught.value.code, caught.value.findings) == ("NDL-D010", told)
    assert capsys.readouterr().out == (
        "" if as_json else "pass  Combinations ()\nFAIL  Masks ()\n      note: not every combination was tried.\n"
    )


def test_figures_that_contradict_recover_nothing() -> None:
    odd = Finding("NDL-D025", "error", "known figures", "no table of counts has both")
    with pytest.raises(DisclosureError, match="contradict those of the package"):
        show_audit((AuditCheck("known_figures", "Known", (odd,), ""),), as_json=False)


def test_an_error_that_nobody_reads_is_no_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(_value: object) -> None:
        raise BrokenPipeError

    closed = io.StringIO()
    monkeypatch.setattr(terminal, "show_json", gone)
    monkeypatch.setattr("sys.stderr", closed)
    terminal.show_error(RuleError("NDL-R001", "wrong"), as_json=True)
    assert closed.closed


def test_protected_counts_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    done = ProtectedCounts(ROOT / "safe.csv", 1234, 56, (NOTE,))
    show_protected_counts(done, as_json=False)
    out, err = capsys.readouterr()
    assert "1,234 cells, 56 withheld" in out
    assert str(NOTE) in err
    show_protected_counts(done, as_json=True)
    assert json.loads(capsys.readouterr().out)["withheld"] == 56
    assert "What was withheld and why" not in out
    show_protected_counts(replace(done, report=ROOT / "internal/suppression_report.md"), as_json=False)
    assert f"What was withheld and why (confidential): {ROOT / 'internal'}" in capsys.readouterr().out
    show_protected_counts(replace(done, certificate=ROOT / "proof"), as_json=False)
    assert f"Certificate, checked (confidential): {ROOT / 'proof'}" in capsys.readouterr().out
    show_protected_counts(replace(done, certificate=ROOT / "proof"), as_json=True)
    assert json.loads(capsys.readouterr().out)["certificate"] == str(ROOT / "proof")


def test_a_check_names_the_next_step(capsys: pytest.CaptureFixture[str]) -> None:
    show_check(prepare(PILOT / "release.yaml"), (NOTE,), as_json=False)
    out, err = capsys.readouterr()
    assert f"Next: ndl-publish plan {PILOT / 'release.yaml'}" in out
    assert str(NOTE) in err
    show_check(prepare(PILOT / "release.yaml"), (NOTE,), as_json=True)
    assert json.loads(capsys.readouterr().out)["findings"][0]["code"] == "NDL-D006"


def test_the_next_step_that_is_named_works(run: Run, small: Any) -> None:  # noqa: ANN401 - a path
    told = run("check", small / "release.yaml").out.splitlines()
    words = told[-1].removeprefix("Next: ndl-publish ").split()
    assert run(*words).code == 0
