"""Rules of one rule book that cannot all hold, or of which nobody could say which holds: found when it is read."""

from collections import Counter
from collections.abc import Hashable, Iterable, Iterator
from typing import TypeVar

from ndl_publish.spec.primary_rules import (
    Dominance,
    GroupDisclosure,
    MinimumContributors,
    OfContributors,
    Primary,
    Threshold,
    Zero,
)
from ndl_publish.spec.selections import Preferred, Selection

Item = TypeVar("Item", bound=Hashable)


def contradictions(
    primary: tuple[Primary, ...], *, keep: tuple[Selection, ...], prefer: tuple[Preferred, ...], levels: frozenset[str]
) -> Iterator[str]:
    """Yield what contradicts what, each with the key it stands under.

    Args:
        primary: The primary rules.
        keep: Figures that are never withheld.
        prefer: Figures that are rather shown.
        levels: The area levels that may be published at all.
    """
    yield from _thresholds([rule for rule in primary if isinstance(rule, Threshold)])
    if sum(isinstance(rule, Zero) for rule in primary) > 1:
        yield "primary: two rules about zeros; keep one policy"
    groups = [rule for rule in primary if isinstance(rule, GroupDisclosure)]
    for measure in _twice(measure for rule in groups for measure in rule.measures or ("",)):
        yield f"primary: two group_disclosure rules for {measure or 'all measures'}; keep one"
    for said in _twice(_of_contributors(rule) for rule in primary if isinstance(rule, OfContributors)):
        yield f"primary: {said} stands twice; keep one"
    yield from _selections(keep, prefer, levels)


def _thresholds(rules: list[Threshold]) -> Iterator[str]:
    general = sum(not rule.measures for rule in rules)
    if general == 0:
        yield "primary: a threshold rule without measures is needed; it holds for all cells that no other one names"
    if general > 1:
        yield "primary: two threshold rules without measures; keep one, or say which measures each is for"
    for measure in _twice(measure for rule in rules for measure in rule.measures):
        yield f"primary: two threshold rules for {measure}; keep one"


def _of_contributors(rule: OfContributors) -> str:
    """Return what a rule is about: two of the same with other numbers would contradict each other."""
    of = f" of {rule.of}" if rule.of else ""
    if isinstance(rule, Dominance):
        return f"dominance by the largest {rule.largest.value} {rule.contributor}{of}"
    method = "minimum_contributors" if isinstance(rule, MinimumContributors) else "p_percent"
    return f"{method} by {rule.contributor}{of}"


def _selections(keep: tuple[Selection, ...], prefer: tuple[Preferred, ...], levels: frozenset[str]) -> Iterator[str]:
    kept = [figure for selection in keep for figure in selection.figures()]
    preferred = [figure for selection in prefer for figure in selection.figures()]
    for name, figures in (("keep", kept), ("prefer", preferred)):
        for figure in _twice(figures):
            yield f"{name}: {_in_words(figure)} stands twice; keep one"
        for level in sorted({level for level, _, _ in figures} - levels):
            yield f"{name}: finest allows no table at level {level}"
    for figure in dict.fromkeys(figure for figure in kept if figure in preferred):
        yield f"prefer: {_in_words(figure)} is kept already; take it out of one of the two"


def _in_words(figure: tuple[str, frozenset[str], str]) -> str:
    level, crossing, measure = figure
    return " x ".join([level, *sorted(crossing)]) + f", {measure}"


def _twice(items: Iterable[Item]) -> list[Item]:
    return [item for item, n in Counter(items).items() if n > 1]
