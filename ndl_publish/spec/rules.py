"""A rule book as ``disclosure_rules/<rules>.yaml`` describes it: mode, methods, and every number with its source."""

from decimal import Decimal
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from ndl_publish.spec.base import Name, Number, Reference, Spec, Text

PEOPLE = frozenset({"children", "persons"})


def _refuse(name: str, number: Number, *, units: frozenset[str], least: int, most: Decimal, whole: bool) -> None:
    """Refuse a number of a rule that has another unit, lies outside its range, or should be whole and is not."""
    if number.unit not in units:
        raise ValueError(f"{name}: the unit must be {' or '.join(sorted(units))}")
    if not least <= number.value <= most:
        raise ValueError(f"{name}: must be at least {least}" + (f" and at most {most}" if most.is_finite() else ""))
    if whole and number.value != int(number.value):
        raise ValueError(f"{name}: must be a whole number")


UNBOUNDED = Decimal("Infinity")
SMALLEST_LOSS = Decimal("0.000001")
LARGEST_LOSS = Decimal(1000)
"""Beyond this nothing at all is protected, and numbers stop fitting where they are printed."""


class DiscreteGaussian(Spec):
    """Exact discrete Gaussian noise under zero-concentrated differential privacy."""

    method: Literal["discrete_gaussian"]
    rho: Number
    delta: Number

    @model_validator(mode="after")
    def _delta(self) -> "DiscreteGaussian":
        if self.delta.unit != "probability" or not 0 < self.delta.value < 1:
            raise ValueError("delta: must be above 0, below 1 and in unit probability")
        return self


class Geometric(Spec):
    """Pure epsilon through diffprivlib's ``Geometric``: for small one-off tables, at most 10,000 cells."""

    method: Literal["geometric"]
    epsilon: Number


class Withhold(Spec):
    """Which noisy figures are too small or too uncertain to be shown."""

    minimum_count: Number
    maximum_margin: Number

    @model_validator(mode="after")
    def _numbers(self) -> "Withhold":
        _refuse("minimum_count", self.minimum_count, units=PEOPLE, least=1, most=UNBOUNDED, whole=True)
        margin = frozenset({"percentage_points"})
        _refuse("maximum_margin", self.maximum_margin, units=margin, least=0, most=Decimal(100), whole=False)
        return self


class Threshold(Spec):
    """Withhold counts of at least one but fewer than ``minimum_count``."""

    method: Literal["threshold"]
    minimum_count: Number

    @model_validator(mode="after")
    def _number(self) -> "Threshold":
        _refuse("minimum_count", self.minimum_count, units=PEOPLE, least=1, most=UNBOUNDED, whole=True)
        return self


class Zero(Spec):
    """What happens to observed zeros: shown, or withheld like small counts."""

    method: Literal["zero"]
    policy: Literal["show", "protect"]


class WitnessCircuits(Spec):
    """Secondary suppression by witness circuits."""

    method: Literal["witness_circuits"]


Primary = Annotated[Threshold | Zero, Field(discriminator="method")]
Noise = Annotated[DiscreteGaussian | Geometric, Field(discriminator="method")]


class Rules(Spec):
    """Everything a rule book says."""

    rules_id: Name
    title: Text
    description: Text
    references: tuple[Reference, ...] = Field(min_length=1)
    finest: dict[Name, Number]
    secondary: WitnessCircuits

    @model_validator(mode="after")
    def _finest(self) -> Self:
        for level, number in self.finest.items():
            unit = frozenset({"breakdowns"})
            _refuse(f"finest.{level}", number, units=unit, least=0, most=UNBOUNDED, whole=True)
        return self


class DpRules(Rules):
    """Rules of mode ``dp``: noise, a cap per cohort, and what is withheld of the noisy figures."""

    mode: Literal["dp"]
    noise: Noise
    lifetime_cap: Number
    withhold: Withhold
    weights: dict[Name, Number] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _units(self) -> "DpRules":
        wanted = "rho" if isinstance(self.noise, DiscreteGaussian) else "epsilon"
        loss = self.noise.rho if isinstance(self.noise, DiscreteGaussian) else self.noise.epsilon
        if loss.unit != wanted or not SMALLEST_LOSS <= loss.value <= LARGEST_LOSS:
            raise ValueError(f"noise: must be from {SMALLEST_LOSS} to {LARGEST_LOSS} and in unit {wanted}")
        if self.lifetime_cap.unit != "rho" or not 0 < self.lifetime_cap.value <= LARGEST_LOSS:
            raise ValueError(f"lifetime_cap: must be above 0, at most {LARGEST_LOSS} and in unit rho")
        return self


class ClassicRules(Rules):
    """Rules of mode ``classic``: exact counts, primary and secondary suppression."""

    mode: Literal["classic"]
    primary: tuple[Primary, ...] = Field(min_length=1)
    percent_decimals: Number

    @property
    def minimum_count(self) -> int:
        """The smallest count that may be shown."""
        return max(int(rule.minimum_count.value) for rule in self.primary if isinstance(rule, Threshold))

    @property
    def protects_zeros(self) -> bool:
        """Say whether observed zeros are withheld too."""
        return any(isinstance(rule, Zero) and rule.policy == "protect" for rule in self.primary)

    @model_validator(mode="after")
    def _has_threshold(self) -> "ClassicRules":
        if not any(isinstance(rule, Threshold) for rule in self.primary):
            raise ValueError("primary: a threshold rule is needed")
        decimals = frozenset({"decimals"})
        _refuse("percent_decimals", self.percent_decimals, units=decimals, least=0, most=Decimal(4), whole=True)
        return self
