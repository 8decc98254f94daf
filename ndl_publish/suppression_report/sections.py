"""Tallies of a pattern of suppression, by table, block, area and characteristic."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from ndl_publish.columns import TOTAL, TOTAL_LEVEL, Mask
from ndl_publish.cube.grid import Block, CellGrid, IntArray
from ndl_publish.protect.secondary.problem import MaskArray
from ndl_publish.suppression_report.model import Section, Tally

N_NUMBERS = 7
"""Numbers in a ``Tally``."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """A grid and what became of its cells.

    Attributes:
        grid: The cells.
        values: Exact counts, ``n_cells``.
        mask: A ``columns.Mask`` per cell, ``n_cells``.
        large_from: Count from which a secondary is called large.
    """

    grid: CellGrid
    values: IntArray = field(repr=False)
    mask: MaskArray = field(repr=False)
    large_from: int

    def numbers(self, block: Block) -> IntArray:
        """Return what a ``Tally`` adds up, for each cell of a block: shape ``(N_NUMBERS, *block.shape)``."""
        value, mask = self.values[block.cells], self.mask[block.cells]
        secondary = mask == Mask.SECONDARY_SUPPRESSED
        rows = (
            np.ones_like(value),
            mask == Mask.PRIMARY_SUPPRESSED,
            secondary,
            (mask != Mask.SHOWN) & (value == 0),
            secondary & (value >= self.large_from),
            value,
            value * secondary,
        )
        return np.stack(rows).astype(np.int64).reshape(N_NUMBERS, *block.shape)


@dataclass(frozen=True, slots=True)
class Naming:
    """What things are called.

    Attributes:
        tables: Table -> levels of its blocks.
        area: Index of the dimension that is reported code by code.
        areas: Code of an area -> its name, where known.
    """

    tables: Mapping[str, frozenset[tuple[str, ...]]] = field(repr=False)
    area: int
    areas: Mapping[str, str] = field(repr=False, default_factory=dict)


def tally(name: str, numbers: IntArray) -> Tally:
    """Return ``N_NUMBERS`` sums as a tally."""
    return Tally(name, *(int(number) for number in numbers))


def tally_sections(pattern: Pattern, naming: Naming) -> tuple[Section, ...]:
    """Return the sections of the report: by table, block, area level, area, and characteristic."""
    blocks: dict[tuple[str, ...], IntArray] = {}
    codes: dict[tuple[int, str], IntArray] = {}
    for block in pattern.grid.blocks:
        numbers = pattern.numbers(block)
        blocks[block.levels] = numbers.reshape(N_NUMBERS, -1).sum(axis=1)
        for axis, level in enumerate(block.levels):
            others = tuple(i + 1 for i in range(len(block.shape)) if i != axis)
            codes[axis, level] = codes.get((axis, level), 0) + numbers.sum(axis=others)
    return (
        Section("By table", _by_table(blocks, naming)),
        Section("By crossing", tuple(tally(_level_words(levels), n) for levels, n in blocks.items())),
        Section(
            "By area level", tuple(tally(lv, n.sum(axis=1)) for (axis, lv), n in codes.items() if axis == naming.area)
        ),
        Section("By area", _by_code(pattern.grid, codes, (naming.area,), naming.areas)),
        Section("By characteristic", _by_code(pattern.grid, codes, _others(pattern.grid, naming.area), {})),
    )


def _others(grid: CellGrid, area: int) -> tuple[int, ...]:
    return tuple(axis for axis in range(len(grid.dimensions)) if axis != area)


def _by_table(blocks: Mapping[tuple[str, ...], IntArray], naming: Naming) -> tuple[Tally, ...]:
    return tuple(
        tally(name, np.sum([blocks[levels] for levels in sorted(mine)], axis=0)) for name, mine in naming.tables.items()
    )


def _level_words(levels: tuple[str, ...]) -> str:
    return " x ".join(level for level in levels if level != TOTAL_LEVEL) or TOTAL


def _by_code(
    grid: CellGrid, codes: Mapping[tuple[int, str], IntArray], axes: tuple[int, ...], names: Mapping[str, str]
) -> tuple[Tally, ...]:
    """Return a tally for every group of every level of some dimensions, over all blocks at that level."""
    return tuple(
        tally(" ".join([level, code, *([names[code]] if code in names else [])]), numbers[:, i])
        for axis in axes
        for (of, level), numbers in codes.items()
        if of == axis and level != TOTAL_LEVEL
        for i, code in enumerate(grid.dimensions[axis].level(level).groups)
    )


def cell_words(grid: CellGrid, cells: IntArray) -> tuple[str, ...]:
    """Return the levels and groups of cells, in the order of the grid.

    Args:
        grid: The cells.
        cells: Indices into the grid.
    """
    words = []
    wanted = np.sort(cells)
    for block in grid.blocks:
        mine = wanted[(wanted >= block.offset) & (wanted < block.offset + block.n_cells)] - block.offset
        index = np.unravel_index(mine, block.shape)
        for place in zip(*index, strict=True):
            parts = [
                f"{level} {dim.level(level).groups[i]}"
                for dim, level, i in zip(grid.dimensions, block.levels, place, strict=True)
                if level != TOTAL_LEVEL
            ]
            words.append(" x ".join(parts) or TOTAL)
    return tuple(words)
