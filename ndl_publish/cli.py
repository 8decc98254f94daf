"""The commands: parse, call one function, print, choose the exit code.

Everything heavier than click is imported inside a command, so ``--help`` answers at once.
"""

import sys
from pathlib import Path

import click

from ndl_publish import __version__
from ndl_publish.cli_ledger import ledger_group
from ndl_publish.cli_options import FILE, FOLDER, actor, as_json, home_of, key_file, ledger_place, spec_folders

INTERRUPTED = 130
UNEXPECTED = 1
GARBAGE = 100_000
"""Objects that may be made, beyond those given back, before cycles among them are looked for."""

CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 100}

what_if = click.option(
    "--what-if", is_flag=True, help="Say what each rule costs, also for large tables (exact counts only)."
)
whole_numbers = click.option(
    "--whole-numbers", is_flag=True, help="Attack with tables of whole numbers, too (exact counts only; slower)."
)


@click.group(context_settings=CONTEXT)
@click.version_option(__version__, prog_name="ndl-publish")
def cli() -> None:
    """Turn linked early-years records into area statistics that are safe to publish.

    \b
    Example:
      ndl-publish build examples/early_years/release.yaml --out out

    Key and ledger live in the folder NDL_PUBLISH_HOME (default: your user data folder); NDL_PUBLISH_LEDGER may name
    another file or a database for the ledger.
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
        pipeline.check_rules(prepared)
        records = pipeline.validated(prepared, progress=progress)
    report.show_check(prepared, records.findings, as_json=as_json)


@cli.command()
@click.argument("release", type=FILE)
@click.option("--html", type=FILE, help="Write the plan to this new page, too.")
@spec_folders
@ledger_place
@as_json
def plan(
    release: Path, html: Path | None, metadata: Path | None, rules: Path | None, ledger: str | None, *, as_json: bool
) -> None:
    """Show tables, cells, expected error and cost before anything is spent. Reads no record.

    \b
    Example:
      ndl-publish plan examples/early_years/release.yaml
    """
    from ndl_publish import pipeline, plan_report

    prepared = pipeline.prepare(release, metadata=metadata, rules=rules)
    plan_report.show_plan(prepared, home_of(None, ledger), html=html, as_json=as_json)


@cli.command()
@click.argument("release", type=FILE)
@click.option("--out", type=FOLDER, default=Path("out"), show_default=True, help="Folder that packages stand in.")
@what_if
@whole_numbers
@spec_folders
@key_file
@ledger_place
@as_json
def build(  # noqa: PLR0913 - one parameter per option
    release: Path, out: Path, metadata: Path | None, rules: Path | None, key: Path | None, ledger: str | None,
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
        home = home_of(key, ledger)
        wanted = pipeline.Wanted(what_if, whole_numbers)
        built = pipeline.build(prepared, out=out, home=home, actor=actor(), progress=progress, wanted=wanted)
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
@ledger_place
@as_json
def protect(  # noqa: PLR0913 - one parameter per option
    counts: Path, tables: Path, rules: Path, out: Path, report: Path | None, certificate: Path | None,
    release_id: str | None, release_version: str, cohort: str | None, key: Path | None, ledger: str | None,
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
    charge = Charge(release_id, release_version, cohort, actor())
    with terminal.progress_bar() as progress:
        done = protect_counts(
            counts, tables_file=tables, rules_file=rules, out=out, home=home_of(key, ledger), charge=charge,
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
@click.option("--measurements", type=FILE, help="File of the noisy measurements; default: the package's own.")
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


cli.add_command(ledger_group)


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
