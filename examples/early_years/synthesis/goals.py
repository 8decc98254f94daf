"""Spreads attainment over the seventeen early learning goals."""

import numpy as np
import polars as pl

from examples.early_years.synthesis.attainment import Attainment
from examples.early_years.synthesis.children import EXEMPT, PART_EXEMPT, Children
from examples.early_years.synthesis.codes import AREA_OF_GOAL, GLD_GOALS, GOALS
from examples.early_years.synthesis.numeric import Bools, Floats, Ints, stream
from examples.early_years.synthesis.reference import CALIBRATION, Reference

GOAL_OFFSET = np.array(
    [0.07, 0.0, -0.07, 0.1, 0.07, 0.17, -0.14, 0.21, 0.0, -0.25, 0.06, -0.06, 0.04, 0.0, 0.07, 0.06, -0.04]
)
"""How much easier than its area a goal is: invented (writing is the hardest, as published)."""

ABILITY, AREA, GOAL = 0.62, 0.45, 0.25
"""Loadings of a child's ability, area of learning and goal on a result."""

_MEAN_OF_OTHERS, _GOALS_PER_UNIT = 7.95, 7.5


def read_thresholds() -> Floats:
    """Read the fitted threshold of each area of learning; shape (7,)."""
    return pl.read_csv(CALIBRATION / "goal_thresholds.csv")["threshold"].to_numpy()


def local_shift(reference: Reference) -> Floats:
    """Return how much better children without a good level do in each authority than in England."""
    gld, every = (reference.areas[c].to_numpy() / 100 for c in ("gld", "all_elgs"))
    mean = reference.areas["elg_avg"].to_numpy()
    others = (mean - 17 * every - 15.3 * (gld - every)) / np.maximum(1 - gld, 0.05)
    return np.asarray(np.clip((others - _MEAN_OF_OTHERS) / _GOALS_PER_UNIT, -0.6, 0.6))


def results_below(rng: np.random.Generator, ability: Floats, thresholds: Floats) -> Bools:
    """Draw goals of children without a good level: at least one of the first twelve is not reached.

    Args:
        rng: Random stream.
        ability: Latent ability, about N(0, 1) among these children; shape (n,).
        thresholds: Threshold of each area of learning; shape (7,).

    Returns:
        Reached or not; shape (n, 17).
    """
    area_of_goal = np.array(AREA_OF_GOAL)
    latent = AREA * rng.standard_normal((ability.size, thresholds.size))[:, area_of_goal]
    latent += GOAL * rng.standard_normal((ability.size, len(GOALS)))
    latent += ABILITY * ability[:, None] + GOAL_OFFSET - thresholds[area_of_goal]
    reached = latent > 0
    full = np.flatnonzero(reached[:, :GLD_GOALS].all(axis=1))
    reached[full, latent[full, :GLD_GOALS].argmin(axis=1)] = False
    return np.asarray(reached)


def ability_below(margin: Floats) -> Floats:
    """Return the ability, about N(0, 1), of children whose margin is negative."""
    return np.asarray(np.log(np.clip(-margin, 0.02, 12.0)) * -0.85 + 0.05)


def _miss_late_goals(reference: Reference, children: Children, margin: Floats, rng: np.random.Generator) -> Ints:
    """Choose counted GLD children who miss a goal outside the GLD, to the authority's published rate."""
    rate = 1 - (reference.areas["all_elgs"] / reference.areas["gld"]).to_numpy().clip(0, 1)
    among = np.flatnonzero(margin > 0)
    order = among[np.lexsort((margin[among] + rng.exponential(1.0, among.size), children.area[among]))]
    area = children.area[order]
    place = np.arange(order.size) - np.searchsorted(area, area)
    quota = np.rint(rate * np.bincount(area, minlength=rate.size))
    return np.asarray(order[place < quota[area]])


def draw_goals(
    reference: Reference, children: Children, attainment: Attainment, *, seed: tuple[int, int]
) -> pl.DataFrame:
    """Return the seventeen results of every child as "1", "2" or "A"."""
    rng = stream(*seed, "goals")
    result = np.full((children.kind.size, len(GOALS)), 2, dtype=np.int8)
    below = np.flatnonzero(~attainment.gld)
    ability = ability_below(attainment.margin[below]) + local_shift(reference)[children.area[below]] / ABILITY
    result[below] = 1 + results_below(rng, ability, read_thresholds())
    late = _miss_late_goals(reference, children, attainment.margin, rng)
    missed = rng.random((late.size, len(GOALS) - GLD_GOALS)) < 0.28
    missed[np.arange(late.size), rng.integers(0, missed.shape[1], late.size)] = True
    result[late, GLD_GOALS:] = np.where(missed, 1, 2)
    result[children.kind == EXEMPT] = 0
    part = np.flatnonzero(children.kind == PART_EXEMPT)
    result[part, rng.integers(0, len(GOALS), part.size)] = 0
    values = pl.Series(["A", "1", "2"])
    return pl.DataFrame({goal: values.gather(result[:, g].astype(np.uint32)) for g, goal in enumerate(GOALS)})
