"""A rule book as ``disclosure_rules/<rules>.yaml`` describes it: mode, methods, and every number with its source."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from ndl_publish.spec.base import CONTRADICTIONS, UNBOUNDED, Name, Number, Reference, Spec, Text, refuse_number
from ndl_publish.spec.contradictions import contradictions
from ndl_publish.spec.primary_rules import PEOPLE, OfContributors, Primary, Threshold, Zero
from ndl_publish.spec.selections import Preferred, Selection
from ndl_publish.spec.targets import target_mistakes

SMALLEST_LOSS = Decimal("0.000001")
LARGEST_LOSS = Decimal(1000)
"""Beyond this nothing at all is protected, and numbers stop fitting where they are printed."""
SMALLEST_WEIGHT, LARGEST_WEIGHT = Decimal("0.0001"), Decimal(10_000)
LONGEST = Decimal(86_400)
"""Seconds in a day."""


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


class DiscreteLaplace(Spec):
    """Pure epsilon through the same planner: larger errors than under the discrete Gaussian, no delta."""

    method: Literal["discrete_laplace"]
    epsilon: Number


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
        refuse_number("minimum_count", self.minimum_count, units=PEOPLE, least=1, most=UNBOUNDED, whole=True)
        margin = frozenset({"percentage_points"})
        refuse_number("maximum_margin", self.maximum_margin, units=margin, least=0, most=Decimal(100), whole=False)
        return self


class WitnessCircuits(Spec):
    """Secondary suppression by witness circuits."""

    method: Literal["witness_circuits"]


class Invariant(Spec):
    """Headcounts held exact because they are public already: of all areas of one level."""

    level: Name
    reference: Reference


class BestNonNegative(Spec):
    """A second, non-negative estimate below one level, whose figures it keeps wherever they are not negative."""

    below: Name


Noise = Annotated[DiscreteGaussian | DiscreteLaplace | Geometric, Field(discriminator="method")]


def loss_of(noise: DiscreteGaussian | DiscreteLaplace | Geometric) -> Number:
    """Return what one release costs, as the rule book puts it: ``rho``, or ``epsilon`` of pure noise."""
    return noise.rho if isinstance(noise, DiscreteGaussian) else noise.epsilon


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
            refuse_number(f"finest.{level}", number, units=unit, least=0, most=UNBOUNDED, whole=True)
        return self


class DpRules(Rules):
    """Rules of mode ``dp``: noise, a cap per cohort, and what is withheld of the noisy figures."""

    mode: Literal["dp"]
    noise: Noise
    lifetime_cap: Number
    yearly_cap: Number | None = None
    withhold: Withhold
    weights: dict[Name, Number] = Field(default_factory=dict)
    invariant: Invariant | None = None
    best_nonneg: BestNonNegative | None = None
    publish: tuple[Literal["noisy_measurements"], ...] = ()
    targets: tuple[Text, ...] = ()

    @model_validator(mode="after")
    def _numbers(self) -> "DpRules":
        told = tuple(self._misfits())
        if told:
            raise PydanticCustomError(CONTRADICTIONS, "numbers do not fit", {"told": told})
        return self

    def _misfits(self) -> Iterator[tuple[tuple[str | int, ...], str]]:
        """Yield key path and what is wrong there, for every number that does not fit its key or another number."""
        for name, weight in self.weights.items():
            if not SMALLEST_WEIGHT <= weight.value <= LARGEST_WEIGHT:
                yield ("weights", name), f"must be from {SMALLEST_WEIGHT} to {LARGEST_WEIGHT:,}."
        loss, unit = loss_of(self.noise), "rho" if isinstance(self.noise, DiscreteGaussian) else "epsilon"
        if loss.unit != unit:
            yield ("noise", unit), f"the unit must be {unit}."
        if not SMALLEST_LOSS <= loss.value <= LARGEST_LOSS:
            yield ("noise", unit), f"must be from {SMALLEST_LOSS} to {LARGEST_LOSS}."
        for key, cap, most in (
            ("lifetime_cap", self.lifetime_cap, LARGEST_LOSS),
            ("yearly_cap", self.yearly_cap, self.lifetime_cap.value),
        ):
            if cap is not None and cap.unit != "rho":
                yield (key,), "the unit must be rho."
            if cap is not None and not 0 < cap.value <= most:
                yield (key,), f"must be above 0 and at most {'lifetime_cap' if key == 'yearly_cap' else most}."
        yield from target_mistakes(self.targets, levels=self.finest)


class Attacker(Spec):
    """Whom the figures are protected against; everybody knows all figures of the release.

    ``insiders``: also against a child, or whoever knows of it, that is alone in a withheld cell and knows that.
    """

    insiders: bool = True


class ClassicRules(Rules):
    """Rules of mode ``classic``: exact counts, primary and secondary suppression."""

    mode: Literal["classic"]
    attacker: Attacker = Attacker()
    primary: tuple[Primary, ...] = Field(min_length=1, max_length=32)
    keep: tuple[Selection, ...] = ()
    prefer: tuple[Preferred, ...] = ()
    improvement_seconds: Number
    percent_decimals: Number

    @property
    def minimum_count(self) -> int:
        """The smallest count that is shown anywhere."""
        return min(self._minimum_counts)

    @property
    def largest_minimum_count(self) -> int:
        """The smallest count that is shown where the strictest threshold holds."""
        return max(self._minimum_counts)

    @property
    def protects_zeros(self) -> bool:
        """Say whether observed zeros are withheld too."""
        return any(isinstance(rule, Zero) and rule.policy == "protect" for rule in self.primary)

    @property
    def contributors(self) -> tuple[str, ...]:
        """Names of the contributors that some rule looks at, in the order of the rules."""
        return tuple(dict.fromkeys(rule.contributor for rule in self.primary if isinstance(rule, OfContributors)))

    @property
    def _minimum_counts(self) -> list[int]:
        return [int(rule.minimum_count.value) for rule in self.primary if isinstance(rule, Threshold)]

    @model_validator(mode="after")
    def _numbers(self) -> "ClassicRules":
        decimals, seconds = frozenset({"decimals"}), frozenset({"seconds"})
        refuse_number("percent_decimals", self.percent_decimals, units=decimals, least=0, most=Decimal(4), whole=True)
        limit = self.improvement_seconds
        refuse_number("improvement_seconds", limit, units=seconds, least=0, most=LONGEST, whole=False)
        return self

    @model_validator(mode="after")
    def _agree(self) -> "ClassicRules":
        told = tuple(contradictions(self.primary, keep=self.keep, prefer=self.prefer, levels=frozenset(self.finest)))
        if told:
            raise PydanticCustomError(CONTRADICTIONS, "rules contradict one another", {"told": told})
        return self
