"""The caps of one cohort, as a rule book sets them."""

from dataclasses import dataclass
from fractions import Fraction
from typing import Self

from ndl_publish.errors import BudgetError
from ndl_publish.spec.rules import DpRules


@dataclass(frozen=True, slots=True)
class Caps:
    """How much rho a cohort may lose: in all, and within one calendar year.

    Attributes:
        lifetime: What all releases about the cohort may cost together, at least 0.
        yearly: What may be charged within one calendar year (UTC), at most ``lifetime``; none when the rules set none.
    """

    lifetime: Fraction
    yearly: Fraction | None = None

    def __post_init__(self) -> None:
        """Refuse caps that make no sense.

        Raises:
            BudgetError: ``NDL-B022`` when a cap is negative or the yearly one larger than the other.
        """
        if self.lifetime < 0 or not (self.yearly is None or 0 <= self.yearly <= self.lifetime):
            raise BudgetError(
                "NDL-B022",
                "A cap must be at least 0, and a yearly cap at most the lifetime cap. Correct the rule book.",
            )

    @classmethod
    def of(cls, rules: DpRules) -> Self:
        """Return what a rule book sets for every cohort."""
        yearly = rules.yearly_cap
        return cls(rules.lifetime_cap.fraction, None if yearly is None else yearly.fraction)
