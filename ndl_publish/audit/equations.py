"""The table equations that an outsider can write down, from groupings alone.

Blocks are looked at through **views**: for each independent dimension (those that follow from it folded in) the group
of every finest code. View A is a sum of view B where every group of A is made up of whole groups of B. Where two blocks
share a coarser grouping that is not published, a view without cells stands for it, so that their common sums are tied.
"""

from dataclasses import dataclass, field
from itertools import combinations

import numpy as np

from ndl_publish.audit.clusters import clusters
from ndl_publish.audit.groupings import Groupings
from ndl_publish.audit.published import BoolArray, PublishedCells
from ndl_publish.cube.grid import Block, IntArray

MOST_VIEWS = 400


@dataclass(frozen=True)
class View:
    """A block, or an unpublished grouping, over independent dimensions.

    Attributes:
        labels: Number of the grouping used on each independent dimension.
        shape: Number of groups of each.
        index: Variable of each crossing of groups, ``prod(shape)``; cells of the grid come first, then unpublished
            sums.
    """

    labels: tuple[int, ...]
    shape: tuple[int, ...]
    index: IntArray = field(repr=False)


@dataclass(frozen=True)
class Sum:
    """Every variable of ``coarse``, where ``is_valid``, is the sum of those of ``fine`` that ``into`` sends to it.

    Attributes:
        coarse: Variables that are sums.
        fine: Variables that are added up.
        into: Place in ``coarse`` for each of ``fine``, -1 for none.
        is_valid: False where some part of the sum is in no group of the finer view.
        is_complete: Whether all sums are valid.
    """

    coarse: IntArray = field(repr=False)
    fine: IntArray = field(repr=False)
    into: IntArray = field(repr=False)
    is_valid: BoolArray = field(repr=False)
    is_complete: bool


class Equations:
    """The views of a release and the sums between them."""

    def __init__(self, published: PublishedCells, *, limit: int = 0) -> None:
        """Write down the views and sums; with a limit, make the finest views a tree with at most so many variables."""
        self.groupings = Groupings(published)
        self.views: list[View] = []
        self.n_variables = published.grid.n_cells
        self._seen: dict[tuple[int, ...], int] = {}
        self.is_possible = np.zeros(published.grid.n_cells, bool)
        for block in published.grid.blocks:
            self._add_block(published, block)
        self.n_published = len(self.views)
        self.is_tree = self._add_clusters(limit)
        self.is_closed = self._add_common()
        self._sums: dict[tuple[int, int], Sum | None] = {}
        self._relation: tuple[BoolArray, BoolArray] | None = None

    def _add_block(self, published: PublishedCells, block: Block) -> None:
        """Add a published block as a view (a second block that groups alike shares its variables by a sum)."""
        labels, parts = [], []
        stride = np.concatenate([np.cumprod(block.shape[::-1])[::-1][1:], [1]]).astype(np.int64)
        for axis, folded in enumerate(self.groupings.folded):
            step = np.zeros(len(folded[0][1]), np.int64)
            outside = np.zeros(len(step), bool)
            for dim, code in folded:
                group = published.grid.dimensions[dim].level(block.levels[dim]).group_of[code]
                step += group * stride[dim]
                outside |= group < 0
            step = np.where(outside, -1, step)
            number = self.groupings.number(axis, step)
            label = self.groupings.arrays[axis][number]
            part = np.zeros(self.groupings.size(axis, number), np.int64)
            part[label[label >= 0]] = step[label >= 0]
            labels.append(number)
            parts.append(part)
        cells = np.full(1, block.offset, np.int64)
        for part in parts:
            cells = (cells[:, None] + part[None, :]).reshape(-1)
        self.is_possible[cells] = True
        self._seen.setdefault(tuple(labels), len(self.views))
        self.views.append(View(tuple(labels), tuple(len(part) for part in parts), cells))

    def _add_unpublished(self, labels: tuple[int, ...]) -> int:
        """Add a view without cells, unless a view groups alike; return which view that is."""
        if labels not in self._seen:
            shape = tuple(self.groupings.size(axis, number) for axis, number in enumerate(labels))
            n = int(np.prod(shape))
            self._seen[labels] = len(self.views)
            self.views.append(View(labels, shape, np.arange(self.n_variables, self.n_variables + n)))
            self.n_variables += n
        return self._seen[labels]

    def _add_clusters(self, limit: int) -> bool:
        """Add what makes the finest views overlap like a tree; return False where that takes too many variables."""
        found = clusters(self.groupings, [view.labels for view in self.views], limit=limit) if limit else None
        for labels in found or ():
            self._add_unpublished(labels)
        return found is not None

    def _add_common(self) -> bool:
        """Add the common sums of views until there are no new ones; return False when there are too many."""
        done: set[tuple[int, int]] = set()
        while len(self.views) <= MOST_VIEWS:
            fresh = [pair for pair in combinations(range(len(self.views)), 2) if pair not in done]
            if not fresh:
                return True
            for i, j in fresh:
                done.add((i, j))
                pairs = zip(self.views[i].labels, self.views[j].labels, strict=True)
                labels = tuple(self.groupings.common(axis, a, b) for axis, (a, b) in enumerate(pairs))
                if all(self.groupings.size(axis, number) for axis, number in enumerate(labels)):
                    self._add_unpublished(labels)
        return False

    def sum_of(self, coarse: int, fine: int) -> Sum | None:
        """Return how one view is the sum of another, or nothing when no group of it is."""
        key = (coarse, fine)
        if key not in self._sums:
            self._sums[key] = self._sum(self.views[coarse], self.views[fine])
        return self._sums[key]

    def _sum(self, coarse: View, fine: View) -> Sum | None:
        into = np.zeros(1, np.int64)
        is_valid = np.ones(1, bool)
        for axis, (a, b) in enumerate(zip(coarse.labels, fine.labels, strict=True)):
            target, valid = self.groupings.into(axis, a, b)
            if not valid.any():
                return None
            sent = into[:, None] * len(valid) + target[None, :]
            into = np.where((into[:, None] < 0) | (target[None, :] < 0), -1, sent).reshape(-1)
            is_valid = (is_valid[:, None] & valid[None, :]).reshape(-1)
        return Sum(coarse.index, fine.index, into, is_valid, bool(is_valid.all()))

    def relation(self) -> tuple[BoolArray, BoolArray]:
        """Return two boolean matrices: is view i a sum of view j (at least in part), and is it in full."""
        if self._relation is not None:
            return self._relation
        some = ~np.eye(len(self.views), dtype=bool)
        full = some.copy()
        for axis in range(len(self.groupings.roots)):
            used, place = np.unique([view.labels[axis] for view in self.views], return_inverse=True)
            valid = [[self.groupings.into(axis, a, b)[1] for b in used.tolist()] for a in used.tolist()]
            pairs = np.ix_(place.reshape(-1), place.reshape(-1))
            some &= np.array([[one.any() for one in row] for row in valid])[pairs]
            full &= np.array([[one.all() for one in row] for row in valid])[pairs]
        self._relation = some, full
        return some, full

    def direct_sums(self) -> list[Sum]:
        """Return the sums between neighbours: those that do not follow from sums over a view in between."""
        some, full = self.relation()
        same = full & full.T
        found = []
        for i, j in np.argwhere(some):
            between = full[i] & full[:, j] & ~same[i] & ~same[j]
            if same[i, j] or not (full[i, j] and between.any()):
                made = self.sum_of(int(i), int(j))
                if made is not None and not (same[i, j] and i > j):
                    found.append(made)
        return found
