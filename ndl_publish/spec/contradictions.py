"""Rules of one rule book that cannot all hold, or of which nobody could say which holds: found when it is read."""

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
from ndl_publish.spec.yaml_source import KeyPath

Item = TypeVar("Item", bound=Hashable)
Figure = tuple[str, frozenset[str], str]
Told = tuple[KeyPath, str]
"""Where a contradiction stands - at the later of two - and what it is."""


def contradictions(
    primary: tuple[Primary, ...], *, keep: tuple[Selection, ...], prefer: tuple[Preferred, ...], levels: frozenset[str]
) -> Iterator[Told]:
    """Yield what contradicts what, each with the key it stands under.

    Args:
        primary: The primary rules.
        keep: Figures that are never withheld.
        prefer: Figures that are rather shown.
        levels: The area levels that may be published at all.
    """
    rules = list(enumerate(primary))
    yield from _thresholds([(i, rule) for i, rule in rules if isinstance(rule, Threshold)])
    for i, _ in _again((i, "zero") for i, rule in rules if isinstance(rule, Zero)):
        yield ("primary", i), "two rules about zeros; keep one policy."
    groups = [(i, rule) for i, rule in rules if isinstance(rule, GroupDisclosure)]
    for i, measure in _again((i, measure) for i, rule in groups for measure in rule.measures or ("",)):
        yield ("primary", i), f"two group_disclosure rules for {measure or 'all measures'}; keep one."
    for i, said in _again((i, _of_contributors(rule)) for i, rule in rules if isinstance(rule, OfContributors)):
        yield ("primary", i), f"{said} stands twice; keep one."
    yield from _selections(keep, prefer, levels)


def _thresholds(rules: list[tuple[int, Threshold]]) -> Iterator[Told]:
    general = [(i, "") for i, rule in rules if not rule.measures]
    if not general:
        yield (
            ("primary",),
            "a threshold rule without measures is needed; it holds for all cells that no other one names.",
        )
    for i, _ in _again(general):
        yield ("primary", i), "two threshold rules without measures; keep one, or say which measures each is for."
    for i, measure in _again((i, measure) for i, rule in rules for measure in rule.measures):
        yield ("primary", i), f"two threshold rules for {measure}; keep one."


def _of_contributors(rule: OfContributors) -> str:
    """Return what a rule is about: two of the same with other numbers would contradict each other."""
    of = f" of {rule.of}" if rule.of else ""
    if isinstance(rule, Dominance):
        return f"dominance by the largest {rule.largest.value} {rule.contributor}{of}"
    method = "minimum_contributors" if isinstance(rule, MinimumContributors) else "p_percent"
    return f"{method} by {rule.contributor}{of}"


def _selections(keep: tuple[Selection, ...], prefer: tuple[Preferred, ...], levels: frozenset[str]) -> Iterator[Told]:
    kept, preferred = list(_figures(keep)), list(_figures(prefer))
    for name, figures in (("keep", kept), ("prefer", preferred)):
        for i, figure in _again(figures):
            yield (name, i), f"{_in_words(figure)} stands twice; keep one."
        for i, level in dict.fromkeys((i, level) for i, (level, _, _) in figures if level not in levels):
            yield (name, i, "level"), f"finest allows no table at level {level}."
    known = {figure for _, figure in kept}
    for i, figure in dict.fromkeys(item for item in preferred if item[1] in known):
        yield ("prefer", i), f"{_in_words(figure)} is kept already; take it out of one of the two."


def _figures(selections: Iterable[Selection]) -> Iterator[tuple[int, Figure]]:
    for i, selection in enumerate(selections):
        for figure in selection.figures():
            yield i, figure


def _in_words(figure: Figure) -> str:
    level, crossing, measure = figure
    return " x ".join([level, *sorted(crossing)]) + f", {measure}"


def _again(items: Iterable[tuple[int, Item]]) -> Iterator[tuple[int, Item]]:
    """Yield the items that have stood before, with the place where they stand again."""
    seen: set[Item] = set()
    for place, item in items:
        if item in seen:
            yield place, item
        seen.add(item)
