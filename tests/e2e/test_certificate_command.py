"""``audit --certificate`` and ``protect --certificate``: a good proof passes, every kind of damage is named."""

import hashlib
import json
import shutil
import stat
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from ndl_publish.spec.locations import shipped
from tests.command import ROOT
from tests.conftest import Built, Run
from tests.truth import sign

Build = Callable[[str], Built]
FILES = [f"certificate_{part}.parquet" for part in ("cells", "finest", "witnesses", "changes")]
CASE = ROOT / "tests/scenarios/secondary/la_ward"
CLASSIC = shipped("disclosure_rules") / "classic_threshold.yaml"
NOISE = shipped("disclosure_rules") / "ndl_default.yaml"


@pytest.fixture
def package(built: Build, tmp_path: Path) -> Path:
    return built("pilot_classic").copy_to(tmp_path)


def agree(package: Path) -> None:
    """Write all checksums again, as somebody who tampers well would."""
    sign(package / "public")
    path = package / "internal/results.json"
    results = json.loads(path.read_text(encoding="utf-8"))
    results["internal_files"] = {
        file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in (package / "internal").glob("*.parquet")
    }
    results["public_files"] = {
        file.relative_to(package / "public").as_posix(): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in (package / "public").rglob("*")
        if file.is_file()
    }
    path.write_text(json.dumps(results), encoding="utf-8")


def test_a_build_proves_itself(run: Run, package: Path, home: Path) -> None:
    told = run("audit", package, "--certificate")
    assert told.code == 0, told.told
    assert sum(line.startswith("pass  ") for line in told.out.splitlines()) >= 5
    assert "alternative tables of" in told.out
    assert "Smallest and largest" not in told.out, "addition alone: nothing is attacked"
    named = run("audit", package / "public", "--certificate", package / "internal", "--json")
    assert named.code == 0, named.told
    checks = {check["name"] for check in named.json()["checks"]}
    assert {"certificate", "certificate_figures", "certificate_tables", "certificate_intervals"} <= checks
    assert not home.exists(), "neither key nor ledger is needed"


def test_the_certificate_stays_inside(package: Path) -> None:
    assert {path.name for path in (package / "internal").iterdir()} >= set(FILES)
    assert not [path for path in (package / "public").rglob("*") if "certificate_" in path.name]
    assert {stat.S_IMODE((package / "internal" / name).stat().st_mode) for name in FILES} == {0o600}


def test_without_the_internal_pack_nothing_is_proved(run: Run, package: Path) -> None:
    shutil.rmtree(package / "internal")
    told = run("audit", package, "--certificate")
    assert (told.code, "NDL-V083" in told.err) == (3, True), told.told
    assert run("audit", package).code == 0, "the attacks need no internal pack"


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_is_gone_cut_off_or_changed(run: Run, package: Path, name: str) -> None:
    path = package / "internal" / name
    content = path.read_bytes()
    for spoilt, code in ((content[: len(content) // 2], "NDL-V085"), (content + b"x", "NDL-V085"), (None, "NDL-V083")):
        path.unlink() if spoilt is None else path.write_bytes(spoilt)
        told = run("audit", package, "--certificate")
        assert (told.code, code in told.err, name in told.err) == (3, True, True), told.told


def test_the_certificate_of_another_release(run: Run, package: Path, built: Build) -> None:
    other = built("pilot").internal
    told = run("audit", package, "--certificate", other)
    assert (told.code, "NDL-V084" in told.err) == (3, True), told.told


def test_noise_has_no_certificate(run: Run, built: Build) -> None:
    told = run("audit", built("pilot").folder, "--certificate")
    assert (told.code, "NDL-V086" in told.err) == (3, True), told.told


@pytest.mark.parametrize(
    ("name", "change", "code"),
    [
        ("finest", pl.col("children") + pl.int_range(pl.len()).eq(0), "NDL-D051"),
        ("changes", pl.col("amount") * 2, "NDL-D05"),
        ("witnesses", pl.col("change") + 100, "NDL-D054"),
        ("cells", pl.col("highest") + 1, "NDL-D055"),
        ("cells", pl.col("is_primary").not_(), "NDL-D058"),
    ],
)
def test_what_was_well_tampered_with_does_not_add_up(
    run: Run, package: Path, name: str, change: pl.Expr, code: str
) -> None:
    path = package / "internal" / f"certificate_{name}.parquet"
    frame = pl.read_parquet(path)
    column = change.meta.root_names()[0]
    frame.with_columns(change.cast(frame.schema[column]).alias(column)).write_parquet(path)
    agree(package)
    told = run("audit", package, "--certificate")
    assert (told.code, code in told.err) == (4, True), told.told
    assert "NDL-D010" in told.err


def test_fewer_witnesses_do_not_prove_it(run: Run, package: Path) -> None:
    folder = package / "internal"
    witnesses = pl.read_parquet(folder / FILES[2])
    kept = witnesses["cell"] != witnesses["cell"][0]
    changes = pl.read_parquet(folder / FILES[3])
    changes.filter(pl.Series(kept.to_numpy().repeat(witnesses["n_changes"]))).write_parquet(folder / FILES[3])
    witnesses.filter(kept).write_parquet(folder / FILES[2])
    agree(package)
    told = run("audit", package, "--certificate")
    assert (told.code, "NDL-D055" in told.err or "NDL-D056" in told.err) == (4, True), told.told


def test_a_public_figure_that_was_changed_no_longer_adds_up(run: Run, package: Path) -> None:
    path = package / "public/data/deprivation.csv"
    table = pl.read_csv(path, infer_schema=False)
    shown = pl.col("value").is_not_null() & (pl.col("measure") == "children_count")
    first = table.with_row_index().filter(shown & (pl.col("idaci_decile") != "Total"))["index"][0]
    raised = (pl.col("value").cast(pl.Int64) + 1).cast(pl.String)
    table.with_columns(
        pl.when(pl.int_range(pl.len()) == first).then(raised).otherwise("value").alias("value")
    ).write_csv(path)
    agree(package)
    told = run("audit", package, "--certificate")
    assert (told.code, "NDL-D051" in told.err) == (4, True), told.told


@pytest.mark.parametrize(
    ("measure", "column", "status"),
    [("children_count", "lower", None), ("percent", "value", None), ("percent", "value", "published")],
)
def test_a_number_beside_a_withheld_figure_is_seen(
    run: Run, package: Path, measure: str, column: str, status: str | None
) -> None:
    path = package / "public/data/characteristics.csv"
    table = pl.read_csv(path, infer_schema=False)
    hidden = (pl.col("status") == "suppressed") & pl.col("measure").str.contains(measure)
    at = pl.int_range(pl.len()) == table.with_row_index().filter(hidden)["index"][0]
    table.with_columns(
        pl.when(at).then(pl.lit("3")).otherwise(column).alias(column),
        pl.when(at & (status is not None)).then(pl.lit(status)).otherwise("status").alias("status"),
    ).write_csv(path)
    agree(package)
    told = run("audit", package, "--certificate")
    assert (told.code, "NDL-D012" in told.err or "NDL-D013" in told.err) == (4, True), told.told


def protect(run: Run, folder: Path, *more: object, rules: Path = CLASSIC) -> int:
    words = ["protect", CASE / "in.csv", "--tables", CASE / "tables.json", "--rules", rules]
    return run(*words, "--out", folder / "safe.csv", *more).code


def test_a_table_of_counts_gets_a_certificate_too(run: Run, tmp_path: Path) -> None:
    proof = tmp_path / "proof"
    assert protect(run, tmp_path, "--certificate", proof) == 0
    assert {path.name for path in proof.iterdir()} >= {*FILES, "results.json"}
    assert stat.S_IMODE(proof.stat().st_mode) == 0o700
    primary = pl.read_parquet(proof / FILES[0]).filter("is_primary")
    assert set(pl.read_parquet(proof / FILES[2])["cell"]) == set(primary["cell"]), "every primary has a witness"
    safe = hashlib.sha256((tmp_path / "safe.csv").read_bytes()).hexdigest()
    assert json.loads((proof / "results.json").read_text(encoding="utf-8"))["public_files"] == {"safe.csv": safe}


def test_neither_is_written_where_the_other_cannot_be(run: Run, tmp_path: Path) -> None:
    (tmp_path / "proof").mkdir()
    (tmp_path / "proof/mine.txt").write_text("mine", encoding="utf-8")
    assert protect(run, tmp_path, "--certificate", tmp_path / "proof") == 6
    assert not (tmp_path / "safe.csv").exists()
    assert [path.name for path in (tmp_path / "proof").iterdir()] == ["mine.txt"]


def test_noisy_counts_get_none(run: Run, tmp_path: Path, home: Path) -> None:
    charge = ("--release-id", "wards", "--cohort", "2019-20")
    assert protect(run, tmp_path, "--certificate", tmp_path / "proof", *charge, rules=NOISE) == 3
    assert not list(tmp_path.glob("*.csv"))
    assert not (home / "ledger.sqlite").exists(), "nothing was charged"
