"""What the commands of ``ndl-publish ledger`` print or write."""

import csv
import io
import json
import os
from collections.abc import Callable, Iterable, Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

from ndl_publish.errors import BudgetError, Finding, TargetError
from ndl_publish.ledger.decision import decimal_text
from ndl_publish.ledger.export import DELTA, ExportRow, rounded_epsilon
from ndl_publish.ledger.state import Balance
from ndl_publish.privacy.events import fraction_text
from ndl_publish.terminal import say, show, show_json, show_table

FORMULA_STARTS = ("=", "+", "-", "@")
"""A cell that starts so is run by spreadsheet programmes."""
BALANCE_HEADER = (
    "cohort", "cap", "spent", "remaining", "yearly cap", "spent this year", "left this year", "open", "rho in open",
)  # fmt: skip
HISTORY_HEADER = ("entry", "kind", "status", "at", "by", "release or cohort", "version", "rho", "reason")


_COLUMNS: dict[str, Callable[[ExportRow], str | float | None]] = {
    "date": lambda row: row.date,
    "release_id": lambda row: row.release_id,
    "version": lambda row: row.version,
    "rules": lambda row: row.rules,
    "cohort": lambda row: row.cohort,
    "status": lambda row: row.status,
    "adjacency": lambda row: row.adjacency,
    "rho": lambda row: fraction_text(row.rho),
    "rho_decimal": lambda row: float(row.rho),
    "epsilon_at_delta_1e-7": lambda row: row.epsilon,
    "pure_epsilon": lambda row: None if row.pure_epsilon is None else float(row.pure_epsilon),
    "cumulative_rho": lambda row: fraction_text(row.cumulative_rho),
    "cumulative_rho_decimal": lambda row: float(row.cumulative_rho),
    "lifetime_cap": lambda row: fraction_text(row.lifetime_cap),
    "lifetime_cap_decimal": lambda row: float(row.lifetime_cap),
    "remaining": lambda row: fraction_text(row.remaining),
    "remaining_decimal": lambda row: float(row.remaining),
}
"""Columns of the report, in their order."""


def show_balances(balances: tuple[Balance, ...], *, as_json: bool) -> None:
    """Print caps, spent and remaining of every cohort, and what is in open reservations."""
    if as_json:
        show_json([_balance_json(balance) for balance in balances])
        return
    show_table("Privacy loss (rho) by cohort:", BALANCE_HEADER, [_balance_text(balance) for balance in balances])
    if any(balance.n_open for balance in balances):
        show("Open reservations count as spent. Finish one by running the identical build again at no cost, or record")
        show('what became of it: ndl-publish ledger resolve ENTRY --reason "..." (ENTRY: see ledger history).')


def _balance_json(balance: Balance) -> dict[str, str | int | None]:
    exact = ("cap", "spent", "remaining", "spent_this_year", "remaining_this_year", "open_rho")
    return {
        "cohort": balance.cohort,
        **{key: str(getattr(balance, key)) for key in exact},
        "yearly_cap": None if balance.yearly_cap is None else str(balance.yearly_cap),
        "open_reservations": balance.n_open,
    }


def _balance_text(balance: Balance) -> tuple[str, ...]:
    return (
        balance.cohort,
        decimal_text(balance.cap),
        decimal_text(balance.spent),
        decimal_text(balance.remaining),
        "-" if balance.yearly_cap is None else decimal_text(balance.yearly_cap),
        decimal_text(balance.spent_this_year),
        decimal_text(balance.remaining_this_year),
        str(balance.n_open),
        decimal_text(balance.open_rho),
    )


def show_history(entries: tuple[dict[str, Any], ...], *, as_json: bool) -> None:
    """Print the entries of the ledger, oldest first."""
    if as_json:
        show_json(list(entries))
        return
    rows = [
        (
            str(e["entry"]),
            e["kind"],
            e.get("status", ""),
            e["at"],
            e["actor"],
            f"entry {e['resolves']}" if "resolves" in e else e.get("release_id", e.get("cohort", "")),
            e.get("version", ""),
            _loss(e),
            e.get("reason", ""),
        )
        for e in entries
    ]
    show_table("Ledger:", HISTORY_HEADER, rows)


def _loss(entry: dict[str, Any]) -> str:
    for name, words in (("cap", "cap"), ("yearly_cap", "yearly cap")):
        if name in entry:
            return f"{words} {decimal_text(Fraction(entry[name]))}"
    charges = entry.get("charges", [])
    return ", ".join(f"{charge['cohort']}: {decimal_text(Fraction(charge['rho']))}" for charge in charges)


def show_chain(broken: tuple[str, ...], *, head: tuple[int, str], as_json: bool) -> None:
    """Print that the chain is whole; raise when it is not.

    Raises:
        BudgetError: ``NDL-B006`` naming every broken place.
    """
    if broken:
        findings = tuple(Finding("NDL-B006", "error", "ledger", place) for place in broken)
        raise BudgetError("NDL-B006", "The chain of ledger entries is broken.", findings=findings)
    if as_json:
        show_json({"status": "ok", "entries": head[0], "last_hash": head[1]})
        return
    show(f"{head[0]} entries, none changed or removed in between; the last has the hash {head[1] or '-'}.")
    show("Entries cut off at the end leave no gap: compare number and hash with your copy.")


def show_set_cap(cohort: str, cap: Fraction, known: Mapping[str, Balance], *, is_yearly: bool) -> None:
    """Print which cap holds now, and what that means for a cohort; ``known`` are the accounts before."""
    kind, key = ("yearly cap", "yearly_cap") if is_yearly else ("cap", "lifetime_cap")
    rho = decimal_text(cap)
    show(f"The ledger's {kind} of cohort {cohort} is now rho {rho}; a rule book with a smaller {key} still holds.")
    if cohort not in known:
        show(f"No release has charged {cohort} yet; cohorts in the ledger: {', '.join(known) or 'none'}.")
    elif (known[cohort].spent_this_year if is_yearly else known[cohort].spent) > cap:
        when = "this year" if is_yearly else "to this cohort"
        show(f"That is less than has been spent: nothing more can be charged {when}.")


def show_resolved(entry: int, reserved: dict[str, Any]) -> None:
    """Print that a reservation was resolved and what stays spent."""
    show(f"Entry {entry}, version {reserved['version']} of {reserved['release_id']}, is resolved. It stays spent:")
    for charge in reserved["charges"]:
        show(f"  rho {decimal_text(Fraction(charge['rho']))} of cohort {charge['cohort']}")
    show("The identical build would still cost nothing more.")


def export(
    rows: tuple[ExportRow, ...], *, head: tuple[int, str], year: int | None, form: str, out: Path | None
) -> None:
    """Print or write the rows of the report, as CSV or as JSON with totals and the hash of the last entry.

    Raises:
        TargetError: ``NDL-T001`` when the file is there already, ``NDL-T003`` when it cannot be written.
    """
    text = _csv(rows) if form == "csv" else _json(rows, head=head, year=year)
    if out is None:
        show(text.rstrip("\n"))
        return
    _write_new(out, text)
    say(f"{len(rows)} charges written: {out}")


def _csv(rows: Iterable[ExportRow]) -> str:
    file = io.StringIO()
    writer = csv.DictWriter(file, fieldnames=list(_COLUMNS), lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({name: _harmless(value) for name, value in _values(row).items()})
    return file.getvalue()


def _json(rows: tuple[ExportRow, ...], *, head: tuple[int, str], year: int | None) -> str:
    content = {
        "year": year,
        "delta": DELTA,
        "rows": [_values(row) for row in rows],
        "totals": [_total(cohort, rows) for cohort in sorted({row.cohort for row in rows})],
        "ledger": {"entries": head[0], "last_hash": head[1]},
    }
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def _values(row: ExportRow) -> dict[str, Any]:
    return {name: value_of(row) for name, value_of in _COLUMNS.items()}


def _total(cohort: str, rows: tuple[ExportRow, ...]) -> dict[str, Any]:
    """Return what a cohort lost by the charges listed, and where it stood after the last of them."""
    own = [row for row in rows if row.cohort == cohort]
    rho, last = sum((row.rho for row in own), Fraction(0)), own[-1]
    return {
        "cohort": cohort,
        "charges": len(own),
        "rho": fraction_text(rho),
        "rho_decimal": float(rho),
        "epsilon_at_delta_1e-7": rounded_epsilon(rho),
        "cumulative_rho": fraction_text(last.cumulative_rho),
        "lifetime_cap": fraction_text(last.lifetime_cap),
        "remaining": fraction_text(last.remaining),
    }


def _harmless(value: object) -> object:
    """Return a value that stays on its line and that no spreadsheet programme runs: a quote stands before it."""
    if not isinstance(value, str):
        return value
    text = " ".join(value.split())
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text


def _write_new(out: Path, text: str) -> None:
    """Write a file that is not there yet."""
    try:
        with out.open("x", encoding="utf-8", newline="") as file:
            try:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            except BaseException:
                out.unlink(missing_ok=True)
                raise
    except FileExistsError:
        raise TargetError("NDL-T001", f"{out}: stands there already and is not replaced. Name another file.") from None
    except OSError as error:
        raise TargetError("NDL-T003", f"{out}: cannot be written ({error.strerror}).") from None
