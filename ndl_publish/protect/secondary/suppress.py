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

from hashlib import sha256

import numpy as np

from ndl_publish.protect.secondary.axes import Axes
from ndl_publish.protect.secondary.demands import primary_demands
from ndl_publish.protect.secondary.engine import Engine, Progress
from ndl_publish.protect.secondary.geometry import Geometry, Rows, build_geometry, build_rows
from ndl_publish.protect.secondary.problem import Suppression, SuppressionProblem

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
    tell = progress or (lambda _stage, _done, _of: None)
    is_small = len(demands.cell) <= SMALL and not problem.signed
    best: Engine | None = None
    for start in range(STARTS if is_small else 1):
        seed = int.from_bytes(sha256(b"ndl-publish suppression %d" % start + problem.tie_break).digest()[:6], "big")
        engine = Engine(problem, geometry, rows, demands, seed, tell)
        engine.solve()
        engine.protect_from_insiders()
        engine.improve()
        best = engine if best is None or engine.is_better(best) else best
    if best is None:
        raise RuntimeError("a problem is solved at least once")
    return best.answer(axes)


def _rows(problem: SuppressionProblem, axes: Axes, geometry: Geometry) -> Rows:
    """Return the finest rows with children; none for noisy counts, whose moves need none."""
    if problem.signed:
        return build_rows(geometry, np.zeros((0, len(axes.sizes)), np.int64), np.zeros(0, np.int64))
    return build_rows(geometry, axes.fold(problem.codes), problem.counts)
