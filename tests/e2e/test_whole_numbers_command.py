"""``--whole-numbers``: one attack more where it is asked for, the same figures, and nothing of it for noisy counts."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from ndl_publish.spec.locations import shipped
from tests.command import ROOT
from tests.conftest import Built, Run

CLASSIC = shipped("disclosure_rules") / "classic_threshold.yaml"
NOISE = shipped("disclosure_rules") / "ndl_default.yaml"
Build = Callable[[str], Built]


@pytest.fixture
def protect(run: Run, tmp_path: Path) -> Callable[..., str]:
    folder = Path(shutil.copytree(ROOT / "tests/scenarios/secondary/la_ward", tmp_path / "case"))

    def go(rules: Path, out: str, *options: str) -> str:
        told = run(
            "protect", folder / "in.csv", "--tables", folder / "tables.json", "--rules", rules, "--out", folder / out,
            *options,
        )  # fmt: skip
        return told.told if told.code else (folder / out).read_text(encoding="utf-8")

    return go


def checks(run: Run, *arguments: object) -> list[str]:
    told = run("audit", *arguments, "--json")
    assert told.code == 0, told.told
    return [check["name"] for check in told.json()["checks"]]


def test_a_table_of_counts_comes_out_the_same(protect: Callable[..., str]) -> None:
    plain = protect(CLASSIC, "plain.csv")
    assert "published" in plain.splitlines()[0]
    assert protect(CLASSIC, "whole.csv", "--whole-numbers") == plain


def test_noisy_tables_have_none(protect: Callable[..., str]) -> None:
    charge = ("--release-id", "wards", "--cohort", "2019-20")
    assert "NDL-R067" in protect(NOISE, "noisy.csv", *charge, "--whole-numbers")


def test_a_package_is_attacked_once_more(run: Run, built: Build) -> None:
    package = built("pilot_classic").public
    plain = checks(run, package)
    assert "whole_numbers" not in plain
    assert sorted(checks(run, package, "--whole-numbers")) == sorted([*plain, "whole_numbers"])


def test_the_audit_of_a_build_names_it(run: Run, small: Path) -> None:
    told = run("build", small / "classic.yaml", "--out", small / "out", "--whole-numbers", "--json")
    assert told.code == 0, told.told
    assert "whole_numbers" in told.json()["checks"]


def test_noisy_releases_have_none(run: Run, built: Build, small: Path, home: Path) -> None:
    told = run("build", small / "release.yaml", "--out", small / "out", "--whole-numbers")
    assert (told.code, "NDL-R067" in told.err) == (2, True), told.told
    assert not home.exists()
    told = run("audit", built("pilot").folder, "--whole-numbers")
    assert (told.code, "NDL-R067" in told.err) == (2, True), told.told


def test_a_certificate_takes_the_place_of_attacks(run: Run, built: Build) -> None:
    told = run("audit", built("pilot_classic").folder, "--certificate", "--whole-numbers")
    assert (told.code, "--whole-numbers" in told.err) == (2, True), told.told
