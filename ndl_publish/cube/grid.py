"""The cells of a release and how they hang together, without any count.

A release publishes counts of the same children in many groupings: areas, characteristics, outcomes. One model
serves hierarchies, linked tables and areas that do not nest alike (no trees):

* a **dimension** has finest codes (LSOAs, minor ethnic groups, ...) and **levels**; each level sends every finest code
  to one of its groups, or to none (an LSOA outside every combined authority). The level ``total`` has one group;
* a **block** names one level for each dimension: "LA x sex x GLD". It is a dense array of cells, every crossing
  present, so an empty combination is a cell like any other;
* a **grid** is the list of all distinct blocks. Each published count is exactly one cell of one block.

The finest rows (one code per dimension) are what cells are sums of: ``CellGrid.members`` gives, for finest rows, the
cell of each block they belong to. That membership *is* the set of table equations: two cells are tied when they share
rows.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from ndl_publish.columns import TOTAL, TOTAL_LEVEL

IntArray = npt.NDArray[np.int64]
WholeArray = npt.NDArray[np.integer[Any]]
"""Whole numbers of any size: 32 bits where there are millions."""


@dataclass(frozen=True)
class Level:
    """One grouping of a dimension's finest codes.

    Attributes:
        name: For example ``local_authority``, ``ethnicity_major`` or ``total``.
        groups: Codes of the groups, in order; ``n_groups`` of them.
        group_of: Integer array, ``n_codes``; index of the group each finest code belongs to, -1 where to none.
    """

    name: str
    groups: tuple[str, ...]
    group_of: IntArray = field(repr=False, compare=False)

    @property
    def is_complete(self) -> bool:
        """Say whether every finest code belongs to a group, so that the groups add up to the total."""
        return bool((self.group_of >= 0).all())


@dataclass(frozen=True)
class Dimension:
    """One characteristic with its finest codes and all levels that may be published, ``total`` among them."""

    name: str
    codes: tuple[str, ...]
    levels: tuple[Level, ...]

    @property
    def finest_level(self) -> str:
        """Name of the level whose groups are the finest codes themselves."""
        identity = range(len(self.codes))
        for level in self.levels:
            if len(level.groups) == len(self.codes) and level.group_of.tolist() == list(identity):
                return level.name
        raise ValueError(f"dimension {self.name} has no level of its finest codes")

    def level(self, name: str) -> Level:
        """Return the level of that name.

        Raises:
            KeyError: When the dimension has no such level.
        """
        for level in self.levels:
            if level.name == name:
                return level
        raise KeyError(name)


def make_dimension(
    name: str,
    codes: tuple[str, ...],
    groupings: Mapping[str, tuple[str | None, ...]],
    group_order: Mapping[str, tuple[str, ...]] | None = None,
) -> Dimension:
    """Return a dimension from finest codes and, for each level, the group (or none) of every code.

    Args:
        name: Name of the dimension.
        codes: Finest codes, unique.
        groupings: Level name -> group of each code in order, ``None`` for "in no group".
        group_order: Level name -> wanted order of the groups; default is order of first appearance.

    Example:
        >>> dim = make_dimension("eth", ("a1", "a2", "b"), {"major": ("A", "A", "B")})
        >>> [level.name for level in dim.levels], dim.level("major").group_of.tolist()
        (['total', 'major'], [0, 0, 1])
    """
    levels = [Level(TOTAL_LEVEL, (TOTAL,), np.zeros(len(codes), np.int64))]
    for level_name, groups in groupings.items():
        order = (group_order or {}).get(level_name) or tuple(dict.fromkeys(g for g in groups if g is not None))
        index = {group: i for i, group in enumerate(order)}
        group_of = np.array([-1 if group is None else index[group] for group in groups], np.int64)
        levels.append(Level(level_name, order, group_of))
    return Dimension(name, codes, tuple(levels))


@dataclass(frozen=True)
class Block:
    """All crossings of one level per dimension: a dense array of cells inside the grid.

    Attributes:
        levels: Level name for each dimension of the grid, in the grid's order.
        shape: Number of groups of each level.
        offset: Index of the block's first cell in the grid.
    """

    levels: tuple[str, ...]
    shape: tuple[int, ...]
    offset: int

    @property
    def n_cells(self) -> int:
        """Number of cells in the block."""
        return int(np.prod(self.shape))

    @property
    def cells(self) -> slice:
        """Where the block's cells stand in an array over the grid (row-major)."""
        return slice(self.offset, self.offset + self.n_cells)


@dataclass(frozen=True)
class CellGrid:
    """All cells of a release: dimensions, and the distinct blocks over them."""

    dimensions: tuple[Dimension, ...]
    blocks: tuple[Block, ...]

    @classmethod
    def build(cls, dimensions: tuple[Dimension, ...], wanted: list[tuple[str, ...]]) -> "CellGrid":
        """Return the grid of the wanted level combinations, each once, in order of first mention."""
        blocks: list[Block] = []
        offset = 0
        for levels in dict.fromkeys(wanted):
            shape = tuple(len(dim.level(level).groups) for dim, level in zip(dimensions, levels, strict=True))
            blocks.append(Block(levels, shape, offset))
            offset += blocks[-1].n_cells
        return cls(dimensions, tuple(blocks))

    @cached_property
    def n_cells(self) -> int:
        """Number of cells over all blocks."""
        return sum(block.n_cells for block in self.blocks)

    def block(self, levels: tuple[str, ...]) -> Block:
        """Return the block with those levels.

        Raises:
            KeyError: When the grid has no such block.
        """
        for block in self.blocks:
            if block.levels == levels:
                return block
        raise KeyError(levels)

    def members(self, block: Block, codes: IntArray) -> IntArray:
        """Return the grid cell of each finest row in this block, -1 where the row belongs to no group.

        Args:
            block: A block of this grid.
            codes: Finest code indices, shape ``(n_rows, n_dimensions)``.

        Returns:
            Integer array of length ``n_rows``: index of a cell in the grid, or -1.
        """
        cell = np.full(codes.shape[0], block.offset, np.int64)
        outside: npt.NDArray[np.bool_] | None = None
        strides = np.append(np.cumprod(block.shape[:0:-1])[::-1], 1).astype(np.int64)
        for axis, (dim, name) in enumerate(zip(self.dimensions, block.levels, strict=True)):
            if name == TOTAL_LEVEL:
                continue
            level = dim.level(name)
            cell += (level.group_of * strides[axis])[codes[:, axis]]
            if not level.is_complete:
                nowhere = (level.group_of < 0)[codes[:, axis]]
                outside = nowhere if outside is None else outside | nowhere
        return cell if outside is None else np.where(outside, -1, cell)

    def tabulate(self, codes: IntArray, weights: IntArray) -> IntArray:
        """Return every cell of the grid as the sum of the weights of its finest rows.

        Args:
            codes: Finest code indices, shape ``(n_rows, n_dimensions)``.
            weights: Integers, ``n_rows``: children, or units of a sum.

        Returns:
            Integer array, ``n_cells``.
        """
        out = np.zeros(self.n_cells, np.int64)
        for block in self.blocks:
            cell = self.members(block, codes) - block.offset
            inside = cell >= 0
            if not inside.all():
                cell, mine = cell[inside], weights[inside]
            else:
                mine = weights
            out[block.cells] = np.bincount(cell, weights=mine, minlength=block.n_cells).astype(np.int64)
        return out
