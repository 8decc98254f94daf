"""Which cells stand in a published table as a figure of their own; the others are what a reader could subtract."""

import numpy as np

from ndl_publish.columns import TOTAL_LEVEL
from ndl_publish.cube.grid import Block
from ndl_publish.cube.layout import YES, CubeLayout
from ndl_publish.cube.protected import BoolArray


def printed_cells(layout: CubeLayout) -> BoolArray:
    """Return, for every cell, whether its count is itself a published figure: children, or children who reached."""
    printed = np.zeros(layout.grid.n_cells, bool)
    for block in layout.grid.blocks:
        outcomes = [i for i in layout.outcome_dimension.values() if block.levels[i] != TOTAL_LEVEL]
        if not outcomes:
            printed[block.cells] = True
        else:
            _mark_reached(printed, layout, block, outcomes[0])
    return printed


def _mark_reached(printed: BoolArray, layout: CubeLayout, block: Block, dimension: int) -> None:
    groups = layout.grid.dimensions[dimension].level(block.levels[dimension]).groups
    if YES in groups:
        index: list[slice | int] = [slice(None)] * len(block.shape)
        index[dimension] = groups.index(YES)
        printed[block.cells].reshape(block.shape)[tuple(index)] = True
