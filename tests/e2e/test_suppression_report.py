"""The suppression report of whole commands: where it is, and that both its forms agree with the cells."""

import json
import re
import shutil
import stat
from pathlib import Path
from typing import Protocol

import polars as pl
import pytest

from ndl_publish.spec.locations import shipped
from tests.command import ROOT
from tests.conftest import Built, Run

CLASSIC = shipped("disclosure_rules") / "classic_threshold.yaml"
NOISE = shipped("disclosure_rules") / "ndl_default.yaml"


class Build(Protocol):
    def __call__(self, name: str) -> Built: ...


@pytest.fixture
def case(tmp_path: Path) -> Path:
    return Path(shutil.copytree(ROOT / "tests/scenarios/secondary/la_ward", tmp_path / "case"))


def words(folder: Path, rules: Path, *more: object) -> list[object]:
    files = ["protect", folder / "in.csv", "--tables", folder / "tables.json", "--rules", rules]
    return [*files, "--out", folder / "safe.csv", *more]


def test_the_report_agrees_with_the_cells_of_the_pack(built: Build) -> None:
    package = built("pilot_classic")
    report = json.loads((package.internal / "suppression_report.json").read_text(encoding="utf-8"))
    cells = pl.read_parquet(package.internal / "cells.parquet")
    reasons = dict(cells.group_by("reason").len().iter_rows())
    assert report["total"]["cells"] == cells.height
    assert report["total"]["primary"] == reasons["primary_suppressed"]
    unseen = report["underivable"]
    assert report["total"]["secondary"] == reasons["secondary_suppressed"] + unseen
    assert report["total"]["shown"] == reasons["shown"] - unseen
    assert report["without_interval"] == 0
    by_area = {row["name"].split(" ")[1]: row for row in report["sections"][3]["rows"]}
    hidden = cells.filter(pl.col("reason") != "shown").group_by("area_code").len()
    withheld = {code: row["withheld"] for code, row in by_area.items()}
    assert all(withheld[code] >= n for code, n in hidden.iter_rows())
    assert sum(withheld.values()) == hidden["len"].sum() + unseen


def test_markdown_and_json_agree(built: Build) -> None:
    package = built("pilot_classic")
    text = (package.internal / "suppression_report.md").read_text(encoding="utf-8")
    report = json.loads((package.internal / "suppression_report.json").read_text(encoding="utf-8"))
    total = report["total"]
    assert f"{total['cells']:,} cells: {total['shown']:,} shown, {total['withheld']:,} withheld" in text
    for other in report["what_if"]["alternatives"]:
        (line,) = re.findall(rf"^- {re.escape(other['change'])} would .*$", text, flags=re.MULTILINE)
        number = re.search(r"blank ([\d,]+) (more|fewer)", line)
        told = 0 if number is None else int(number[1].replace(",", "")) * (1 if number[2] == "more" else -1)
        assert told == other["more_withheld"]
    table = next(section for section in report["sections"] if section["title"] == "By table")
    for row in table["rows"]:
        assert f"| {row['name']} | {row['cells']:,} | {row['shown']:,} | {row['primary']:,} |" in text


def test_the_summary_names_the_report(built: Build) -> None:
    package = built("pilot_classic")
    assert Path(package.outcome.json()["suppression_report"]).name == "suppression_report.md"
    assert built("pilot").outcome.json()["suppression_report"] is None
    assert not list(built("pilot").internal.glob("suppression_report*"))


def test_protect_writes_a_report_beside_the_table(run: Run, case: Path) -> None:
    told = run(*words(case, CLASSIC, "--report", case / "internal", "--what-if"))
    assert told.code == 0, told.told
    path = case / "internal/suppression_report.md"
    assert str(path) in told.out
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    report = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    safe = pl.read_csv(case / "safe.csv")
    assert report["total"]["cells"] == safe.height
    assert report["total"]["withheld"] == safe["published"].is_null().sum()
    assert report["what_if"]["alternatives"]


def test_without_asking_there_is_no_report(run: Run, case: Path) -> None:
    told = run(*words(case, CLASSIC), "--json")
    assert told.json()["suppression_report"] is None
    assert sorted(path.name for path in case.iterdir() if path.is_dir()) == []


def test_a_report_folder_that_is_taken_is_refused_first(run: Run, case: Path, home: Path) -> None:
    (case / "internal").mkdir()
    told = run(*words(case, CLASSIC, "--report", case / "internal"))
    assert (told.code, "NDL-T001" in told.err) == (6, True)
    assert not (case / "safe.csv").exists()
    assert not home.exists()


def test_noisy_counts_have_no_report(run: Run, case: Path, home: Path) -> None:
    told = run(*words(case, NOISE, "--report", case / "x", "--release-id", "wards", "--cohort", "2019-20"))
    assert (told.code, "NDL-R065" in told.err) == (2, True)
    assert not (case / "x").exists()
    assert not (home / "ledger.sqlite").exists()


def test_a_noisy_release_has_no_what_if(run: Run, small: Path, home: Path) -> None:
    told = run("build", small / "release.yaml", "--out", small / "out", "--what-if")
    assert (told.code, "NDL-R065" in told.err) == (2, True)
    assert not (small / "out").exists()
    assert not home.exists()


def test_what_if_needs_a_report(run: Run, case: Path) -> None:
    told = run(*words(case, CLASSIC, "--what-if"))
    assert told.code == 2
    assert "--report" in told.err


def test_a_failure_of_the_table_takes_the_report_along(monkeypatch: pytest.MonkeyPatch, run: Run, case: Path) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("ndl_publish.protect_counts.tempfile.mkstemp", full)
    told = run(*words(case, CLASSIC, "--report", case / "internal"))
    assert told.code == 6, told.told
    assert not (case / "internal").exists()
