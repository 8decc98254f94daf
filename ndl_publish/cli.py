"""The commands: parse, call one function, print, choose the exit code.

Everything heavier than click is imported inside a command, so ``--help`` answers at once.
"""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from ndl_publish import __version__

Command = TypeVar("Command", bound=Callable[..., Any])
INTERRUPTED = 130
UNEXPECTED = 1
GARBAGE = 100_000
"""Objects that may be made, beyond those given back, before cycles among them are looked for."""

FOLDER = click.Path(path_type=Path, file_okay=False)
FILE = click.Path(path_type=Path, dir_okay=False)
CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


def _options(*options: Callable[[Any], Any]) -> Callable[[Command], Command]:
    """Return a decorator that adds several options, in the order given."""

    def add(command: Command) -> Command:
        for option in reversed(options):
            command = option(command)
        return command

    return add


as_json = click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
spec_folders = _options(
    click.option("--metadata", type=FOLDER, help="Folder of metadata; default: what ships with ndl-publish."),
    click.option("--rules", type=FOLDER, help="Folder of rule books; default: what ships with ndl-publish."),
)
key_file = click.option("--key", type=FILE, help="File of the secret key; default: in the home folder.")
what_if = click.option(
    "--what-if", is_flag=True, help="Say what each rule costs, also for large tables (exact counts only)."
)
whole_numbers = click.option(
    "--whole-numbers", is_flag=True, help="Attack with tables of whole numbers, too (exact counts only; slower)."
)
ledger_file = click.option("--ledger", type=FILE, help="File of the privacy ledger; default: in the home folder.")


@click.group(context_settings=CONTEXT)
@click.version_option(__version__, prog_name="ndl-publish")
def cli() -> None:
    """Turn linked early-years records into area statistics that are safe to publish.

    \b
    Example:
      ndl-publish build examples/early_years/release.yaml --out out

    Key and ledger live in the folder NDL_PUBLISH_HOME (default: your user data folder).
    """


@cli.command()
@click.argument("folder", type=FOLDER)
@click.option("--dataset", default="early_years", show_default=True, help="Name of the metadata to start from.")
@spec_folders
def init(folder: Path, dataset: str, metadata: Path | None, rules: Path | None) -> None:
    """Scaffold a release in FOLDER, with placeholder records, ready to build.

    \b
    Example:
      ndl-publish init my-release
    """
    import shlex

    from ndl_publish.scaffold import scaffold
    from ndl_publish.terminal import show

    files = scaffold(folder, dataset=dataset, metadata=metadata, rules=rules)
    show(f"Made {folder} with {len(files)} files. The records are placeholders: put your own in their place.")
    show(f"Next: ndl-publish check {shlex.quote(str(folder / 'release.yaml'))}")


@cli.command()
@click.argument("release", type=FILE)
@spec_folders
@as_json
def check(release: Path, metadata: Path | None, rules: Path | None, *, as_json: bool) -> None:
    """Validate a release, its metadata, rules and records. Spends nothing, writes nothing.

    \b
    Example:
      ndl-publish check examples/early_years/release.yaml
    """
    from ndl_publish import pipeline, report, terminal

    with terminal.progress_bar() as progress:
        prepared = pipeline.prepare(release, metadata=metadata, rules=rules)
        records = pipeline.validated(prepared, progress=progress)
    report.show_check(prepared, records.findings, as_json=as_json)


@cli.command()
@click.argument("release", type=FILE)
@click.option("--html", type=FILE, help="Write the plan to this new page, too.")
@spec_folders
@ledger_file
@as_json
def plan(
    release: Path, html: Path | None, metadata: Path | None, rules: Path | None, ledger: Path | None, *, as_json: bool
) -> None:
    """Show tables, cells, expected error and cost before anything is spent. Reads no record.

    \b
    Example:
      ndl-publish plan examples/early_years/release.yaml
    """
    from ndl_publish import pipeline, plan_report

    prepared = pipeline.prepare(release, metadata=metadata, rules=rules)
    plan_report.show_plan(prepared, _home(None, ledger), html=html, as_json=as_json)


@cli.command()
@click.argument("release", type=FILE)
@click.option("--out", type=FOLDER, default=Path("out"), show_default=True, help="Folder that packages stand in.")
@what_if
@whole_numbers
@spec_folders
@key_file
@ledger_file
@as_json
def build(  # noqa: PLR0913 - one parameter per option
    release: Path, out: Path, metadata: Path | None, rules: Path | None, key: Path | None, ledger: Path | None,
    *, what_if: bool, whole_numbers: bool, as_json: bool,
) -> None:  # fmt: skip
    """Make a package from records: public/ (a draft) and internal/ (for the output checker).

    \b
    Example:
      ndl-publish build examples/early_years/release.yaml --out out
    """
    from ndl_publish import pipeline, report, terminal

    with terminal.progress_bar() as progress:
        prepared = pipeline.prepare(release, metadata=metadata, rules=rules)
        home = _home(key, ledger)
        wanted = pipeline.Wanted(what_if, whole_numbers)
        built = pipeline.build(prepared, out=out, home=home, actor=_actor(), progress=progress, wanted=wanted)
    report.show_build(built, home, as_json=as_json)


@cli.command()
@click.argument("counts", type=FILE)
@click.option("--tables", type=FILE, required=True, help="Which tables to publish (JSON or YAML).")
@click.option("--rules", type=FILE, required=True, help="The rule book: a YAML file, or the name of one that ships.")
@click.option("--out", type=FILE, required=True, help="CSV to write: one row per published cell.")
@click.option("--report", type=FOLDER, help="New folder for the confidential suppression report (exact counts only).")
@what_if
@click.option("--certificate", type=FOLDER, help="New folder for the confidential certificate (exact counts only).")
@whole_numbers
@click.option("--release-id", help="Name of the release in the ledger (mode dp).")
@click.option("--release-version", default="1.0.0", show_default=True, help="Version in the ledger (mode dp).")
@click.option("--cohort", help="Cohort that is charged (mode dp), such as 2019-20.")
@key_file
@ledger_file
@as_json
def protect(  # noqa: PLR0913 - one parameter per option
    counts: Path, tables: Path, rules: Path, out: Path, report: Path | None, certificate: Path | None,
    release_id: str | None, release_version: str, cohort: str | None, key: Path | None, ledger: Path | None,
    *, what_if: bool, whole_numbers: bool, as_json: bool,
) -> None:  # fmt: skip
    """Protect a table of counts that you already have.

    \b
    Example:
      ndl-publish protect counts.csv --tables tables.json \\
        --rules disclosure_rules/classic_threshold.yaml --out safe.csv
    """
    from ndl_publish import terminal
    from ndl_publish.protect_counts import Charge, protect_counts
    from ndl_publish.report import show_protected_counts
    from ndl_publish.suppression_report.counts import ReportWanted

    if what_if and report is None:
        raise click.UsageError("--what-if is a part of the report: name a folder with --report.")
    charge = Charge(release_id, release_version, cohort, _actor())
    with terminal.progress_bar() as progress:
        done = protect_counts(
            counts, tables_file=tables, rules_file=rules, out=out, home=_home(key, ledger), charge=charge,
            progress=progress, report=None if report is None else ReportWanted(report, what_if),
            certificate=certificate, is_whole=whole_numbers,
        )  # fmt: skip
    show_protected_counts(done, as_json=as_json)


@cli.command()
@click.argument("package", type=click.Path(path_type=Path))
@click.option("--knowing", type=FILE, multiple=True, help="Figures already public (CSV in the layout of data/).")
@click.option(
    "--certificate", type=click.Path(path_type=Path), is_flag=False, flag_value="-",
    help="Add up a package's certificate (default: its own) instead. That of a table is checked by protect itself.",
)  # fmt: skip
@whole_numbers
@as_json
def audit(
    package: Path, knowing: tuple[Path, ...], certificate: Path | None, *, whole_numbers: bool, as_json: bool
) -> None:
    """Attack a package as an outsider would. Exit code 4 when something is recovered.

    \b
    Example:
      ndl-publish audit out/early-years-pilot-1.0.0
      ndl-publish audit out/early-years-pilot-classic-1.0.0 --certificate
    """
    from ndl_publish import report, terminal
    from ndl_publish.audit_package import audit_package

    if whole_numbers and certificate is not None:
        raise click.UsageError("--certificate takes the place of all attacks: leave --whole-numbers out.")
    place = package if certificate == Path("-") else certificate
    with terminal.progress_bar() as progress:
        checks = audit_package(package, knowing=knowing, certificate=place, is_whole=whole_numbers, progress=progress)
    report.show_audit(checks, as_json=as_json)


@cli.command()
@click.argument("package", type=FOLDER)
@click.option("--measurements", type=FILE, help="Parquet file of the noisy measurements; default: the package's own.")
@click.option("--out", type=FOLDER, help="Keep the new package in this folder; default: compare and throw away.")
@click.option("--metadata", type=FOLDER, help="Folder of the look-ups of areas; default: what ships.")
@as_json
def replay(package: Path, measurements: Path | None, out: Path | None, metadata: Path | None, *, as_json: bool) -> None:
    """Make a noisy package again from its noisy measurements alone. Exit code 4 when files differ.

    \b
    Example:
      ndl-publish replay out/early-years-pilot-1.0.0
    """
    from ndl_publish import report, terminal
    from ndl_publish.replay import replay as replayed

    with terminal.progress_bar() as progress:
        done = replayed(package, measurements=measurements, out=out, metadata=metadata, progress=progress)
    report.show_replay(done, as_json=as_json)


@cli.group()
def ledger() -> None:
    """Look at the privacy ledger: what has been spent, by which release, what is left.

    \b
    Example:
      ndl-publish ledger show
    """


@ledger.command("show")
@ledger_file
@as_json
def ledger_show(ledger: Path | None, *, as_json: bool) -> None:
    """Show cap, spent and remaining privacy loss of every cohort.

    \b
    Example:
      ndl-publish ledger show
    """
    from ndl_publish import report

    with _home(None, ledger).open_ledger(must_exist=True) as book:
        report.show_balances(book.balances(), as_json=as_json)


@ledger.command("history")
@click.option("--cohort", help="Only entries that touch this cohort.")
@ledger_file
@as_json
def ledger_history(cohort: str | None, ledger: Path | None, *, as_json: bool) -> None:
    """List every entry: what was charged, committed or decided, when and by whom.

    \b
    Example:
      ndl-publish ledger history --cohort 2019-20
    """
    from ndl_publish import report

    with _home(None, ledger).open_ledger(must_exist=True) as book:
        report.show_history(book.history(cohort), as_json=as_json)


@ledger.command("verify")
@ledger_file
@as_json
def ledger_verify(ledger: Path | None, *, as_json: bool) -> None:
    """Check that no entry was changed or removed. Exit code 5 when one was.

    \b
    Example:
      ndl-publish ledger verify
    """
    from ndl_publish import report

    with _home(None, ledger).open_ledger(must_exist=True) as book:
        report.show_chain(book.verify(), head=book.head(), as_json=as_json)


@ledger.command("set-cap")
@click.argument("cohort")
@click.argument("rho")
@click.option("--reason", required=True, help="Why; stays in the ledger.")
@ledger_file
def ledger_set_cap(cohort: str, rho: str, reason: str, ledger: Path | None) -> None:
    """Record the decision to change the cap of COHORT to RHO.

    \b
    Example:
      ndl-publish ledger set-cap 2019-20 0.8 --reason "Agreed by the data protection board"
    """
    from fractions import Fraction

    from ndl_publish.terminal import show

    try:
        cap = Fraction(rho)
    except (ValueError, ZeroDivisionError):
        raise click.BadParameter("write the cap as a number, for example 0.5 or 1/2.", param_hint="RHO") from None
    home = _home(None, ledger)
    with home.open_ledger(must_exist=True) as book:
        known = {balance.cohort: balance for balance in book.balances()}
        book.set_cap(cohort, cap, reason=reason, actor=_actor())
        home.remember(book)
    show(f"The ledger's cap of cohort {cohort} is now rho {rho}; a rule book with a smaller lifetime_cap still holds.")
    if cohort not in known:
        show(f"No release has charged {cohort} yet; cohorts in the ledger: {', '.join(known) or 'none'}.")
    elif known[cohort].spent > cap:
        show("That is less than has been spent: nothing more can be charged to this cohort.")


@cli.command()
@click.argument("code")
def explain(code: str) -> None:
    """Print the long help for an error code or the status of a figure.

    \b
    Example:
      ndl-publish explain NDL-R003
    """
    from ndl_publish.explain import explain as text_of
    from ndl_publish.terminal import show

    show(text_of(code))


def _home(key: Path | None, ledger: Path | None) -> Any:  # noqa: ANN401 - its type would be imported with it
    from ndl_publish.home import Home
    from ndl_publish.terminal import say

    return Home.locate(key_file=key, ledger_file=ledger, notify=say)


def _actor() -> str:
    import getpass

    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "unknown"


def main() -> None:
    """Run a command; turn every failure into a message and an exit code, never into a traceback."""
    from ndl_publish.errors import PublishError, unforeseen

    _prepare_process()
    try:
        sys.exit(cli.main(standalone_mode=False, prog_name="ndl-publish"))
    except PublishError as error:
        from ndl_publish.terminal import show_error

        show_error(error, as_json="--json" in sys.argv)
        sys.exit(error.exit_code)
    except click.exceptions.Exit as stop:
        sys.exit(stop.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (KeyboardInterrupt, click.Abort):
        click.echo("Stopped. Nothing half-written was left; what the ledger had charged stays charged.", err=True)
        sys.exit(INTERRUPTED)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(UNEXPECTED)
    except Exception as error:  # noqa: BLE001 - a library's message may quote a record: only its kind is shown
        click.echo(unforeseen(error), err=True)
        sys.exit(UNEXPECTED)


def _prepare_process() -> None:
    """Print on any terminal, and let a polite request to stop clean up like Ctrl-C does.

    A command is over soon: looking for unreachable cycles among all that the libraries load costs more than it frees,
    least of all when it ends.
    """
    import atexit
    import gc
    import io
    import signal

    gc.set_threshold(GARBAGE)
    atexit.register(gc.freeze)

    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    signal.signal(signal.SIGTERM, signal.default_int_handler)


if __name__ == "__main__":
    main()
