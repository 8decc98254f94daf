"""Levels of one dimension of a file of counts: codes that stand at two of them, and levels that do not nest."""

from collections.abc import Iterable, Iterator
from itertools import combinations

import numpy as np

from ndl_publish.columns import TOTAL_LEVEL
from ndl_publish.cube.grid import CellGrid, Level
from ndl_publish.errors import Finding, InputError
from ndl_publish.protect.counts_file import counted


def refuse_indistinct(grid: CellGrid, where: str) -> None:
    """Refuse codes that stand at two published levels of a dimension and mean other people there.

    A row of the result holds the code and not its level. A code that holds the same finest codes at both levels (an
    ethnic group with one member) is the same cell twice and does no harm.

    Raises:
        InputError: ``NDL-V094`` with a finding for each pair of levels; no code is quoted.
    """
    found = []
    for at, dimension in enumerate(grid.dimensions):
        published = {block.levels[at] for block in grid.blocks} - {TOTAL_LEVEL}
        for one, other in combinations([level for level in dimension.levels if level.name in published], 2):
            n = n_indistinct(one, other)
            if n:
                message = (
                    f"{counted(n, 'code stands', 'codes stand')} both at level {one.name} and at level {other.name} of "
                    f"dimension {dimension.name}; a row of the result could not be told. Give them codes of their own."
                )
                found.append(Finding("NDL-V094", "error", f"{where}: {dimension.name}", message))
    if found:
        message = f"{where}: codes stand at two levels and mean different people there."
        raise InputError("NDL-V094", message, findings=tuple(found))


def n_indistinct(one: Level, other: Level) -> int:
    """Return how many codes stand at both levels and hold other finest codes at one than at the other."""
    place = {group: i for i, group in enumerate(one.groups)}
    as_one = np.array([place.get(group, -1) for group in other.groups], np.int64)
    is_both = as_one >= 0
    is_shared = as_one[other.group_of] == one.group_of
    shared = np.bincount(other.group_of[is_shared], minlength=len(other.groups))
    sizes = np.bincount(one.group_of, minlength=len(one.groups))[as_one]
    others = np.bincount(other.group_of, minlength=len(other.groups))
    return int((is_both & ((shared != sizes) | (shared != others))).sum())


def nesting_notes(grid: CellGrid, where: str) -> Iterator[Finding]:
    """Return a note for each pair of levels of which neither lies in the other, as the finer one should."""
    for dimension in grid.dimensions:
        levels = [level for level in dimension.levels if level.name != TOTAL_LEVEL]
        for coarse, fine in combinations(_coarse_first(levels), 2):
            pairs = np.unique(np.column_stack([fine.group_of, coarse.group_of]), axis=0)
            n = int((np.bincount(pairs[:, 0]) > 1).sum())
            if n:
                message = (
                    f"{counted(n, 'code', 'codes')} of {fine.name} {'stands' if n == 1 else 'stand'} in more than one "
                    f"{coarse.name}. That is right for areas that do not nest; otherwise check the file and the tables."
                )
                yield Finding("NDL-V095", "note", f"{where}: {dimension.name}", message)


def _coarse_first(levels: Iterable[Level]) -> list[Level]:
    """Return levels by their number of codes; those with equally many stay in the order in which they are named."""
    return sorted(levels, key=lambda level: len(level.groups))
