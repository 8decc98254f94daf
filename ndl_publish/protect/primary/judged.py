"""What the primary rules look at: exact counts, which cells belong to which measure, who stands behind them."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from ndl_publish.cube.contributions import (
    CellContributors,
    Contributions,
    contributors_of_children,
    contributors_of_sum,
)
from ndl_publish.cube.grid import CellGrid, IntArray
from ndl_publish.cube.model import Cube
from ndl_publish.cube.protected import BoolArray
from ndl_publish.cube.shares import ShareCells, measure_cells, outcome_cells, outcome_shares, share_cells


@dataclass(frozen=True)
class Judged:
    """Cells before the rules are applied. Confidential.

    Attributes:
        grid: The cells.
        values: Exact count of each, ``n_cells``.
        possible: False for structural zeros, which no rule marks, ``n_cells``.
        measures: Measure -> its cells, ``n_cells``.
        shares: Which cells make up each share.
        base: The blocks for which means are published.
        contributions: Contributor -> who stands behind the children.
    """

    grid: CellGrid
    values: IntArray = field(repr=False)
    possible: BoolArray = field(repr=False)
    measures: Mapping[str, BoolArray] = field(repr=False)
    shares: tuple[ShareCells, ...] = field(repr=False)
    base: CellGrid = field(repr=False, default_factory=lambda: CellGrid((), ()))
    contributions: Mapping[str, Contributions] = field(repr=False, default_factory=dict)

    def contributors(self, contributor: str, *, of: str | None, n_largest: int) -> CellContributors:
        """Return who stands behind the children of every cell, or behind the sum of a mean.

        A mean that this release does not publish has no sum to judge: nobody stands behind it.
        """
        behind = self.contributions[contributor]
        if of is None:
            return contributors_of_children(self.grid, self.values, behind, n_largest=n_largest)
        if of in behind.amounts:
            return contributors_of_sum(self.grid, self.base, behind, measure=of, n_largest=n_largest)
        none = np.zeros(self.grid.n_cells, np.int64)
        return CellContributors(none, none, np.zeros((self.grid.n_cells, n_largest), np.int64))


def judged_release(cube: Cube, *, possible: BoolArray) -> Judged:
    """Return the cells of a release for the rules to judge.

    Args:
        cube: Exact counts.
        possible: False for structural zeros, ``n_cells``.
    """
    layout = cube.layout
    shares = tuple(share_cells(layout))
    return Judged(layout.grid, cube.counts, possible, measure_cells(layout), shares, layout.base, cube.contributions)


def judged_counts(grid: CellGrid, values: IntArray, *, outcomes: tuple[str, ...]) -> Judged:
    """Return the cells of a table of counts for the rules to judge; its outcomes are its measures."""
    shares = tuple(outcome_shares(grid, outcomes))
    return Judged(grid, values, np.ones(grid.n_cells, bool), outcome_cells(grid, outcomes), shares)
