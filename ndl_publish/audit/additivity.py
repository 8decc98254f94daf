"""Do shown counts add up? Every block is compared with the blocks that split one of its dimensions further."""

from collections.abc import Iterator

import numpy as np

from ndl_publish.audit.published import PublishedCells
from ndl_publish.cube.grid import Block, CellGrid, IntArray, Level
from ndl_publish.errors import Finding


def additivity(published: PublishedCells) -> tuple[Finding, ...]:
    """Return ``NDL-D014`` for every pair of blocks whose shown counts do not add up."""
    grid = published.grid
    return tuple(
        Finding("NDL-D014", "error", " x ".join(fine.levels), f"{n} sums do not equal their total.")
        for coarse, fine, axis, parent in _splits(grid)
        if (n := _broken(published, coarse, fine, axis, parent))
    )


def _splits(grid: CellGrid) -> Iterator[tuple[Block, Block, int, IntArray]]:
    """Yield block pairs of which the second splits one dimension of the first, with each group's parent."""
    by_rest: dict[tuple[int, tuple[str, ...]], list[Block]] = {}
    for block in grid.blocks:
        for axis in range(len(block.levels)):
            by_rest.setdefault((axis, block.levels[:axis] + block.levels[axis + 1 :]), []).append(block)
    for (axis, _), blocks in by_rest.items():
        for coarse in blocks:
            for fine in blocks:
                if fine is not coarse:
                    dimension = grid.dimensions[axis]
                    parent = _parents(dimension.level(coarse.levels[axis]), dimension.level(fine.levels[axis]))
                    if parent is not None:
                        yield coarse, fine, axis, parent


def _parents(coarse: Level, fine: Level) -> IntArray | None:
    """Return the coarse group of every fine group, or ``None`` when the fine level does not split the coarse one."""
    if len(fine.groups) <= len(coarse.groups) or not fine.is_complete:
        return None
    pairs = np.unique(np.column_stack([fine.group_of, coarse.group_of]), axis=0)
    return pairs[:, 1].astype(np.int64) if len(pairs) == len(fine.groups) else None


def _broken(published: PublishedCells, coarse: Block, fine: Block, axis: int, parent: IntArray) -> int:
    """Return how many wholly shown sums differ from their shown total."""
    n_groups = coarse.shape[axis]

    def summed(array: IntArray) -> IntArray:
        moved = np.moveaxis(array[fine.cells].reshape(fine.shape), axis, 0)
        out = np.zeros((n_groups, *moved.shape[1:]), np.int64)
        inside = parent >= 0
        np.add.at(out, parent[inside], moved[inside])
        return np.moveaxis(out, 0, axis).ravel()

    hidden = summed((~published.is_shown).astype(np.int64))
    whole = (hidden == 0) & published.is_shown[coarse.cells]
    return int((whole & (summed(published.values) != published.values[coarse.cells])).sum())
