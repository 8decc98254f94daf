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


def complete_table(
    corners: dict[frozenset[int], IntArray], shape: tuple[int, ...], reference: tuple[int, ...]
) -> IntArray:
    """Return the whole integer table of a set of attributes from the corner parameters of all its subsets.

    Args:
        corners: For each subset of axes (positions in ``shape``), integers ``(n_nodes, n_1 - 1, n_2 - 1, ...)`` over
            the subset's axes in order, reference categories left out.
        shape: Number of categories of each axis.
        reference: Index of the reference category of each axis.

    Returns:
        Integer array ``(n_nodes, *shape)``; summing an axis gives the table without it.

    Example:
        >>> corners = {frozenset(): np.array([10]), frozenset({0}): np.array([[4]])}
        >>> complete_table(corners, (2,), (1,)).tolist()
        [[4, 6]]
    """
    n_nodes = corners[frozenset()].shape[0]
    table = np.zeros((n_nodes, *shape), np.int64)
    others = [[c for c in range(n) if c != r] for n, r in zip(shape, reference, strict=True)]
    for axes, values in corners.items():
        kept = [np.array(others[i] if i in axes else [reference[i]]) for i in range(len(shape))]
        full = values.reshape(n_nodes, *(len(k) for k in kept))
        table[np.ix_(np.arange(n_nodes), *kept)] = full
    for i, (r, rest) in enumerate(zip(reference, others, strict=True)):
        axis = i + 1
        margin = np.take(table, r, axis=axis)
        shown = np.take(table, rest, axis=axis).sum(axis=axis)
        index: list[slice | int] = [slice(None)] * table.ndim
        index[axis] = r
        table[tuple(index)] = margin - shown
    return table
