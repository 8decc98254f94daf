"""Who stands behind the children of a cell: how many contributors, and how much the largest of them bring."""

from dataclasses import dataclass, field

import numpy as np
import polars as pl

from ndl_publish.cube.grid import Block, CellGrid, IntArray


@dataclass(frozen=True, slots=True)
class Contributions:
    """One row per finest combination and contributor. Confidential; a contributor is a number without meaning.

    Attributes:
        codes: Finest codes, ``(n_rows, n_dimensions)``.
        contributor: Number of the contributor, ``n_rows``.
        children: Children it stands behind, ``n_rows``; one who has two contributors is counted for each.
        known: The same, but each child counted for one of its contributors only.
        amounts: Mean measure -> what of its sum came from this contributor, ``n_rows``.
    """

    codes: IntArray = field(repr=False)
    contributor: IntArray = field(repr=False)
    children: IntArray = field(repr=False)
    known: IntArray = field(repr=False)
    amounts: dict[str, IntArray] = field(repr=False, default_factory=dict)


@dataclass(frozen=True, slots=True)
class CellContributors:
    """Contributors of every cell of a grid. Confidential.

    Attributes:
        number: Different contributors, ``n_cells``.
        total: What they bring together, ``n_cells``.
        largest: What the largest bring, largest first, 0 where there are fewer, ``(n_cells, n_largest)``.
    """

    number: IntArray = field(repr=False)
    total: IntArray = field(repr=False)
    largest: IntArray = field(repr=False)


def contributors_of_children(
    grid: CellGrid, counts: IntArray, contributions: Contributions, *, n_largest: int
) -> CellContributors:
    """Return who stands behind the children of every cell.

    A child without a contributor counts as a contributor of one child: nobody stands behind several of them.

    Args:
        grid: The cells.
        counts: Children in each, ``n_cells``.
        contributions: Who stands behind them.
        n_largest: How many of the largest are wanted.
    """
    found = _contributors(grid, grid.blocks, contributions, contributions.children, n_largest)
    alone = counts - grid.tabulate(contributions.codes, contributions.known)
    place = np.arange(n_largest)
    is_alone = (place >= found.number[:, None]) & (place < (found.number + alone)[:, None])
    return CellContributors(found.number + alone, found.total + alone, np.where(is_alone, 1, found.largest))


def contributors_of_sum(
    grid: CellGrid, base: CellGrid, contributions: Contributions, *, measure: str, n_largest: int
) -> CellContributors:
    """Return who brings the sum behind a mean, for the cells that the mean is shown for; nobody for all others.

    Args:
        grid: The cells.
        base: The blocks for which means are published.
        contributions: Who brings what.
        measure: The mean.
        n_largest: How many of the largest are wanted.
    """
    blocks = tuple(grid.block(block.levels) for block in base.blocks)
    return _contributors(grid, blocks, contributions, contributions.amounts[measure], n_largest)


def _contributors(
    grid: CellGrid, blocks: tuple[Block, ...], contributions: Contributions, amounts: IntArray, n_largest: int
) -> CellContributors:
    number, total = np.zeros(grid.n_cells, np.int64), np.zeros(grid.n_cells, np.int64)
    largest = np.zeros((grid.n_cells, n_largest), np.int64)
    for block in blocks:
        cell, amount = _by_cell(grid.members(block, contributions.codes), contributions.contributor, amounts)
        number += np.bincount(cell, minlength=grid.n_cells)
        np.add.at(total, cell, amount)
        place = np.arange(len(cell)) - np.searchsorted(cell, cell)
        is_large = place < n_largest
        largest[cell[is_large], place[is_large]] = amount[is_large]
    return CellContributors(number, total, largest)


def _by_cell(cell: IntArray, contributor: IntArray, amounts: IntArray) -> tuple[IntArray, IntArray]:
    """Return cell and amount of each contributor in each cell, the largest of a cell first; nothing brings nothing."""
    rows = pl.DataFrame({"cell": cell, "contributor": contributor, "amount": amounts}).filter(pl.col("cell") >= 0)
    added = rows.group_by("cell", "contributor").agg(pl.col("amount").sum()).filter(pl.col("amount") > 0)
    ordered = added.sort("cell", "amount", descending=[False, True])
    return ordered["cell"].to_numpy(), ordered["amount"].to_numpy()
