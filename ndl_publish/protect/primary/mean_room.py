"""Exact means: one near the least or the most it could be says something about every child it is over.

A mean whose sum comes nearly from one provider says something about that provider, and is treated alike.

A mean of 17.0 goals says that all children reached all goals. Such a mean is withheld; but the sum behind it would
follow from the mean of a larger area and the means of that area's other parts. So a measure with such a mean is shown
at its finest level only, without that mean. Finer parts have even less room, so nothing follows from below.
"""

from collections.abc import Mapping

import numpy as np

from ndl_publish.cube.grid import IntArray
from ndl_publish.cube.model import Cube
from ndl_publish.cube.protected import BoolArray
from ndl_publish.spec.dataset import MeanMeasure
from ndl_publish.spec.load import ReleaseSpec


def shown_means(
    cube: Cube, spec: ReleaseSpec, *, minimum_sum: int, sensitive_sums: Mapping[str, BoolArray]
) -> dict[str, BoolArray]:
    """Return, for each exact mean, the cells of ``layout.base`` at which it may be shown.

    Args:
        cube: Exact counts and sums.
        spec: The release.
        minimum_sum: A sum nearer than this to its least or most possible value gives its children away.
        sensitive_sums: Mean -> cells of ``layout.grid`` whose sum gives a contributor away.

    Source:
        Group disclosure of the ESSnet SDC handbook (0% and 100%), here for sums.
    """
    return {
        name: _shown(
            cube,
            _close(cube, measure, cube.sums[name], minimum_sum) | _given_away(cube, sensitive_sums.get(name)),
        )
        for name, measure in spec.dataset.measures.items()
        if isinstance(measure, MeanMeasure) and name in cube.sums
    }


def _close(cube: Cube, measure: MeanMeasure, sums: IntArray, minimum_sum: int) -> BoolArray:
    """Return the cells of ``layout.base`` whose mean leaves its children no room."""
    children = cube.layout.base.tabulate(cube.rows.codes, cube.rows.children)
    room = np.minimum(sums - measure.minimum * children, measure.maximum * children - sums)
    return np.asarray((room < minimum_sum) & (children > 0))


def _given_away(cube: Cube, sensitive: BoolArray | None) -> BoolArray:
    """Return the cells of ``layout.base`` whose sum gives a contributor away."""
    base, grid = cube.layout.base, cube.layout.grid
    found = np.zeros(base.n_cells, bool)
    if sensitive is None:
        return found
    for block in base.blocks:
        found[block.cells] = sensitive[grid.block(block.levels).cells]
    return found


def _shown(cube: Cube, hidden: BoolArray) -> BoolArray:
    base = cube.layout.base
    shown: BoolArray = ~hidden
    if hidden.any():
        finest = max(base.blocks, key=lambda block: block.shape[0])
        for block in base.blocks:
            if block is not finest:
                shown[block.cells] = False
    return shown
