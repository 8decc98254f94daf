"""Which sets of variables make the attacker's programme exact: finest blocks, crossed until they overlap like a tree.

Non-negative tables of several blocks that agree on all the sums they share need not be sums of one table: sex x region,
region x outcome and outcome x sex can agree pairwise and still contradict one another. Blocks that hang together like a
tree always are sums of one table: each is joined to those before it by spreading its cells in proportion over a sum
that one of them holds too. Blocks in a circle are crossed with one another until no circle is left.

Source:
    Lauritzen, Graphical Models (1996), sections 2.1 and 4.4: decomposable models, running intersection property.
"""

from itertools import combinations
from math import prod

from ndl_publish.audit.groupings import Groupings

Labels = tuple[int, ...]


def clusters(groupings: Groupings, blocks: list[Labels], *, limit: int) -> list[Labels] | None:
    """Return groupings that overlap like a tree and of which every block is a sum; none where they are too large.

    Args:
        groupings: The groupings of every axis.
        blocks: Grouping of every axis for each block.
        limit: Most variables that all clusters may have together.
    """
    found = _finest(groupings, blocks)
    while sum(_size(groupings, labels) for labels in found) <= limit:
        outside = _outside_the_tree(groupings, found)
        if not outside:
            return found
        pairs = [pair for pair in combinations(found, 2) if pair[0] in outside or pair[1] in outside]
        found = _finest(groupings, [*found, min(_crossed(groupings, *pair) for pair in pairs)[1]])
    return None


def _crossed(groupings: Groupings, one: Labels, other: Labels) -> tuple[float, Labels]:
    """Return two blocks crossed, and how little they have in common: their crossing against all pairs of cells."""
    made = tuple(groupings.crossed(i, *both) for i, both in enumerate(zip(one, other, strict=True)))
    return _size(groupings, made) / (_size(groupings, one) * _size(groupings, other)), made


def _finest(groupings: Groupings, blocks: list[Labels]) -> list[Labels]:
    """Return the blocks that are no sums of another, each once."""
    once = list(dict.fromkeys(blocks))
    kept: list[Labels] = []
    for i, block in enumerate(once):
        others = [other for j, other in enumerate(once) if j > i] + kept
        if not any(_is_sum(groupings, block, other) for other in others):
            kept.append(block)
    return kept


def _outside_the_tree(groupings: Groupings, found: list[Labels]) -> list[Labels]:
    """Return the blocks that cannot be joined to the others in any order, the largest block being the first."""
    waiting = sorted(found, key=lambda labels: _size(groupings, labels))
    placed = [waiting.pop()]
    joined = placed[0]
    while True:
        fitting = [block for block in waiting if _joins(groupings, block, joined, placed)]
        if not fitting:
            return waiting
        joined = _crossed(groupings, joined, fitting[0])[1]
        placed.append(fitting[0])
        waiting.remove(fitting[0])


def _joins(groupings: Groupings, block: Labels, joined: Labels, placed: list[Labels]) -> bool:
    """Say whether what a block shares with all placed ones together is a sum of one of them."""
    pairs = list(enumerate(zip(block, joined, strict=True)))
    if not all(groupings.is_sum(i, a, b) or groupings.is_sum(i, b, a) for i, (a, b) in pairs):
        return False
    shared = tuple(a if groupings.is_sum(i, a, b) else b for i, (a, b) in pairs)
    return any(_is_sum(groupings, shared, other) for other in placed)


def _is_sum(groupings: Groupings, coarse: Labels, fine: Labels) -> bool:
    return all(groupings.is_sum(i, a, b) for i, (a, b) in enumerate(zip(coarse, fine, strict=True)))


def _size(groupings: Groupings, labels: Labels) -> int:
    return prod(groupings.size(i, label) for i, label in enumerate(labels))
