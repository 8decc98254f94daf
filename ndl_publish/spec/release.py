"""A release as ``release.yaml`` describes it: what is published, of which records, under which rules, when."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from ndl_publish.spec.base import Name, Slug, Spec, Text


class ReleaseGeography(Spec):
    """Boundary vintage and, for a release of a part of the country, the areas of one level that it covers."""

    vintage: Annotated[str, Field(pattern=r"^\d{4}$")]
    level: Name | None = None
    areas: tuple[Text, ...] = ()

    @model_validator(mode="after")
    def _both_or_none(self) -> "ReleaseGeography":
        if bool(self.areas) != (self.level is not None):
            raise ValueError("level and areas go together: name both, or neither for all areas")
        return self


class Table(Spec):
    """One published file: area levels x crossings of breakdowns x measures. Margins are always included.

    ``periods`` matters in a release of several time periods only: figures for each, for all pooled, or both.
    """

    name: Name
    title: Text
    levels: tuple[Name, ...] = Field(min_length=1)
    breakdowns: tuple[tuple[Name, ...], ...] = ((),)
    measures: tuple[Name, ...] = Field(min_length=1)
    periods: Literal["each", "pooled", "both"] = "each"

    @field_validator("breakdowns")
    @classmethod
    def _unique_crossings(cls, value: tuple[tuple[str, ...], ...]) -> tuple[tuple[str, ...], ...]:
        if len({frozenset(crossing) for crossing in value}) != len(value):
            raise ValueError("a crossing stands here twice")
        return value

    @field_validator("levels", "measures")
    @classmethod
    def _unique(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(value)) != len(value):
            raise ValueError("a name stands here twice")
        return value


class Release(Spec):
    """Everything a release file says."""

    release_id: Slug
    version: Annotated[str, Field(pattern=r"^\d+\.\d+\.\d+$")]
    title: Text
    description: Text
    metadata: Text
    rules: Text
    time_period: tuple[Annotated[str, Field(pattern=r"^\d{4}(\d{2})?$")], ...] = Field(min_length=1, max_length=12)
    time_identifier: Literal["Academic year", "Calendar year", "Financial year"]
    publish_at: datetime
    sources: dict[Name, tuple[Text, ...]] = Field(min_length=1)
    public_figures: Text | None = None
    geography: ReleaseGeography
    expected_count: Annotated[int, Field(gt=0)]
    tables: tuple[Table, ...] = Field(min_length=1)
    synthetic: bool = False
    changes: tuple[Text, ...] = ("First release.",)

    @property
    def time_periods(self) -> tuple[str, ...]:
        """The time periods, earliest first."""
        return tuple(sorted(self.time_period))

    @property
    def pooled_period(self) -> str:
        """What stands for all periods together: the first and the last of years that follow one another, else all."""
        years = [int(period[:4]) for period in self.time_periods]
        if years[-1] - years[0] == len(years) - 1:
            return f"{self.time_periods[0]}-{self.time_periods[-1]}"
        return "+".join(self.time_periods)

    @property
    def all_periods(self) -> tuple[str, ...]:
        """Everything that can stand in the column of time periods: each of them, and all together."""
        return self.time_periods if len(self.time_periods) == 1 else (*self.time_periods, self.pooled_period)

    @property
    def span(self) -> str:
        """The time that the release is about: its only period, or the first and the last."""
        return self.all_periods[-1]

    @field_validator("time_period", mode="before")
    @classmethod
    def _one_period_or_many(cls, value: object) -> object:
        return [value] if isinstance(value, str | int) else value

    @field_validator("time_period")
    @classmethod
    def _unique_periods(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(value)) != len(value) or len({len(period) for period in value}) > 1:
            raise ValueError("time periods stand once each, all as years (2024) or all as years with a turn (202425)")
        return value

    @field_validator("sources", mode="before")
    @classmethod
    def _one_or_many(cls, value: object) -> object:
        if isinstance(value, dict):
            return {key: [item] if isinstance(item, str) else item for key, item in value.items()}
        return value

    @field_validator("publish_at", mode="before")
    @classmethod
    def _written_out(cls, value: object) -> object:
        """Refuse bare numbers: they would be read as seconds since 1970, long past, and lift the embargo."""
        if isinstance(value, int | float | Decimal) or (isinstance(value, str) and "-" not in value[1:]):
            raise ValueError("write date, time and zone, for example 2026-11-26T09:30:00+00:00")
        return value

    @field_validator("publish_at")
    @classmethod
    def _with_zone(cls, value: datetime) -> datetime:
        if value.tzinfo is None:
            raise ValueError("a time zone is needed, for example 2026-11-26T09:30:00+00:00")
        return value

    @field_validator("tables")
    @classmethod
    def _unique_names(cls, value: tuple[Table, ...]) -> tuple[Table, ...]:
        names = [table.name for table in value]
        if len(set(names)) != len(names):
            raise ValueError("two tables have the same name")
        return value
