"""Rules that are written and withhold nothing: allowed, and worth a warning."""

from collections.abc import Iterator

from ndl_publish.errors import Finding
from ndl_publish.spec.primary_rules import Threshold
from ndl_publish.spec.rules import ClassicRules, DpRules


def idle_rules(rules: DpRules | ClassicRules) -> Iterator[Finding]:
    """Yield a warning ``NDL-R007`` for each threshold of 1 of a classic rule book: no count is below it but zero."""
    for i, rule in enumerate(rules.primary if isinstance(rules, ClassicRules) else ()):
        if isinstance(rule, Threshold) and rule.minimum_count.value == 1:
            about = f" for {', '.join(rule.measures)}" if rule.measures else ""
            message = f"a threshold of 1 withholds nothing{about}. Write the smallest count that may be shown."
            yield Finding("NDL-R007", "warning", f"{rules.rules_id}: primary.{i} (threshold)", message)
