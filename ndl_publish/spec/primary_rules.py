"""The primary rules of mode ``classic`` as a rule book writes them: which cells are withheld for what they are."""

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field, model_validator

from ndl_publish.spec.base import UNBOUNDED, Name, Number, Spec, refuse_number

PEOPLE = frozenset({"children", "persons"})
_CONTRIBUTORS = frozenset({"contributors"})
_PERCENT = frozenset({"percent"})
MOST_LARGEST = Decimal(10)
"""Of how many contributors together a dominance rule may speak."""
FINEST_PERCENT = Decimal("0.01")


class Threshold(Spec):
    """Withhold counts of at least one but fewer than ``minimum_count``.

    With ``measures`` it holds for the cells of these measures, without for all cells that no other threshold names.
    """

    method: Literal["threshold"]
    minimum_count: Number
    measures: tuple[Name, ...] = ()

    @model_validator(mode="after")
    def _number(self) -> "Threshold":
        refuse_number("minimum_count", self.minimum_count, units=PEOPLE, least=1, most=UNBOUNDED, whole=True)
        return self


class Zero(Spec):
    """What happens to observed zeros: shown, or withheld like small counts. What cannot occur is no observed zero."""

    method: Literal["zero"]
    policy: Literal["show", "protect"]


class GroupDisclosure(Spec):
    """Withhold a share of 0% or 100%, with its complement: it tells something about everybody it is a share of."""

    method: Literal["group_disclosure"]
    uncertainty: Number
    measures: tuple[Name, ...] = ()

    @model_validator(mode="after")
    def _number(self) -> "GroupDisclosure":
        refuse_number("uncertainty", self.uncertainty, units=PEOPLE, least=1, most=UNBOUNDED, whole=True)
        return self


class OfContributors(Spec):
    """What the rules about contributors (providers, households) share; without ``of`` children are judged."""

    contributor: Name
    of: Name | None = None


class MinimumContributors(OfContributors):
    """Withhold what comes from at least one but fewer than ``minimum_count`` contributors."""

    method: Literal["minimum_contributors"]
    minimum_count: Number

    @model_validator(mode="after")
    def _number(self) -> "MinimumContributors":
        refuse_number("minimum_count", self.minimum_count, units=_CONTRIBUTORS, least=2, most=UNBOUNDED, whole=True)
        return self


class Dominance(OfContributors):
    """Withhold a total of which the ``largest`` contributors together make up more than ``percent``: (n, k)."""

    method: Literal["dominance"]
    largest: Number
    percent: Number

    @model_validator(mode="after")
    def _numbers(self) -> "Dominance":
        refuse_number("largest", self.largest, units=_CONTRIBUTORS, least=1, most=MOST_LARGEST, whole=True)
        _refuse_percent(self.percent, least=1)
        return self


class PPercent(OfContributors):
    """Withhold a total that lets the second largest contributor estimate the largest to within ``percent``."""

    method: Literal["p_percent"]
    percent: Number

    @model_validator(mode="after")
    def _numbers(self) -> "PPercent":
        _refuse_percent(self.percent, least=0)
        return self


def _refuse_percent(percent: Number, *, least: int) -> None:
    refuse_number("percent", percent, units=_PERCENT, least=least, most=Decimal(100), whole=False)
    if percent.value % FINEST_PERCENT or percent.value == 0:
        raise ValueError("percent: must be above 0, with at most two decimals")


Primary = Annotated[
    Threshold | Zero | GroupDisclosure | MinimumContributors | Dominance | PPercent, Field(discriminator="method")
]
