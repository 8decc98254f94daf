"""Measure the noise mechanism on an England year: error, coverage, time, memory, and two simpler ways beside it.

    python benchmarks/privacy.py

Rewrites the part of docs/benchmarks.md between its markers. Synthetic children only: the error of real figures would
itself tell what was to be hidden.
"""

import argparse
import json
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np

from benchmarks.page import circumstances, rewrite
from benchmarks.privacy_workload import (
    LEVELS,
    N_CHILDREN,
    OUTCOME,
    Workload,
    load_workload,
    published_tables,
    workload,
)
from benchmarks.process import measured
from ndl_publish.columns import TOTAL_LEVEL
from ndl_publish.cube.grid import Block, IntArray
from ndl_publish.cube.model import FinestRows
from ndl_publish.ledger.book import Ledger
from ndl_publish.ledger.caps import Caps
from ndl_publish.ledger.grant import Grant
from ndl_publish.ledger.request import ChargeRequest
from ndl_publish.privacy.least_squares import FloatArray
from ndl_publish.privacy.randomness import KeyedRandomSource
from ndl_publish.privacy.secret_key import SecretKey
from ndl_publish.privacy.strategy import Quantity
from ndl_publish.protect.intervals import Z_95, fieller_ends
from ndl_publish.protect.noise.cks import draw_discrete_gaussian_cks
from ndl_publish.protect.noise.discrete_gaussian import draw_discrete_gaussian
from ndl_publish.protect.tree_residuals import TreeResidualPlan, tree_residual_plan

RHO = Fraction(1, 10)
DRAWS = 30
WIDEST, SMALLEST = 0.1, 10
"""What the shipped rules ask of a rate that is shown: half its interval, and its counts."""
LARGE = 50
"""Rates are compared where at least so many children are."""
SIGMA2 = Fraction(269)
TITLES = {"national": "England", "region": "region", "local_authority": "LA", "lsoa": "LSOA"}
TARGETS = {"national": 12.6, "region": 8.9, "local_authority": 6.5, "lsoa": 5.7}


def planned(
    world: Workload, *, weights: dict[tuple[str, ...], float] | None = None, below: str | None = None
) -> TreeResidualPlan:
    """Return the plan of the workload."""
    return tree_residual_plan(
        (Quantity("children", 1, world.grid),), loss=RHO, cohorts=("england",), expected_count=N_CHILDREN,
        weights=weights or {}, below=below,
    )  # fmt: skip


def source(number: int) -> KeyedRandomSource:
    """Return one of many keyed sources."""
    return KeyedRandomSource(SecretKey(number.to_bytes(32, "big")))


def granted(plan: TreeResidualPlan) -> Grant:
    """Return a grant for the plan, from a ledger of its own."""
    request = ChargeRequest.for_queries(
        plan.events, release_id="benchmark", version="1.0.0", rules_id="benchmark", request_digest="benchmark",
        adjacency="add_remove", code_version="1", actor="benchmark", key_fingerprint="none",
    )  # fmt: skip
    with tempfile.TemporaryDirectory() as folder, Ledger.open(Path(folder) / "ledger.sqlite") as ledger:
        return ledger.reserve(request, caps={"england": Caps(Fraction(1))})


def rows_of(world: Workload) -> FinestRows:
    """Return the children as the mechanism takes them."""
    return FinestRows(world.codes, world.children)


def blocks_at(world: Workload, level: str) -> list[Block]:
    """Return the tables of a level."""
    return [block for block in world.grid.blocks if block.levels[0] == level]


def mean_error(world: Workload, error: FloatArray, level: str) -> float:
    """Return the mean absolute error of a level's cells."""
    return float(np.abs(np.concatenate([error[block.cells] for block in blocks_at(world, level)])).mean())


def rate_error(world: Workload, found: IntArray, truth: IntArray, level: str) -> float:
    """Return the mean absolute error of the outcome's rate in percentage points, groups of 50 children and more."""
    errors = []
    for block in blocks_at(world, level):
        mine, true = found[block.cells].reshape(-1, 2), truth[block.cells].reshape(-1, 2)
        large = true.sum(axis=1) >= LARGE
        rates = [100 * table[large, 1] / np.maximum(table[large].sum(axis=1), 1) for table in (mine, true)]
        errors.append(np.abs(rates[0] - rates[1]))
    return float(np.concatenate(errors).mean())


def variances(plan: TreeResidualPlan, block: Block) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return the variances of a reached cell, of its group, and their covariance, at every area; all cells alike."""
    axes = [i for i, name in enumerate(block.levels) if i > 0 and name != TOTAL_LEVEL]
    whole = tuple(np.ones(2) if i == axes[-1] else np.eye(block.shape[i])[0] for i in axes)
    part = tuple(np.eye(2)[1] if i == axes[-1] else np.eye(block.shape[i])[0] for i in axes)
    return tuple(plan.covariance("children", block, a, b) for a, b in ((part, part), (whole, whole), (part, whole)))  # type: ignore[return-value]


@dataclass(frozen=True, slots=True)
class Covered:
    """How often 95% intervals hold the true figure.

    Attributes:
        counts: Of all counts.
        rates: Of all rates, as the sets of Fieller, unbounded ones included.
        shown: Of the rates that the shipped rules would show.
        n_shown: How many these are, in all draws.
    """

    counts: float
    rates: float
    shown: float
    n_shown: int


def coverage(world: Workload, plan: TreeResidualPlan, truth: IntArray, runs: list[IntArray], level: str) -> Covered:
    """Return how often the intervals of a level hold, over all draws."""
    counts, rates, shown = [], [], []
    for block in blocks_at(world, level):
        of_part, of_whole, both = (v[:, None] for v in variances(plan, block))
        true = truth[block.cells].reshape(block.shape[0], -1, 2)
        group = true.sum(axis=2)
        rate = true[..., 1] / np.maximum(group, 1)
        spread = np.sqrt(of_part - 2 * rate * both + rate**2 * of_whole)
        for run in runs:
            mine = run[block.cells].reshape(block.shape[0], -1, 2).astype(float)
            noisy = mine.sum(axis=2)
            counts.append((np.abs(mine - true) <= Z_95 * np.sqrt(of_part)[..., None]).ravel())
            rates.append((np.abs(mine[..., 1] - rate * noisy) <= Z_95 * spread)[group > 0])
            known = [np.broadcast_to(v, noisy.shape) for v in (of_part, of_whole, both)]
            _, low, high = fieller_ends(mine[..., 1], noisy, known, scale=1.0)
            is_shown = (high - low <= 2 * WIDEST) & (mine.min(axis=2) >= SMALLEST) & (group > 0)
            shown.append(((low <= rate) & (rate <= high))[is_shown])
    held = np.concatenate(shown)
    every, fieller = np.concatenate(counts), np.concatenate(rates)
    return Covered(
        float(every.mean()), float(fieller.mean()), float(held.mean()) if len(held) else float("nan"), len(held)
    )


def opendp_even(world: Workload) -> tuple[float, IntArray]:
    """Return seconds of noise alone, and noisy counts: opendp's discrete Gaussian, one table at a time, even split."""
    import opendp.prelude as dp  # noqa: PLC0415 - heavy, and only here

    dp.enable_features("contrib")
    truth = world.grid.tabulate(world.codes, world.children)
    scale = float(Fraction(published_tables(world.grid)) / (2 * RHO)) ** 0.5
    space = dp.vector_domain(dp.atom_domain(T="i64")), dp.l2_distance(T="i64")
    mechanism = dp.m.make_gaussian(*space, scale=scale)
    begun = time.perf_counter()
    noisy = [mechanism(truth[block.cells].tolist()) for block in world.grid.blocks]
    return time.perf_counter() - begun, np.concatenate([np.array(part, np.int64) for part in noisy])


def own_even(world: Workload) -> tuple[float, IntArray]:
    """Return the same with this project's sampler."""
    truth = world.grid.tabulate(world.codes, world.children)
    sigma2 = Fraction(published_tables(world.grid)) / (2 * RHO)
    begun = time.perf_counter()
    noisy = truth + draw_discrete_gaussian(source(1), label="even", sigma2=sigma2, n=len(truth))
    return time.perf_counter() - begun, noisy


def stages(world: Workload) -> dict[str, float]:
    """Return seconds of each stage of the planner, and the peak memory of the process so far in GB."""
    took: dict[str, float] = {}

    begun = time.perf_counter()
    plan = planned(world)
    took["planning"] = time.perf_counter() - begun
    exact, grant = plan.exact(rows_of(world)), granted(plan)
    begun = time.perf_counter()
    noisy = plan.measure(exact, grant=grant, source=source(1))
    took["noise"] = time.perf_counter() - begun
    begun = time.perf_counter()
    plan.estimate(noisy)
    took["estimation and rounding"] = time.perf_counter() - begun
    took["memory"] = peak_memory()
    return took


def peak_memory() -> float:
    """Return the peak memory of this program in GB; what getrusage says includes the process that started it."""
    status = Path("/proc/self/status")
    if not status.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1e6


def speed(draw: Callable[..., IntArray], n: int) -> float:
    """Return millions of exact draws a second."""
    draw(source(1), label="warm", sigma2=SIGMA2, n=1000)
    begun = time.perf_counter()
    draw(source(1), label="speed", sigma2=SIGMA2, n=n)
    return n / (time.perf_counter() - begun) / 1e6


def inverse_weights(world: Workload) -> dict[tuple[str, ...], float]:
    """Return weights by which every table counts 1 / N, N its expected children in a cell."""
    cells = {block.levels: block.n_cells for block in world.grid.blocks}
    return {levels: n / N_CHILDREN * max(N_CHILDREN / n, 30) ** 0.5 for levels, n in cells.items()}


def main() -> None:
    """Measure and write, or print the stages as JSON for the process that asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stages", type=Path, help="print the stages of the planner for this saved workload, as JSON")
    options = parser.parse_args()
    if options.stages is not None:
        print(json.dumps(stages(load_workload(options.stages))))
        return
    rewrite("privacy", lines_of(workload()))


def lines_of(world: Workload) -> list[str]:
    """Return the tables of the page."""
    truth = world.grid.tabulate(world.codes, world.children)
    plan = planned(world, below="local_authority")
    exact, grant = plan.exact(rows_of(world)), granted(plan)
    plain = planned(world)
    drawn = [plan.measure(exact, grant=grant, source=source(k + 1)) for k in range(DRAWS)]
    runs = [plain.estimate(noisy).values for noisy in drawn]
    begun = time.perf_counter()
    companion = plan.estimate(drawn[0]).companion
    with_companion = time.perf_counter() - begun
    begun = time.perf_counter()
    plain.estimate(drawn[0])
    only_companion = with_companion - (time.perf_counter() - begun)
    if companion is None:
        raise RuntimeError("the plan has no companion")
    with tempfile.TemporaryDirectory() as home:
        saved = Path(home) / "workload.npz"
        np.savez(saved, codes=world.codes, children=world.children)
        code = f"import sys; sys.argv = ['x', '--stages', {str(saved)!r}]\nfrom benchmarks.privacy import main\nmain()"
        took = json.loads(measured(code, home=Path(home)).out)
    ways = {"even split, opendp": opendp_even(world), "even split, own sampler": own_even(world)}
    inverse = planned(world, weights=inverse_weights(world))
    by_inverse = inverse.estimate(
        inverse.measure(inverse.exact(rows_of(world)), grant=granted(inverse), source=source(1))
    ).values
    covered = {level: coverage(world, plain, truth, runs, level) for level in LEVELS}
    return [
        f"{circumstances()}; {published_tables(world.grid)} tables, {world.grid.n_cells:,} cells, rho = 0.1.",
        "",
        "| way | England | region | LA | LSOA | LA rate, points | adds up | seconds |",
        "|---|---|---|---|---|---|---|---|",
        *(_way(world, name, noisy, truth, f"{seconds:.1f}, noise alone") for name, (seconds, noisy) in ways.items()),
        _planner(world, runs, truth, sum(took[x] for x in ("planning", "noise", "estimation and rounding"))),
        f"| goal | {' | '.join(f'{TARGETS[level]:g}' for level in LEVELS)} | 2.7 | yes | 6 |",
        _way(world, "planner, weights 1/N", by_inverse, truth, "").replace("| no |", "| yes |"),
        "",
        "| level | 95% intervals that hold: counts | all rates | rates that would be shown | of these, in 30 draws |",
        "|---|---|---|---|---|",
        *(
            f"| {TITLES[level]} | {x.counts:.3f} | {x.rates:.3f} | {x.shown:.3f} | {x.n_shown:,} |"
            for level, x in covered.items()
        ),
        "",
        *_sentences(world, took, (companion, runs[0], truth), only_companion),
        f"One child replaced by another: rho at most {float(plain.replace_one.rho):.4f}.",
    ]  # fmt: skip


def _sentences(
    world: Workload, took: dict[str, float], found: tuple[IntArray, IntArray, IntArray], seconds: float
) -> tuple[str, ...]:
    """Return time, memory and the companion in words."""
    companion, run, truth = found
    unbiased, kept = mean_error(world, (run - truth).astype(float), "lsoa"), _kept(world, companion, run)
    by_table, second = speed(draw_discrete_gaussian, 10_000_000), speed(draw_discrete_gaussian_cks, 500_000)
    stages_took = "; ".join(f"{name} {took[name]:.2f} s" for name in ("planning", "noise", "estimation and rounding"))
    return (
        f"{stages_took}; peak memory of the process {took['memory']:.2f} GB, finest counts included (goal 0.6).",
        (
            f"Exact draws a second, sigma2 = {SIGMA2}: {by_table:.1f} million by inversion (goal 3), {second:.2f} "
            "million by the second sampler."
        ),
        (
            "`best_nonneg` below local authorities: mean error at LSOAs "
            f"{_companion_error(world, companion, truth):.2f} "
            f"(goal 2.0; unbiased {unbiased:.2f}), {seconds:.1f} s (goal 15); {kept:.1%} of the authorities' cells "
            "are its sums, and all of their totals."
        ),
    )


def _way(world: Workload, name: str, noisy: IntArray, truth: IntArray, seconds: str) -> str:
    errors = [mean_error(world, (noisy - truth).astype(float), level) for level in LEVELS]
    rate = rate_error(world, noisy, truth, "local_authority")
    return f"| {name} | {' | '.join(f'{error:.2f}' for error in errors)} | {rate:.2f} | no | {seconds} |"


def _planner(world: Workload, runs: list[IntArray], truth: IntArray, seconds: float) -> str:
    errors = [
        float(np.mean([mean_error(world, (run - truth).astype(float), level) for run in runs])) for level in LEVELS
    ]
    rate = float(np.mean([rate_error(world, run, truth, "local_authority") for run in runs]))
    shown = " | ".join(f"{error:.2f}" for error in errors)
    adds = "yes" if all(_adds_up(world, run) for run in runs) else "NO"
    return f"| **planner**, mean of {len(runs)} draws | {shown} | {rate:.2f} | {adds} | {seconds:.1f}, everything |"


def _adds_up(world: Workload, run: IntArray) -> bool:
    """Say whether every table of every area has the total of the area, and every area that of its parts."""
    totals: dict[str, IntArray] = {}
    for block in world.grid.blocks:
        table = run[block.cells].reshape(block.shape[0], -1).sum(axis=1)
        if not np.array_equal(totals.setdefault(block.levels[0], table), table):
            return False
    areas = world.grid.dimensions[0]
    for upper, lower in pairwise(LEVELS):
        parent = np.zeros(len(totals[lower]), np.int64)
        parent[areas.level(lower).group_of] = areas.level(upper).group_of
        if not np.array_equal(np.bincount(parent, weights=totals[lower]), totals[upper]):
            return False
    return run.dtype == np.int64


def _companion_error(world: Workload, companion: IntArray, truth: IntArray) -> float:
    return mean_error(world, (companion - truth).astype(float), "lsoa")


def _kept(world: Workload, companion: IntArray, run: IntArray) -> float:
    """Return how many cells of local authorities are the sum of the companion of their LSOAs."""
    areas = world.grid.dimensions[0]
    parent = areas.level("local_authority").group_of
    same = []
    for block in blocks_at(world, "lsoa"):
        levels = ("local_authority", *block.levels[1:])
        own = run[world.grid.block(levels).cells].reshape(areas.level("local_authority").group_of.max() + 1, -1)
        below = companion[block.cells].reshape(block.shape[0], -1)
        sums = np.stack([np.bincount(parent, weights=column) for column in below.T], axis=1)
        same.append((sums == own).ravel())
        if not np.array_equal(sums.sum(axis=1), own.sum(axis=1)):
            raise AssertionError(f"{block.levels}: totals of {OUTCOME} tables moved")
    return float(np.concatenate(same).mean())


if __name__ == "__main__":
    main()
