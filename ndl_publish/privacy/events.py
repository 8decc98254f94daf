"""What a release measured, as immutable data; the loss is read off it, never estimated.

A query is one noisy table about some birth cohorts. A child is of one cohort, so cohorts compose in parallel: each is
charged the whole query, and the release costs what its dearest cohort pays. A query's cost follows from the noise and
from how far one child moves the table, both exact fractions. Sources: concentrated differential privacy, Bun and
Steinke (2016): a discrete Gaussian with variance parameter sigma2 costs rho = D^2 / (2 sigma2) (Canonne, Kamath,
Steinke 2020, Theorem 4), and an epsilon-private query costs rho = epsilon^2 / 2.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from math import exp
from typing import Self

from ndl_publish.errors import RuleError

LARGEST_SIGMA2 = 10**16
LARGEST_SCALE = 10**8
"""The largest parameters of discrete Gaussian and Laplace noise that the samplers draw exactly."""
QueryJson = dict[str, str | int | list[str]]


@dataclass(frozen=True, slots=True)
class PrivacyLoss:
    """What one birth cohort loses: everything in ``rho`` (zCDP), the pure part also in ``epsilon``.

    ``rho`` always covers all queries: a pure query of ``epsilon`` enters it as ``epsilon^2 / 2``, so
    one cap in rho binds both kinds. ``epsilon`` adds up the pure queries only; it is the whole pure
    guarantee of a release when that release has no Gaussian query, and says nothing otherwise.
    Losses of one cohort add up; ``<=`` means no more in either part.

    Example:
        >>> PrivacyLoss(Fraction(1, 10)) + PrivacyLoss.pure(Fraction(1))
        PrivacyLoss(rho=Fraction(3, 5), epsilon=Fraction(1, 1))
    """

    rho: Fraction = Fraction(0)
    epsilon: Fraction = Fraction(0)

    def __post_init__(self) -> None:
        """Refuse floats and negative losses."""
        for value in (self.rho, self.epsilon):
            _require_fraction(value, "A privacy loss", positive=False)

    @classmethod
    def pure(cls, epsilon: Fraction) -> Self:
        """Return the loss of one pure ``epsilon`` query."""
        return cls(epsilon * epsilon / 2, epsilon)

    @classmethod
    def zero(cls) -> Self:
        """Return the loss of measuring nothing."""
        return cls()

    def __add__(self, other: "PrivacyLoss") -> "PrivacyLoss":
        """Return the loss of both, in one cohort."""
        return PrivacyLoss(self.rho + other.rho, self.epsilon + other.epsilon)

    def __le__(self, other: "PrivacyLoss") -> bool:
        """Say whether neither part exceeds the other's."""
        return self.rho <= other.rho and self.epsilon <= other.epsilon

    def to_json(self) -> dict[str, str]:
        """Return both parts as exact ``"p/q"`` strings."""
        return {"rho": fraction_text(self.rho), "epsilon": fraction_text(self.epsilon)}

    @classmethod
    def from_json(cls, value: dict[str, str]) -> Self:
        """Read what ``to_json`` wrote."""
        return cls(Fraction(value["rho"]), Fraction(value["epsilon"]))


@dataclass(frozen=True, slots=True)
class GaussianQuery:
    """One table of integers released with discrete Gaussian noise of parameter ``sigma2``.

    ``squared_sensitivity`` is the largest squared Euclidean change of the whole table when one child is
    added or removed; ``n_cells`` is the number of noisy integers.
    """

    label: str
    cohorts: tuple[str, ...]
    sigma2: Fraction
    squared_sensitivity: Fraction
    n_cells: int

    def __post_init__(self) -> None:
        """Refuse floats, no noise and negative sensitivity."""
        _require_cohorts(self.cohorts)
        _require_fraction(self.sigma2, f"sigma2 of query {self.label}", positive=True)
        _require_drawable(self.sigma2, LARGEST_SIGMA2, self.label)
        _require_fraction(self.squared_sensitivity, f"The sensitivity of query {self.label}", positive=False)

    @property
    def variance(self) -> float:
        """The variance of one noisy integer, as the estimate takes it: a little smaller in truth when it is small."""
        return float(self.sigma2)

    @property
    def noise(self) -> Fraction:
        """The parameter of the noise."""
        return self.sigma2

    @property
    def rho(self) -> Fraction:
        """The zCDP loss, exactly."""
        return self.squared_sensitivity / (2 * self.sigma2)

    @property
    def loss(self) -> PrivacyLoss:
        """The loss of this query for its cohort."""
        return PrivacyLoss(self.rho)

    def to_json(self) -> QueryJson:
        """Return the query as the ledger and the package write it down."""
        return {
            "label": self.label,
            "cohorts": list(self.cohorts),
            "mechanism": "discrete_gaussian",
            "sigma2": fraction_text(self.sigma2),
            "squared_sensitivity": fraction_text(self.squared_sensitivity),
            "n_cells": self.n_cells,
        }


@dataclass(frozen=True, slots=True)
class LaplaceQuery:
    """One table of integers released with discrete Laplace noise of parameter ``scale``.

    ``sensitivity`` is the largest change of the whole table, cell by cell added up without sign, when
    one child is added or removed. ``diffprivlib``'s geometric noise is recorded the same way.
    """

    label: str
    cohorts: tuple[str, ...]
    scale: Fraction
    sensitivity: Fraction
    n_cells: int

    def __post_init__(self) -> None:
        """Refuse floats, no noise and negative sensitivity."""
        _require_cohorts(self.cohorts)
        _require_fraction(self.scale, f"The scale of query {self.label}", positive=True)
        _require_drawable(self.scale, LARGEST_SCALE, self.label)
        _require_fraction(self.sensitivity, f"The sensitivity of query {self.label}", positive=False)

    @property
    def variance(self) -> float:
        """The variance of one noisy integer."""
        alpha = exp(-1 / float(self.scale))
        return 2 * alpha / (1 - alpha) ** 2

    @property
    def noise(self) -> Fraction:
        """The parameter of the noise."""
        return self.scale

    @property
    def epsilon(self) -> Fraction:
        """The pure loss, exactly."""
        return self.sensitivity / self.scale

    @property
    def loss(self) -> PrivacyLoss:
        """The loss of this query for its cohort."""
        return PrivacyLoss.pure(self.epsilon)

    def to_json(self) -> QueryJson:
        """Return the query as the ledger and the package write it down."""
        return {
            "label": self.label,
            "cohorts": list(self.cohorts),
            "mechanism": "discrete_laplace",
            "scale": fraction_text(self.scale),
            "sensitivity": fraction_text(self.sensitivity),
            "n_cells": self.n_cells,
        }


Query = GaussianQuery | LaplaceQuery


def losses_by_cohort(queries: Iterable[Query]) -> tuple[tuple[str, PrivacyLoss], ...]:
    """Add up the losses of each cohort, in the order of the cohorts' names.

    Queries of one cohort add up. Cohorts share no child, so each pays only for itself.

    Raises:
        RuleError: ``NDL-R046`` when two queries of one cohort have one label: the label names the
            noise, so they would draw the same noise and their difference would be exact.
    """
    losses: dict[str, PrivacyLoss] = {}
    seen: set[tuple[str, str]] = set()
    for query in queries:
        for cohort in query.cohorts:
            if (cohort, query.label) in seen:
                raise RuleError(
                    "NDL-R046",
                    f"Two queries of cohort {cohort} are both called {query.label} and would share their "
                    "noise. Give every query its own label.",
                )
            seen.add((cohort, query.label))
            losses[cohort] = losses.get(cohort, PrivacyLoss.zero()) + query.loss
    return tuple(sorted(losses.items()))


def total_loss(queries: Iterable[Query]) -> PrivacyLoss:
    """Return what queries cost a child: the loss of the dearest cohort; nothing measured costs nothing.

    Raises:
        RuleError: ``NDL-R046`` when labels repeat.
    """
    losses = [loss for _, loss in losses_by_cohort(queries)]
    return PrivacyLoss(
        max((x.rho for x in losses), default=Fraction(0)), max((x.epsilon for x in losses), default=Fraction(0))
    )


def fraction_text(value: Fraction) -> str:
    """Return ``"p/q"``, with the denominator also when it is 1.

    Example:
        >>> fraction_text(Fraction(400))
        '400/1'
    """
    return f"{value.numerator}/{value.denominator}"


def _require_drawable(noise: Fraction, largest: int, label: str) -> None:
    """Refuse noise that the samplers cannot draw, before anything is charged for it."""
    if noise > largest:
        message = f"Query {label} would need noise beyond what can be drawn exactly. Allow a larger loss, or give what"
        raise RuleError("NDL-R045", f"{message} is summed narrower bounds (minimum and maximum of its measure).")


def _require_cohorts(cohorts: object) -> None:
    if not isinstance(cohorts, tuple) or not cohorts:
        raise TypeError("a query names the cohorts it is about, as a tuple")


def _require_fraction(value: object, what: str, *, positive: bool) -> None:
    if not isinstance(value, Fraction):
        raise TypeError(f"{what} must be a Fraction, never a float")
    if value < 0 or (positive and value == 0):
        raise RuleError("NDL-R045", f"{what} must be {'above' if positive else 'at least'} 0.")
