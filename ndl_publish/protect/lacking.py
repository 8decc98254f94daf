"""Rules that need more than a table of counts: refused, because a rule that is passed over protects nobody."""

from collections.abc import Iterator

from ndl_publish.errors import Finding, RuleError
from ndl_publish.spec.primary_rules import GroupDisclosure, OfContributors, Primary, Threshold
from ndl_publish.spec.rules import ClassicRules


def refuse_lacking(rules: ClassicRules, outcomes: tuple[str, ...]) -> None:
    """Refuse rules about measures, contributors or figures of a data set that a table of counts does not have.

    Args:
        rules: The rule book.
        outcomes: The dimensions of the table that are outcomes: its measures.

    Raises:
        RuleError: ``NDL-R066`` with one finding for each.
    """
    told = [
        (f"primary.{i} ({rule.method})", words)
        for i, rule in enumerate(rules.primary)
        for words in _lacking(rule, outcomes)
    ]
    words = "names figures of a data set; a table of counts has none. Take it out of the rule book."
    told += [(key, words) for key in ("keep", "prefer") if getattr(rules, key)]
    if told:
        findings = tuple(Finding("NDL-R066", "error", f"{rules.rules_id}: {where}", words) for where, words in told)
        message = f"{rules.rules_id}: these rules need what a table of counts does not have. Name other rules."
        raise RuleError("NDL-R066", message, findings=findings)


def _lacking(rule: Primary, outcomes: tuple[str, ...]) -> Iterator[str]:
    if isinstance(rule, OfContributors):
        yield f"a table of counts does not say which {rule.contributor} stands behind a count."
    if isinstance(rule, Threshold | GroupDisclosure):
        unknown = sorted(set(rule.measures) - set(outcomes))
        if unknown:
            yield f"{', '.join(unknown)}: no dimension of that name stands under outcomes in the tables file."
    if isinstance(rule, GroupDisclosure) and not outcomes:
        yield "name the dimensions that are outcomes in the tables file, under outcomes."
