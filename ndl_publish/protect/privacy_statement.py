"""What a package says about its protection, in a form machines can read: the content of ``privacy.json``."""

from fractions import Fraction
from math import ceil
from typing import Any

from ndl_publish.geography.levels import level_label
from ndl_publish.privacy.conversion import epsilon_of_rho
from ndl_publish.privacy.events import PrivacyLoss, fraction_text
from ndl_publish.protect.intervals import CONFIDENCE
from ndl_publish.spec.base import Number
from ndl_publish.spec.dataset import CountMeasure, Dataset, MeanMeasure, ShareMeasure
from ndl_publish.spec.load import ReleaseSpec
from ndl_publish.spec.primary_rules import Primary
from ndl_publish.spec.rules import ClassicRules, DiscreteGaussian, DpRules, Invariant

RANDOM_SOURCE = (
    "SHAKE-256 under a secret 256-bit key; the stream is labelled with release, version, query, noise variance, method "
    "and a keyed digest of the confidential tables: the same input gives the same noise, any other gives fresh noise"
)
CLAIM = "differentially private, the unit being one {one}"
CLAIM_GIVEN = (
    "differentially private given the public figures, the unit being one {one}: the headcounts of every area at the "
    "level {level} (and above) were public already and are kept exactly; data sets that differ by one {one} more or "
    "less do not agree with them, so the loss to read is the one for replacing one {one} by another of the same area"
)
BOUND = "one {one} is one row of the linked table, counted in one area, one category and one time period"
LINKED = (
    "The guarantee is about the linked table, one row for each {one}; which records were linked to one another is not "
    "covered. "
)
ELSEWHERE = "Figures published elsewhere about the same {many} add to what can be learned."
ADDITIVE_EXCEPT = (
    "where a category cannot occur in an area (not_applicable), the categories that can may miss their total "
    "by its noise"
)


def dp_statement(
    spec: ReleaseSpec,
    rules: DpRules,
    mechanism: dict[str, Any],
    entry: dict[str, Any],
    *,
    replace_one: PrivacyLoss,
) -> dict[str, Any]:
    """Return the public privacy statement of a differentially private release.

    Args:
        spec: The release.
        rules: Its rule book.
        mechanism: What the mechanism says of itself.
        entry: The exported ledger entry.
        replace_one: The loss when one child is replaced by another, at most.
    """
    rho = max(Fraction(loss["rho"]) for loss in entry["losses"])
    epsilon = max(Fraction(loss["epsilon"]) for loss in entry["losses"])
    delta = float(rules.noise.delta.value) if isinstance(rules.noise, DiscreteGaussian) else 0.0
    unit = spec.dataset.privacy_unit.singular
    return {
        "mode": "dp",
        "claim": (CLAIM_GIVEN if rules.invariant is not None else CLAIM).format(one=unit, level=_level(rules)),
        "unit": unit,
        "contribution_bound": BOUND.format(one=unit),
        "adjacency": "add or remove one " + unit,
        **({} if rules.invariant is None else {"invariant_reference": _reference(rules.invariant)}),
        "rho": {"fraction": fraction_text(rho), "decimal": round(float(rho), 9)},
        "epsilon": _epsilon(PrivacyLoss(rho, epsilon), delta),
        "delta": delta,
        "replace_one": {
            "adjacency": f"replace one {unit} by another",
            "rho": {"fraction": fraction_text(replace_one.rho), "decimal": round(float(replace_one.rho), 9)},
            "epsilon": _epsilon(replace_one, delta),
        },
        "cohorts": [loss["cohort"] for loss in entry["losses"]],
        "lifetime_cap_rho": fraction_text(rules.lifetime_cap.fraction),
        "confidence": CONFIDENCE,
        "minimum_count": int(rules.withhold.minimum_count.value),
        "maximum_margin": float(rules.withhold.maximum_margin.value),
        "random_source": RANDOM_SOURCE,
        "additive_except": ADDITIVE_EXCEPT,
        "not_covered": _not_covered(spec),
        "ledger_entry": entry,
        **mechanism,
    }


def _epsilon(loss: PrivacyLoss, delta: float) -> float:
    return ceil((epsilon_of_rho(loss.rho, delta=delta) if delta else loss.epsilon) * 10_000) / 10_000


def _reference(invariant: Invariant) -> dict[str, str]:
    return {"title": invariant.reference.title, "href": invariant.reference.href}


def _level(rules: DpRules) -> str:
    return "" if rules.invariant is None else level_label(rules.invariant.level)


def _not_covered(spec: ReleaseSpec) -> str:
    unit = spec.dataset.privacy_unit
    words = (LINKED if spec.dataset.links else "") + ELSEWHERE
    return words.format(one=unit.singular, many=unit.plural)


def classic_statement(spec: ReleaseSpec, rules: ClassicRules) -> dict[str, Any]:
    """Return the public statement of a release of exact counts with suppression; it claims no formal privacy."""
    return {
        "mode": "classic",
        "unit": spec.dataset.privacy_unit.singular,
        "methods": [*dict.fromkeys(rule.method for rule in rules.primary), rules.secondary.method],
        "minimum_count": rules.minimum_count,
        "rules": [_rule(rule, spec.dataset) for rule in rules.primary],
        "zeros": "protected" if rules.protects_zeros else "shown",
        "insiders": rules.attacker.insiders,
        "secondary": "for every figure withheld for what it is there are tables that agree with everything shown, at "
        "both ends of the interval that its rule asks for",
    }


def _rule(rule: Primary, dataset: Dataset) -> dict[str, Any]:
    """Return a primary rule with its numbers; measures by the names of their figures, contributors by their title."""
    said: dict[str, Any] = {}
    for key in type(rule).model_fields:
        value = getattr(rule, key)
        if isinstance(value, Number):
            said[key] = int(value.value) if value.value == int(value.value) else float(value.value)
        elif value:
            said[key] = value
    if "measures" in said:
        said["measures"] = [_figure(name, dataset) for name in said["measures"]]
    if "contributor" in said:
        said["contributor"] = dataset.contributors[said["contributor"]].title
    if "of" in said:
        said["of"] = _figure(said["of"], dataset)
    return {"method": said.pop("method"), **said}


def _figure(measure: str, dataset: Dataset) -> str:
    found: CountMeasure | ShareMeasure | MeanMeasure = dataset.measures[measure]
    return found.mean_name if isinstance(found, MeanMeasure) else found.count_name
