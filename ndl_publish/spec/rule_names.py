"""Whether the measures, breakdowns and contributors that a classic rule book names are those of the data set."""

from collections.abc import Iterator

from ndl_publish.errors import Finding
from ndl_publish.spec.base import nearest
from ndl_publish.spec.dataset import CountMeasure, Dataset, MeanMeasure, ShareMeasure
from ndl_publish.spec.primary_rules import GroupDisclosure, OfContributors, Threshold
from ndl_publish.spec.rules import ClassicRules
from ndl_publish.spec.yaml_source import KeyPath, YamlSource


def rule_findings(rules: ClassicRules, dataset: Dataset, source: YamlSource) -> Iterator[Finding]:
    """Yield a finding ``NDL-R006`` for each name that the data set lacks or that a rule cannot use.

    Args:
        rules: The rule book.
        dataset: The metadata.
        source: The rule book with its lines.
    """
    for at, message in (*_of_rules(rules, dataset), *_of_selections(rules, dataset)):
        yield Finding("NDL-R006", "error", source.where(at), message)


def _of_rules(rules: ClassicRules, dataset: Dataset) -> Iterator[tuple[KeyPath, str]]:
    for i, rule in enumerate(rules.primary):
        at = ("primary", i)
        if isinstance(rule, Threshold | GroupDisclosure):
            shares_only = isinstance(rule, GroupDisclosure)
            for j, name in enumerate(rule.measures):
                yield from _measure((*at, "measures", j), name, dataset, shares_only=shares_only)
        if isinstance(rule, OfContributors):
            yield from _contributor(at, rule, dataset)


def _measure(at: KeyPath, name: str, dataset: Dataset, *, shares_only: bool = False) -> Iterator[tuple[KeyPath, str]]:
    measure = dataset.measures.get(name)
    if measure is None:
        yield at, f"there is no measure {name}; {nearest(name, dataset.measures)}"
    elif isinstance(measure, MeanMeasure):
        yield at, f"{name} is a mean, which follows its counts; name a count or a share."
    elif shares_only and not isinstance(measure, ShareMeasure):
        yield at, f"{name} is no share; only a share can be 0% or 100%."


def _contributor(at: KeyPath, rule: OfContributors, dataset: Dataset) -> Iterator[tuple[KeyPath, str]]:
    if rule.contributor not in dataset.contributors:
        known = dataset.contributors
        hint = nearest(rule.contributor, known) if known else "it declares none; see contributors in the reference."
        yield (*at, "contributor"), f"the metadata has no contributor {rule.contributor}; {hint}"
    measure = dataset.measures.get(rule.of) if rule.of else None
    if rule.of and measure is None:
        yield (*at, "of"), f"there is no measure {rule.of}; {nearest(rule.of, dataset.measures)}"
    elif isinstance(measure, CountMeasure | ShareMeasure):
        yield (*at, "of"), f"{rule.of} is no mean; leave of out to judge the number of children, parts included."


def _of_selections(rules: ClassicRules, dataset: Dataset) -> Iterator[tuple[KeyPath, str]]:
    for key, selections in (("keep", rules.keep), ("prefer", rules.prefer)):
        for i, selection in enumerate(selections):
            for j, name in enumerate(selection.measures):
                yield from _measure((key, i, "measures", j), name, dataset)
            for j, name in enumerate(selection.breakdowns):
                if name not in dataset.breakdowns:
                    message = f"there is no breakdown {name}; {nearest(name, dataset.breakdowns)}"
                    yield (key, i, "breakdowns", j), message
