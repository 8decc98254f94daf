"""The workload that noise mechanisms are compared on: an England year of synthetic counts, 1.18 million cells.

Five characteristics with 2, 2, 6, 3 and 3 categories, each crossed with the outcome (reached or not). England, regions
and local authorities publish the outcome by every pair of characteristics (16 tables each), LSOAs by every one (6
tables): 54 tables. The areas are the real ones; the children are drawn, so that errors may be looked at.
"""

from dataclasses import dataclass, field
from itertools import combinations
from pathlib import Path

import numpy as np
import polars as pl

from benchmarks.process import ROOT
from ndl_publish.columns import TOTAL_LEVEL
from ndl_publish.cube.grid import CellGrid, IntArray, make_dimension
from ndl_publish.geography.lookup import load_geography

SIZES = {"sex": 2, "fsm": 2, "ethnicity": 6, "sen": 3, "language": 3}
OUTCOME = "outcome"
LEVELS = ("national", "region", "local_authority", "lsoa")
N_CHILDREN = 620_000
SPREAD = 0.45


@dataclass(frozen=True, slots=True)
class Workload:
    """Synthetic children of England.

    Attributes:
        grid: The published cells, all by the outcome.
        codes: Finest codes of each combination, ``(n_rows, n_dimensions)``.
        children: Children in each combination, ``n_rows``.
    """

    grid: CellGrid
    codes: IntArray = field(repr=False)
    children: IntArray = field(repr=False)


def workload(seed: int = 1) -> Workload:
    """Return the workload; the same seed gives the same children."""
    rows, grid = _cells()
    codes, children = _children(rows, np.random.default_rng(seed))
    return Workload(grid, codes, children)


def load_workload(path: Path) -> Workload:
    """Return a workload whose codes and children were saved."""
    saved = np.load(path)
    return Workload(_cells()[1], saved["codes"], saved["children"])


def _cells() -> tuple[pl.DataFrame, CellGrid]:
    """Return the areas, and the published cells."""
    geography = load_geography("2025", metadata_folder=ROOT / "metadata")
    rows = geography.nesting.select(LEVELS).unique().sort(LEVELS)
    areas = make_dimension("area", tuple(rows["lsoa"]), {level: tuple(rows[level]) for level in LEVELS})
    sizes = {**SIZES, OUTCOME: 2}
    dimensions = (
        areas,
        *(make_dimension(name, _codes(name, n), {name: _codes(name, n)}) for name, n in sizes.items()),
    )
    return rows, CellGrid.build(dimensions, _blocks(list(sizes)))


def _codes(name: str, n: int) -> tuple[str, ...]:
    return tuple(f"{name}{k}" for k in range(n))


def _blocks(names: list[str]) -> list[tuple[str, ...]]:
    wanted = []
    for level in LEVELS:
        most = 1 if level == "lsoa" else 2
        for k in range(most + 1):
            for crossing in combinations(names[:-1], k):
                crossed = (*crossing, OUTCOME)
                wanted.append((level, *(name if name in crossed else TOTAL_LEVEL for name in names)))
    return wanted


def published_tables(grid: CellGrid) -> int:
    """Return how many tables the outcome stands in."""
    return sum(block.levels[-1] != TOTAL_LEVEL for block in grid.blocks)


def _children(rows: pl.DataFrame, random: np.random.Generator) -> tuple[IntArray, IntArray]:
    """Return finest codes and numbers of synthetic children: areas differ in size, composition and outcome."""
    n_areas = rows.height
    authority = rows["local_authority"].rle_id().to_numpy().astype(np.int64)
    size = random.gamma(6.0, 1 / 6.0, n_areas)
    counts = random.multinomial(N_CHILDREN, size / size.sum())
    area = np.repeat(np.arange(n_areas), counts)
    columns = [area]
    logit = random.normal(0.7, 0.25, authority.max() + 1)[authority[area]] + random.normal(0, 0.25, n_areas)[area]
    for n in SIZES.values():
        base = random.normal(0, 1.0, n) + random.normal(0, SPREAD, (authority.max() + 1, n))
        weights = np.exp(base[authority] + random.normal(0, SPREAD, (n_areas, n)))
        share = np.cumsum(weights / weights.sum(axis=1, keepdims=True), axis=1)
        chosen = (random.random(len(area))[:, None] > share[area]).sum(axis=1).clip(max=n - 1)
        logit = logit + random.normal(0, 0.5, n)[chosen]
        columns.append(chosen)
    columns.append((random.random(len(area)) < 1 / (1 + np.exp(-logit))).astype(np.int64))
    codes, children = np.unique(np.column_stack(columns), axis=0, return_counts=True)
    return np.asfortranarray(codes), children.astype(np.int64)
