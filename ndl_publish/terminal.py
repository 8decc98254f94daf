"""What a person sees: progress on stderr when it is a terminal, results on stdout, errors with their findings.

Rich is imported on use. Nothing here is ever given a record, an identifier or an exact count.
"""

import json
import sys
import textwrap
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from ndl_publish.errors import Finding, PublishError

Progress = Callable[[str, int, int], None]
WIDTH = 80
"""Columns that charts and sentences keep to."""
SHORTEST_BAR = 8
"""Characters that the longest bar has at least."""
NEXT_TO_NOTHING = 0.005


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar of a chart: its label, its length as a part of the longest possible, and the words at its end."""

    label: str
    length: float
    text: str


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


def show_text(text: str, *, mark: str = "") -> None:
    """Print a sentence in lines that fit; ``mark`` stands before it, and the lines after the first are indented."""
    first, later = mark, " " * len(mark)
    lines = textwrap.wrap(
        text, WIDTH, initial_indent=first, subsequent_indent=later, break_long_words=False, break_on_hyphens=False
    )
    show("\n".join(lines))


def show_bars(title: str, bars: Sequence[Bar]) -> None:
    """Print a chart of bars, without colour; all but next to nothing has a bar of at least one character."""
    block = _block()
    label = max(len(bar.label) for bar in bars)
    widest = max(SHORTEST_BAR, WIDTH - label - max(len(bar.text) for bar in bars) - len("     "))
    lines = []
    for bar in bars:
        drawn = block * max(round(bar.length * widest), int(bar.length >= NEXT_TO_NOTHING))
        lines.append("  ".join(["", bar.label.ljust(label), f"{drawn} {bar.text}".lstrip()]))
    show("\n".join([title, *lines, ""]))


def _block() -> str:
    """Return what bars are made of: a full block, or ``#`` where the output has no such character."""
    try:
        "█".encode(getattr(sys.stdout, "encoding", None) or "utf-8")
    except (UnicodeEncodeError, LookupError):
        return "#"
    return "█"


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
