"""The five shared tables: the whole command ``protect`` as a process of its own, then the auditor's figures."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from benchmarks.attack import Attacked, attack
from benchmarks.process import CLASSIC, ROOT, Taken, classic_rules, command, measured
from ndl_publish.columns import PUBLISHED
from ndl_publish.protect.counts import Counts, counts_frame, pose_counts, read_counts
from ndl_publish.spec.counts_tables import read_counts_tables

FOLDER = ROOT / "benchmarks" / "tables"


@dataclass(frozen=True, slots=True)
class Peer:
    """What GaussSuppression 1.2.3 does on a table, measured on two cores; ``docs/benchmarks.md`` says how.

    Attributes:
        secondaries: Cells withheld besides the small counts.
        cpu: Seconds.
        exact: Small counts with one value left.
        uncovered: Small counts whose interval does not hold all of L to T.
        insider: Small counts that a child alone in a withheld cell works out.
        others: What sdcTable does.
    """

    secondaries: int
    cpu: float
    exact: int
    uncovered: int
    insider: int
    others: str


@dataclass(frozen=True, slots=True)
class Goal:
    """What is to be reached: at most so many secondaries and CPU seconds."""

    secondaries: int
    cpu: float


PEERS: Mapping[str, Peer] = {
    "la_ward": Peer(39, 1.3, 0, 2, 1, "optimum 37 in 8 s, heuristic 44, hypercube 48"),
    "la_chars": Peer(27, 1.2, 0, 8, 0, "heuristic 42, hypercube 43"),
    "eng_la_eth18": Peer(826, 28.0, 8, 371, 48, "heuristic 935 in 79 s, 34 exact"),
    "linked": Peer(244, 26.0, 4, 40, 0, "cannot"),
    "lsoa_region": Peer(7698, 178.0, 38, 7107, 7, "-"),
}
GOALS: Mapping[str, Goal] = {
    "la_ward": Goal(37, 3),
    "la_chars": Goal(29, 3),
    "eng_la_eth18": Goal(920, 5),
    "linked": Goal(265, 6),
    "lsoa_region": Goal(10_000, 8),
}


@dataclass(frozen=True, slots=True)
class Measured:
    """One table: what the command took, what it withheld, what the auditor gets out of it."""

    name: str
    taken: Taken
    cells: int
    primaries: int
    secondaries: int
    zeros: int
    attacked: Attacked


def protect(name: str, *, out: Path, home: Path, cache: Path) -> Taken:
    """Run the command on a table and return what it took."""
    folder = FOLDER / name
    words = (folder / "inner.parquet", "--tables", folder / "tables.json", "--rules", CLASSIC, "--out", out)
    return measured(command("protect", *words), home=home, environ={"NUMBA_CACHE_DIR": str(cache)})


def measure(name: str, *, scratch: Path, cache: Path) -> Measured | str:
    """Run the command with a warm cache and look at what it wrote; or return why it refused."""
    out = scratch / f"{name}.csv"
    out.unlink(missing_ok=True)
    taken = protect(name, out=out, home=scratch / "home", cache=cache)
    if taken.refusal:
        return taken.refusal
    counts = read_counts(FOLDER / name / "inner.parquet", read_counts_tables(FOLDER / name / "tables.json"))
    is_shown = _shown(counts, out)
    posed = pose_counts(counts, rules=classic_rules(), tie_break=b"")
    secondary = ~is_shown & ~posed.problem.primary
    return Measured(
        name,
        taken,
        counts.grid.n_cells,
        int(posed.problem.primary.sum()),
        int(secondary.sum()),
        int((secondary & (posed.problem.values == 0)).sum()),
        attack(posed, is_shown, seconds=600.0),
    )


def _shown(counts: Counts, out: Path) -> np.typing.NDArray[np.bool_]:
    """Return which cells the written table shows, in the order of the grid."""
    n = counts.grid.n_cells
    places = counts_frame(counts.grid, np.arange(n), np.zeros(n, np.uint8))[PUBLISHED].to_numpy()
    is_shown = np.zeros(n, bool)
    is_shown[places] = pl.read_csv(out)[PUBLISHED].is_not_null().to_numpy()
    return is_shown
