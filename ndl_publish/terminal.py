"""What a person sees: progress on stderr when it is a terminal, results on stdout, errors with their findings.

Rich is imported on use. Nothing here is ever given a record, an identifier or an exact count.
"""

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from ndl_publish.errors import Finding, PublishError

Progress = Callable[[str, int, int], None]


@contextmanager
def progress_bar() -> Iterator[Progress]:
    """Give a function that shows stages and bars on a terminal, and does nothing in a pipe."""
    if not sys.stderr.isatty():
        yield _silent
        return
    from rich.console import Console  # noqa: PLC0415 - slow to import, wanted on terminals only
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn  # noqa: PLC0415

    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bars:
        task = bars.add_task("Starting", total=None)

        def tell(stage: str, done: int, of: int) -> None:
            bars.update(task, description=stage.replace("_", " ").capitalize(), completed=done, total=of or None)

        yield tell


def say(text: str) -> None:
    """Print a line for the person on stderr, so that stdout holds results only."""
    print(text, file=sys.stderr)  # noqa: T201 - this is the one place that prints


def show(text: str) -> None:
    """Print a result on stdout."""
    print(text)  # noqa: T201 - this is the one place that prints


def show_json(value: Any) -> None:  # noqa: ANN401 - JSON
    """Print a result for machines."""
    show(json.dumps(value, indent=2, ensure_ascii=False, sort_keys=True))


def show_table(title: str, header: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> None:
    """Print a table of text: first column left, the others right."""
    widths = [max(len(row[i]) for row in [header, *rows]) for i in range(len(header))]
    lines = [
        "  ".join(
            cell.ljust(width) if i == 0 else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in [header, tuple("-" * width for width in widths), *rows]
    ]
    show("\n".join([title, *(f"  {line.rstrip()}" for line in lines), ""]))


def findings_json(findings: tuple[Finding, ...]) -> list[dict[str, str]]:
    """Return findings for machines."""
    return [{"code": f.code, "severity": f.severity, "where": f.where, "message": f.message} for f in findings]


def show_error(error: PublishError, *, as_json: bool) -> None:
    """Print why a command could not go on; quietly nothing where nobody reads any more."""
    if as_json:
        findings = findings_json(error.findings)
        try:
            show_json({"status": "error", "code": error.code, "message": error.message, "findings": findings})
        except BrokenPipeError:
            sys.stderr.close()
        return
    say(str(error))
    say(f"More: ndl-publish explain {error.code}")


def _silent(_stage: str, _done: int, _of: int) -> None:
    """Tell nobody."""
