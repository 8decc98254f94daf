"""Secondary suppression by witness circuits: rip-up and reroute of explicit alternative tables.

For every primary the search keeps alternative tables that agree with everything shown and change the primary: one that
raises it to the upper end of its protection interval and one that lowers it to the lower end (exact counts), or one
that moves it at all (noisy counts). A cell is withheld if and only if it is primary or one of these tables needs it.
That is sound by construction, needs no solver, and hierarchies, linked tables and areas that do not nest are all only
memberships.

Source:
    The idea of protecting by explicit circuits is that of network-flow suppression (Cox 1980; Fischetti and Salazar
    2000 for the full problem, which this does not solve to the optimum).
"""

from concurrent.futures import ThreadPoolExecutor
from functools import reduce
from hashlib import sha256

import numpy as np

from ndl_publish.columns import Mask
from ndl_publish.protect.secondary.axes import Axes
from ndl_publish.protect.secondary.crews import Crews, plan_crews
from ndl_publish.protect.secondary.demands import Demands, joined, only, primary_demands
from ndl_publish.protect.secondary.engine import Engine, Finished, Progress
from ndl_publish.protect.secondary.geometry import Geometry, Rows, build_geometry, build_rows
from ndl_publish.protect.secondary.problem import Suppression, SuppressionProblem
from ndl_publish.protect.secondary.read_out import witnesses_of
from ndl_publish.protect.secondary.scratch import State

World = tuple[Geometry, Rows, Progress]

__all__ = ["Progress", "suppress"]

SMALL = 200
"""Up to so many demands a problem is solved from several starts, and the cheapest pattern is taken."""
STARTS = 4


def suppress(problem: SuppressionProblem, *, progress: Progress | None = None) -> Suppression:
    """Return which cells to withhold so that no primary can be deduced from what is shown.

    Args:
        problem: Grid, figures, primaries and finest rows.
        progress: Called with (stage, done, of); for a progress bar.

    Returns:
        Mask, witnesses, and the primaries that could not be protected (the caller must then refuse).

    Raises:
        RuleError: ``NDL-R032`` to ``NDL-R034`` for implications that do not fit, or far too many codes.
    """
    axes = Axes.build(problem.grid, problem.implications)
    geometry = build_geometry(problem.grid, axes)
    rows = _rows(problem, axes, geometry)
    demands = primary_demands(problem, axes, geometry, rows)
    world = (geometry, rows, progress or (lambda _stage, _done, _of: None))
    crews = None if problem.signed else plan_crews(geometry, demands)
    if crews is not None:
        return _answer(problem, axes, *_with_crews(problem, demands, crews, world))
    best = _best_start(problem, demands, world)
    return _answer(problem, axes, best.state, [best.finish()])


def _engine(
    problem: SuppressionProblem, demands: Demands, world: World, start: int, shared: State | None = None
) -> Engine:
    """Return an engine whose choices the secret bytes and the number of the start decide."""
    geometry, rows, tell = world
    seed = int.from_bytes(sha256(b"ndl-publish suppression %d" % start + problem.tie_break).digest()[:6], "big")
    return Engine(problem, geometry, rows, demands, seed, tell, shared)


def _run(engine: Engine) -> Engine:
    engine.solve()
    engine.protect_from_insiders()
    engine.improve()
    return engine


def _best_start(problem: SuppressionProblem, demands: Demands, world: World) -> Engine:
    """Return the best of some starts for a small problem, of one for a larger one."""
    n_starts = STARTS if len(demands.cell) <= SMALL and not problem.signed else 1
    best = _run(_engine(problem, demands, world, 0))
    for start in range(1, n_starts):
        other = _run(_engine(problem, demands, world, start))
        best = other if other.is_better(best) else best
    return best


def _with_crews(
    problem: SuppressionProblem, demands: Demands, crews: Crews, world: World
) -> tuple[State, list[Finished]]:
    """Solve a split problem: what crosses fences first, then the crews, then what they gave up."""
    geometry, rows, tell = world
    common = _run(_engine(problem, only(demands, crews.crew_of < 0), world, 0))
    state, finished, lost = common.state, [common.finish()], [only(demands, np.zeros(len(demands.cell), bool))]
    fenced = (crews.geometry, rows, lambda _stage, _done, _of: None)
    mine = crews.demands_of_each
    share = min(1.0, max(1, problem.threads) / max(1, len(mine)))

    def work(crew: int) -> tuple[Finished, Demands]:
        return _run_crew(_engine(problem, only(demands, mine[crew]), fenced, crew + 1, state), share)

    with ThreadPoolExecutor(max(1, problem.threads)) as pool:
        for done, (result, given_up) in enumerate(pool.map(work, range(len(mine)))):
            tell("areas", done, len(mine))
            finished.append(result)
            lost.append(given_up)
    rest = _run(_engine(problem, reduce(joined, lost), (geometry, rows, tell), len(mine) + 1, state))
    return state, [*finished, rest.finish()]


def _run_crew(engine: Engine, share: float) -> tuple[Finished, Demands]:
    """Do all that can be done inside a fence in a share of the time; return that, and the demands that cannot."""
    engine.begin(share)
    engine.solve()
    engine.protect_from_insiders()
    lost = engine.give_up()
    engine.improve()
    later = engine.give_up()
    return engine.finish(), joined(only(lost, lost.avoids < 0), only(later, later.avoids < 0))


def _answer(problem: SuppressionProblem, axes: Axes, state: State, finished: list[Finished]) -> Suppression:
    """Return the pattern that all engines made together."""
    primary, withheld = problem.primary, state.use > 0
    mask = np.where(primary, Mask.PRIMARY_SUPPRESSED, Mask.SHOWN).astype(np.uint8)
    mask[withheld & ~primary] = Mask.SECONDARY_SUPPRESSED
    was_withheld = np.unique(np.concatenate([one.was_withheld for one in finished]))
    return Suppression(
        mask,
        witnesses_of(axes, [one.circuits for one in finished]),
        np.unique(np.concatenate([one.unprotected for one in finished])),
        was_withheld[~withheld[was_withheld]],
        any(one.is_cut_short for one in finished),
    )


def _rows(problem: SuppressionProblem, axes: Axes, geometry: Geometry) -> Rows:
    """Return the finest rows with children; none for noisy counts, whose moves need none."""
    if problem.signed:
        return build_rows(geometry, np.zeros((0, len(axes.sizes)), np.int64), np.zeros(0, np.int64))
    return build_rows(geometry, axes.fold(problem.codes), problem.counts)
