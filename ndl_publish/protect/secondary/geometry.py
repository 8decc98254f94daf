"""Look-up arrays for the compiled search: blocks, groups of codes, and the finest rows that hold children."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ndl_publish.cube.grid import CellGrid, IntArray
from ndl_publish.protect.secondary.axes import Axes
from ndl_publish.protect.secondary.problem import BoolArray


class Geometry(NamedTuple):
    """Blocks and groups, as flat arrays (see ``axes.py`` for steps).

    ``partition`` numbers the distinct groupings of an axis; ``members[group_start[g] : group_start[g + 1]]`` are the
    codes of group ``g``, ``first_group`` the first group of a partition, ``group_of`` the group of a code in it (-1:
    none). ``wider`` lists, for each partition, those with fewer groups, narrowest first, ending with "all codes".
    ``line_blocks`` lists the blocks that tell codes of an axis apart, largest first; the last entry lists all blocks.
    Moves exchange codes of one ``fence`` only, and change no cell of a block that ``is_closed`` (see ``crews.py``; all
    open here).
    ``refines[p, q]``: whenever grouping q tells two codes apart, p does.
    ``far_steps`` has ``NOWHERE`` for a negative step.
    """

    steps: IntArray
    far_steps: IntArray
    offsets: IntArray
    starts: IntArray
    sizes: IntArray
    strides: IntArray
    partition: IntArray
    partition_start: IntArray
    group_of: IntArray
    members: IntArray
    group_start: IntArray
    wider_start: IntArray
    wider: IntArray
    tells_apart: BoolArray
    differenced: BoolArray
    line_start: IntArray
    line_blocks: IntArray
    fence: IntArray
    is_closed: BoolArray
    refines: BoolArray


NOWHERE = 1 << 40
"""Added to the index of a cell by a code outside every group, so that sums of steps need no look for it."""
LARGEST_PLACE = 1 << 24
"""Most keys for which the position of every row is kept in an array; beyond, rows are found by binary search."""


MOST_SETS = 3
"""By how many sets of axes, besides its own, a child is looked for."""


class Rows(NamedTuple):
    """Finest rows that hold children, sorted by key, and for some sets of axes their order by the codes on that set.

    ``place`` is the position of the row with each key, -1 for none; empty where there are too many keys.
    ``choices[choice_start[i] : choice_start[i + 1]]``, ``i = block * n_axes + line``, are the sets by which a child is
    looked for who changes its code on the axis ``line``: largest first, and last the axes that the block tells apart.
    ``own_set`` is the set of axes that each block tells apart, -1 for all axes or where no line is looked for.
    """

    keys: IntArray
    codes: IntArray
    counts: IntArray
    sets: BoolArray
    index_keys: IntArray
    index_rows: npt.NDArray[np.int32]
    choice_start: IntArray
    choices: IntArray
    own_set: IntArray
    place: npt.NDArray[np.int32]


def build_geometry(grid: CellGrid, axes: Axes) -> Geometry:
    """Return the look-up arrays of a grid."""
    n_blocks, n_axes = len(grid.blocks), len(axes.sizes)
    partitions: list[tuple[int, IntArray]] = []
    partition = np.zeros((n_blocks, n_axes), np.int64)
    wider: dict[int, list[int]] = {}
    differenced = np.zeros((n_blocks, n_axes), bool)
    for axis in range(n_axes):
        first = len(partitions)
        known = {np.zeros(axes.sizes[axis], np.int64).tobytes(): first}
        partitions.append((axis, np.zeros(axes.sizes[axis], np.int64)))
        for b in range(n_blocks):
            groups = _canonical(axes.axis_steps(b, axis))
            if groups.tobytes() not in known:
                known[groups.tobytes()] = len(partitions)
                partitions.append((axis, groups))
            partition[b, axis] = known[groups.tobytes()]
        mine = range(first, len(partitions))
        sizes = {i: int(partitions[i][1].max(initial=-1)) + 1 for i in mine}
        for i in mine:
            narrower = [j for j in mine if sizes[j] < sizes[i] and j != first]
            wider[i] = [*sorted(narrower, key=lambda j: -sizes[j]), first]
        used = sorted(set(partition[:, axis].tolist()))
        merging = {i: any(_merges(partitions[j][1], partitions[i][1]) for j in used) for i in mine}
        differenced[:, axis] = [merging[int(i)] for i in partition[:, axis]]
    tells_apart = np.array(
        [[len(np.unique(axes.axis_steps(b, a))) > 1 for a in range(n_axes)] for b in range(n_blocks)], bool
    ).reshape(n_blocks, n_axes)
    groups_flat, members, group_start, partition_start = _flatten([groups for _, groups in partitions])
    by_size = np.argsort([-block.n_cells for block in grid.blocks], kind="stable")
    lines = [by_size[tells_apart[by_size, axis]] for axis in range(n_axes)] + [by_size]
    return Geometry(
        steps=axes.steps,
        far_steps=np.where(axes.steps < 0, NOWHERE, axes.steps),
        offsets=np.array([block.offset for block in grid.blocks], np.int64),
        starts=axes.starts,
        sizes=axes.sizes,
        strides=axes.strides,
        partition=partition,
        partition_start=partition_start,
        group_of=groups_flat,
        members=members,
        group_start=group_start,
        wider_start=_starts([wider[i] for i in range(len(partitions))]),
        wider=np.array([j for i in range(len(partitions)) for j in wider[i]], np.int64),
        tells_apart=tells_apart,
        differenced=differenced & tells_apart,
        line_start=_starts(lines),
        line_blocks=np.concatenate(lines).astype(np.int64),
        fence=np.zeros(int(axes.starts[-1]), np.int64),
        is_closed=np.zeros(n_blocks, bool),
        refines=_refinements(partitions),
    )


def build_rows(geometry: Geometry, folded: IntArray, counts: IntArray) -> Rows:
    """Return the finest rows with a positive count, equal rows added up, sorted, with an index per set of axes."""
    held = counts > 0
    keys, inverse = np.unique(folded[held] @ geometry.strides, return_inverse=True)
    total = np.bincount(inverse, weights=counts[held], minlength=len(keys)).astype(np.int64)
    codes = ((keys[:, None] // geometry.strides[None, :]) % geometry.sizes[None, :]).astype(np.int64)
    sets, choices, own_set = _choices(geometry)
    index_keys = np.zeros((len(sets), len(keys)), np.int64)
    index_rows = np.zeros((len(sets), len(keys)), np.int32)
    for i, chosen in enumerate(sets):
        part = codes @ np.where(chosen, geometry.strides, 0)
        index_rows[i] = np.argsort(part, kind="stable")
        index_keys[i] = part[index_rows[i]]
    n_keys = int(np.prod(geometry.sizes.astype(float)))
    place = np.full(n_keys if n_keys <= LARGEST_PLACE else 0, -1, np.int32)
    if len(place):
        place[keys] = np.arange(len(keys), dtype=np.int32)
    flat = np.array([one for choice in choices for one in choice], np.int64)
    return Rows(keys, codes, total, sets, index_keys, index_rows, _starts(choices), flat, own_set, place)


def _choices(geometry: Geometry) -> tuple[BoolArray, list[list[int]], IntArray]:
    """Return the sets of axes, and for each block and line those by which a child is looked for.

    A child that agrees on all axes by which any block sees the line changes nothing that another would not change too.
    """
    n_blocks, n_axes = geometry.tells_apart.shape
    number: dict[tuple[bool, ...], int] = {}
    choices: list[list[int]] = []
    for b in range(n_blocks):
        own = geometry.tells_apart[b]
        for line in range(n_axes):
            wanted: list[tuple[bool, ...]] = []
            if geometry.differenced[b, line] and not own.all():
                seen = geometry.tells_apart[geometry.tells_apart[:, line]] | own
                several = {tuple(one) for one in (*seen, seen.any(axis=0)) if not one.all()} - {tuple(own)}
                wanted = [*sorted(several, key=lambda one: (-sum(one), one))[:MOST_SETS], tuple(own)]
            choices.append([number.setdefault(tuple(map(bool, one)), len(number)) for one in wanted])
    own_set = np.array([number.get(tuple(map(bool, own)), -1) for own in geometry.tells_apart], np.int64)
    return np.array(list(number), bool).reshape(len(number), n_axes), choices, own_set


def _canonical(steps: IntArray) -> IntArray:
    """Return group numbers 0, 1, ... in order of the steps, -1 outside."""
    values = np.unique(steps[steps >= 0])
    return np.where(steps >= 0, np.searchsorted(values, steps), -1).astype(np.int64)


def _merges(other: IntArray, groups: IntArray) -> bool:
    """Say whether some group of ``other`` holds codes that ``groups`` tells apart."""
    inside = other >= 0
    pairs = np.unique(np.stack([other[inside], groups[inside]]), axis=1)
    return bool(len(np.unique(pairs[0])) < pairs.shape[1])


def _refinements(partitions: list[tuple[int, IntArray]]) -> BoolArray:
    """Return which groupings tell apart all that others of the same axis do; being outside counts as a group."""
    found = np.zeros((len(partitions), len(partitions)), bool)
    for p, (axis, fine) in enumerate(partitions):
        for q, (other, coarse) in enumerate(partitions):
            if axis == other:
                found[p, q] = np.unique(np.stack([fine, coarse]), axis=1).shape[1] == len(np.unique(fine))
    return found


def _starts(lists: list[list[int]] | list[IntArray]) -> IntArray:
    """Return where each list begins once they are laid end to end."""
    return np.concatenate([[0], np.cumsum([len(part) for part in lists])]).astype(np.int64)


def _flatten(partitions: list[IntArray]) -> tuple[IntArray, IntArray, IntArray, IntArray]:
    """Return flat group numbers (made unique), members by group, starts of groups, starts of partitions."""
    flat, members, sizes, starts, first = [], [], [], [0], 0
    for groups in partitions:
        n_groups = int(groups.max(initial=-1)) + 1
        flat.append(np.where(groups >= 0, groups + first, -1))
        order = np.argsort(groups, kind="stable")
        members.append(order[groups[order] >= 0])
        sizes.append(np.bincount(groups[groups >= 0], minlength=n_groups))
        starts.append(starts[-1] + len(groups))
        first += n_groups
    group_start = np.concatenate([[0], np.cumsum(np.concatenate(sizes))]).astype(np.int64)
    return (
        np.concatenate(flat).astype(np.int64),
        np.concatenate(members).astype(np.int64),
        group_start,
        np.array(starts, np.int64),
    )
