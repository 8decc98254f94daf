"""The privacy loss when one child is replaced by another, from the queries of a release.

Replacing child e by f moves a table of differences by ``Q e - Q f``, of squared length |Q e|^2 + |Q f|^2 - 2 <Q e, Q
f>. In different areas the two columns do not meet. In one area the inner product is a product over the
characteristics: for the differences within m siblings it is m (m - 1) for the same group, -m for two of the siblings,
0 for groups of different parents. The worst pair is found among all pairs of categories (those alike taken once) and
all depths to which the areas agree: exact for counts, because areas nest and nothing else enters. A sum over children
takes its worst values for each query by itself, so with means the result is an upper bound.

The other child may also be one that the release does not count; then the loss is that of adding or removing one
child. So the larger of the two is returned. It is not simply twice the loss of adding or removing one child: two
children of one area share most queries.

Source:
    Xiao, He, Zhang and Kifer, "An optimal and scalable matrix mechanism for noisy marginals" (arXiv 2305.08175) for the
    columns; the maximum is enumerated.
"""

from collections.abc import Mapping
from fractions import Fraction
from itertools import product

import numpy as np

from ndl_publish.privacy.chains import Chain
from ndl_publish.privacy.events import total_loss
from ndl_publish.privacy.least_squares import FloatArray
from ndl_publish.privacy.strategy import ResidualQuery

Lengths = tuple[int, int, int]
"""Squared length of one child's column, of the other's, and their inner product."""
SAME: Lengths = (1, 1, 1)
Kind = Mapping[str, tuple[Lengths, ...]]
"""Quantity -> lengths of a kind of pair at each depth of its chain."""


def replace_one_rho(
    queries: tuple[ResidualQuery, ...],
    *,
    chains: Mapping[str, tuple[Chain, ...]],
    levels: tuple[str, ...],
    ranges: Mapping[str, tuple[int, int]],
    single_root: bool,
) -> Fraction:
    """Return the largest rho over all pairs of children of which one replaces the other.

    Args:
        queries: Every query of the release.
        chains: Quantity -> chain of each dimension.
        levels: Levels of the area tree, coarsest first.
        ranges: Quantity -> smallest and largest contribution of one child.
        single_root: The coarsest level is one area, so that all children share it.
    """
    if not queries:
        return Fraction(0)
    n_dimensions = max(len(own) for own in chains.values())
    pairs = [_pairs({name: own[i] for name, own in chains.items()}) for i in range(1, n_dimensions)]
    depths = range(1 if single_root else 0, len(levels) + 1)
    # The other child may be of no area or cohort of the release: it is a row of the linked table and moves no query.
    worst = total_loss(query.event for query in queries).rho
    for shared in depths:
        terms = [(query, levels.index(query.level) < shared) for query in queries]
        cost = sum((_costs(query, pairs, ranges, is_shared=meets) for query, meets in terms), np.zeros(()))
        at = np.unravel_index(int(np.argmax(cost)), cost.shape)
        chosen = [options[k] for options, k in zip(pairs, at, strict=True)] if cost.shape else []
        worst = max(worst, sum((_cost(query, chosen, ranges, is_shared=meets) for query, meets in terms), Fraction(0)))
    return worst


def _pairs(chains: Mapping[str, Chain]) -> list[Kind]:
    """Return every kind of pair of categories of a dimension; each quantity measures it at depths of its own."""
    n_codes = max((len(chain.group_of[0]) for chain in chains.values() if chain.levels), default=1)
    kinds: dict[tuple[tuple[Lengths, ...], ...], None] = {}
    for a, b in product(range(n_codes), repeat=2):
        kinds[tuple(_of_pair(chain, a, b) for chain in chains.values())] = None
    return [dict(zip(chains, kind, strict=True)) for kind in kinds]


def _of_pair(chain: Chain, a: int, b: int) -> tuple[Lengths, ...]:
    """Return the lengths of a pair of categories at each depth; depth 0 is the same for all."""
    return (SAME, *(_lengths(chain, depth, a, b) for depth in range(1, len(chain.levels) + 1)))


def _lengths(chain: Chain, depth: int, a: int, b: int) -> Lengths:
    groups, siblings = chain.group_of[depth - 1], chain.siblings(depth)
    one, other = int(siblings[groups[a]]), int(siblings[groups[b]])
    parent = chain.parent[depth - 1]
    between = -one if parent[groups[a]] == parent[groups[b]] else 0
    inner = one * (one - 1) if groups[a] == groups[b] else between
    return one * (one - 1), other * (other - 1), inner


def _costs(
    query: ResidualQuery,
    pairs: list[list[Kind]],
    ranges: Mapping[str, tuple[int, int]],
    *,
    is_shared: bool,
) -> FloatArray:
    """Return what a query costs for every combination of kinds of pairs, an axis for each dimension."""
    depths = dict(query.part)
    parts: list[FloatArray] = []
    for which in range(3):
        table = np.ones((1,) * len(pairs))
        for axis, options in enumerate(pairs):
            values = np.array(
                [option[query.quantity][depths.get(axis + 1, 0)][which] for option in options], np.float64
            )
            table = table * values.reshape(-1, *[1] * (len(pairs) - axis - 1))
        parts.append(table)
    one, other, inner = parts
    low, high = ranges[query.quantity]
    ends = [a * a * one + b * b * other - 2 * a * b * inner * is_shared for a in (low, high) for b in (low, high)]
    return np.asarray(np.maximum.reduce(ends) / (2 * float(query.gaussian.sigma2)), np.float64)


def _cost(
    query: ResidualQuery, chosen: list[Kind], ranges: Mapping[str, tuple[int, int]], *, is_shared: bool
) -> Fraction:
    """Return what a query costs for one kind of pair, exactly."""
    depths = dict(query.part)
    one = other = inner = 1
    for axis, option in enumerate(chosen, 1):
        lengths = option[query.quantity][depths.get(axis, 0)]
        one, other, inner = one * lengths[0], other * lengths[1], inner * lengths[2]
    low, high = ranges[query.quantity]
    ends = [a * a * one + b * b * other - 2 * a * b * inner * is_shared for a in (low, high) for b in (low, high)]
    return Fraction(max(ends)) / (2 * query.gaussian.sigma2)
