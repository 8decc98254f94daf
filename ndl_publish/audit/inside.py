"""Which cells are about one child only, so that they are no secret from that child?"""

from dataclasses import dataclass, field

import numpy as np

from ndl_publish.audit.published import BoolArray, ImpliedCode
from ndl_publish.cube.grid import Block, CellGrid, IntArray


@dataclass(frozen=True)
class LoneChildren:
    """Cells that hold exactly one child, and which row of the finest table that child is in. Confidential.

    Attributes:
        codes: Finest code of each dimension, ``(n_rows, n_dimensions)``.
        row_of: Row of the one child of each cell, ``n_cells``; -1 where there are none or several.
    """

    codes: IntArray = field(repr=False)
    row_of: IntArray = field(repr=False)

    @classmethod
    def of(cls, grid: CellGrid, codes: IntArray, children: IntArray) -> "LoneChildren":
        """Return the lone children of a table of finest rows."""
        true = grid.tabulate(codes, children)
        row_of = np.full(grid.n_cells, -1, np.int64)
        held = np.flatnonzero(children > 0)
        for block in grid.blocks:
            cell = grid.members(block, codes[held])
            alone = (cell >= 0) & (true[cell] == 1)
            row_of[cell[alone]] = held[alone]
        return cls(codes, row_of)

    def is_own(
        self, grid: CellGrid, implications: tuple[ImpliedCode, ...], cell: IntArray, child: IntArray
    ) -> BoolArray:
        """Return, for each pair, whether a cell is only about a child, who is alone in some cell.

        It is when its one child is that child, or when everybody in it would be in a cell that the child is alone in.

        Args:
            grid: The cells.
            implications: Look-ups that everybody has.
            cell: Cells of any block.
            child: Rows of children, as many.
        """
        own = np.asarray(self.row_of[cell] == child)
        for block in grid.blocks:
            around = grid.members(block, self.codes[child])
            at = np.flatnonzero(~own & (around >= 0) & (self.row_of[around] == child))
            own[at] = is_inside(grid, implications, cell[at], around[at], block)
        return own


def is_inside(
    grid: CellGrid, implications: tuple[ImpliedCode, ...], inner: IntArray, outer: IntArray, block: Block
) -> BoolArray:
    """Return, for each pair, whether every child of ``inner`` is one of ``outer`` too.

    Args:
        grid: The cells.
        implications: Look-ups that everybody has: a local authority of one deprivation decile is inside that decile.
        inner: Cells of any block.
        outer: Cells of ``block``, as many.
        block: The block of ``outer``.
    """
    inside = np.zeros(len(inner), bool)
    groups = np.unravel_index(outer - block.offset, block.shape)
    for own in grid.blocks:
        mine = np.flatnonzero((inner >= own.cells.start) & (inner < own.cells.stop))
        if len(mine):
            within = np.ones(len(mine), bool)
            at = np.unravel_index(inner[mine] - own.offset, own.shape)
            for axis in range(len(grid.dimensions)):
                within &= _axis_inside(grid, implications, (own, block), axis, at, groups[axis][mine])
            inside[mine] = within
    return inside


def _axis_inside(
    grid: CellGrid,
    implications: tuple[ImpliedCode, ...],
    blocks: tuple[Block, Block],
    axis: int,
    at: tuple[IntArray, ...],
    wanted: IntArray,
) -> BoolArray:
    """Return whether the groups at ``at`` of the first block lie in the wanted groups of one axis of the second."""
    own, block = blocks
    coarse = grid.dimensions[axis].level(block.levels[axis]).group_of
    fine = grid.dimensions[axis].level(own.levels[axis]).group_of
    within = np.asarray(_wholly_in(coarse, fine, own.shape[axis])[at[axis]] == wanted)
    for implied in implications:
        if implied.dimension == axis:
            deciding = grid.dimensions[implied.of].level(own.levels[implied.of]).group_of
            into = _wholly_in(coarse[implied.code_of], deciding, own.shape[implied.of])
            within |= into[at[implied.of]] == wanted
    return within


def _wholly_in(coarse: IntArray, fine: IntArray, n_fine: int) -> IntArray:
    """Return the coarse group that all codes of each fine group are in; -1 where there is none."""
    inside = fine >= 0
    low, high = np.full(n_fine, np.iinfo(np.int64).max), np.full(n_fine, -1)
    np.minimum.at(low, fine[inside], coarse[inside])
    np.maximum.at(high, fine[inside], coarse[inside])
    return np.where(low == high, low, -1)
