"""From a pattern of suppression to its report."""

from typing import Any

import numpy as np

from ndl_publish.columns import Mask
from ndl_publish.cube.protected import BoolArray
from ndl_publish.package.rule_words import interval_words
from ndl_publish.protect.posed import Posed
from ndl_publish.protect.primary.sensitive import Sensitive
from ndl_publish.protect.secondary.problem import MaskArray, Suppression, SuppressionProblem
from ndl_publish.spec.base import Number
from ndl_publish.spec.primary_rules import Primary
from ndl_publish.spec.rules import ClassicRules
from ndl_publish.suppression_report.model import Attacker, RuleTally, SuppressionReport, Tally, WhatIf
from ndl_publish.suppression_report.sections import Naming, Pattern, cell_words, tally, tally_sections

LARGE = 20
"""A secondary with this many times the smallest count that may be shown is called large."""


def make_report(  # noqa: PLR0913 - the question, the answer, and what each is called
    title: str,
    *,
    posed: Posed,
    answer: Suppression,
    rules: ClassicRules,
    naming: Naming,
    what_if: WhatIf | None,
    is_seen: BoolArray | None = None,
) -> SuppressionReport:
    """Return the report of a pattern.

    Args:
        title: Name of the release or file.
        posed: What the rules asked.
        answer: What was withheld.
        rules: The rules in force.
        naming: What tables and areas are called.
        what_if: What each rule costs, where that was computed.
        is_seen: Cells that a reader sees or can subtract, ``n_cells``; none where every cell is printed.
    """
    problem = posed.problem
    mask = answer.mask if is_seen is None else _unseen_too(answer.mask, is_seen)
    pattern = Pattern(problem.grid, problem.values, mask, LARGE * rules.largest_minimum_count)
    return SuppressionReport(
        title=title,
        total=_total(pattern),
        underivable=int(np.count_nonzero(mask != answer.mask)),
        rules=_rules(posed.sensitive, rules),
        overlaps=_overlaps(posed.sensitive),
        attacker=Attacker("protected" if rules.protects_zeros else "shown", problem.has_insiders),
        without_interval=_without_interval(problem, answer),
        large_from=pattern.large_from,
        opened=cell_words(problem.grid, answer.opened),
        is_cut_short=answer.is_cut_short,
        sections=tally_sections(pattern, naming),
        what_if=what_if,
    )


def _total(pattern: Pattern) -> Tally:
    blocks = [pattern.numbers(block) for block in pattern.grid.blocks]
    return tally("all cells", np.sum([numbers.reshape(len(numbers), -1).sum(axis=1) for numbers in blocks], axis=0))


def _unseen_too(mask: MaskArray, is_seen: BoolArray) -> MaskArray:
    """Return the mask with what nobody sees counted as secondary; the pattern itself stays as it is."""
    return np.where((mask == Mask.SHOWN) & ~is_seen, np.uint8(Mask.SECONDARY_SUPPRESSED), mask)


def _rules(sensitive: Sensitive, rules: ClassicRules) -> tuple[RuleTally, ...]:
    bits = [np.uint32(1 << i) for i in range(len(sensitive.rules))]
    return tuple(
        RuleTally(
            rule,
            int(np.count_nonzero(sensitive.marked_by & bit)),
            int(np.count_nonzero(sensitive.marked_by == bit)),
            interval_words(_said(asked)),
        )
        for rule, bit, asked in zip(sensitive.rules, bits, rules.primary, strict=True)
    )


def _said(rule: Primary) -> dict[str, Any]:
    """Return a rule's method and numbers."""
    content = {key: getattr(rule, key) for key in type(rule).model_fields}
    return {key: f"{said.value:f}" if isinstance(said, Number) else said for key, said in content.items()}


def _overlaps(sensitive: Sensitive) -> dict[str, int]:
    found, n_cells = np.unique(sensitive.marked_by[sensitive.marked_by > 0], return_counts=True)
    return {
        " + ".join(rule for i, rule in enumerate(sensitive.rules) if int(marks) >> i & 1): int(n)
        for marks, n in zip(found, n_cells, strict=True)
    }


def _without_interval(problem: SuppressionProblem, answer: Suppression) -> int:
    """Return how many primaries have no witnesses that span their protection interval."""
    raised, lowered = np.zeros_like(problem.values), np.zeros_like(problem.values)
    np.maximum.at(raised, answer.witnesses.cell, answer.witnesses.change)
    np.minimum.at(lowered, answer.witnesses.cell, answer.witnesses.change)
    is_spanned = (problem.values + raised >= problem.highest) & (problem.values + lowered <= problem.lowest)
    return int(np.count_nonzero(problem.primary & ~is_spanned))
