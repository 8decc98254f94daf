"""A dataset as ``metadata/<dataset>.yaml`` describes it: sources, derived columns, breakdowns, measures, words."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from ndl_publish.columns import LEADING, TRAILING
from ndl_publish.spec.base import Name, Reference, Spec, Text
from ndl_publish.spec.columns import AreaColumn, CategoryColumn, Contributor, IntegerColumn, Links, Source, SumColumn
from ndl_publish.spec.derived import (
    AreaCharacteristic,
    Cases,
    CountEqual,
    Derived,
    HasRecord,
    MonthOfYear,
    WithMissing,
    categories_of,
    columns_used,
    values_compared,
)

LARGEST_BOUND = 10**9
"""Sums of so large numbers over all children of the country are still exact in 64 bits."""


class Publisher(Spec):
    """Who publishes, and whom to write to."""

    name: Text
    email: Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$")]
    href: Annotated[str, Field(pattern=r"^https?://\S+$")]


class PrivacyUnit(Spec):
    """Whom one row stands for and whom the protection is about."""

    singular: Text
    plural: Literal["children", "persons"]


class BirthCohort(Spec):
    """The ledger's cohort is the academic year of birth, so many years before the academic year of the release.

    ``birth_month`` names the column of the spine that says when a child was born: children of other cohorts than those
    the release charges are then left out, so that nobody's loss is booked to the wrong cohort.
    """

    kind: Literal["academic_birth_year"]
    years_before: int
    birth_month: Name | None = None


class FixedCohort(Spec):
    """The ledger's cohort is one named group of people: a census, a sample."""

    kind: Literal["fixed"]
    label: Name


class Place(Spec):
    """Which column says where a child is counted, and what the basis is called."""

    column: Name
    basis: Text


class Population(Spec):
    """Who is counted: rows for which ``column`` is true."""

    column: Name | None = None
    title: Text


class Breakdown(Spec):
    """A characteristic by which tables may be split; ``within`` names a coarser breakdown it nests in."""

    title: Text
    column: Name
    description: Text
    within: Name | None = None


class CountMeasure(Spec):
    """The number of children counted; every data set has exactly one."""

    kind: Literal["count"]
    title: Text
    description: Text
    count_name: Name


class ShareMeasure(Spec):
    """Children for whom a derived column is true, as a count and as a percentage of another measure."""

    kind: Literal["share"]
    title: Text
    description: Text
    column: Name
    of: Name
    count_name: Name
    percent_name: Name


class MeanMeasure(Spec):
    """The mean of a whole number over the children counted; the number is held between two public bounds."""

    kind: Literal["mean"]
    title: Text
    description: Text
    column: Name
    mean_name: Name
    minimum: int
    maximum: int
    decimals: Annotated[int, Field(ge=0, le=4)] = 1

    @model_validator(mode="after")
    def _bounds(self) -> "MeanMeasure":
        if not 0 < max(abs(self.minimum), abs(self.maximum)) <= LARGEST_BOUND:
            raise ValueError(f"minimum and maximum must not both be 0, and neither beyond {LARGEST_BOUND:,}")
        return self


Measure = Annotated[CountMeasure | ShareMeasure | MeanMeasure, Field(discriminator="kind")]


class Outcome(Spec):
    """Shares of the same children that contain one another, widest first: communication, GLD, all goals."""

    title: Text
    measures: tuple[Name, ...] = Field(min_length=1)


class Quality(Spec):
    """What a reader must know about the data beyond the protection, in the publisher's words."""

    coverage: Text
    strengths: Text
    limits: Text
    comparability: Text


class Dataset(Spec):
    """Everything a dataset's YAML says."""

    dataset_id: Name
    title: Text
    description: Text
    publisher: Publisher
    licence: Literal["OGL-UK-3.0"]
    keywords: tuple[Text, ...] = Field(min_length=1)
    status_label: Text
    references: tuple[Reference, ...] = ()
    privacy_unit: PrivacyUnit
    cohort: Annotated[BirthCohort | FixedCohort, Field(discriminator="kind")]
    place: Place
    sources: dict[Name, Source] = Field(min_length=1)
    links: Links | None = None
    contributors: dict[Name, Contributor] = Field(default_factory=dict)
    derived: dict[Name, Derived] = Field(default_factory=dict)
    population: Population
    breakdowns: dict[Name, Breakdown]
    measures: dict[Name, Measure] = Field(min_length=1)
    outcomes: dict[Name, Outcome] = Field(default_factory=dict)
    quality: Quality

    @property
    def spine(self) -> str:
        """Name of the source with one row per child counted."""
        return next(name for name, source in self.sources.items() if source.role == "spine")

    @property
    def place_level(self) -> str:
        """Geographic level at which children are placed."""
        column = next(s.columns[self.place.column] for s in self.sources.values() if self.place.column in s.columns)
        if not isinstance(column, AreaColumn):
            raise TypeError("place is checked to be an area column")
        return column.level

    @property
    def count_measure(self) -> str:
        """Name of the measure that counts children."""
        return next(name for name, measure in self.measures.items() if measure.kind == "count")

    @property
    def count_name(self) -> str:
        """Name of the figure that counts children."""
        return next(measure.count_name for measure in self.measures.values() if isinstance(measure, CountMeasure))

    def column_of(self, measure: str) -> str:
        """Return the derived column a share or a mean is made from.

        Raises:
            KeyError: For the measure that only counts children.
        """
        found = self.measures[measure]
        if isinstance(found, CountMeasure):
            raise KeyError(measure)
        return found.column

    def outcome_of(self, measure: str) -> str:
        """Return the outcome a share measure belongs to.

        Raises:
            KeyError: When the measure belongs to none.
        """
        for name, outcome in self.outcomes.items():
            if measure in outcome.measures:
                return name
        raise KeyError(measure)

    def categories(self, column: str) -> tuple[str, ...] | None:
        """Return the closed list of categories of a column; ``None`` for a column that has none."""
        rule = self.derived.get(column)
        if isinstance(rule, WithMissing):
            return tuple(dict.fromkeys([*(self.categories(rule.column) or ()), rule.missing]))
        if rule is not None:
            return categories_of(rule)
        for source in self.sources.values():
            declared = source.columns.get(column)
            if isinstance(declared, CategoryColumn):
                return tuple(dict.fromkeys(declared.codes.values()))
        return None

    def is_area_characteristic(self, breakdown: str) -> bool:
        """Say whether the finest area determines this breakdown (a deprivation decile does)."""
        return isinstance(self.derived.get(self.breakdowns[breakdown].column), AreaCharacteristic)

    def parent_labels(self, breakdown: str) -> tuple[str, ...]:
        """Return, for each category of a breakdown, the category of the coarser breakdown it lies within.

        Raises:
            ValueError: When the coarser breakdown is not made from this one by a ``cases`` rule.
        """
        child, parent = self.breakdowns[breakdown], self.breakdowns[self.breakdowns[breakdown].within or ""]
        rule = self.derived.get(parent.column)
        if not isinstance(rule, Cases) or any(set(case.when) != {child.column} for case in rule.cases):
            raise ValueError(
                f"breakdowns.{breakdown}.within: {parent.column} must be made from {child.column} by cases"
            )
        return tuple(
            next((case.label for case in rule.cases if label in case.when[child.column]), rule.otherwise)
            for label in self.categories(child.column) or ()
        )

    def column_names(self) -> set[str]:
        """Return every canonical column a rule may read."""
        names = set(self.derived)
        for source in self.sources.values():
            names |= set(source.columns) | set(source.sums)
        return names

    @model_validator(mode="after")
    def _hangs_together(self) -> "Dataset":
        problems = [
            *self._source_problems(),
            *self._name_problems(),
            *self._cohort_problems(),
            *self._value_problems(),
            *self._measure_problems(),
            *self._figure_problems(),
        ]
        if problems:
            raise ValueError("; ".join(problems))
        return self

    def _source_problems(self) -> list[str]:
        problems = []
        spines = [name for name, source in self.sources.items() if source.role == "spine"]
        if len(spines) != 1:
            problems.append("exactly one source must have role: spine")
        if len(self.sources) > 1 and self.links is None:
            problems.append("links is needed when there is more than one source")
        seen: dict[str, str] = {}
        for name, source in self.sources.items():
            for column in [*source.columns, *source.sums]:
                if column in seen:
                    problems.append(f"column {column} is declared in {seen[column]} and again in {name}")
                seen[column] = name
        for name, contributor in self.contributors.items():
            if contributor.source not in self.sources:
                problems.append(f"contributors.{name}.source names {contributor.source}, which is not a source")
        return problems

    def _name_problems(self) -> list[str]:
        known = {column for s in self.sources.values() for column in [*s.columns, *s.sums]}
        problems = []
        for name, rule in self.derived.items():
            unknown = sorted(set(columns_used(rule)) - known)
            if unknown:
                problems.append(f"derived.{name} reads {', '.join(unknown)}, which is not declared before it")
            if name in known:
                problems.append(f"derived.{name} has the name of a source column")
            known.add(name)
        for name, breakdown in self.breakdowns.items():
            if breakdown.column not in known or self.categories(breakdown.column) is None:
                problems.append(f"breakdowns.{name}.column must be a column with a closed list of categories")
            elif len(self.categories(breakdown.column) or ()) < 2:  # noqa: PLR2004 - one category splits nothing
                problems.append(f"breakdowns.{name} has one category only")
            if breakdown.within is not None and breakdown.within not in self.breakdowns:
                problems.append(f"breakdowns.{name}.within names {breakdown.within}, which is not a breakdown")
            elif breakdown.within is not None:
                problems += self._nesting_problems(name)
        placed = [s.columns[self.place.column] for s in self.sources.values() if self.place.column in s.columns]
        if not any(isinstance(column, AreaColumn) for column in placed):
            problems.append(f"place.column names {self.place.column}, which is not an area column of a source")
        named = (self.place.column, self.population.column)
        unknown_named = [column for column in named if column is not None and column not in known]
        return problems + [f"place or population names {column}, which is not declared" for column in unknown_named]

    def _cohort_problems(self) -> list[str]:
        name = self.cohort.birth_month if isinstance(self.cohort, BirthCohort) else None
        months = {
            x for s in self.sources.values() if s.role == "spine" for x, c in s.columns.items() if c.type == "month"
        }
        return [] if name is None or name in months else [f"cohort.birth_month: {name} is no month column of the spine"]

    def _value_problems(self) -> list[str]:
        """Return rules that compare with what cannot occur: they would hold for nobody, without a word."""
        problems = []
        for name, rule in self.derived.items():
            if isinstance(rule, HasRecord) and rule.source not in self.sources:
                problems.append(f"derived.{name}.source names {rule.source}, which is not a source")
            for column, values in values_compared(rule).items():
                unknown = sorted(values - set(self.categories(column) or values))
                if unknown:
                    problems.append(f"derived.{name} compares {column} with {', '.join(unknown)}, which it never holds")
        return problems

    def _figure_problems(self) -> list[str]:
        problems = []
        keys = ("count_name", "percent_name", "mean_name")
        names = [getattr(m, key) for m in self.measures.values() for key in keys if hasattr(m, key)]
        twice = sorted({name for name in names if names.count(name) > 1})
        problems += [f"measures: two figures have the name {name}" for name in twice]
        taken = sorted(set(self.breakdowns) & {*LEADING, *TRAILING})
        problems += [f"breakdowns.{name} has the name of a column of every published file" for name in taken]
        for name, measure in self.measures.items():
            if isinstance(measure, MeanMeasure) and measure.minimum > measure.maximum:
                problems.append(f"measures.{name}: minimum is larger than maximum")
            if isinstance(measure, MeanMeasure) and not self._can_hold(measure):
                problems.append(f"measures.{name}: its bounds go beyond what {measure.column} can hold")
            if isinstance(measure, ShareMeasure) and self._is_share_of_itself(name):
                problems.append(f"measures.{name}.of leads back to itself")
            if isinstance(measure, ShareMeasure) and isinstance(self.measures.get(measure.of), MeanMeasure):
                problems.append(f"measures.{name}.of names {measure.of}, which is a mean")
        return problems

    def _can_hold(self, measure: MeanMeasure) -> bool:
        """Say whether a mean's bounds lie within what its column can hold; wider ones would hide an extreme mean."""
        rule = self.derived.get(measure.column)
        least, most = measure.minimum, measure.maximum
        if isinstance(rule, CountEqual):
            least, most = 0, len(rule.columns)
        elif isinstance(rule, MonthOfYear):
            least, most = 1, 12
        for source in self.sources.values():
            held = source.sums.get(measure.column) or source.columns.get(measure.column)
            if isinstance(held, IntegerColumn | SumColumn):
                least, most = held.minimum, held.maximum
        return least <= measure.minimum and measure.maximum <= most

    def _is_share_of_itself(self, name: str) -> bool:
        seen = {name}
        measure = self.measures[name]
        while isinstance(measure, ShareMeasure) and measure.of in self.measures:
            if measure.of in seen:
                return True
            seen.add(measure.of)
            measure = self.measures[measure.of]
        return False

    def _nesting_problems(self, breakdown: str) -> list[str]:
        try:
            self.parent_labels(breakdown)
        except ValueError as error:
            return [str(error)]
        return []

    def _measure_problems(self) -> list[str]:
        problems = []
        if sum(measure.kind == "count" for measure in self.measures.values()) != 1:
            problems.append("exactly one measure must have kind: count")
        chained = [measure for outcome in self.outcomes.values() for measure in outcome.measures]
        if len(chained) != len(set(chained)):
            problems.append("a measure stands in two outcomes")
        for name, measure in self.measures.items():
            if isinstance(measure, ShareMeasure) and name not in chained:
                problems.append(f"measures.{name} is a share and must stand in one outcome")
            if isinstance(measure, ShareMeasure) and measure.of not in self.measures:
                problems.append(f"measures.{name}.of names {measure.of}, which is not a measure")
            if not isinstance(measure, CountMeasure) and measure.column not in self.column_names():
                problems.append(f"measures.{name}.column names {measure.column}, which is not declared")
        no_share = [name for name in chained if not isinstance(self.measures.get(name), ShareMeasure)]
        return problems + [f"outcomes name {name}, which is not a share" for name in no_share]
