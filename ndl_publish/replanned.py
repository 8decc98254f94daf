"""A release as it would be under another privacy loss or other weights: planned again, never scaled."""

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal

from ndl_publish.pipeline import Prepared
from ndl_publish.spec.base import Number
from ndl_publish.spec.rules import DpRules, loss_of


def replanned(
    prepared: Prepared, rules: DpRules, *, loss: Decimal, weights: Mapping[str, Decimal] | None = None
) -> Prepared:
    """Return a release under its rules with another loss and, where given, other weights.

    Args:
        prepared: The release.
        rules: Its rules.
        loss: In the unit of the rule book, exact.
        weights: Weight of each level that has one; without it, those of the rule book.
    """
    known = loss_of(rules.noise)
    noise = rules.noise.model_copy(update={known.unit: known.model_copy(update={"value": loss})})
    changes: dict[str, object] = {"noise": noise}
    if weights is not None:
        changes["weights"] = {level: _weight(value, known) for level, value in weights.items()}
    return replace(prepared, spec=replace(prepared.spec, rules=rules.model_copy(update=changes)))


def _weight(value: Decimal, like: Number) -> Number:
    return like.model_copy(update={"value": value, "unit": "times"})
