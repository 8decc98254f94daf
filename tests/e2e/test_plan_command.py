"""``plan`` from the command line: text, JSON and page, of every kind of rules; nothing is spent, no record is read."""

import re
from pathlib import Path

import polars as pl
import pytest

from tests.command import EXAMPLES, PILOT
from tests.conftest import Run
from tests.plans import REGIONAL, TARGETS, with_targets

RELEASES = {
    "pilot": PILOT / "release.yaml",
    "england": PILOT / "release_england.yaml",
    "classic": PILOT / "release_classic.yaml",
    "epsilon": EXAMPLES / "census_2011/release_epsilon.yaml",
    "census": EXAMPLES / "census_2011/release.yaml",
}


@pytest.mark.parametrize("name", RELEASES)
def test_text_page_and_json_of_every_kind_of_rules(run: Run, tmp_path: Path, home: Path, name: str) -> None:
    page = tmp_path / "plan.html"
    told = run("plan", RELEASES[name], "--html", page)
    assert told.code == 0, told.err
    assert f"Written: {page}" in told.out
    assert ("█" in told.out) == (name != "classic")
    found = run("plan", RELEASES[name], "--json")
    assert found.json()["mode"] == ("classic" if name == "classic" else "dp")
    assert "█" not in found.out
    assert str(tmp_path) not in page.read_text(encoding="utf-8")
    assert not home.exists(), "no key and no ledger is made"


def test_a_page_is_never_replaced(run: Run, tmp_path: Path) -> None:
    page = tmp_path / "plan.html"
    page.write_text("mine", encoding="utf-8")
    told = run("plan", PILOT / "release.yaml", "--html", page)
    assert (told.code, told.out) == (6, "")
    assert "NDL-T001" in told.err
    assert page.read_text(encoding="utf-8") == "mine"
    assert run("plan", PILOT / "release.yaml", "--html", tmp_path / "plan.pdf").code == 6
    assert run("plan", PILOT / "release.yaml", "--html", tmp_path / "none/plan.html").code == 6


def test_json_names_the_page(run: Run, tmp_path: Path) -> None:
    page = tmp_path / "plan.html"
    assert run("plan", PILOT / "release.yaml", "--html", page, "--json").json()["html"] == str(page)
    assert page.exists()


def test_the_plan_is_the_same_without_records(run: Run, small: Path) -> None:
    before = run("plan", small / "release.yaml", "--html", small / "one.html").out
    for path in (small / "data").iterdir():
        path.unlink()
    after = run("plan", small / "release.yaml", "--html", small / "two.html").out
    assert before.replace("one.html", "two.html") == after
    assert (small / "one.html").read_bytes() == (small / "two.html").read_bytes()


def test_no_exact_count_is_told(run: Run, small: Path) -> None:
    told = run("plan", small / "release.yaml", "--html", small / "plan.html")
    n_children = pl.read_csv(small / "data/profile.csv", infer_schema=False)["pupil_id"].n_unique()
    words = set(re.findall(r"[\d,]+", told.out + (small / "plan.html").read_text(encoding="utf-8")))
    assert not {str(n_children), f"{n_children:,}"} & words


def test_after_a_build_the_ledger_has_less_left(run: Run, small: Path) -> None:
    assert run("plan", small / "release.yaml", "--json").json()["cohorts"][0]["releases_that_fit"] == 5
    assert run("build", small / "release.yaml", "--out", small / "out").code == 0
    told = run("plan", small / "release.yaml")
    assert re.search(r"Ledger: 0\.0999\d* spent, 0\.400\d* left of 0\.5", told.out), "noise is rounded up"
    assert "charged already" in told.out


def test_targets_are_told_with_what_would_meet_them(run: Run, tmp_path: Path) -> None:
    rules = with_targets(tmp_path / "rules", *TARGETS)
    told = run("plan", PILOT / "release.yaml", "--rules", rules)
    assert "LA rates within 2 points for groups of 200" in told.out
    assert re.search(r"All targets are met from rho [\d.]+ on, with the weights below\.", told.out)
    assert "\nweights:\n  local_authority: {value: " in told.out
    assert "more than the ledger has left" in told.out
    pure = with_targets(tmp_path / "pure", REGIONAL, book="pure_epsilon")
    told = run("plan", RELEASES["epsilon"], "--rules", pure)
    assert re.search(r"All targets are met from epsilon [\d.]+ on, with the weights of the rule book\.", told.out)


def test_a_target_that_cannot_be_read_stops_with_its_line(run: Run, tmp_path: Path) -> None:
    rules = with_targets(tmp_path / "rules", TARGETS[0], "wart rates within 5 points for groups of 100")
    told = run("plan", PILOT / "release.yaml", "--rules", rules)
    assert told.code == 2
    assert re.search(r"ndl_default\.yaml:\d+: targets\.1: .*did you mean \"ward\"", told.err)


def test_targets_leave_the_figures_as_they_are(run: Run, small: Path, tmp_path: Path) -> None:
    """With targets in the book the same build is a repeat: the same figures, and nothing is charged."""
    assert run("build", small / "release.yaml", "--out", small / "out").code == 0
    rules = with_targets(tmp_path / "rules", *TARGETS)
    again = run("build", small / "release.yaml", "--out", small / "again", "--rules", rules, "--json")
    assert again.code == 0, again.told
    assert again.json()["privacy"]["is_replay"]
    one, other = (next((small / name).glob("*/public/data/wards.csv")) for name in ("out", "again"))
    assert one.read_bytes() == other.read_bytes()
