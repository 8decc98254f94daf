"""Lattice rounding: real tables that add up become integer tables that add up, without bias.

Consistent tables over a downward closed family correspond one to one to their **corner parameters**: for each attribute
set S, the cells of T_S with no reference category. Those are free of one another within a node, so each is rounded by
itself along the area tree, top down; every other cell follows by inclusion and exclusion. Rounding overlapping tables
independently with fixed non-negative margins would be NP-hard in general; corner parameters avoid it by allowing
negative values.

Source:
    The cumulative step floor(C_j + U) - floor(C_{j-1} + U) with one uniform U per parent is systematic (unbiased)
    rounding: see Deville and Tillé, "Efficient balanced sampling" (2004), for its use as controlled rounding.
"""

from dataclasses import dataclass, field

import numpy as np

from ndl_publish.cube.grid import IntArray
from ndl_publish.privacy.least_squares import FloatArray


def round_roots(real: FloatArray, uniform: FloatArray) -> IntArray:
    """Return unbiased roundings of the top level's values; both arrays ``(n_nodes, n_values)``."""
    return np.floor(real + uniform).astype(np.int64)


def round_children(real: FloatArray, parent: IntArray, parent_integer: IntArray, uniform: FloatArray) -> IntArray:
    """Return integers for the children that add up to each parent's integer, with the real values as their mean.

    Args:
        real: ``(n_children, n_values)``, children of a parent standing together.
        parent: Parent of each child.
        parent_integer: ``(n_parents, n_values)``, already rounded.
        uniform: ``(n_parents, n_values)``, uniform on [0, 1).

    Returns:
        Integer array, ``(n_children, n_values)``.
    """
    n_parents = parent_integer.shape[0]
    starts = np.searchsorted(parent, np.arange(n_parents))
    ends = np.append(starts[1:], len(parent)) - 1
    sizes = (ends - starts + 1)[:, None]
    gap = (parent_integer - np.add.reduceat(real, starts, axis=0)) / sizes
    running = np.cumsum(real + gap[parent], axis=0)
    before = np.vstack([np.zeros((1, real.shape[1])), running])[starts]
    running -= before[parent]
    running[ends] = parent_integer
    steps = np.floor(running + uniform[parent]).astype(np.int64)
    steps[ends] = parent_integer
    shifted = np.vstack([np.zeros((1, real.shape[1]), np.int64), steps[:-1]])
    shifted[starts] = 0
    return steps - shifted


@dataclass(frozen=True, slots=True)
class References:
    """The reference category of every group of siblings of one characteristic: the largest, by public noisy figures.

    Attributes:
        parent: For each depth from 1, the group of the depth before that each group lies in.
        chosen: For each depth from 1, the reference group within each group of the depth before.
    """

    parent: tuple[IntArray, ...] = field(repr=False)
    chosen: tuple[IntArray, ...] = field(repr=False)

    def others(self, depth: int) -> IntArray:
        """Return the groups of a depth that are no reference."""
        return np.setdiff1d(np.arange(len(self.parent[depth - 1])), self.chosen[depth - 1])

    def place(self, groups: IntArray, depth: int, below: int) -> IntArray:
        """Return where, among the groups of depth ``below``, a corner of ``depth`` is kept: at its references."""
        for k in range(depth, below):
            groups = self.chosen[k][groups]
        return groups


NOTHING = np.zeros(1, np.int64)


def complete_table(
    corners: dict[tuple[int, ...], IntArray], depths: tuple[int, ...], references: tuple[References, ...]
) -> IntArray:
    """Return the whole integer table of some characteristics from the corner parameters of all its parts.

    Args:
        corners: For each part, as the depth of every axis (0 for all together), integers ``(n_nodes, ...)`` over the
            groups that are no reference, of the axes with a depth above 0 in order.
        depths: Depth of each axis of the table, at least 1.
        references: Reference categories of each axis.

    Returns:
        Integer array ``(n_nodes, n_1, n_2, ...)``; summing an axis gives the table without it.

    Example:
        >>> one = References((np.zeros(2, np.int64),), (np.array([1]),))
        >>> complete_table({(0,): np.array([10]), (1,): np.array([[4]])}, (1,), (one,)).tolist()
        [[4, 6]]
    """
    n_nodes = corners[(0,) * len(depths)].shape[0]
    shape = tuple(len(r.parent[depth - 1]) for r, depth in zip(references, depths, strict=True))
    table = np.zeros((n_nodes, *shape), np.int64)
    for part, values in corners.items():
        kept = [
            r.place(r.others(k) if k else NOTHING, k, depth)
            for r, k, depth in zip(references, part, depths, strict=True)
        ]
        table[np.ix_(np.arange(n_nodes), *kept)] = values.reshape(n_nodes, *(len(k) for k in kept))
    for axis, (reference, depth) in enumerate(zip(references, depths, strict=True), 1):
        _take_off(np.moveaxis(table, axis, 0), reference, depth)
    return table


def _take_off(table: IntArray, reference: References, depth: int) -> None:
    """Turn the margins kept at the references into the references' own counts, in place, from the coarsest depth."""
    for k in range(1, depth + 1):
        others = reference.others(k)
        at = reference.place(others, k, depth)
        for group, chosen in enumerate(reference.chosen[k - 1]):
            mine = at[reference.parent[k - 1][others] == group]
            if len(mine):
                table[reference.place(np.array([chosen]), k, depth)[0]] -= table[mine].sum(axis=0)
