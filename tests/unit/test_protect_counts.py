"""``protect_counts`` as a function: order of refusals, what is charged, what is written."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from ndl_publish.errors import InputError, RuleError, TargetError
from ndl_publish.home import Home
from ndl_publish.protect_counts import Charge, ProtectedCounts, protect_counts
from ndl_publish.spec.locations import shipped

ROWS = "la,sex,n\na,F,3\na,M,19\nb,F,18\nb,M,19\nc,F,29\nc,M,31\nd,F,44\nd,M,45\n"
TABLES = {"tables": [{"geo": ["total", "la"], "sex": ["total", "sex"]}], "count": "n", "codes_are_public": True}
PAID = Charge("a-release", "1.0.0", "2019-20", "tester")
FREE = Charge(None, "1.0.0", None, "tester")
Protect = Callable[..., ProtectedCounts]


@pytest.fixture
def own_home(home: Path) -> Home:
    return Home.locate(key_file=None, ledger=None, notify=lambda _: None, environ={"NDL_PUBLISH_HOME": str(home)})


@pytest.fixture
def protect(tmp_path: Path, own_home: Home) -> Protect:
    (tmp_path / "in.csv").write_text(ROWS, encoding="utf-8")
    (tmp_path / "tables.json").write_text(json.dumps(TABLES), encoding="utf-8")

    def run(rules: str = "classic_threshold", *, out: str = "out.csv", charge: Charge = FREE) -> ProtectedCounts:
        return protect_counts(
            tmp_path / "in.csv",
            tables_file=tmp_path / "tables.json",
            rules_file=shipped("disclosure_rules") / f"{rules}.yaml",
            out=tmp_path / out,
            home=own_home,
            charge=charge,
            progress=lambda *_: None,
        )

    return run


def test_small_counts_and_what_gives_them_away_are_withheld(protect: Protect, own_home: Home) -> None:
    done = protect()
    table = pl.read_csv(done.out)
    assert (done.n_cells, done.n_withheld) == (15, table["published"].is_null().sum())
    assert done.n_withheld >= 4, "one small count in a table with margins needs three others"
    assert not table["published"].drop_nulls().is_between(1, 4).any()
    shown = pl.read_csv(done.out).drop_nulls("published")
    assert shown.filter(pl.col("published") == 208).height == 1
    assert not own_home.has_ledger()


def test_the_file_is_for_everybody_and_complete(protect: Protect, tmp_path: Path) -> None:
    done = protect()
    assert done.out.stat().st_mode & 0o777 == 0o644
    assert sorted(path.name for path in tmp_path.iterdir()) == ["home", "in.csv", "out.csv", "tables.json"]


def test_the_same_counts_give_the_same_bytes(protect: Protect) -> None:
    assert protect(out="a.csv").out.read_bytes() == protect(out="b.csv").out.read_bytes()


def test_noise_is_committed_with_the_hash_of_the_file(protect: Protect, own_home: Home) -> None:
    done = protect("ndl_default", charge=PAID)
    with own_home.open_ledger(must_exist=True) as ledger:
        entries = ledger.history()
        assert float(ledger.balances()[0].spent) == pytest.approx(0.1, rel=0.01)
    assert [entry["kind"] for entry in entries][-2:] == ["reserve", "commit"]
    assert hashlib.sha256(done.out.read_bytes()).hexdigest() in json.dumps(entries[-1], default=str)


@pytest.mark.parametrize("charge", [FREE, Charge("a", "1.0.0", None, "t"), Charge(None, "1.0.0", "c", "t")])
def test_noise_without_a_name_or_cohort_is_refused(protect: Protect, own_home: Home, charge: Charge) -> None:
    with pytest.raises(RuleError) as caught:
        protect("ndl_default", charge=charge)
    assert caught.value.code == "NDL-R063"
    assert not own_home.has_ledger()


def test_nothing_is_made_when_the_input_is_wrong(protect: Protect, tmp_path: Path, home: Path) -> None:
    (tmp_path / "in.csv").write_text("la,sex,n\na,F,-1\n", encoding="utf-8")
    with pytest.raises(InputError):
        protect("ndl_default", charge=PAID)
    assert not home.exists()
    assert not (tmp_path / "out.csv").exists()


@pytest.mark.parametrize(("out", "code"), [("in.csv", "NDL-T001"), ("none/out.csv", "NDL-T003")])
def test_a_place_that_cannot_be_used_is_refused_before_a_charge(
    protect: Protect, home: Path, out: str, code: str
) -> None:
    with pytest.raises(TargetError) as caught:
        protect("ndl_default", out=out, charge=PAID)
    assert caught.value.code == code
    assert not home.exists()


def test_noisy_bounds_of_withheld_cells_are_blank(protect: Protect) -> None:
    table = pl.read_csv(protect("ndl_default", charge=PAID).out)
    hidden = table.filter(pl.col("status") != "published")
    assert hidden.height > 0
    assert hidden.select("published", "lower", "upper").null_count().row(0) == (hidden.height,) * 3
    shown = table.filter(pl.col("status") == "published")
    assert shown.select("published", "lower", "upper").null_count().row(0) == (0, 0, 0)


@pytest.mark.usefixtures("protect")
def test_noise_on_codes_that_only_occur_is_refused(tmp_path: Path, own_home: Home) -> None:
    tables = {**TABLES, "codes_are_public": False}
    (tmp_path / "tables.json").write_text(json.dumps(tables), encoding="utf-8")
    with pytest.raises(RuleError) as caught:
        protect_counts(
            tmp_path / "in.csv",
            tables_file=tmp_path / "tables.json",
            rules_file=shipped("disclosure_rules") / "ndl_default.yaml",
            out=tmp_path / "out.csv",
            home=own_home,
            charge=PAID,
            progress=lambda *_: None,
        )
    assert caught.value.code == "NDL-R064"
    assert not own_home.has_ledger()


@pytest.mark.parametrize("cohort", ["2019-20 ", "Cohort", "a b", "-x"])
def test_a_cohort_must_have_one_spelling(protect: Protect, own_home: Home, cohort: str) -> None:
    with pytest.raises(RuleError) as caught:
        protect("ndl_default", charge=Charge("a", "1.0.0", cohort, "t"))
    assert caught.value.code == "NDL-R063"
    assert not own_home.has_ledger()
