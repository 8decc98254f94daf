"""Measure the England build and write the results into docs/benchmarks.md: python benchmarks/run.py.

Makes the England example if it is not there, then, in one run: a bare scan of the columns a build reads, records to
exact cube, and the whole build in mode dp, each in a process of its own, with wall time, CPU time and peak memory. The
accuracy is read from the build's internal pack. Ratios are of that one run; the machine is named by its cores only.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import polars as pl

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.page import circumstances, rewrite
from benchmarks.process import ROOT, command, measured

RELEASE = ROOT / "examples" / "early_years" / "release_england.yaml"
PILOT = ROOT / "examples" / "early_years" / "release.yaml"
DATA = ROOT / "examples" / "early_years" / "data" / "england"
SCAN = """
from pathlib import Path
import polars as pl
from ndl_publish.spec.load import load_release
spec = load_release(Path(RELEASE))
for name, source in spec.dataset.sources.items():
    columns = [source.id, *(c.source for c in source.columns.values())]
    frame = pl.scan_parquet(spec.source_files(name)).select(columns)
    print(name, frame.select(pl.all().hash().sum()).collect(engine="streaming").width)
links = pl.scan_parquet(spec.source_files("links"))
print("links", links.select(pl.all().hash().sum()).collect(engine="streaming").width)
"""

CUBE = """
from pathlib import Path
from ndl_publish import pipeline
from ndl_publish.cube.tabulate import tabulate
from ndl_publish.engines.polars import PolarsEngine
prepared = pipeline.prepare(Path(RELEASE))
records = pipeline.validated(prepared, progress=lambda *_: None)
cube = tabulate(records, prepared.spec, prepared.geography, engine=PolarsEngine())
print(len(cube.counts))
"""


def accuracy(package: Path) -> list[tuple[str, float, float, int]]:
    """Return mean absolute error and share withheld of the published counts, by level."""
    cells = pl.read_parquet(package / "internal" / "cells.parquet")
    outcomes = [c for c in cells.columns if c.endswith("_level") and c != "geographic_level"]
    totals = cells.filter(*(pl.col(c) == "total" for c in outcomes)).with_columns(
        error=(pl.col("count_before_withholding") - pl.col("true_count")).abs(), hidden=pl.col("reason") != "shown"
    )
    by_level = (
        totals.group_by("geographic_level").agg(pl.col("error").mean(), pl.col("hidden").mean(), pl.len()).sort("len")
    )
    return list(by_level.iter_rows())


def main() -> None:
    """Measure and write."""
    if not (DATA / "profile.parquet").exists():
        subprocess.run(
            [sys.executable, str(ROOT / "examples/early_years/generate.py"), "--size", "england"], check=True
        )
    with tempfile.TemporaryDirectory() as folder:
        home, out = Path(folder) / "home", Path(folder) / "out"
        measured(command("build", PILOT, "--out", out), home=home)  # warms the compile cache
        results = {
            "bare scan of the same columns": measured(f"RELEASE={str(RELEASE)!r}\n{SCAN}", home=home),
            "records to exact cube": measured(f"RELEASE={str(RELEASE)!r}\n{CUBE}", home=home),
            "whole build, mode dp": measured(command("build", RELEASE, "--out", out), home=home),
            "pilot, whole build": measured(
                command("build", PILOT, "--out", Path(folder) / "pilot"), home=Path(folder) / "home2"
            ),
        }
        package = next(out.glob("early-years-england-*"))
        errors = accuracy(package)
        descriptor = json.loads((package / "public" / "datapackage.json").read_text())
    scan = results["bare scan of the same columns"].wall
    lines = [
        (f"{circumstances()}; {len(descriptor['resources'])} resources in the package."),
        "",
        "| what | wall s | CPU s | memory GB | times the bare scan |",
        "|---|---|---|---|---|",
        *(
            f"| {name} | {r.wall:.1f} | {r.cpu:.1f} | {r.memory:.2f} | {r.wall / scan:.1f} |"
            for name, r in results.items()
        ),
        "",
        "| level | areas | mean absolute error of children counts | withheld |",
        "|---|---|---|---|",
        *(f"| {level} | {n:,} | {error:.2f} | {hidden:.0%} |" for level, error, hidden, n in errors),
    ]
    rewrite("results", lines)


if __name__ == "__main__":
    main()
