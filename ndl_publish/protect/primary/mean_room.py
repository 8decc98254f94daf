"""Exact means: one near the least or the most it could be says something about every child it is over.

A mean of 17.0 goals says that all children reached all goals. Such a mean is withheld; but the sum behind it would
follow from the mean of a larger area and the means of that area's other parts. So a measure with such a mean is shown
at its finest level only, without that mean. Finer parts have even less room, so nothing follows from below.
"""

import numpy as np

from ndl_publish.cube.grid import IntArray
from ndl_publish.cube.model import Cube
from ndl_publish.cube.protected import BoolArray
from ndl_publish.spec.dataset import MeanMeasure
from ndl_publish.spec.load import ReleaseSpec


def shown_means(cube: Cube, spec: ReleaseSpec, *, minimum_sum: int) -> dict[str, BoolArray]:
    """Return, for each exact mean, the cells of ``layout.base`` at which it may be shown.

    Args:
        cube: Exact counts and sums.
        spec: The release.
        minimum_sum: A sum nearer than this to its least or most possible value gives its children away.

    Source:
        Group disclosure of the ESSnet SDC handbook (0% and 100%), here for sums.
    """
    return {
        name: _shown(cube, measure, cube.sums[name], minimum_sum)
        for name, measure in spec.dataset.measures.items()
        if isinstance(measure, MeanMeasure) and name in cube.sums
    }


def _shown(cube: Cube, measure: MeanMeasure, sums: IntArray, minimum_sum: int) -> BoolArray:
    base = cube.layout.base
    children = base.tabulate(cube.rows.codes, cube.rows.children)
    room = np.minimum(sums - measure.minimum * children, measure.maximum * children - sums)
    close = (room < minimum_sum) & (children > 0)
    shown: BoolArray = ~close
    if close.any():
        finest = max(base.blocks, key=lambda block: block.shape[0])
        for block in base.blocks:
            if block is not finest:
                shown[block.cells] = False
    return shown
