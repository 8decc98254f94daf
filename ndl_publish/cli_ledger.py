"""The commands of ``ndl-publish ledger``. Everything heavier than click is imported inside a command."""

from pathlib import Path

import click

from ndl_publish.cli_options import FILE, actor, as_json, home_of, ledger_place


@click.group("ledger")
def ledger_group() -> None:
    """Look at the privacy ledger: what has been spent, by which release, what is left.

    \b
    Example:
      ndl-publish ledger show
    """


@ledger_group.command("show")
@ledger_place
@as_json
def ledger_show(ledger: str | None, *, as_json: bool) -> None:
    """Show caps, spent and remaining privacy loss of every cohort, and its open reservations.

    \b
    Example:
      ndl-publish ledger show
    """
    from ndl_publish import ledger_report

    with home_of(None, ledger).open_ledger(must_exist=True) as book:
        ledger_report.show_balances(book.balances(), as_json=as_json)


@ledger_group.command("history")
@click.option("--cohort", help="Only entries that touch this cohort.")
@ledger_place
@as_json
def ledger_history(cohort: str | None, ledger: str | None, *, as_json: bool) -> None:
    """List every entry: what was charged, committed, resolved or decided, when and by whom.

    \b
    Example:
      ndl-publish ledger history --cohort 2019-20
    """
    from ndl_publish import ledger_report

    with home_of(None, ledger).open_ledger(must_exist=True) as book:
        ledger_report.show_history(book.history(cohort), as_json=as_json)


@ledger_group.command("verify")
@ledger_place
@as_json
def ledger_verify(ledger: str | None, *, as_json: bool) -> None:
    """Check that no entry was changed or removed. Exit code 5 when one was.

    \b
    Example:
      ndl-publish ledger verify
    """
    from ndl_publish import ledger_report

    with home_of(None, ledger).open_ledger(must_exist=True) as book:
        ledger_report.show_chain(book.verify(), head=book.head(), as_json=as_json)


@ledger_group.command("set-cap")
@click.argument("cohort")
@click.argument("rho")
@click.option("--yearly", is_flag=True, help="The cap of each calendar year, not of the lifetime.")
@click.option("--new-cohort", is_flag=True, help="COHORT has not been charged yet.")
@click.option("--reason", required=True, help="Why; stays in the ledger.")
@ledger_place
def ledger_set_cap(cohort: str, rho: str, reason: str, ledger: str | None, *, yearly: bool, new_cohort: bool) -> None:
    """Record the decision to change the lifetime cap of COHORT, or its yearly cap, to RHO.

    \b
    Example:
      ndl-publish ledger set-cap 2019-20 0.8 --reason "Agreed by the data protection board"
      ndl-publish ledger set-cap 2019-20 0.2 --yearly --reason "Agreed by the data protection board"
    """
    from fractions import Fraction

    from ndl_publish import ledger_report

    try:
        cap = Fraction(rho)
    except (ValueError, ZeroDivisionError):
        raise click.BadParameter("write the cap as a number, for example 0.5 or 1/2.", param_hint="RHO") from None
    home = home_of(None, ledger)
    with home.open_ledger(must_exist=True) as book:
        known = {balance.cohort: balance for balance in book.balances()}
        if cohort not in known and not new_cohort:
            names = ", ".join(known) or "none"
            message = f"no release has charged {cohort}; cohorts in the ledger: {names}. For one to come: --new-cohort."
            raise click.BadParameter(message, param_hint="COHORT")
        book.set_cap(cohort, cap, reason=reason, actor=actor(), is_yearly=yearly)
        home.remember(book)
    ledger_report.show_set_cap(cohort, cap, known, is_yearly=yearly)


@ledger_group.command("resolve")
@click.argument("entry", type=int)
@click.option("--reason", required=True, help="What became of the reservation; stays in the ledger.")
@ledger_place
def ledger_resolve(entry: int, reason: str, ledger: str | None) -> None:
    """Record what became of the reservation in ENTRY that was never committed. Its charge stays spent.

    Nothing is given back: nobody can prove that no noise was drawn. The identical build may still be run, at no cost.

    \b
    Example:
      ndl-publish ledger resolve 12 --reason "Power cut; the release was dropped, nothing was seen"
    """
    from ndl_publish import ledger_report

    home = home_of(None, ledger)
    with home.open_ledger(must_exist=True) as book:
        reserved = book.resolve(entry, reason=reason, actor=actor())
        home.remember(book)
    ledger_report.show_resolved(entry, reserved)


@ledger_group.command("export")
@click.option("--year", type=click.IntRange(1000, 9999), help="Only charges of this calendar year (UTC).")
@click.option("--format", "form", type=click.Choice(["csv", "json"]), default="csv", show_default=True, help="Form.")
@click.option("--out", type=FILE, help="File to write; it must not be there yet. Default: the terminal.")
@ledger_place
def ledger_export(year: int | None, form: str, out: Path | None, ledger: str | None) -> None:
    """Write one row for each charge and cohort, without names, for an annual transparency report.

    \b
    Example:
      ndl-publish ledger export --year 2026 --out privacy-loss-2026.csv
    """
    from ndl_publish import ledger_report

    with home_of(None, ledger).open_ledger(must_exist=True) as book:
        ledger_report.export(book.export(year=year), head=book.head(), year=year, form=form, out=out)
