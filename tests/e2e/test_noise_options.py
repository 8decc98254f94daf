"""What rule books of mode ``dp`` may ask for, by command: exact headcounts, a second estimate, pure epsilon."""

from fractions import Fraction
from pathlib import Path

import polars as pl
import pytest

from tests.tiny_project import PUBLIC, TABLES, Tiny, headcounts, hold_exact, records, tiny_project
from tests.unit.cube.small_release import number

LAPLACE = {"method": "discrete_laplace", "epsilon": number("2", "epsilon"), "rho": None, "delta": None}


def _plan(made: Tiny) -> int:
    where = ("--metadata", made.folder, "--rules", made.folder)
    return made.run("plan", made.folder / "release.yaml", *where).code


def _charged(made: Tiny) -> str:
    return made.run("ledger", "show", "--json").out


def test_a_plan_with_exact_headcounts(tmp_path: Path) -> None:
    made = tiny_project(tmp_path)
    hold_exact(made, "local_authority", headcounts(records(3000)))
    assert _plan(made) == 0


def test_headcounts_that_contradict_the_measurements_are_refused_and_mended_at_no_cost(tmp_path: Path) -> None:
    made = tiny_project(tmp_path)
    right = headcounts(records(3000))
    wrong = right.with_columns(pl.when(pl.col("area_code") == "la_c").then(pl.col("value") + 400).otherwise("value"))
    hold_exact(made, "local_authority", wrong)
    outcome = made.build()
    assert (outcome.code, "NDL-V097" in outcome.told, "la_c" in outcome.told) == (3, True, True)
    assert "la_a" not in outcome.told
    before = _charged(made)
    right.write_csv(made.folder / PUBLIC)
    assert made.build().code == 0
    assert _charged(made).replace("open", "") == before.replace("open", "") or "1" in before
    assert made.audit() == []


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda frame: frame.head(3), "no row for la_d (1 in all)"),
        (lambda frame: pl.concat([frame, frame.head(1)]), "an area (and period) again: line 6 (1 in all)"),
        (
            lambda frame: frame.with_columns(area_code=pl.lit("x")),
            "of no area or period of this release: line 2, 3, 4, 5",
        ),
        (lambda frame: frame.with_columns(value=pl.lit("1,200")), "in digits alone: line 2, 3, 4, 5 (4 in all)"),
        (lambda frame: frame.with_columns(value=pl.lit("\u0661")), "in digits alone: line 2, 3, 4, 5 (4 in all)"),
    ],
)
def test_headcounts_with_mistakes_are_told_by_line(tmp_path: Path, change: object, words: str) -> None:
    made = tiny_project(tmp_path)
    assert callable(change)
    hold_exact(made, "local_authority", change(headcounts(records(3000))))
    outcome = made.run("check", made.folder / "release.yaml", "--metadata", made.folder, "--rules", made.folder)
    assert (outcome.code, "NDL-V096" in outcome.told) == (3, True)
    assert words in outcome.told


def test_rules_that_do_not_fit_are_refused_before_anything_is_charged(tmp_path: Path) -> None:
    made = tiny_project(tmp_path)
    for changes, code in (
        ({"best_nonneg": {"below": "lsoa"}}, "NDL-R070"),
        (
            {"best_nonneg": None, "invariant": {"level": "ward", "reference": number("1", "rho")["reference"]}},
            "NDL-R068",
        ),
        ({"invariant": None, "weights": {"lsoa": number("-1", "times")}}, "NDL-R003"),
        ({"weights": {"lsoa": None, "smal": number("2", "times")}}, "NDL-R004"),
    ):
        made.edit("small_rules", changes)
        outcome = made.build()
        assert (outcome.code, code in outcome.told) == (2, True), outcome.told
    assert not (made.folder / "home" / "ledger.sqlite").exists()


def test_noise_that_cannot_be_drawn_is_refused_before_anything_is_charged(tmp_path: Path) -> None:
    made = tiny_project(tmp_path)
    score = {"maximum": 900_000_000}
    made.edit("tiny", {"measures": {"score": score}, "sources": {"profile": {"columns": {"score": score}}}})
    outcome = made.build()
    assert (outcome.code, "NDL-R045" in outcome.told) == (2, True), outcome.told
    assert not (made.folder / "home" / "ledger.sqlite").exists()


def test_a_second_estimate_is_whole_additive_and_blank_where_the_count_is(tmp_path: Path) -> None:
    made = tiny_project(tmp_path, rho="0.5", minimum_count=1, margin="100")
    made.edit("small_rules", {"best_nonneg": {"below": "local_authority"}})
    assert made.build().code == 0
    rows = made.table("small").filter(pl.col("unit") == "children")
    below = rows.filter(pl.col("area_code").str.starts_with("s"))
    assert (
        rows.filter(~pl.col("area_code").str.starts_with("s"))["best_nonneg"].null_count() == rows.height - below.height
    )
    shown = below.filter(pl.col("status") == "published")
    assert below.filter(pl.col("status") != "published")["best_nonneg"].null_count() == below.height - shown.height
    assert shown["best_nonneg"].null_count() == 0
    assert (shown["best_nonneg"] >= 0).all()
    whole = shown.pivot("sex", index=["area_code", "measure"], values="best_nonneg").drop_nulls()
    assert whole.height > 5
    assert (whole["Total"] == whole["Female"] + whole["Male"]).all()
    assert "best_nonneg" not in made.table("means").columns
    assert made.audit() == []
    assert made.replay().code == 0


def test_pure_epsilon_of_any_size(tmp_path: Path) -> None:
    made = tiny_project(tmp_path)
    made.edit("small_rules", {"noise": LAPLACE})
    assert _plan(made) == 0
    assert made.build().code == 0
    said = made.privacy()
    losses = [Fraction(query["epsilon"]) for query in said["queries"]]
    assert sum(losses, Fraction(0)) <= 2
    assert all(Fraction(q["sensitivity"]) / Fraction(q["scale"]) == Fraction(q["epsilon"]) for q in said["queries"])
    assert (said["delta"], said["replace_one"]["epsilon"]) == (0, pytest.approx(2 * float(sum(losses)), abs=2e-4))
    assert made.audit() == []
    assert made.replay().code == 0


def test_keys_without_effect_are_told(tmp_path: Path) -> None:
    made = tiny_project(tmp_path, tables=({**TABLES[0], "periods": "pooled"},))
    headcounts(records(3000)).write_csv(made.folder / PUBLIC)
    made.edit("release", {"public_figures": PUBLIC})
    made.edit("small_rules", {"yearly_cap": number("0.01", "rho")})
    outcome = made.run("check", made.folder / "release.yaml", "--metadata", made.folder, "--rules", made.folder)
    assert outcome.code == 0
    for words in ("nothing to pool", "nothing is held exact", "no release under these rules can be paid for"):
        assert words in outcome.told


def test_a_key_that_has_paid_elsewhere_is_told_when_another_ledger_is_begun(tmp_path: Path) -> None:
    made = tiny_project(tmp_path)
    where = ("--metadata", made.folder, "--rules", made.folder)
    release = made.folder / "release.yaml"
    assert "paid into another ledger" not in made.run("build", release, "--out", made.out, *where).told
    again = made.run("build", release, "--out", made.out, *where, "--ledger", tmp_path / "other.sqlite")
    assert "This key has paid into another ledger before" in again.told


def test_a_cap_for_a_cohort_that_nobody_knows_needs_to_be_meant(tmp_path: Path) -> None:
    made = tiny_project(tmp_path)
    assert made.build().code == 0
    wrong = made.run("ledger", "set-cap", "2019-2", "0.4", "--reason", "a slip")
    assert (wrong.code, "no release has charged 2019-2" in wrong.told) == (2, True)
    assert made.run("ledger", "set-cap", "2030-31", "0.4", "--new-cohort", "--reason", "to come").code == 0
