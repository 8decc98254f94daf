"""Which cells can hold anybody at all, from public facts alone."""

import numpy as np

from ndl_publish.cube.grid import Block, CellGrid
from ndl_publish.cube.protected import BoolArray, Implication


def possible_cells(grid: CellGrid, implications: tuple[Implication, ...]) -> BoolArray:
    """Return, for every cell, whether some finest area could put a child there.

    A deprivation decile that no area of a local authority has is a structural zero there.

    Args:
        grid: The cells.
        implications: Dimensions that the area decides.

    Returns:
        Boolean array, ``n_cells``.
    """
    possible = np.ones(grid.n_cells, bool)
    for block in grid.blocks:
        for implied in implications:
            possible[block.cells] &= _block_possible(grid, block, implied)
    return possible


def _block_possible(grid: CellGrid, block: Block, implied: Implication) -> BoolArray:
    deciding = grid.dimensions[implied.of].level(block.levels[implied.of]).group_of
    decided = grid.dimensions[implied.dimension].level(block.levels[implied.dimension]).group_of[implied.code_of]
    pair = np.zeros((block.shape[implied.of], block.shape[implied.dimension]), bool)
    inside = (deciding >= 0) & (decided >= 0)
    pair[deciding[inside], decided[inside]] = True
    shape = [1] * len(block.shape)
    shape[implied.of], shape[implied.dimension] = pair.shape
    ordered = pair if implied.of < implied.dimension else pair.T
    return np.asarray(np.broadcast_to(ordered.reshape(shape), block.shape).ravel())
