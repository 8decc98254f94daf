"""Which cells belong to which measure, and which cells make up each share: in a release, and in a table of counts."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from ndl_publish.columns import TOTAL_LEVEL
from ndl_publish.cube.grid import Block, CellGrid, IntArray
from ndl_publish.cube.layout import NO, YES, CubeLayout, between_level
from ndl_publish.cube.protected import BoolArray


@dataclass(frozen=True, slots=True)
class ShareCells:
    """The cells of one share at one grouping.

    Attributes:
        measure: The share.
        reached: Cell of those who reached it, ``n_shares``.
        rest: Cells of the others of its denominator, ``(n_shares, n_rest)``; together they are its complement.
    """

    measure: str
    reached: IntArray = field(repr=False)
    rest: IntArray = field(repr=False)


def measure_cells(layout: CubeLayout) -> dict[str, BoolArray]:
    """Return the cells of each measure in use: a share's are those of who reached it and of who did not.

    A cell between two nested measures belongs to both: it did not reach the narrower and reached the wider.
    """
    names = [layout.count_measure, *layout.share_of]
    cells = {name: np.zeros(layout.grid.n_cells, bool) for name in names}
    for block in layout.grid.blocks:
        outcome = _outcome(layout, block)
        if outcome is None:
            cells[layout.count_measure][block.cells] = True
        elif block.levels[layout.outcome_dimension[outcome]] in layout.chains[outcome]:
            cells[block.levels[layout.outcome_dimension[outcome]]][block.cells] = True
        else:
            chain = published_chain(layout, block, outcome)
            for k, name in enumerate(chain):
                for group in (k, k + 1):
                    cells[name][_cells(layout, block, outcome, group)] = True
    return cells


def share_cells(layout: CubeLayout) -> Iterator[ShareCells]:
    """Yield the cells of every share that a table of the release prints."""
    for block in layout.grid.blocks:
        outcome = _outcome(layout, block)
        if outcome is None:
            continue
        axis = layout.outcome_dimension[outcome]
        name = block.levels[axis]
        if name not in layout.chains[outcome]:
            continue
        groups = layout.grid.dimensions[axis].level(name).groups
        reached = _cells(layout, block, outcome, groups.index(YES))
        of = layout.share_of[name]
        if of == layout.count_measure:
            yield ShareCells(name, reached, _cells(layout, block, outcome, groups.index(NO))[:, None])
            continue
        chain = published_chain(layout, block, outcome)
        between = layout.grid.block((*block.levels[:axis], between_level(chain), *block.levels[axis + 1 :]))
        ranks = range(chain.index(of) + 1, chain.index(name) + 1)
        yield ShareCells(name, reached, np.stack([_cells(layout, between, outcome, k) for k in ranks], axis=1))


def published_chain(layout: CubeLayout, block: Block, outcome: str) -> tuple[str, ...]:
    """Return the nested measures that are published at the grouping of a block of this outcome."""
    axis = layout.outcome_dimension[outcome]
    levels = {other.levels for other in layout.grid.blocks}
    return tuple(
        name for name in layout.chains[outcome] if (*block.levels[:axis], name, *block.levels[axis + 1 :]) in levels
    )


def outcome_cells(grid: CellGrid, outcomes: tuple[str, ...]) -> dict[str, BoolArray]:
    """Return the cells that belong to each outcome of a table of counts: those of its single groups."""
    cells = {name: np.zeros(grid.n_cells, bool) for name in outcomes}
    for block in grid.blocks:
        for dimension, level in zip(grid.dimensions, block.levels, strict=True):
            if dimension.name in cells and level != TOTAL_LEVEL:
                cells[dimension.name][block.cells] = True
    return cells


def outcome_shares(grid: CellGrid, outcomes: tuple[str, ...]) -> Iterator[ShareCells]:
    """Yield, for a table of counts, the cells of every group of an outcome as a share of all groups together."""
    for block in grid.blocks:
        for axis, (dimension, level) in enumerate(zip(grid.dimensions, block.levels, strict=True)):
            if dimension.name not in outcomes or level == TOTAL_LEVEL:
                continue
            place = np.moveaxis(np.arange(block.n_cells).reshape(block.shape), axis, -1) + block.offset
            groups = place.reshape(-1, block.shape[axis])
            for group in range(groups.shape[1]):
                yield ShareCells(dimension.name, groups[:, group], np.delete(groups, group, axis=1))


def _outcome(layout: CubeLayout, block: Block) -> str | None:
    """Return the outcome by which a block splits the children; none where it does not."""
    split = (name for name, axis in layout.outcome_dimension.items() if block.levels[axis] != TOTAL_LEVEL)
    return next(split, None)


def _cells(layout: CubeLayout, block: Block, outcome: str, group: int) -> IntArray:
    """Return the cells of one group of an outcome, in the order of the other dimensions."""
    place = np.arange(block.n_cells, dtype=np.int64).reshape(block.shape) + block.offset
    return np.asarray(np.take(place, group, axis=layout.outcome_dimension[outcome]).ravel(), np.int64)
