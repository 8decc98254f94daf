"""Additive noisy tables of small made-up areas, with known truth and known noise."""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise
from math import prod

import numpy as np

from ndl_publish.cube.grid import IntArray
from ndl_publish.privacy.least_squares import FloatArray
from ndl_publish.privacy.nonnegative import LevelTables
from ndl_publish.privacy.nonnegative_order import Axes

Tables = dict[Axes, IntArray]


@dataclass(frozen=True, slots=True)
class World:
    """Levels as they are published, and what is true."""

    levels: list[LevelTables]
    truth: list[Tables]


def uniforms(label: str, n: int) -> FloatArray:
    return np.random.default_rng(zlib.crc32(label.encode())).random(n)


def closed(facets: Sequence[Axes]) -> list[Axes]:
    return sorted({part for axes in facets for k in range(len(axes) + 1) for part in combinations(axes, k)})


def tabulate(full: IntArray, facets: Sequence[Axes]) -> Tables:
    """Return all tables within the facets; axis ``i + 1`` of ``full`` is characteristic ``i``."""
    every = range(full.ndim - 1)
    return {axes: full.sum(axis=tuple(i + 1 for i in every if i not in axes)) for axes in closed(facets)}


def sum_up(table: IntArray, parent: IntArray, n_above: int) -> IntArray:
    out = np.zeros((n_above, *table.shape[1:]), np.int64)
    np.add.at(out, parent, table)
    return out


def family(
    finest: IntArray, parents: Sequence[IntArray], facets: Sequence[Sequence[Axes]], *, sd: float, seed: int
) -> World:
    """Return levels, base first, from the true finest cells of the lowest level.

    Args:
        finest: ``(n_nodes, n_1, ...)`` children of the lowest level.
        parents: Area above of each node, for each level below the base.
        facets: Largest attribute sets of each level.
        sd: Standard deviation of the whole-number noise of a lowest area's total; it is spread over the finest cells.
        seed: Of the noise.
    """
    n_cells = prod(finest.shape[1:])
    noise = np.rint(np.random.default_rng(seed).normal(0, sd / n_cells**0.5, finest.shape)).astype(np.int64)
    spread = max(float(noise.var()), 0.1)
    pairs, counts = [(finest, finest + noise)], [np.ones(len(finest), np.int64)]
    above = [int(parents[0].max()) + 1, *(len(p) for p in parents[:-1])] if parents else []
    for parent, n_above in zip(reversed(parents), reversed(above), strict=True):
        pairs.insert(0, (sum_up(pairs[0][0], parent, n_above), sum_up(pairs[0][1], parent, n_above)))
        counts.insert(0, sum_up(counts[0], parent, n_above))
    levels, truth = [], []
    owners: list[IntArray | None] = [None, *parents]
    for (true, noisy), count, owner, sets in zip(pairs, counts, owners, facets, strict=True):
        tables = tabulate(noisy, sets)
        variances = {a: spread * count * n_cells / prod(t.shape[1:]) for a, t in tables.items()}
        levels.append(LevelTables(owner, tables, variances))
        truth.append(tabulate(true, sets))
    return World(levels, truth)


def faults(levels: Sequence[LevelTables], found: Sequence[Tables]) -> list[str]:
    """Return everything that non-negative additive whole tables must not have."""
    wrong = []
    for number, (level, made) in enumerate(zip(levels, found, strict=True)):
        wrong += [f"{number}: sets"] if made.keys() != level.tables.keys() else []
        for axes, table in made.items():
            if table.shape != level.tables[axes].shape or table.dtype != np.int64 or (table < 0).any():
                wrong.append(f"{number}: {axes}")
            for k in range(len(axes)):
                if not np.array_equal(table.sum(axis=k + 1), made[axes[:k] + axes[k + 1 :]]):
                    wrong.append(f"{number}: {axes} against its margin {k}")
    for number, ((_, upper), (level, lower)) in enumerate(pairwise(zip(levels, found, strict=True)), 1):
        for axes in lower.keys() & upper.keys():
            assert level.parent is not None
            if not np.array_equal(sum_up(lower[axes], level.parent, len(upper[axes])), upper[axes]):
                wrong.append(f"{number}: {axes} against the areas above")
    return wrong
