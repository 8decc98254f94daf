"""What each rule costs: the same search under other rules, a few seconds each."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Literal

import numpy as np

from ndl_publish.columns import Mask
from ndl_publish.cube.grid import CellGrid
from ndl_publish.errors import DisclosureError
from ndl_publish.protect.posed import Posed
from ndl_publish.protect.primary.sensitive import rule_name
from ndl_publish.protect.secondary.problem import Suppression, SuppressionProblem
from ndl_publish.protect.secondary.suppress import suppress
from ndl_publish.spec.primary_rules import Primary, Threshold, Zero
from ndl_publish.spec.rules import ClassicRules
from ndl_publish.suppression_report.model import Alternative, WhatIf

Progress = Callable[[str, int, int], None]
Pose = Callable[[ClassicRules], Posed]
"""What a rule book would ask of the same counts."""

MOST_CELLS = 50_000
"""Largest grid that is tried without being asked for."""
SECONDS = 3.0
"""Wall time after which one search is not improved further."""
THRESHOLDS = (3, 5, 10, 20)
"""Thresholds in common use in official statistics; the next lower and the next higher one are tried."""
POLICIES: dict[Literal["show", "protect"], tuple[Literal["show", "protect"], str]] = {
    "show": ("protect", "observed zeros protected instead of shown"),
    "protect": ("show", "observed zeros shown instead of protected"),
}
"""Policy for zeros -> the other one, and what that would change."""


def is_small(grid: CellGrid) -> bool:
    """Say whether other rules may be tried without being asked to."""
    return grid.n_cells <= MOST_CELLS


def what_if(rules: ClassicRules, *, pose: Pose, progress: Progress | None = None) -> WhatIf:
    """Return how many cells more or fewer would be withheld under other rules.

    Each search, that of the rules in force too, gets the same ``SECONDS``, so that they compare.

    Args:
        rules: The rules in force.
        pose: What a rule book would ask of the same counts.
        progress: Called with (stage, done, of).
    """
    tell = progress or (lambda _stage, _done, _of: None)
    in_force = pose(rules).problem
    others = list(_problems(rules, in_force, pose))
    tell("trying other rules", 0, len(others))
    base = _n_withheld(_solve(in_force))
    found = []
    for i, (change, problem) in enumerate(others):
        tell("trying other rules", i + 1, len(others))
        found.append(Alternative(change, None, None, 0) if problem is None else _tried(change, problem, base))
    return WhatIf(SECONDS, base, tuple(found))


def _tried(change: str, problem: SuppressionProblem, base: int) -> Alternative:
    answer = _solve(problem)
    withheld = _n_withheld(answer)
    return Alternative(change, withheld, withheld - base, len(answer.unprotected))


def _problems(
    rules: ClassicRules, in_force: SuppressionProblem, pose: Pose
) -> Iterator[tuple[str, SuppressionProblem | None]]:
    """Give what would be different, and the problem then; none where the rules withhold what must be shown."""
    for change, other in other_rules(rules):
        try:
            yield change, pose(other).problem
        except DisclosureError:
            yield change, None
    words = "without protection against insiders" if in_force.has_insiders else "with protection against insiders"
    yield words, replace(in_force, has_insiders=not in_force.has_insiders)
    if in_force.forced is not None and in_force.forced.any():
        yield "without the cells that must be shown", replace(in_force, forced=None)


def other_rules(rules: ClassicRules) -> Iterator[tuple[str, ClassicRules]]:
    """Give rule books that differ in one rule: other thresholds, the other policy for zeros, another rule left out."""
    for i, rule in enumerate(rules.primary):
        if isinstance(rule, Threshold):
            now = int(rule.minimum_count.value)
            for value in _next_thresholds(now):
                least = rule.minimum_count.model_copy(update={"value": Decimal(value)})
                other = rule.model_copy(update={"minimum_count": least})
                where = f" for {', '.join(rule.measures)}" if rule.measures else ""
                yield f"threshold {value} instead of {now}{where}", _with(rules, i, (other,))
        elif isinstance(rule, Zero):
            policy, words = POLICIES[rule.policy]
            yield words, _with(rules, i, (rule.model_copy(update={"policy": policy}),))
        else:
            yield f"without the rule {rule_name(rule)}", _with(rules, i, ())


def _next_thresholds(now: int) -> tuple[int, ...]:
    """Return the threshold in common use next below and next above, where there is one.

    Example:
        >>> _next_thresholds(5), _next_thresholds(6), _next_thresholds(1)
        ((3, 10), (5, 10), (3,))
    """
    below = [value for value in THRESHOLDS if value < now]
    above = [value for value in THRESHOLDS if value > now]
    return (*below[-1:], *above[:1])


def _with(rules: ClassicRules, i: int, instead: tuple[Primary, ...]) -> ClassicRules:
    return rules.model_copy(update={"primary": (*rules.primary[:i], *instead, *rules.primary[i + 1 :])})


def _solve(problem: SuppressionProblem) -> Suppression:
    return suppress(replace(problem, seconds=SECONDS))


def _n_withheld(answer: Suppression) -> int:
    return int(np.count_nonzero(answer.mask != Mask.SHOWN))
