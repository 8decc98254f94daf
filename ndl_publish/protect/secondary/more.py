"""Ask more of a problem than the rules do: for cells that an attack found in an earlier pattern."""

from dataclasses import replace

import numpy as np

from ndl_publish.columns import Mask
from ndl_publish.cube.grid import IntArray
from ndl_publish.protect.secondary.problem import Suppression, SuppressionProblem


def asking_more(problem: SuppressionProblem, found: IntArray) -> SuppressionProblem:
    """Return the problem with wider protection intervals, so that other witnesses are looked for.

    Args:
        problem: What the rules ask, of exact counts.
        found: How often attacks found each cell, ``n_cells``. A primary's interval reaches up by its own width each
            time; a cell withheld for protection must have another value, then two others, and so on.
    """
    wider = found * np.maximum(problem.highest - problem.lowest, 1)
    return replace(problem, primary=problem.primary | (found > 0), highest=problem.highest + wider)


def with_primaries_of(problem: SuppressionProblem, answer: Suppression) -> Suppression:
    """Return an answer to a problem that asked more, with the primaries of the rules alone."""
    mask = np.where((answer.mask == Mask.PRIMARY_SUPPRESSED) & ~problem.primary, Mask.SECONDARY_SUPPRESSED, answer.mask)
    return replace(answer, mask=mask.astype(np.uint8))
