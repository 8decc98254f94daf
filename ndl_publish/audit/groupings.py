"""The groupings of codes that a release uses on each independent dimension, and how they nest."""

import numpy as np

from ndl_publish.audit.published import PublishedCells
from ndl_publish.cube.grid import IntArray


class Groupings:
    """All groupings used on each independent dimension, numbered; answers how they nest."""

    def __init__(self, published: PublishedCells) -> None:
        grid = published.grid
        source = {implied.dimension: implied for implied in published.implications}
        self.roots = [d for d in range(len(grid.dimensions)) if d not in source]
        self.folded: list[list[tuple[int, IntArray]]] = [[] for _ in self.roots]
        for dim in range(len(grid.dimensions)):
            path, top = [], dim
            while top in source:
                path.append(np.asarray(source[top].code_of, np.int64))
                top = source[top].of
            code = np.arange(len(grid.dimensions[top].codes))
            for look_up in reversed(path):
                code = look_up[code]
            self.folded[self.roots.index(top)].append((dim, code))
        self.arrays: list[list[IntArray]] = [[] for _ in self.roots]
        self._sizes: list[list[int]] = [[] for _ in self.roots]
        self._numbers: list[dict[bytes, int]] = [{} for _ in self.roots]
        self._into: dict[tuple[int, int, int], tuple[IntArray, IntArray]] = {}
        self._common: dict[tuple[int, int, int], int] = {}
        self._crossed: dict[tuple[int, int, int], int] = {}

    def number(self, axis: int, label: IntArray) -> int:
        """Return the number of a grouping (groups renumbered in order of first code), registering it when new."""
        found = _in_order(label)
        key = found.tobytes()
        if key not in self._numbers[axis]:
            self._numbers[axis][key] = len(self.arrays[axis])
            self.arrays[axis].append(found)
            self._sizes[axis].append(int(found.max(initial=-1)) + 1)
        return self._numbers[axis][key]

    def size(self, axis: int, number: int) -> int:
        """Return how many groups a grouping has."""
        return self._sizes[axis][number]

    def into(self, axis: int, coarse: int, fine: int) -> tuple[IntArray, IntArray]:
        """Return the coarse group each fine group is wholly in (else -1), and which coarse ones are so made up."""
        key = (axis, coarse, fine)
        if key not in self._into:
            a, b = self.arrays[axis][coarse], self.arrays[axis][fine]
            n_a, n_b = self.size(axis, coarse), self.size(axis, fine)
            inside = b >= 0
            low, high = np.full(n_b, n_a, np.int64), np.full(n_b, -1, np.int64)
            np.minimum.at(low, b[inside], a[inside])
            np.maximum.at(high, b[inside], a[inside])
            target = np.where(low == high, low, -1)
            good = np.where(inside, target[b], -1) == a
            valid = np.ones(n_a, bool)
            valid[a[(a >= 0) & ~good]] = False
            target = np.where((target >= 0) & valid[target], target, -1)
            self._into[key] = (target, valid)
        return self._into[key]

    def common(self, axis: int, one: int, other: int) -> int:
        """Return the finest grouping whose groups are made up of whole groups of both."""
        key = (axis, min(one, other), max(one, other))
        if key not in self._common:
            self._common[key] = self.number(axis, _join(self.arrays[axis][one], self.arrays[axis][other]))
        return self._common[key]

    def crossed(self, axis: int, one: int, other: int) -> int:
        """Return the grouping that tells apart all codes that either tells apart."""
        if one == other:
            return one
        key = (axis, min(one, other), max(one, other))
        if key not in self._crossed:
            stacked = np.stack([self.arrays[axis][one], self.arrays[axis][other]], axis=1)
            _, label = np.unique(stacked, axis=0, return_inverse=True)
            self._crossed[key] = self.number(axis, label.reshape(-1).astype(np.int64))
        return self._crossed[key]

    def is_sum(self, axis: int, coarse: int, fine: int) -> bool:
        """Say whether all groups of the one are made up of whole groups of the other."""
        return coarse == fine or bool(self.into(axis, coarse, fine)[1].all())


def _in_order(label: IntArray) -> IntArray:
    """Return the groups renumbered 0, 1, ... by their first code; -1 stays."""
    values, first, inverse = np.unique(label, return_index=True, return_inverse=True)
    order = np.argsort(np.where(values < 0, -1, first), kind="stable")
    rank = np.empty(len(values), np.int64)
    rank[order] = np.arange(len(values)) - int(values[0] < 0)
    return rank[inverse.reshape(-1)].astype(np.int64)


def _join(a: IntArray, b: IntArray) -> IntArray:
    """Return the groups that overlapping groups of both merge into; -1 where any code of it is outside either."""
    label = np.arange(len(a))
    while True:
        before = label.copy()
        for groups in (a, b):
            inside = groups >= 0
            least = np.full(int(groups.max(initial=-1)) + 1, len(a), np.int64)
            np.minimum.at(least, groups[inside], label[inside])
            label[inside] = least[groups[inside]]
        if np.array_equal(before, label):
            break
    outside = np.zeros(len(a), bool)
    outside[label[(a < 0) | (b < 0)]] = True
    return np.where(outside[label], -1, label)
