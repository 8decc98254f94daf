"""``protect``: a table of counts in, a protected table out, in both modes."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from ndl_publish import protect_counts
from ndl_publish.columns import Mask
from ndl_publish.privacy.secret_key import create_key
from ndl_publish.protect import counts
from ndl_publish.spec.locations import shipped
from tests.command import ROOT
from tests.conftest import Run

SCENARIOS = ROOT / "tests/scenarios"
CASES = [pytest.param("secondary/linked", marks=pytest.mark.slow), "secondary/la_ward", "secondary/la_chars"]
CLASSIC = shipped("disclosure_rules") / "classic_threshold.yaml"
NOISE = shipped("disclosure_rules") / "ndl_default.yaml"
CHARGE = ("--release-id", "wards", "--cohort", "2019-20")


@pytest.fixture(params=CASES)
def case(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return Path(shutil.copytree(SCENARIOS / request.param, tmp_path / "case"))


@pytest.fixture
def one(tmp_path: Path) -> Path:
    return Path(shutil.copytree(SCENARIOS / "secondary/la_ward", tmp_path / "case"))


def words(folder: Path, rules: Path, out: str = "safe.csv") -> list[object]:
    return ["protect", folder / "in.csv", "--tables", folder / "tables.json", "--rules", rules, "--out", folder / out]


def test_exact_counts_are_suppressed_and_audited(run: Run, case: Path) -> None:
    told = run(*words(case, CLASSIC), "--json")
    assert told.code == 0, told.told
    table = pl.read_csv(case / "safe.csv")
    assert table.height == told.json()["cells"]
    assert table["published"].is_null().sum() == told.json()["withheld"] > 0
    assert not table["published"].drop_nulls().is_between(1, 4).any()
    records = pl.read_csv(case / "in.csv")
    assert table["published"].max() == records["n"].sum(), "the total is shown"


def test_noise_is_added_and_paid_for_once(run: Run, case: Path) -> None:
    first = run(*words(case, NOISE), *CHARGE)
    assert first.code == 0, first.told
    spent = run("ledger", "show", "--json").json()
    second = run(*words(case, NOISE, "again.csv"), *CHARGE)
    assert second.code in {0, 5}, second.told
    assert run("ledger", "show", "--json").json() == spent
    if second.code == 0:
        assert (case / "safe.csv").read_bytes() == (case / "again.csv").read_bytes()
    exact = int(pl.read_csv(case / "in.csv")["n"].sum())
    table = pl.read_csv(case / "safe.csv")
    assert {"published", "lower", "upper", "status"} <= set(table.columns)
    total = table.drop_nulls("published").select(pl.col("published").max().cast(pl.Int64)).item()
    assert abs(total - exact) < 0.05 * exact + 60


def test_noise_needs_a_name_and_a_cohort(run: Run, one: Path, home: Path) -> None:
    for part in (CHARGE[:0], CHARGE[:2], CHARGE[2:]):
        told = run(*words(one, NOISE), *part)
        assert (told.code, "NDL-R063" in told.err) == (2, True)
    assert not (one / "safe.csv").exists()
    assert not (home / "ledger.sqlite").exists()


def test_a_result_that_stands_there_is_not_replaced(run: Run, one: Path, home: Path) -> None:
    (one / "safe.csv").write_text("mine", encoding="utf-8")
    for rules, more in ((CLASSIC, ()), (NOISE, CHARGE)):
        told = run(*words(one, rules), *more)
        assert (told.code, "NDL-T001" in told.err) == (6, True)
    assert (one / "safe.csv").read_text(encoding="utf-8") == "mine"
    assert not home.exists()


@pytest.mark.parametrize("mode", ["classic", "dp"])
def test_a_folder_that_is_not_there_is_refused_before_anything_is_charged(
    run: Run, one: Path, home: Path, mode: str
) -> None:
    told = run(*words(one, CLASSIC if mode == "classic" else NOISE, "none/safe.csv"), *(CHARGE if mode == "dp" else ()))
    assert (told.code, "NDL-T003" in told.err) == (6, True)
    assert not home.exists()


def test_slips_are_refused(run: Run, one: Path, home: Path) -> None:
    slips = {
        "in.csv": ("NDL-V09", 3, "ward,fsm,gld,n\nW1,fsmN,gldN,canary\n"),
        "tables.json": ("NDL-R036", 2, "{"),
    }
    for name, (code, exit_code, content) in slips.items():
        keep = (one / name).read_text(encoding="utf-8")
        (one / name).write_text(content, encoding="utf-8")
        told = run(*words(one, CLASSIC))
        assert (told.code, code in told.err, "canary" in told.told) == (exit_code, True, False), told.told
        (one / name).unlink()
        missing = run(*words(one, CLASSIC))
        assert missing.code == exit_code
        assert "Traceback" not in missing.told
        (one / name).write_text(keep, encoding="utf-8")
    assert run(*words(one, one / "none.yaml")).code == 2
    assert not (one / "safe.csv").exists()
    assert not home.exists()


def test_rules_that_ship_are_named_without_a_path(run: Run, one: Path) -> None:
    by_path, by_name = run(*words(one, CLASSIC)), run(*words(one, Path("classic_threshold"), "named.csv"))
    assert (by_path.code, by_name.code) == (0, 0), by_name.told
    assert (one / "safe.csv").read_bytes() == (one / "named.csv").read_bytes()
    slip = run(*words(one, Path("clasic_threshold"), "other.csv"))
    assert (slip.code, "NDL-R001" in slip.err, 'did you mean "classic_threshold"?' in slip.err) == (2, True, True)


def test_a_result_that_is_not_csv_is_refused(run: Run, one: Path, home: Path) -> None:
    for name in ("safe.parquet", "safe"):
        told = run(*words(one, CLASSIC, name))
        assert (told.code, "NDL-T004" in told.err, "ends in .csv" in told.err) == (6, True, True), told.told
        assert not (one / name).exists()
    assert not home.exists()


def test_report_and_certificate_have_places_of_their_own(run: Run, one: Path, home: Path) -> None:
    told = run(*words(one, CLASSIC), "--report", one / "x", "--certificate", one / ".." / one.name / "x")
    assert (told.code, "NDL-T004" in told.err) == (6, True), told.told
    assert not (one / "x").exists()
    assert not home.exists()


def test_a_failed_audit_writes_nothing(monkeypatch: pytest.MonkeyPatch, run: Run, one: Path) -> None:
    """Planted: nothing is withheld to protect the small counts."""

    def weak(*arguments: object, **options: object) -> counts.ExactCounts:
        exact = counts.protect_classic_counts(*arguments, **options)  # type: ignore[arg-type]
        mask = np.where(exact.mask == Mask.SECONDARY_SUPPRESSED, Mask.SHOWN, exact.mask).astype(np.uint8)
        return replace(exact, suppression=replace(exact.suppression, mask=mask))

    monkeypatch.setattr(protect_counts, "protect_classic_counts", weak)
    told = run(*words(one, CLASSIC))
    assert (told.code, "NDL-D010" in told.err) == (4, True), told.told
    assert sorted(path.name for path in one.iterdir() if "safe" in path.name) == []


def test_a_full_disk_leaves_nothing(monkeypatch: pytest.MonkeyPatch, run: Run, one: Path) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    key = create_key(one / "key")
    with monkeypatch.context() as patch:
        patch.setattr("ndl_publish.home.Home.open_key", lambda _: key)
        patch.setattr("ndl_publish.protect_counts.os.fsync", full)
        told = run(*words(one, CLASSIC))
    assert told.code == 6, told.told
    assert not [path for path in one.iterdir() if "safe" in path.name]
