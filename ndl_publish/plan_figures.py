"""The figures of a plan as people read them, and its charts: the same on a terminal and on a page."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ndl_publish.forecast import ForecastRow
from ndl_publish.geography.levels import level_label
from ndl_publish.plan_levels import LevelForecast
from ndl_publish.terminal import Bar

WIDEST_RATE = 50.0
"""A rate of one half with this margin says nothing; longer bars would say no more."""
LEAST_SHOWN = 0.1
"""Margins of rates have one decimal; one that would be shown as nothing is not nothing."""
NONE = "-"
UNBOUNDED = "no bound"

TABLE_HEADER = ("table", "level", "crossing", "areas", "cells", "average cell")
PRECISION_HEADER = ("± count", "± rate", "counts withheld", "rates withheld")


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart of bars, one for each level; the words of a bar hold its value."""

    title: str
    bars: tuple[Bar, ...]


def charts(levels: Sequence[LevelForecast], *, people: str) -> tuple[Chart, ...]:
    """Return the charts of a plan: margins of counts and rates, and what is withheld.

    Args:
        levels: What to expect of each level.
        people: What those who are counted are called.
    """
    rated = [level for level in levels if level.rates_withheld is not None]
    most = max(level.count_margin for level in levels) or 1.0
    widest = min(max([_shown_margin(level) for level in rated], default=WIDEST_RATE), WIDEST_RATE)
    found = (
        _chart(f"Expected 95% margin of the number of {people} in an area", levels,
               lambda x: x.count_margin / most, lambda x: f"± {x.count_margin:,.1f}"),
        _chart("Expected 95% margin of a rate in a typical cell, percentage points", rated,
               lambda x: min(_shown_margin(x) / widest, 1.0),
               lambda x: f"{_rate(x.rate_margin)} ({x.cell_children:,.0f} {people})"),
        _chart(f"Expected share of counts of {people} withheld", levels,
               lambda x: x.counts_withheld, lambda x: percent(x.counts_withheld)),
        _chart("Expected share of rates withheld", rated,
               lambda x: x.rates_withheld or 0.0, lambda x: percent(x.rates_withheld)),
    )  # fmt: skip
    return tuple(chart for chart in found if chart.bars)


def table_figures(row: ForecastRow) -> tuple[str, ...]:
    """Return the cells of a table's row: what is published."""
    crossing = " x ".join(row.crossing) or NONE
    sizes = (f"{row.n_areas:,}", f"{row.n_cells:,}", f"{row.average_children:,.0f}")
    return row.table, level_label(row.level), crossing, *sizes


def precision_figures(row: ForecastRow) -> tuple[str, ...]:
    """Return the cells of a table's row that only mode ``dp`` has: how precise it will be."""
    count = NONE if row.count_margin is None else f"{row.count_margin:,.1f}"
    rate = UNBOUNDED if row.rate_margin is None else f"{row.rate_margin:,.1f} pp"
    shown = NONE if row.rates_withheld is None else rate
    return count, shown, percent(row.counts_withheld), percent(row.rates_withheld)


def level_figures(level: LevelForecast) -> tuple[str, ...]:
    """Return the margins of a level and what is withheld of it."""
    rate = NONE if level.rates_withheld is None else _rate(level.rate_margin)
    return f"± {level.count_margin:,.1f}", rate, percent(level.counts_withheld), percent(level.rates_withheld)


def percent(share: float | None) -> str:
    """Return a share in percent; nothing is no percentage.

    Example:
        >>> percent(0.125), percent(None)
        ('12%', '-')
    """
    return NONE if share is None else f"{share:.0%}"


def _chart(
    title: str,
    levels: Sequence[LevelForecast],
    length: Callable[[LevelForecast], float],
    text: Callable[[LevelForecast], str],
) -> Chart:
    return Chart(title, tuple(Bar(level_label(level.level), length(level), text(level)) for level in levels))


def _shown_margin(level: LevelForecast) -> float:
    return WIDEST_RATE if level.rate_margin is None else level.rate_margin


def _rate(margin: float | None) -> str:
    if margin is None:
        return UNBOUNDED
    return f"± {margin:,.1f}" if margin >= LEAST_SHOWN / 2 else f"< {LEAST_SHOWN}"
