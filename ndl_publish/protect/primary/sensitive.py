"""All primary rules of a rule book together: cells, why, and the interval an outsider must be left with."""

from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from ndl_publish.cube.grid import IntArray
from ndl_publish.protect.primary.dominance import dominance_rule
from ndl_publish.protect.primary.found import Found
from ndl_publish.protect.primary.group_disclosure import group_disclosure_rule
from ndl_publish.protect.primary.judged import Judged
from ndl_publish.protect.primary.minimum_contributors import minimum_contributors_rule
from ndl_publish.protect.primary.p_percent import p_percent_rule
from ndl_publish.protect.primary.threshold import threshold_rule
from ndl_publish.protect.primary.zero import zero_rule
from ndl_publish.protect.secondary.problem import BoolArray
from ndl_publish.spec.primary_rules import (
    Dominance,
    GroupDisclosure,
    MinimumContributors,
    OfContributors,
    PPercent,
    Primary,
    Threshold,
    Zero,
)
from ndl_publish.spec.rules import ClassicRules

RuleArray = npt.NDArray[np.uint32]


@dataclass(frozen=True)
class Sensitive:
    """All cells that some rule marks.

    Attributes:
        rules: Names of the rules, in the order of the rule book; rule ``i`` has bit ``i`` in ``marked_by``.
        marked_by: Bits of the rules that mark each cell, ``n_cells``; 0 for none.
        lowest: Protection interval that meets the demands of every rule, ``n_cells``; the cell's value where unmarked.
        highest: Likewise.
        sums: Mean -> cells whose sum some rule marks, ``n_cells``; only means that a rule speaks of.
    """

    rules: tuple[str, ...]
    marked_by: RuleArray = field(repr=False)
    lowest: IntArray = field(repr=False)
    highest: IntArray = field(repr=False)
    sums: dict[str, BoolArray] = field(repr=False, default_factory=dict)

    @property
    def is_primary(self) -> BoolArray:
        """Whether any rule marks the cell."""
        return np.asarray(self.marked_by > 0)


def join_rules(values: IntArray, found: tuple[Found, ...]) -> Sensitive:
    """Return what all rules together mark: the widest interval that any of them asks for.

    Args:
        values: Exact count of every cell, ``n_cells``.
        found: One entry per rule, in the order of the rule book; at most 32.
    """
    marked_by = np.zeros(len(values), np.uint32)
    lowest, highest = values.copy(), values.copy()
    for i, rule in enumerate(found):
        marked_by |= np.where(rule.is_primary, np.uint32(1 << i), np.uint32(0))
        lowest = np.where(rule.is_primary, np.minimum(lowest, rule.lowest), lowest)
        highest = np.where(rule.is_primary, np.maximum(highest, rule.highest), highest)
    sums: dict[str, BoolArray] = {}
    for rule in found:
        if rule.of is not None:
            sums[rule.of] = sums.get(rule.of, np.zeros(len(values), bool)) | rule.is_primary
    return Sensitive(tuple(rule.rule for rule in found), marked_by, np.maximum(lowest, 0), highest, sums)


def sensitive_counts(judged: Judged, rules: ClassicRules) -> Sensitive:
    """Return what the primary rules of a rule book mark among exact counts.

    Args:
        judged: The cells of a release or of a table of counts.
        rules: The rule book; everything it names must be there.
    """
    least = _least_shown(judged, rules)
    return join_rules(judged.values, tuple(_found(rule, judged, rules, least) for rule in rules.primary))


def rule_name(rule: Primary) -> str:
    """Return what a rule is called in reports: its method, and what it is about where that is not everything."""
    if isinstance(rule, OfContributors):
        return f"{rule.method} ({rule.contributor}{f' of {rule.of}' if rule.of else ''})"
    measures = () if isinstance(rule, Zero) else rule.measures
    return f"{rule.method} ({', '.join(measures)})" if measures else rule.method


def _found(rule: Primary, judged: Judged, rules: ClassicRules, least: IntArray) -> Found:
    values, zero = judged.values, np.zeros_like(judged.values)
    if isinstance(rule, Threshold):
        minimum = int(rule.minimum_count.value)
        marked = threshold_rule(values, minimum_count=minimum) & _held(rule, judged, rules)
        found = Found(rule.method, marked, zero, np.full_like(values, minimum))
    elif isinstance(rule, Zero):
        found = Found(rule.method, zero_rule(values, policy=rule.policy, structural=~judged.possible), zero, least)
    elif isinstance(rule, GroupDisclosure):
        found = group_disclosure_rule(
            values,
            (share for share in judged.shares if share.measure in _shares_held(rule, judged, rules)),
            uncertainty=int(rule.uncertainty.value),
        )
    else:
        found = _found_by_contributors(rule, judged, least)
    return replace(found, rule=rule_name(rule), is_primary=found.is_primary & judged.possible)


def _found_by_contributors(rule: MinimumContributors | Dominance | PPercent, judged: Judged, least: IntArray) -> Found:
    """Return the cells that too few contributors stand behind; their intervals reach as far as the rule asks.

    What a rule asks of a sum is asked of the children in proportion.
    """
    n_largest = int(rule.largest.value) if isinstance(rule, Dominance) else 2
    behind = judged.contributors(rule.contributor, of=rule.of, n_largest=n_largest)
    reach = np.zeros_like(judged.values)
    if isinstance(rule, MinimumContributors):
        marked = minimum_contributors_rule(behind.number, minimum_count=int(rule.minimum_count.value))
    elif isinstance(rule, Dominance):
        reach = dominance_rule(behind.largest.sum(axis=1), behind.total, percent=rule.percent.value)
        marked = reach > 0
    else:
        largest, second = behind.largest[:, 0], behind.largest[:, 1]
        reach = p_percent_rule(largest, second, behind.total, percent=rule.percent.value)
        marked = reach > 0
    if rule.of is not None:
        reach = -(-reach * judged.values // np.maximum(behind.total, 1))
    reach = np.maximum(reach, least)
    return Found(rule.method, marked & (judged.values > 0), judged.values - reach, judged.values + reach, rule.of)


def _held(rule: Threshold, judged: Judged, rules: ClassicRules) -> BoolArray:
    """Return the cells a threshold holds for: those of its measures, or all that no other threshold names."""
    if rule.measures:
        return _cells_of(rule.measures, judged)
    named = {name for other in rules.primary if isinstance(other, Threshold) for name in other.measures}
    return ~_cells_of(tuple(named), judged)


def _cells_of(measures: tuple[str, ...], judged: Judged) -> BoolArray:
    """Return the cells of any of the measures; one that this release does not publish has none."""
    cells = np.zeros(judged.grid.n_cells, bool)
    for name in measures:
        cells |= judged.measures.get(name, False)
    return cells


def _shares_held(rule: GroupDisclosure, judged: Judged, rules: ClassicRules) -> frozenset[str]:
    """Return the shares a rule holds for: those it names, or all that no other one names."""
    if rule.measures:
        return frozenset(rule.measures)
    named = {name for other in rules.primary if isinstance(other, GroupDisclosure) for name in other.measures}
    return frozenset(judged.measures) - named


def _least_shown(judged: Judged, rules: ClassicRules) -> IntArray:
    """Return the smallest count that is shown in each cell: the smallest threshold that applies, ``n_cells``."""
    least = np.full_like(judged.values, np.iinfo(np.int64).max)
    for rule in rules.primary:
        if isinstance(rule, Threshold):
            held = _held(rule, judged, rules)
            least[held] = np.minimum(least[held], int(rule.minimum_count.value))
    return least
