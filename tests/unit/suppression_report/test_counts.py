"""The report of a table of counts: its folder, its two files, and what happens when they cannot be written."""

import json
import stat
from pathlib import Path

import pytest

from ndl_publish.errors import TargetError
from ndl_publish.protect.counts import protect_classic_counts, read_counts
from ndl_publish.spec.counts_tables import read_counts_tables
from ndl_publish.suppression_report import counts as module
from ndl_publish.suppression_report.counts import ReportWanted, counts_report, write_report
from ndl_publish.suppression_report.model import SuppressionReport
from tests.command import ROOT
from tests.suppression_cases import classic_rules

CASE = ROOT / "tests/scenarios/secondary/la_ward"


def report_of(case: Path, *, is_asked: bool = False) -> SuppressionReport:
    tables = read_counts_tables(case / "tables.json")
    counts = read_counts(case / "in.csv", tables)
    rules = classic_rules(5)
    exact = protect_classic_counts(counts, rules=rules, tie_break=b"t")
    return counts_report("in.csv", counts, exact, tables=tables, rules=rules, tie_break=b"t", is_asked=is_asked)


@pytest.fixture(scope="module")
def report() -> SuppressionReport:
    return report_of(CASE)


def test_a_scenario_has_its_primaries_and_its_wards(report: SuppressionReport) -> None:
    content = report.as_json()
    assert (content["total"]["cells"], content["total"]["primary"]) == (360, 17)
    assert content["without_interval"] == 0
    assert content["what_if"]["withheld"] >= content["total"]["primary"]
    sections = {section["title"]: section["rows"] for section in content["sections"]}
    assert len(sections["By area"]) == 39
    assert sum(row["primary"] for row in sections["By crossing"]) == 17


def test_large_tables_are_tried_only_when_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "is_small", lambda _: False)
    monkeypatch.setattr(module, "what_if", lambda *_, **__: None)
    assert report_of(CASE).what_if is None
    called: list[bool] = []
    monkeypatch.setattr(module, "what_if", lambda *_, **__: called.append(True))
    report_of(CASE, is_asked=True)
    assert called == [True]


def test_both_files_are_for_the_owner_only(report: SuppressionReport, tmp_path: Path) -> None:
    path = write_report(report, tmp_path / "internal")
    assert path == tmp_path / "internal/suppression_report.md"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert json.loads(path.with_suffix(".json").read_text(encoding="utf-8")) == report.as_json()


def test_a_full_disk_leaves_nothing(report: SuppressionReport, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(module, "write_file", full)
    with pytest.raises(TargetError, match="no space"):
        write_report(report, tmp_path / "internal")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_taken_is_refused(tmp_path: Path) -> None:
    ReportWanted(tmp_path / "new").refuse_occupied()
    with pytest.raises(TargetError) as caught:
        ReportWanted(tmp_path).refuse_occupied()
    assert caught.value.code == "NDL-T001"
    with pytest.raises(TargetError) as caught:
        ReportWanted(tmp_path / "none/new").refuse_occupied()
    assert caught.value.code == "NDL-T003"
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    with pytest.raises(TargetError):
        ReportWanted(tmp_path / "link").refuse_occupied()
