"""In which order the tables of a level are made, and by which margins each is bound.

A table is made with its margins already fixed. Two margins make a matrix problem, which always has a whole solution;
three or more overlapping ones need not have any (three-way tables with given margins are NP-hard). So an order is
wanted in which no table ever meets more than two:

* tables that the level above has, too, are bound by that table and by **one** set of their own level. That works when
  the largest such sets form a junction tree: each set shares with all earlier ones no more than it shares with one of
  them, its **separator**;
* other tables are bound by their own area only. Every set that two tables share is made first, smallest first; the
  margins of a set are then joined two by two, which again asks that they form a junction tree.

Source:
    Lauritzen, "Graphical Models" (1996), section 2.1.3 (running intersection, decomposable hypergraphs);
    Jensen and Jensen, "Optimal junction trees" (1994): a spanning tree of largest separators is one if there is any.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations

Axes = tuple[int, ...]
"""Ids of characteristics, increasing; () is the total."""


@dataclass(frozen=True, slots=True)
class Step:
    """One table to be made.

    Attributes:
        axes: Its attribute set.
        margins: Margins of the same areas that are fixed: one (what it contains of the earlier sets), or two.
        is_bound_above: Whether the table of the level above is its margin, too.
    """

    axes: Axes
    margins: tuple[Axes, ...]
    is_bound_above: bool


def steps_of(own: Iterable[Axes], above: Iterable[Axes]) -> list[Step]:
    """Return the order in which a level's tables are made.

    Args:
        own: Attribute sets published at the level, closed downward.
        above: Attribute sets of the level above; none for the base level, whose totals are given.

    Returns:
        Steps; each table of the level is the table of a step or a margin of one.

    Raises:
        ValueError: When there is no order in which no table meets more than two margins; names the sets.

    Example:
        >>> star = [(), (1,), (2,), (9,), (1, 9), (2, 9)]
        >>> [(step.axes, step.margins) for step in steps_of(star, star)]
        [((), ()), ((9,), ((),)), ((1, 9), ((9,),)), ((2, 9), ((9,),))]
    """
    own, above = set(own), set(above)
    shared = facets(own & above)
    steps = [Step((), (), bool(above)), *_bound_above(shared)]
    made = [step.axes for step in steps]
    for axes in _overlaps(shared + facets(own)):
        if not any(set(axes) <= set(other) for other in made):
            steps += _bound_within(axes, made)
            made.append(axes)
    return steps


def facets(sets: Iterable[Axes]) -> list[Axes]:
    """Return the sets that lie in no other, in order."""
    ordered = sorted(set(sets), key=lambda axes: (-len(axes), axes))
    found: list[Axes] = []
    for axes in ordered:
        if not any(set(axes) <= set(other) for other in found):
            found.append(axes)
    return found


def junction_order(sets: Sequence[Axes]) -> list[tuple[Axes, Axes]]:
    """Return the sets in an order of running intersection, each with its separator; () for the first.

    Raises:
        ValueError: When there is none.

    Example:
        >>> junction_order([(1, 2), (2, 3), (3, 4)])
        [((1, 2), ()), ((2, 3), (2,)), ((3, 4), (3,))]
    """
    if not sets:
        return []
    order: list[tuple[Axes, Axes]] = [(sets[0], ())]
    left, done = list(sets[1:]), [sets[0]]
    seen = set(sets[0])
    while left:
        axes, near = max(((a, b) for a in left for b in done), key=lambda pair: len(set(pair[0]) & set(pair[1])))
        separator = _sorted(set(axes) & set(near))
        if set(separator) != set(axes) & seen:
            raise ValueError(f"these sets of characteristics are not decomposable: {_named(sets)}")
        order.append((axes, separator))
        left.remove(axes)
        done.append(axes)
        seen |= set(axes)
    return order


def _bound_above(shared: Sequence[Axes]) -> list[Step]:
    """Return steps in junction order; separators are made before the first set that has them, where that is open."""
    order = junction_order(shared)
    made: list[Axes] = [()]
    steps = []
    for axes, separator in order:
        bound = separator
        for middle in _chain(axes, separator, [s for _, s in order]):
            steps.append(Step(middle, (bound,), is_bound_above=True))
            bound = middle
        if axes not in made:
            steps.append(Step(axes, (bound,), is_bound_above=True))
        made.append(axes)
    return [step for step in steps if step.axes != ()]


def _chain(axes: Axes, separator: Axes, separators: Iterable[Axes]) -> list[Axes]:
    """Return separators of later sets between ``separator`` and ``axes``, each within the next."""
    chain: list[Axes] = []
    inner = set(separator)
    for other in sorted(set(separators), key=lambda s: (len(s), s)):
        if inner < set(other) < set(axes):
            chain.append(other)
            inner = set(other)
    return chain


def _bound_within(axes: Axes, made: Sequence[Axes]) -> list[Step]:
    """Return the steps that make a table from what earlier tables of the same areas fix of it."""
    fixed = facets({_sorted(set(axes) & set(other)) for other in made})
    try:
        order = junction_order(fixed)
    except ValueError:
        raise ValueError(
            f"the table of characteristics {_named([axes])} has margins that are not decomposable: {_named(fixed)}"
        ) from None
    steps, bound = [], order[0][0]
    for margin, _ in order[1:]:
        joined = _sorted(set(bound) | set(margin))
        steps.append(Step(joined, (bound, margin), is_bound_above=False))
        bound = joined
    if bound != axes:
        steps.append(Step(axes, (bound,), is_bound_above=False))
    return steps


def _overlaps(sets: Iterable[Axes]) -> list[Axes]:
    """Return the sets and everything that some of them share, smallest first."""
    found = set(sets)
    while True:
        more = {_sorted(set(a) & set(b)) for a, b in combinations(found, 2)} - found
        if not more:
            return sorted(found, key=lambda axes: (len(axes), axes))
        found |= more


def _sorted(axes: Iterable[int]) -> Axes:
    return tuple(sorted(axes))


def _named(sets: Iterable[Axes]) -> str:
    return ", ".join(str(axes) for axes in sets)
