"""What the rules of a release say about shown counts, read by the audit on its own: thresholds, zeros, 0% and 100%."""

import numpy as np

from ndl_publish.audit.published import BoolArray, PublishedCells
from ndl_publish.cube.grid import IntArray
from ndl_publish.cube.layout import CubeLayout
from ndl_publish.cube.possible import possible_cells
from ndl_publish.cube.shares import measure_cells, share_cells
from ndl_publish.errors import Finding
from ndl_publish.spec.primary_rules import GroupDisclosure, Threshold
from ndl_publish.spec.rules import ClassicRules


def least_shown(rules: ClassicRules, layout: CubeLayout) -> IntArray:
    """Return the smallest count above zero that each cell may show, ``n_cells``.

    A threshold that names measures holds for their cells, the largest where several do; another for all other cells.
    """
    least = np.zeros(layout.grid.n_cells, np.int64)
    cells = measure_cells(layout)
    thresholds = [rule for rule in rules.primary if isinstance(rule, Threshold)]
    for rule in thresholds:
        for name in rule.measures:
            marked = cells.get(name, np.zeros(len(least), bool))
            least[marked] = np.maximum(least[marked], int(rule.minimum_count.value))
    for rule in thresholds:
        if not rule.measures:
            least[least == 0] = int(rule.minimum_count.value)
    return least


def rule_findings(published: PublishedCells, rules: ClassicRules, layout: CubeLayout) -> tuple[Finding, ...]:
    """Return ``NDL-D026`` for zeros, and shares of 0% or 100%, that are shown although a rule withholds them.

    Args:
        published: What an outsider has, complements by subtraction included.
        rules: The rules of the release.
        layout: Its cells.
    """
    shown_zero = published.is_shown & (published.values == 0)
    found = []
    if rules.protects_zeros:
        possible = possible_cells(layout.grid, layout.implications)
        n = int((shown_zero & possible).sum())
        found += [f"{n} zeros can be seen, which the rules withhold."] * bool(n)
    for rule in rules.primary:
        if isinstance(rule, GroupDisclosure):
            n = _one_sided(published, rule, layout, shown_zero)
            found += [f"{n} shares of 0% or 100% can be seen, which the rules withhold."] * bool(n)
    return tuple(Finding("NDL-D026", "error", "rules", message) for message in found)


def _one_sided(published: PublishedCells, rule: GroupDisclosure, layout: CubeLayout, shown_zero: BoolArray) -> int:
    """Return how many shares are seen to be 0% or 100% of somebody."""
    n = 0
    for share in share_cells(layout):
        if rule.measures and share.measure not in rule.measures:
            continue
        rest_seen = published.is_shown[share.rest].all(axis=1)
        nobody_else = rest_seen & (published.values[share.rest].sum(axis=1) == 0)
        seen = published.is_shown[share.reached] & rest_seen
        somebody = published.values[share.reached] + published.values[share.rest].sum(axis=1) > 0
        n += int((seen & somebody & (shown_zero[share.reached] | nobody_else)).sum())
    return n
