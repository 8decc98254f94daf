"""Figures that a rule book picks out: those that are never withheld, and those that are rather shown."""

from collections.abc import Iterator
from decimal import Decimal

from pydantic import Field, model_validator

from ndl_publish.spec.base import Name, Number, Spec, refuse_number

MOST_TIMES = Decimal(1000)


class Selection(Spec):
    """The figures of some measures at one area level and one crossing of breakdowns; no crossing means all children."""

    level: Name
    breakdowns: tuple[Name, ...] = ()
    measures: tuple[Name, ...] = Field(min_length=1)

    def figures(self) -> Iterator[tuple[str, frozenset[str], str]]:
        """Yield level, crossing and measure of everything selected."""
        for measure in self.measures:
            yield self.level, frozenset(self.breakdowns), measure


class Preferred(Selection):
    """Figures that are rather shown: withholding one counts ``factor`` times as much as withholding another."""

    factor: Number

    @model_validator(mode="after")
    def _number(self) -> "Preferred":
        refuse_number("factor", self.factor, units=frozenset({"times"}), least=0, most=MOST_TIMES, whole=False)
        if self.factor.value == 0:
            raise ValueError("factor: must be above 0")
        return self
