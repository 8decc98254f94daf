"""The public columns of figures that a data set's measures give: counts, percentages and means, with their words."""

from dataclasses import dataclass
from typing import Final, Literal

from ndl_publish.spec.dataset import CountMeasure, MeanMeasure, Measure, ShareMeasure
from ndl_publish.spec.load import ReleaseSpec
from ndl_publish.spec.rules import ClassicRules

PERCENT_DECIMALS: Final = 1
"""Decimals of a percentage where the rule book does not say: precision of display, not a rule of protection."""

Kind = Literal["count", "percent", "mean"]


@dataclass(frozen=True, slots=True)
class PublicMeasure:
    """One value that the column ``measure`` can take.

    Attributes:
        name: As in the column, for example ``gld_children_percent``.
        title: In words.
        description: What is counted or divided.
        kind: Count, percentage or mean.
        decimals: Decimals of value, lower and upper.
    """

    name: str
    title: str
    description: str
    kind: Kind
    decimals: int

    @property
    def type(self) -> Literal["integer", "number"]:
        """Type of the figures in the words of Table Schema."""
        return "integer" if self.decimals == 0 else "number"


def public_measures(spec: ReleaseSpec) -> dict[str, PublicMeasure]:
    """Return name -> public measure for everything the metadata define, in the order of the metadata."""
    percent_decimals = PERCENT_DECIMALS
    if isinstance(spec.rules, ClassicRules):
        percent_decimals = int(spec.rules.percent_decimals.value)
    found = [
        public
        for measure in spec.dataset.measures.values()
        for public in _of(measure, spec, percent_decimals=percent_decimals)
    ]
    return {public.name: public for public in found}


def _of(measure: Measure, spec: ReleaseSpec, *, percent_decimals: int) -> tuple[PublicMeasure, ...]:
    people = spec.dataset.privacy_unit.plural
    if isinstance(measure, CountMeasure):
        return (PublicMeasure(measure.count_name, f"Number of {people}", measure.description, "count", 0),)
    if isinstance(measure, MeanMeasure):
        return (PublicMeasure(measure.mean_name, measure.title, measure.description, "mean", measure.decimals),)
    return _share(measure, spec, percent_decimals=percent_decimals)


def _share(measure: ShareMeasure, spec: ReleaseSpec, *, percent_decimals: int) -> tuple[PublicMeasure, ...]:
    people = spec.dataset.privacy_unit.plural
    base = spec.dataset.measures[measure.of]
    whole = f"all {people} counted" if isinstance(base, CountMeasure) else f"{people}: {base.title}"
    share_of = f"{measure.description} As a percentage of {whole}."
    return (
        PublicMeasure(measure.count_name, f"{measure.title}: number of {people}", measure.description, "count", 0),
        PublicMeasure(
            measure.percent_name, f"{measure.title}: percentage of {people}", share_of, "percent", percent_decimals
        ),
    )
