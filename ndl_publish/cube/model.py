"""The confidential cube: exact counts of every cell, and where they came from."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import polars as pl

from ndl_publish.cube.contributions import Contributions
from ndl_publish.cube.grid import IntArray
from ndl_publish.cube.layout import CubeLayout


@dataclass(frozen=True, slots=True)
class FinestRows:
    """The finest rows that hold children, in canonical order. Confidential.

    Attributes:
        codes: Finest codes, ``(n_rows, n_dimensions)``.
        children: Children in each row, ``n_rows``.
        sums: Mean measure -> sum of its number in each row, ``n_rows``.
    """

    codes: IntArray = field(repr=False)
    children: IntArray = field(repr=False)
    sums: dict[str, IntArray] = field(repr=False, default_factory=dict)


@dataclass(frozen=True, slots=True)
class Cube:
    """Exact counts, one per cell, complements and margins included. Confidential.

    Attributes:
        layout: What the cells are.
        rows: What the cells are sums of.
        counts: Children in every cell of ``layout.grid``, ``n_cells``.
        sums: Mean measure -> sum of its number in every cell of ``layout.base``.
        linkage: Children and linked children by area and source; confidential.
        contributions: Contributor -> who stands behind the children; only those that the rules look at.
    """

    layout: CubeLayout
    rows: FinestRows = field(repr=False)
    counts: IntArray = field(repr=False)
    sums: dict[str, IntArray] = field(repr=False)
    linkage: pl.DataFrame = field(repr=False)
    contributions: Mapping[str, Contributions] = field(repr=False, default_factory=dict)
