"""What a rule book asks of exact counts, before anything is solved: also to ask what other rules would cost."""

import os
from dataclasses import dataclass, field

from ndl_publish.cube.grid import IntArray
from ndl_publish.cube.protected import Implication
from ndl_publish.protect.primary.judged import Judged
from ndl_publish.protect.primary.sensitive import Sensitive, sensitive_counts
from ndl_publish.protect.secondary.problem import SuppressionProblem
from ndl_publish.protect.selected import Selected, refuse_kept_primaries
from ndl_publish.spec.rules import ClassicRules


@dataclass(frozen=True, slots=True)
class Posed:
    """The cells that the primary rules mark, and the problem they pose.

    Attributes:
        sensitive: What the primary rules found.
        problem: What secondary suppression is asked.
    """

    sensitive: Sensitive = field(repr=False)
    problem: SuppressionProblem = field(repr=False)


def posed_exactly(
    judged: Judged,
    rules: ClassicRules,
    *,
    rows: tuple[IntArray, IntArray],
    selected: Selected,
    implications: tuple[Implication, ...] = (),
    tie_break: bytes,
) -> Posed:
    """Return what a rule book marks among exact counts, and the problem that poses.

    Args:
        judged: The cells and their counts.
        rules: What is withheld, who attacks, and how long the pattern may be improved.
        rows: Codes of the finest rows that hold children, and the children in each.
        selected: Cells to keep shown, and to rather show.
        implications: Which dimensions follow from which.
        tie_break: Secret bytes that decide between equally good patterns.

    Raises:
        DisclosureError: ``NDL-D040`` when a cell to keep is withheld by a primary rule.
    """
    sensitive = sensitive_counts(judged, rules)
    refuse_kept_primaries(judged.grid, sensitive.is_primary, selected.forced)
    codes, counts = rows
    problem = SuppressionProblem(
        grid=judged.grid,
        values=judged.values,
        primary=sensitive.is_primary,
        lowest=sensitive.lowest,
        highest=sensitive.highest,
        signed=False,
        codes=codes,
        counts=counts,
        implications=implications,
        forced=selected.forced,
        preference=selected.preference,
        has_insiders=rules.attacker.insiders,
        seconds=float(rules.improvement_seconds.value),
        threads=available_threads(),
        tie_break=tie_break,
    )
    return Posed(sensitive, problem)


def available_threads() -> int:
    """Return how many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
