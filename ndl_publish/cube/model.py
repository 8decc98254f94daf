"""The confidential cube: exact counts of every cell, and where they came from."""

from dataclasses import dataclass, field

import polars as pl

from ndl_publish.cube.grid import IntArray
from ndl_publish.cube.layout import CubeLayout


@dataclass(frozen=True, slots=True)
class Cube:
    """Exact counts, one per cell, complements and margins included. Confidential.

    Attributes:
        layout: What the cells are.
        codes: Finest codes of the rows that hold children, ``(n_rows, n_dimensions)``, in canonical order.
        children: Children in each of those rows, ``n_rows``.
        counts: Children in every cell of ``layout.grid``, ``n_cells``.
        row_sums: Mean measure -> sum of its number in each of those rows, ``n_rows``.
        sums: Mean measure -> sum of its number in every cell of ``layout.base``.
        linkage: Children and linked children by area and source; confidential.
    """

    layout: CubeLayout
    codes: IntArray = field(repr=False)
    children: IntArray = field(repr=False)
    counts: IntArray = field(repr=False)
    row_sums: dict[str, IntArray] = field(repr=False)
    sums: dict[str, IntArray] = field(repr=False)
    linkage: pl.DataFrame = field(repr=False)
