"""What the commands about the ledger print and write."""

import csv
import io
import json
import re
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from ndl_publish.errors import BudgetError, TargetError
from ndl_publish.ledger.export import ExportRow
from ndl_publish.ledger.state import Balance
from ndl_publish.ledger_report import (
    export,
    show_balances,
    show_chain,
    show_history,
    show_resolved,
    show_set_cap,
)

ROW = ExportRow(
    date="2026-04-01", release_id="early-years", version="1.0.0", rules="demo", cohort="2019-20", status="committed",
    adjacency="add_remove", rho=Fraction(1, 10), epsilon=2.3484, pure_epsilon=None, cumulative_rho=Fraction(1, 5),
    lifetime_cap=Fraction(1, 2), remaining=Fraction(3, 10),
)  # fmt: skip
HEAD = (3, "ab12")


def test_balances_are_exact_for_machines_and_short_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    balance = Balance(
        "2019-20", Fraction(1, 2), Fraction(1, 3), Fraction(0),
        yearly_cap=Fraction(2, 5), spent_this_year=Fraction(1, 3), n_open=2, open_rho=Fraction(1, 5),
    )  # fmt: skip
    show_balances((balance,), as_json=True)
    assert json.loads(capsys.readouterr().out) == [
        {"cohort": "2019-20", "cap": "1/2", "spent": "1/3", "remaining": "1/6", "yearly_cap": "2/5",
         "spent_this_year": "1/3", "remaining_this_year": "1/15", "open_reservations": 2, "open_rho": "1/5"}
    ]  # fmt: skip
    show_balances((balance,), as_json=False)
    out = capsys.readouterr().out
    (line,) = [line for line in out.splitlines() if line.startswith("  2019-20")]
    assert line.split() == ["2019-20", "0.5", "0.333333", "0.166667", "0.4", "0.333333", "0.0666667", "2", "0.2"]
    assert "ledger resolve ENTRY" in out


def test_an_account_without_yearly_cap_or_open_reservations_is_told_so(capsys: pytest.CaptureFixture[str]) -> None:
    show_balances((Balance("c", Fraction(1), Fraction(0), Fraction(0)),), as_json=False)
    out = capsys.readouterr().out
    assert out.splitlines()[-2].split() == ["c", "1", "0", "1", "-", "0", "1", "0", "0"]
    assert "Open reservations" not in out


def test_history_tells_charges_and_caps(capsys: pytest.CaptureFixture[str]) -> None:
    entries: tuple[dict[str, Any], ...] = (
        {"entry": 1, "kind": "set_cap", "at": "t", "actor": "me", "reason": "Agreed",
         "cohort": "2019-20", "cap": "1/2"},
        {"entry": 2, "kind": "reserve", "at": "t", "actor": "me", "release_id": "r", "version": "1.0.0",
         "charges": [{"cohort": "2019-20", "rho": "1/10"}], "status": "resolved"},
        {"entry": 3, "kind": "set_cap", "at": "t", "actor": "me", "reason": "Less", "cohort": "2019-20",
         "yearly_cap": "1/5"},
        {"entry": 4, "kind": "resolve", "at": "t", "actor": "me", "reason": "Power cut", "resolves": 2,
         "request_digest": "d"},
    )  # fmt: skip
    show_history(entries, as_json=False)
    out = capsys.readouterr().out
    assert "cap 0.5" in out
    assert "2019-20: 0.1" in out
    assert "yearly cap 0.2" in out
    assert re.search(r"reserve +resolved", out)
    assert re.search(r"entry 2 +Power cut", out)
    show_history(entries, as_json=True)
    assert json.loads(capsys.readouterr().out) == list(entries)


def test_a_whole_chain_is_said_and_a_broken_one_is_raised(capsys: pytest.CaptureFixture[str]) -> None:
    show_chain((), head=(2, "ab12"), as_json=True)
    assert json.loads(capsys.readouterr().out) == {"status": "ok", "entries": 2, "last_hash": "ab12"}
    show_chain((), head=(2, "ab12"), as_json=False)
    out = capsys.readouterr().out
    assert "2 entries" in out
    assert "ab12" in out
    with pytest.raises(BudgetError) as caught:
        show_chain(("entry 2", "entry 3"), head=(3, "ab12"), as_json=True)
    assert [finding.message for finding in caught.value.findings] == ["entry 2", "entry 3"]


def test_a_changed_cap_is_told_with_what_it_means(capsys: pytest.CaptureFixture[str]) -> None:
    account = Balance("c", Fraction(1), Fraction(1, 2), Fraction(0), spent_this_year=Fraction(1, 4))
    show_set_cap("c", Fraction(2, 5), {"c": account}, is_yearly=False)
    assert "nothing more can be charged to this cohort" in capsys.readouterr().out
    show_set_cap("c", Fraction(2, 5), {"c": account}, is_yearly=True)
    out = capsys.readouterr().out
    assert "yearly cap of cohort c is now rho 0.4; a rule book with a smaller yearly_cap" in out
    assert "nothing more" not in out
    show_set_cap("c", Fraction(1, 5), {"c": account}, is_yearly=True)
    assert "charged this year" in capsys.readouterr().out
    show_set_cap("d", Fraction(1), {"c": account}, is_yearly=False)
    assert "No release has charged d yet; cohorts in the ledger: c." in capsys.readouterr().out


def test_a_resolved_reservation_is_told_as_spent(capsys: pytest.CaptureFixture[str]) -> None:
    body = {"release_id": "r", "version": "1.0.0", "charges": [{"cohort": "c", "rho": "1/10"}]}
    show_resolved(4, body)
    out = capsys.readouterr().out
    assert "Entry 4, version 1.0.0 of r, is resolved. It stays spent:" in out
    assert "rho 0.1 of cohort c" in out


def test_the_export_is_csv_with_exact_and_decimal_numbers(capsys: pytest.CaptureFixture[str]) -> None:
    export((ROW,), head=HEAD, year=None, form="csv", out=None)
    (row,) = csv.DictReader(capsys.readouterr().out.splitlines())
    assert (row["rho"], row["rho_decimal"], row["epsilon_at_delta_1e-7"]) == ("1/10", "0.1", "2.3484")
    assert (row["pure_epsilon"], row["cumulative_rho"], row["remaining"]) == ("", "1/5", "3/10")
    assert (row["date"], row["cohort"], row["status"]) == ("2026-04-01", "2019-20", "committed")


def test_the_export_for_machines_has_totals_and_the_head(capsys: pytest.CaptureFixture[str]) -> None:
    later = replace(ROW, version="1.0.1", rho=Fraction(1, 5), cumulative_rho=Fraction(2, 5), remaining=Fraction(1, 10))
    export((ROW, later, replace(ROW, cohort="2018-19")), head=HEAD, year=2026, form="json", out=None)
    told = json.loads(capsys.readouterr().out)
    assert (told["year"], told["delta"], told["ledger"]) == (2026, 1e-7, {"entries": 3, "last_hash": "ab12"})
    assert [row["rho"] for row in told["rows"]] == ["1/10", "1/5", "1/10"]
    assert [(t["cohort"], t["charges"], t["rho"], t["remaining"]) for t in told["totals"]] == [
        ("2018-19", 1, "1/10", "3/10"),
        ("2019-20", 2, "3/10", "1/10"),
    ]


def test_an_export_without_charges_is_a_header(capsys: pytest.CaptureFixture[str]) -> None:
    export((), head=(0, ""), year=2020, form="csv", out=None)
    assert len(capsys.readouterr().out.splitlines()) == 1
    export((), head=(0, ""), year=2020, form="json", out=None)
    assert json.loads(capsys.readouterr().out)["totals"] == []


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_no_cell_of_the_export_starts_like_a_formula(capsys: pytest.CaptureFixture[str], start: str) -> None:
    export((replace(ROW, cohort=f"{start}1+1", release_id=f"{start}x"),), head=HEAD, year=None, form="csv", out=None)
    told = capsys.readouterr().out
    (row,) = csv.DictReader(io.StringIO(told, newline=""))
    assert not [value for value in row.values() if value.startswith(("=", "+", "-", "@", "\t", "\r"))]


def test_an_export_is_written_once_and_never_over_another(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "loss.csv"
    export((ROW,), head=HEAD, year=None, form="csv", out=out)
    before = out.read_text(encoding="utf-8")
    assert before.startswith("date,release_id,")
    assert str(out) in capsys.readouterr().err
    with pytest.raises(TargetError) as caught:
        export((), head=HEAD, year=None, form="csv", out=out)
    assert (caught.value.code, out.read_text(encoding="utf-8")) == ("NDL-T001", before)
    with pytest.raises(TargetError) as caught:
        export((ROW,), head=HEAD, year=None, form="csv", out=tmp_path / "none" / "x.csv")
    assert caught.value.code == "NDL-T003"
