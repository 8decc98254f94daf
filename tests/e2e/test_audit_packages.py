"""``audit``: passes what was built, catches what was tampered with, and uses what is already public."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from tests.conftest import Built, Run
from tests.truth import measures, sign, tables, with_truth

Build = Callable[[str], Built]
NAMES = ("pilot", "pilot_classic", "census", pytest.param("census_classic", marks=pytest.mark.slow))


def truth(package: Built, table: str) -> pl.DataFrame:
    exact = pl.read_parquet(package.internal / "cells.parquet")
    named = measures(json.loads((package.public / "specification.json").read_text(encoding="utf-8")))
    rows = tables(package.public)[table]
    return with_truth(rows, exact, {k: v for k, v in named.items() if k in rows["measure"].unique()})


def show(public: Path, table: str, rows: pl.DataFrame) -> None:
    """Print the true count of these withheld rows in a table's CSV."""
    path = public / "data" / f"{table}.csv"
    whole = pl.read_csv(path, infer_schema=False)
    keys = [name for name in whole.columns if name not in {"value", "lower", "upper", "status"}]
    edited = whole.join(rows.select(*keys, "true_count"), on=keys, how="left", maintain_order="left")
    here = pl.col("true_count").is_not_null()
    edited = edited.with_columns(
        pl.when(here).then(pl.col("true_count").cast(pl.String)).otherwise("value").alias("value"),
        pl.when(here).then(pl.lit("published")).otherwise("status").alias("status"),
    ).drop("true_count")
    edited.write_csv(path)


@pytest.mark.parametrize("name", NAMES)
def test_every_example_passes(built: Build, run: Run, home: Path, name: str) -> None:
    for place in (built(name).folder, built(name).public):
        told = run("audit", place)
        assert told.code == 0, told.told
    assert all(line.startswith(("pass ", "      ")) for line in told.out.splitlines())
    assert len(told.out.splitlines()) >= 5
    assert ("No two dimensions" in told.out) == name.endswith("classic"), "a check is named only where it was made"
    assert ("Stated privacy" in told.out) != name.endswith("classic")
    assert not home.exists(), "an audit needs neither key nor ledger"


@pytest.mark.parametrize("path", ["data/wards.csv", "README.md", "privacy.json", "specification.json"])
def test_a_changed_file_is_named(built: Build, run: Run, tmp_path: Path, path: str) -> None:
    package = built("pilot_classic").copy_to(tmp_path)
    with (package / "public" / path).open("a", encoding="utf-8") as file:
        file.write(" ")
    told = run("audit", package)
    assert (told.code, "NDL-V081" in told.err, path in told.err) == (3, True, True)


def test_a_missing_file_is_named(built: Build, run: Run, tmp_path: Path) -> None:
    package = built("pilot").copy_to(tmp_path)
    (package / "public/data/headline.parquet").unlink()
    told = run("audit", package)
    assert (told.code, "data/headline.parquet" in told.err) == (3, True)


def test_what_is_no_package_is_refused(run: Run, tmp_path: Path) -> None:
    for place in (tmp_path, tmp_path / "none", Path(__file__)):
        told = run("audit", place)
        assert (told.code, "NDL-V080" in told.err) == (3, True)


@pytest.mark.parametrize("content", ["{", "[]", '{"release": 1}', "null"])
def test_a_specification_that_is_none_is_refused(built: Build, run: Run, tmp_path: Path, content: str) -> None:
    public = built("pilot_classic").copy_to(tmp_path) / "public"
    (public / "specification.json").write_text(content, encoding="utf-8")
    sign(public)
    told = run("audit", public)
    assert (told.code, "NDL-V080" in told.err, "Traceback" in told.told) == (3, True, False)


@pytest.mark.parametrize("edit", ["missing", "no table", "row gone", "not a number"])
def test_a_table_that_is_none_is_refused(built: Build, run: Run, tmp_path: Path, edit: str) -> None:
    public = built("pilot_classic").copy_to(tmp_path) / "public"
    path = public / "data/wards.csv"
    lines = path.read_text(encoding="utf-8").splitlines()
    if edit == "no table":
        path.write_text("nothing\n", encoding="utf-8")
    elif edit == "row gone":
        path.write_text("\n".join([*lines[:5], *lines[6:]]) + "\n", encoding="utf-8")
    elif edit == "not a number":
        path.write_text(
            "\n".join([lines[0], lines[1].replace(",children,", ",children,x"), *lines[2:]]), encoding="utf-8"
        )
    sign(public)
    if edit == "missing":
        path.unlink()
    told = run("audit", public)
    assert told.code in {3, 4}, told.told
    assert "unforeseen" not in told.told
    assert "Traceback" not in told.told


def test_a_withheld_count_that_is_shown_after_all_is_caught(built: Build, run: Run, tmp_path: Path) -> None:
    """Planted: everything that was withheld to protect others is shown, so the small counts follow."""
    source = built("pilot_classic")
    public = source.copy_to(tmp_path) / "public"
    secondary = truth(source, "characteristics").filter(pl.col("reason") == "secondary_suppressed")
    assert secondary.height > 20
    show(public, "characteristics", secondary)
    sign(public)
    told = run("audit", public)
    assert told.code == 4, told.told
    assert re.search(r"NDL-D00[123] error", told.err), "recovered, not only found to be changed"
    assert "More: ndl-publish explain NDL-D0" in told.err


def test_a_single_withheld_ward_count_shown_is_caught(built: Build, run: Run, tmp_path: Path) -> None:
    """Planted: one secondary of a measure and its base; the primary is then total less shown."""
    source = built("pilot_classic")
    public = source.copy_to(tmp_path) / "public"
    hidden = truth(source, "wards").filter(pl.col("reason") != "shown")
    secondary = hidden.filter(pl.col("reason") == "secondary_suppressed")
    assert secondary.height > 0
    show(public, "wards", secondary)
    sign(public)
    told = run("audit", public)
    assert told.code == 4, told.told
    assert re.search(r"NDL-D0(0[123]|1[0-9]) error", told.err), told.err


def test_counts_that_do_not_add_up_are_caught(built: Build, run: Run, tmp_path: Path) -> None:
    public = built("pilot_classic").copy_to(tmp_path) / "public"
    path = public / "data/deprivation.csv"
    table = pl.read_csv(path, infer_schema=False)
    shown = (
        (pl.col("value").is_not_null()) & (pl.col("measure") == "children_count") & (pl.col("idaci_decile") != "Total")
    )
    first = table.with_row_index().filter(shown)["index"][0]
    at = pl.int_range(pl.len()) == first
    raised = (pl.col("value").cast(pl.Int64) + 1).cast(pl.String)
    table.with_columns(pl.when(at).then(raised).otherwise("value").alias("value")).write_csv(path)
    sign(public)
    told = run("audit", public)
    assert (told.code, "NDL-D0" in told.err) == (4, True)


def test_two_tables_that_disagree_are_caught(built: Build, run: Run, tmp_path: Path) -> None:
    public = built("pilot_classic").copy_to(tmp_path) / "public"
    path = public / "data/headline.csv"
    text = path.read_text(encoding="utf-8")
    assert ",children,1305," in text
    path.write_text(text.replace(",children,1305,", ",children,1306,"), encoding="utf-8")
    sign(public)
    told = run("audit", public)
    assert (told.code, "NDL-D011" in told.err) == (4, True)


def known_file(folder: Path, rows: pl.DataFrame) -> Path:
    path = folder / "known.csv"
    skip = {"true_count", "reason", "is_possible", "value", "lower", "upper", "status", "unit", "time_period",
            "time_identifier", "geographic_level", "area_name"}  # fmt: skip
    rows.select(*(name for name in rows.columns if name not in skip), value="true_count").write_csv(path)
    return path


def test_figures_known_elsewhere_are_used_in_the_attack(built: Build, run: Run, tmp_path: Path) -> None:
    source = built("pilot_classic")
    secondary = truth(source, "characteristics").filter(pl.col("reason") == "secondary_suppressed")
    known = known_file(tmp_path, secondary)
    told = run("audit", source.folder, "--knowing", known)
    assert told.code == 4, told.told
    assert re.search(r"NDL-D00[123] error", told.err)
    assert run("audit", source.folder).code == 0, "without that knowledge it holds"


def test_one_withheld_sibling_known_gives_another_away(built: Build, run: Run, tmp_path: Path) -> None:
    source = built("pilot_classic")
    hidden = truth(source, "characteristics").filter(pl.col("reason") == "secondary_suppressed")
    for i in range(min(hidden.height, 25)):
        told = run("audit", source.folder, "--knowing", known_file(tmp_path, hidden.slice(i, 1)))
        assert told.code in {0, 4}, told.told
        if told.code == 4:
            assert re.search(r"NDL-D00[123] error", told.err)
            return
    pytest.fail("no withheld count, once known, gave another away")


def ward_totals(source: Built) -> pl.DataFrame:
    """Return the wards whose total is withheld while the number who reached GLD is shown, by how many did not."""
    wards = truth(source, "wards").filter(pl.col("measure").is_in(["children_count", "gld_children_count"]))
    reached = wards.filter(measure="gld_children_count", reason="shown").select("area_code", reached="true_count")
    totals = wards.filter(pl.col("measure") == "children_count", pl.col("reason") != "shown").join(reached, "area_code")
    found = totals.with_columns(missed=pl.col("true_count") - pl.col("reached")).drop("reached").sort("area_code")
    assert found["missed"].is_between(1, 4).any()
    return found


def test_a_small_complement_of_a_known_total_is_found(built: Build, run: Run, tmp_path: Path) -> None:
    """Those who did not reach the measure stand in no table: known total less shown number is the small count."""
    source = built("pilot_classic")
    small = ward_totals(source).filter(pl.col("missed").is_between(1, 4)).drop("missed")
    for i in range(small.height):
        told = run("audit", source.folder, "--knowing", known_file(tmp_path, small.slice(i, 1)))
        assert (told.code, "NDL-D019" in told.err) == (4, True), told.told
        lines = told.err.splitlines()
        assert len(lines) == len(set(lines)), "nothing is told twice"
    told = run("audit", source.folder, "--knowing", known_file(tmp_path, ward_totals(source).drop("missed")))
    assert (told.code, "NDL-D019" in told.err) == (4, True), told.told


def test_a_small_count_that_follows_from_the_others_is_found(built: Build, run: Run, tmp_path: Path) -> None:
    """All withheld totals of an authority but one are known: the last and its small complement follow."""
    source = built("pilot_classic")
    wards = ward_totals(source)
    last = wards.filter(pl.col("missed").is_between(1, 4)).head(1)
    every = truth(source, "wards").filter(pl.col("measure") == "children_count", pl.col("reason") != "shown")
    others = every.filter(pl.col("area_code") != last["area_code"][0])
    told = run("audit", source.folder, "--knowing", known_file(tmp_path, others))
    assert (told.code, "NDL-D023" in told.err) == (4, True), told.told


@pytest.mark.parametrize("value", [0, 1, 99_999, -4])
def test_known_figures_that_cannot_be_are_said_to_contradict(
    built: Build, run: Run, tmp_path: Path, value: int
) -> None:
    source = built("pilot_classic")
    odd = ward_totals(source).head(1).drop("missed").with_columns(true_count=pl.lit(value))
    told = run("audit", source.folder, "--knowing", known_file(tmp_path, odd))
    assert told.code == 4, told.told
    assert re.findall(r"NDL-D\d{3} error", told.err) == ["NDL-D025 error"], "one clear finding and nothing else"
    assert "99999" not in told.err


def test_columns_that_are_no_breakdown_are_named(built: Build, run: Run, tmp_path: Path) -> None:
    known = tmp_path / "known.csv"
    text = "area_code,area_name,measure,ethnicity,value\nE06000006,Halton,children_count,Irish,1305\n"
    known.write_text(text, encoding="utf-8")
    told = run("audit", built("pilot_classic").folder, "--knowing", known)
    assert told.code == 0, told.told
    (line,) = [line for line in told.out.splitlines() if "ignored" in line]
    assert line.strip().startswith("warning: ")
    assert "ethnicity" in line
    assert "area_name" not in line
    assert "Irish" not in told.told


def test_help_says_where_the_certificate_of_a_table_is_checked(run: Run) -> None:
    assert "checked by protect itself" in " ".join(run("audit", "--help").out.split())


def test_known_figures_that_are_shown_anyway_change_nothing(built: Build, run: Run, tmp_path: Path) -> None:
    source = built("pilot_classic")
    shown = truth(source, "deprivation").filter(pl.col("reason") == "shown").head(30)
    told = run("audit", source.folder, "--knowing", known_file(tmp_path, shown), "--json")
    assert told.code == 0, told.told
    checks = {check["name"]: check for check in told.json()["checks"]}
    assert not any(
        "error" in str(finding) or "warning" in str(finding) for finding in checks["known_figures"]["findings"]
    )


def test_known_exact_figures_cannot_undo_noise(built: Build, run: Run, tmp_path: Path) -> None:
    source = built("pilot")
    known = known_file(tmp_path, truth(source, "wards").head(20))
    told = run("audit", source.folder, "--knowing", known, "--json")
    assert told.code == 0
    assert "NDL-D017" in told.out


@pytest.mark.parametrize(
    "content", ["", "a,b\n1,2\n", "area_code,measure,value\nE08000011,children_count,many\n", "\x00\x01"]
)
def test_known_figures_that_cannot_be_read(built: Build, run: Run, tmp_path: Path, content: str) -> None:
    known = tmp_path / "known.csv"
    known.write_text(content, encoding="utf-8")
    for path in (known, tmp_path / "none.csv"):
        told = run("audit", built("pilot_classic").folder, "--knowing", path)
        assert (told.code, "NDL-V082" in told.err) == (3, True), told.told
        assert "many" not in told.told
