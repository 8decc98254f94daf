"""Put results into docs/benchmarks.md, between the markers of their part."""

import datetime as dt
import os
import sys

import polars as pl

from benchmarks.process import ROOT

PAGE = ROOT / "docs" / "benchmarks.md"


def circumstances() -> str:
    """Return when and on what was measured; the machine is named by its cores only."""
    today = dt.datetime.now(tz=dt.UTC).date()
    return f"{today}, {os.cpu_count()} cores, Python {sys.version.split()[0]}, polars {pl.__version__}"


def rewrite(part: str, lines: list[str]) -> None:
    """Replace what stands between the markers ``<!-- part: begin -->`` and ``<!-- part: end -->``."""
    begin, end = f"<!-- {part}: begin -->", f"<!-- {part}: end -->"
    text = PAGE.read_text(encoding="utf-8")
    head, tail = text.split(begin)[0], text.split(end)[1]
    PAGE.write_text("\n".join([head + begin, *lines, end + tail]), encoding="utf-8")
    print("\n".join(lines))
