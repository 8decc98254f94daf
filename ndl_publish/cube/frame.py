"""Cells of a grid as rows, for the output checker's pack and for counts on their own."""

import numpy as np
import numpy.typing as npt
import polars as pl

from ndl_publish.columns import AREA_CODE, GEOGRAPHIC_LEVEL, TOTAL, TOTAL_LEVEL
from ndl_publish.cube.grid import Block, CellGrid


def grid_frame(grid: CellGrid, columns: dict[str, npt.NDArray[np.generic]]) -> pl.DataFrame:
    """Return one row per cell: geographic level, area, the group of every other dimension, and the given columns.

    Args:
        grid: The cells; the first dimension is the area.
        columns: Name -> array over the grid.
    """
    return pl.concat([_block_frame(grid, block, columns) for block in grid.blocks])


def _block_frame(grid: CellGrid, block: Block, columns: dict[str, npt.NDArray[np.generic]]) -> pl.DataFrame:
    index = np.unravel_index(np.arange(block.n_cells), block.shape)
    data: dict[str, pl.Series | pl.Expr] = {GEOGRAPHIC_LEVEL: pl.lit(block.levels[0])}
    for axis, (dimension, name) in enumerate(zip(grid.dimensions, block.levels, strict=True)):
        label = AREA_CODE if axis == 0 else dimension.name
        groups = pl.Series(dimension.level(name).groups, dtype=pl.String)
        is_total = axis > 0 and name == TOTAL_LEVEL
        data[label] = pl.lit(TOTAL) if is_total else groups.gather(index[axis].astype(np.uint32))
        if axis > 0:
            data[f"{dimension.name}_level"] = pl.lit(name)
    for name, array in columns.items():
        data[name] = pl.Series(array[block.cells])
    return pl.DataFrame().select(**data)
