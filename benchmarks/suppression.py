"""Measure cell suppression and write the results into docs/benchmarks.md: python benchmarks/suppression.py.

Two parts, each rewritten when asked for (``--part``; both where left out). ``tables``: the whole command ``protect`` on
the five tables of ``benchmarks/tables``, beside what existing tools reach. ``england``: tables made from the England
example, the engine, its certificate and the audit stage by stage, and a plot of time and memory against size; it needs
the records (``examples/early_years/generate.py --size england``) and, for the plot, the extra ``benchmarks``.
"""

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks import shared_tables
from benchmarks.england import TABLES
from benchmarks.page import PAGE, circumstances, rewrite
from benchmarks.process import ROOT, measured
from benchmarks.shared_tables import GOALS, PEERS, Measured

PLOT = PAGE.parent / "suppression_scaling.svg"
REGIONS = (1, 3, 9)
"""Sizes of the LSOA table: one region, three, all."""
TARGET_WALL, TARGET_MEMORY = 120.0, 2.0
"""Seconds and GB within which all of England by LSOA is to be done."""
OTHER_AUDIT = 20.0
"""Seconds for the linear programmes of tables but that one, outsider and insiders each."""
Result = dict[str, Any]


def tables_part(scratch: Path) -> list[str]:
    """Measure the five tables, and return the lines of the page."""
    cache = scratch / "cache"
    cold = shared_tables.protect("la_ward", out=scratch / "cold.csv", home=scratch / "home", cache=cache)
    for name in PEERS:  # whatever else these tables need compiled
        shared_tables.protect(name, out=scratch / f"{name}.warm.csv", home=scratch / "home", cache=cache)
    found = {name: shared_tables.measure(name, scratch=scratch, cache=cache) for name in PEERS}
    return [
        f"{circumstances()}. First run with an empty compile cache: {cold.wall:.0f} s; all others are warm.",
        "",
        (
            "| table | cells / small | secondaries (goal) | ratio | zeros blanked | exact / without [0, T] / insider "
            "| CPU s (goal) | wall s | GB "
            "| GaussSuppression: secondaries, CPU s, exact / without [L, T] / insider | sdcTable |"
        ),
        "|---|---|---|---|---|---|---|---|---|---|---|",
        *(_table_row(one) for one in found.values() if isinstance(one, Measured)),
        *(f"\nRefused: `{name}`: {' '.join(why.split())}" for name, why in found.items() if isinstance(why, str)),
    ]


def _table_row(one: Measured) -> str:
    peer, goal, taken, seen = PEERS[one.name], GOALS[one.name], one.taken, one.attacked
    parts = (
        f"`{one.name}`",
        f"{one.cells:,} / {one.primaries:,}",
        f"{one.secondaries:,} ({goal.secondaries:,})",
        f"{one.secondaries / goal.secondaries:.2f}",
        f"{one.zeros:,}",
        f"{seen.exact} / {seen.uncovered} / {seen.insider}",
        f"{taken.cpu:.1f} ({goal.cpu:g})",
        f"{taken.wall:.1f}",
        f"{taken.memory:.2f}",
        f"{peer.secondaries:,}, {peer.cpu:g}, {peer.exact} / {peer.uncovered:,} / {peer.insider}",
        peer.others,
    )
    return f"| {' | '.join(parts)} |"


def _proof(errors: Sequence[str]) -> str:
    return "; ".join(errors) if errors else "holds"


def england_part(scratch: Path, options: argparse.Namespace) -> list[str]:
    """Measure the tables of England, draw the plot, and return the lines of the page."""
    wanted = [(name, 9) for name in TABLES if name != "lsoa"] + [("lsoa", n) for n in REGIONS]
    run = _runner(scratch, options)
    run("wards", 1)  # fills the compile cache
    results = [run(name, regions) for name, regions in wanted if regions <= options.regions or name != "lsoa"]
    from benchmarks.scaling_plot import draw  # noqa: PLC0415 - matplotlib is wanted here only

    draw(results, PLOT)
    return [
        (
            f"{circumstances()}; {options.threads} threads, {options.seconds:g} s for the search, "
            f"{options.audit_seconds:g} s for the linear programmes of the outsider on all of England by LSOA, as "
            f"much for those of insiders; {min(OTHER_AUDIT, options.audit_seconds):g} s each on the others."
        ),
        "",
        "| table | cells / small | secondaries | of blanks | zeros blanked | unprotected | certificate | audit |",
        "|---|---|---|---|---|---|---|---|",
        *(_england_row(result) for result in results),
        "",
        "| table | read s | search s | certificate s | audit s | wall, all but audit | peak GB, all but audit |",
        "|---|---|---|---|---|---|---|",
        *(_stages_row(result) for result in results),
        "",
        f"![Time and memory against the number of cells]({PLOT.name})",
    ]


def _runner(scratch: Path, options: argparse.Namespace) -> Any:  # noqa: ANN401 - a closure
    """Return a function that measures one table as its own process."""

    def run(name: str, regions: int) -> Result:
        words = [name, "--regions", str(regions), "--seconds", str(options.seconds)]
        is_all = name == "lsoa" and regions == max(REGIONS)
        audit_seconds = options.audit_seconds if is_all else min(OTHER_AUDIT, options.audit_seconds)
        words += ["--threads", str(options.threads), "--audit-seconds", str(audit_seconds)]
        code = f"from benchmarks.england_stages import main\nmain({words!r})"
        taken = measured(code, home=scratch / "home", environ={"NUMBA_CACHE_DIR": str(scratch / "cache")})
        result: Result = json.loads(taken.out)
        print(json.dumps(result), file=sys.stderr, flush=True)
        return result

    return run


def _title(result: Result) -> str:
    where = "England" if result["regions"] == 9 else f"{result['regions']} of 9 regions"
    return f"{TABLES[result['table']].title}, {where}"


def _seen(audit: Result | None) -> str:
    if audit is None:
        return "-"
    counts = f"{audit['exact']} exact, {audit['uncovered']} without [0, T], {audit['insider']} insider"
    return "; ".join((counts, *audit["notes"]))


def _england_row(result: Result) -> str:
    blanks = result["primaries"] + result["secondaries"]
    parts = (
        _title(result),
        f"{result['cells']:,} / {result['primaries']:,}",
        f"{result['secondaries']:,}",
        f"{result['secondaries'] / blanks:.0%}",
        f"{result['zeros']:,} ({result['zeros'] / blanks:.2%})",
        f"{result['unprotected']:,}",
        _proof(result["certificate"]),
        _seen(result["audit"]),
    )
    return f"| {' | '.join(parts)} |"


def _stages_row(result: Result) -> str:
    stages = result["stages"]
    mine = [stages[name] for name in ("read and tabulate", "search", "certificate")]
    wall, memory = sum(one["wall"] for one in mine), max(one["memory"] for one in mine)
    target = result["table"] == "lsoa" and result["regions"] == 9
    parts = (
        _title(result),
        *(f"{one['wall']:.1f}" for one in mine),
        f"{stages['audit']['wall']:.1f}" if "audit" in stages else "-",
        f"{wall:.1f} s" + (f" ({wall / TARGET_WALL:.2f} of the goal)" if target else ""),
        f"{memory:.2f}" + (f" ({memory / TARGET_MEMORY:.2f} of the goal)" if target else ""),
    )
    return f"| {' | '.join(parts)} |"


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description="Measure cell suppression.")
    parser.add_argument("--part", choices=("tables", "england"), action="append")
    parser.add_argument("--regions", type=int, default=max(REGIONS), help="largest LSOA table, in regions")
    parser.add_argument("--seconds", type=float, default=60.0, help="time for the search, England")
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    parser.add_argument(
        "--audit-seconds", type=float, default=300.0, help="for linear programmes, all of England by LSOA"
    )
    options = parser.parse_args()
    os.chdir(ROOT)
    for part in options.part or ("tables", "england"):
        with tempfile.TemporaryDirectory() as folder:
            scratch = Path(folder)
            lines = tables_part(scratch) if part == "tables" else england_part(scratch, options)
        rewrite(f"suppression {part}", lines)


if __name__ == "__main__":
    main()
