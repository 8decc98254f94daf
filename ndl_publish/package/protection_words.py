"""How people are protected, in the form the README and the methodology use: read from the public privacy statement.

The statement is written by ``protect/``; its keys are read here and nowhere else. A key that is missing gives ``None``,
and the templates leave the sentence out.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final

from pydantic import BaseModel

from ndl_publish.audit.model import AuditedCube
from ndl_publish.cube.protected import Mode
from ndl_publish.package.layout import NOISY_MEASUREMENTS, csv_path
from ndl_publish.package.rule_words import hides_shares_at_the_ends, interval_sentences, rule_sentences
from ndl_publish.package.selection_words import figures_words, selection_sentences
from ndl_publish.spec.base import Number
from ndl_publish.spec.rules import ClassicRules, DpRules
from ndl_publish.spec.selections import Selection

_ZEROS: Final = {
    "shown": "Zeros are not withheld for what they are; some are withheld to protect other counts.",
    "protected": "Observed zeros are withheld like small counts.",
}
_METHODS: Final = {
    "threshold": "threshold rule",
    "zero": "rule about zeros",
    "group_disclosure": "rule about shares of 0% and 100%",
    "minimum_contributors": "rule about few contributors",
    "dominance": "dominance rule",
    "p_percent": "p% rule",
    "witness_circuits": "secondary suppression by witness circuits (cells withheld in closed chains of sums)",
}


@dataclass(frozen=True, slots=True)
class RuleNumber:
    """One number of the rule book, for a table of numbers and their sources."""

    name: str
    value: str
    unit: str
    valid_from: str
    title: str
    href: str


@dataclass(frozen=True, slots=True)
class QueryWords:
    """One noisy measurement: keys of quantity, level and characteristics as in the metadata, numbers as short text."""

    scale: str
    quantity: str
    level: str
    attributes: tuple[str, ...]
    sigma2: str
    rho: str
    epsilon: str


@dataclass(frozen=True, slots=True)
class ProtectionWords:
    """The protection in words and numbers; text throughout, ``None`` where the statement says nothing.

    Attributes:
        mode: ``dp`` or ``classic``.
        unit: Whom the protection is about.
        claim: What is promised.
        contribution_bound: How much of the tables one person can touch.
        adjacency: What makes two data sets neighbours.
        replace_one: The loss when one person is replaced by another, a sentence.
        positions: What each cohort has spent in all with this release, a sentence each.
        public_headcounts: Title and address of the headcounts that are kept exactly; none where none are.
        best_nonneg: What the second estimate is; none where there is none.
        measurements_path: Where the noisy measurements stand; none where they are not published.
        mechanism: Name of the noise.
        rho: Privacy loss of this release in zero-concentrated terms, six significant digits.
        epsilon: The same as epsilon at ``delta``.
        delta: Probability that goes with ``epsilon``.
        cohorts: Cohorts that the loss is booked to.
        is_additive: Whether published counts add up.
        random_source: Where the randomness comes from.
        not_covered: What the guarantee does not cover.
        minimum_count: Smallest count that is shown.
        rules: What is withheld for what it is, a sentence for each rule; mode ``classic`` only.
        intervals: What must remain possible of a withheld figure, a sentence for each rule; mode ``classic`` only.
        selections: Which figures are kept or preferred, a sentence each; mode ``classic`` only.
        shows_ends: Whether percentages of 0 and 100 can appear.
        maximum_margin: Widest margin that is shown, in percentage points.
        confidence: Confidence of lower and upper, as a percentage.
        methods: Methods of suppression, in words.
        zeros: What happens to zeros, a sentence.
        secondary: What secondary suppression guarantees.
        insiders: Whether somebody who knows a withheld count of one is guarded against.
        queries: Every noisy measurement.
        numbers: Every number of the rule book with its source; limits of detail last.
        checks: Titles of the checks the figures passed.
    """

    mode: Mode
    unit: str | None
    claim: str | None
    contribution_bound: str | None
    adjacency: str | None
    replace_one: str | None
    positions: tuple[str, ...]
    public_headcounts: tuple[str, str] | None
    best_nonneg: str | None
    measurements_path: str | None
    mechanism: str | None
    rho: str | None
    epsilon: str | None
    delta: str | None
    cohorts: tuple[str, ...]
    is_additive: bool
    random_source: str | None
    not_covered: str | None
    minimum_count: str | None
    rules: tuple[str, ...]
    intervals: tuple[str, ...]
    selections: tuple[str, ...]
    shows_ends: bool
    maximum_margin: str | None
    confidence: str | None
    methods: tuple[str, ...]
    zeros: str | None
    secondary: str | None
    insiders: bool
    queries: tuple[QueryWords, ...]
    numbers: tuple[RuleNumber, ...]
    checks: tuple[str, ...]


def protection_words(audited: AuditedCube, *, rules: DpRules | ClassicRules) -> ProtectionWords:
    """Return the protection of an audited cube as the templates use it."""
    privacy = audited.protected.privacy
    text = {name: _text(privacy.get(name)) for name in privacy}
    return ProtectionWords(
        mode=audited.protected.mode,
        unit=text.get("unit"),
        claim=text.get("claim"),
        contribution_bound=text.get("contribution_bound"),
        adjacency=text.get("adjacency"),
        replace_one=_replace_one(privacy.get("replace_one"), text.get("delta")),
        positions=tuple(_positions(privacy)),
        public_headcounts=_reference(privacy.get("invariant_reference")),
        best_nonneg=text.get("best_nonneg"),
        measurements_path=None if audited.protected.measurements is None else csv_path(NOISY_MEASUREMENTS),
        mechanism=text.get("mechanism"),
        rho=_six_digits(text.get("rho")),
        epsilon=text.get("epsilon"),
        delta=text.get("delta"),
        cohorts=_texts(privacy.get("cohorts")),
        is_additive=privacy.get("additive") is True,
        random_source=text.get("random_source"),
        not_covered=text.get("not_covered"),
        minimum_count=text.get("minimum_count"),
        rules=tuple(rule_sentences(privacy.get("rules", ()))),
        intervals=tuple(interval_sentences(privacy.get("rules", ()))),
        selections=tuple(selection_sentences(rules)) if isinstance(rules, ClassicRules) else (),
        shows_ends=text.get("zeros") == "shown" and not hides_shares_at_the_ends(privacy.get("rules", ())),
        maximum_margin=text.get("maximum_margin"),
        confidence=_percent(privacy.get("confidence")),
        methods=tuple(_METHODS.get(name, name.replace("_", " ")) for name in _texts(privacy.get("methods"))),
        zeros=_ZEROS.get(str(text.get("zeros")), text.get("zeros")),
        secondary=text.get("secondary"),
        insiders=privacy.get("insiders") is True,
        queries=_queries(privacy.get("queries")),
        numbers=tuple(sorted(rule_numbers(rules), key=lambda number: number.name.startswith("finest."))),
        checks=tuple(check.title for check in audited.checks),
    )


def _replace_one(content: Any, delta: str | None) -> str | None:  # noqa: ANN401 - JSON
    if content is None:
        return None
    rho = _six_digits(_text(content["rho"]))
    return f"{content['adjacency']}: rho at most {rho}, epsilon {content['epsilon']:g}" + (
        f" at delta {delta}" if delta and delta != "0" else ""
    )


def _reference(content: Any) -> tuple[str, str] | None:  # noqa: ANN401 - JSON
    return None if content is None else (str(content["title"]), str(content["href"]))


def _positions(privacy: Mapping[str, Any]) -> Iterator[str]:
    cap = privacy.get("lifetime_cap_rho")
    for loss in privacy.get("ledger_entry", {}).get("losses", ()):
        if "spent_with_this_decimal" in loss and cap is not None:
            spent, most = loss["spent_with_this_decimal"], _short(str(cap))
            yield f"{loss['cohort']}: rho {spent} spent with this release, of at most {most} for all releases about it"


def rule_numbers(rules: BaseModel, at: str = "") -> Iterator[RuleNumber]:
    """Give every number of a rule book with its key path, in the order of the models."""
    for name in type(rules).model_fields:
        yield from _numbers_in(getattr(rules, name), f"{at}.{name}".lstrip("."))


def _numbers_in(content: Any, at: str) -> Iterator[RuleNumber]:  # noqa: ANN401 - anything a model may hold
    if isinstance(content, Number):
        reference = content.reference
        unit = content.unit.replace("_", " ")
        value = format(content.value, "f")
        yield RuleNumber(at, value, unit, content.valid_from.isoformat(), reference.title, reference.href)
    elif isinstance(content, BaseModel):
        yield from rule_numbers(content, at)
    elif isinstance(content, Mapping):
        for key, item in content.items():
            yield from _numbers_in(item, f"{at}.{key}")
    elif isinstance(content, tuple):
        for item in content:
            yield from _numbers_in(item, f"{at}{_of_item(item)}")


def _of_item(item: Any) -> str:  # noqa: ANN401 - anything a model may hold
    """Return what tells an item of a list from the others: its method and measures, or the figures it selects."""
    if isinstance(item, Selection):
        return f" ({figures_words(item)})"
    method, measures = getattr(item, "method", None), getattr(item, "measures", ())
    return (f".{method}" if method else "") + (f" ({', '.join(measures)})" if measures else "")


def _text(content: Any) -> str | None:  # noqa: ANN401 - JSON
    if content is None:
        return None
    if isinstance(content, Mapping):
        if "decimal" in content:
            return str(content["decimal"])
        return ", ".join(f"{name} {_text(item)}" for name, item in content.items()) or None
    if isinstance(content, list | tuple):
        return ", ".join(str(_text(item)) for item in content)
    if isinstance(content, float):
        return format(Decimal(repr(content)).normalize(), "f")
    return str(content)


def _texts(content: Any) -> tuple[str, ...]:  # noqa: ANN401 - JSON
    if isinstance(content, Mapping):
        return tuple(f"{name}: {_text(item)}" for name, item in content.items())
    if isinstance(content, list | tuple):
        return tuple(str(_text(item)) for item in content)
    return () if content is None else (str(content),)


def _percent(content: Any) -> str | None:  # noqa: ANN401 - JSON
    return None if content is None else f"{float(content) * 100:g}"


def _queries(content: Any) -> tuple[QueryWords, ...]:  # noqa: ANN401 - JSON
    return tuple(
        QueryWords(
            scale=_short(_text(query.get("scale")) or ""),
            quantity=str(query.get("quantity", "")),
            level=str(query.get("level", "")),
            attributes=_texts(query.get("attributes")),
            sigma2=_short(_text(query.get("sigma2")) or ""),
            rho=_short(_text(query.get("rho")) or ""),
            epsilon=_short(_text(query.get("epsilon")) or ""),
        )
        for query in content or ()
    )


def _six_digits(text: str | None) -> str | None:
    """Return a decimal with six significant digits.

    Example:
        >>> _six_digits("0.099981543"), _six_digits("0.1"), _six_digits(None)
        ('0.0999815', '0.1', None)
    """
    return None if text is None else format(Decimal(f"{float(text):.6g}"), "f")


def _short(text: str) -> str:
    """Return a fraction as a decimal with four figures, other text as it is.

    Example:
        >>> _short("400/3"), _short("1/30000"), _short("region")
        ('133.3', '0.00003333', 'region')
    """
    if not re.fullmatch(r"\d+/\d+", text):
        return text
    return format(Decimal(f"{float(Fraction(text)):.4g}"), "f")
