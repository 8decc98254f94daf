"""What may be seen of a cube: figures with status, and the public description of how they were protected.

The types on the safe side of the disclosure line stand here, not in ``protect/``, because ``audit/`` reads them and
must not import ``protect/``. None of them has a field for an exact count that is not published.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import polars as pl

from ndl_publish.cube.grid import CellGrid, IntArray

Mode = Literal["dp", "classic"]
BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Implication:
    """A public fact about who can be where: the code of one dimension decides that of another.

    Attributes:
        dimension: Index of the dimension that is decided (deprivation decile).
        of: Index of the dimension that decides (finest area).
        code_of: Integer array over the finest codes of ``of``: the code of ``dimension`` each implies.
    """

    dimension: int
    of: int
    code_of: IntArray = field(repr=False)


@dataclass(frozen=True, slots=True)
class PublicTable:
    """One published table: a row per area x breakdown x measure.

    Attributes:
        name: Name of the table and of its files.
        title: Title in words.
        breakdowns: Names of the breakdown columns, in order.
        figures: Columns ``geographic_level`` (key), ``area_code``, the breakdowns, ``measure``, ``unit``, ``value``,
            ``lower``, ``upper`` (Float64, null where withheld) and ``status``; sorted; one row per figure. With
            ``time_period`` where there are several, and ``best_nonneg`` where the rules ask for it.
    """

    name: str
    title: str
    breakdowns: tuple[str, ...]
    figures: pl.DataFrame = field(repr=False)


@dataclass(frozen=True, slots=True)
class ProtectedCube:
    """What may be shown of a release.

    Attributes:
        mode: ``dp`` or ``classic``.
        grid: The cells, complements and margins included.
        values: Integer array, ``n_cells``: the protected count of shown cells; 0 where ``is_shown`` is false.
        is_shown: Boolean array, ``n_cells``.
        implications: Public facts about which finest combinations can occur.
        tables: The published tables.
        measurements: The noisy measurements, a row each, where the rules publish them.
        privacy: The public privacy statement (goes to ``privacy.json``); JSON types only.
    """

    mode: Mode
    grid: CellGrid
    values: IntArray = field(repr=False)
    is_shown: BoolArray = field(repr=False)
    implications: tuple[Implication, ...]
    tables: tuple[PublicTable, ...]
    privacy: Mapping[str, Any] = field(repr=False)
    measurements: pl.DataFrame | None = field(repr=False, default=None)

    def __post_init__(self) -> None:
        """Hold to the shape, and to the promise that a withheld value is not carried along."""
        if self.values.shape != (self.grid.n_cells,) or self.is_shown.shape != (self.grid.n_cells,):
            raise ValueError("values and is_shown need one entry per cell of the grid")
        if self.values[~self.is_shown].any():
            raise ValueError("a withheld cell carries a value")
