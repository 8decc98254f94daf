"""The forecast level by level: precision and what is withheld, under half, the same and double the privacy loss."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal, localcontext

from ndl_publish.forecast import ForecastRow, forecast
from ndl_publish.pipeline import Prepared
from ndl_publish.replanned import replanned
from ndl_publish.spec.rules import DpRules, loss_of

FACTORS = (Decimal("0.5"), Decimal(1), Decimal(2))
MOST = 0.5
"""Advice is given where more than this share of a level's rates or counts would be withheld."""
POOLED_YEARS = 3
DIGITS = 60
"""More than any number of a rule book has, so that half and double of it are exact."""


@dataclass(frozen=True, slots=True)
class LevelForecast:
    """What to expect of one area level, over all its tables.

    Attributes:
        level: Area level.
        n_areas: Its areas.
        count_margin: Half-width of the 95% interval of all children of an area.
        cell_children: Children in a typical cell: half of the level's cells are expected to be smaller.
        cell_crossing: Breakdowns that this cell is of.
        rate_margin: Half-width of a rate of one half in that cell, percentage points; none where unbounded.
        counts_withheld: Expected share of counts of children withheld, over all cells.
        rates_withheld: Expected share of rates withheld; none without rates.
    """

    level: str
    n_areas: int
    count_margin: float
    cell_children: float
    cell_crossing: tuple[str, ...]
    rate_margin: float | None
    counts_withheld: float
    rates_withheld: float | None


@dataclass(frozen=True, slots=True)
class Budget:
    """What one privacy loss buys; ``loss`` is rho, or epsilon of pure rules."""

    loss: Decimal
    levels: tuple[LevelForecast, ...]


@dataclass(frozen=True, slots=True)
class Advice:
    """A level of which most would be withheld, and what would help.

    Attributes:
        level: Area level.
        counts: Expected share of counts withheld.
        rates: Expected share of rates withheld; none without rates.
        pooled: The worse of the two with three years pooled.
        doubled: The worse of the two at double the loss.
    """

    level: str
    counts: float
    rates: float | None
    pooled: float
    doubled: float


def level_forecasts(rows: Iterable[ForecastRow]) -> tuple[LevelForecast, ...]:
    """Return what to expect level by level, coarsest first; nothing in classic mode."""
    by_level: dict[str, list[ForecastRow]] = {}
    for row in rows:
        if row.count_margin is not None:
            by_level.setdefault(row.level, []).append(row)
    found = [_level(of_level) for of_level in by_level.values()]
    return tuple(sorted(found, key=lambda level: level.n_areas))


def budgets(prepared: Prepared, rules: DpRules, rows: Iterable[ForecastRow]) -> tuple[Budget, ...]:
    """Return what half, the same and double the loss buy; ``rows`` are the forecast under the loss of the rules."""
    found = []
    for factor in FACTORS:
        with localcontext(prec=DIGITS):
            loss = loss_of(rules.noise).value * factor
        under = rows if factor == 1 else forecast(replanned(prepared, rules, loss=loss))
        found.append(Budget(loss, level_forecasts(under)))
    return tuple(found)


def advice(prepared: Prepared, planned: Sequence[Budget]) -> tuple[Advice, ...]:
    """Return the levels of which most would be withheld, with what pooled years or a larger loss would change.

    Args:
        prepared: The release.
        planned: What half, the same and double the loss buy.
    """
    _, here, double = planned
    poor = [level for level in here.levels if _worse(level) > MOST]
    if not poor:
        return ()
    pooled = {level.level: _worse(level) for level in level_forecasts(forecast(prepared, years=POOLED_YEARS))}
    doubled = {level.level: _worse(level) for level in double.levels}
    return tuple(Advice(x.level, x.counts_withheld, x.rates_withheld, pooled[x.level], doubled[x.level]) for x in poor)


def _worse(level: LevelForecast) -> float:
    return max(level.counts_withheld, level.rates_withheld or 0.0)


def _level(rows: Sequence[ForecastRow]) -> LevelForecast:
    """Return one level from its rows; a crossing that stands in several tables counts once."""
    crossings = {row.crossing: row for row in rows}
    with_rates = {row.crossing: row for row in rows if row.rates_withheld is not None}
    typical = _typical(list((with_rates or crossings).values()))
    return LevelForecast(
        typical.level,
        typical.n_areas,
        crossings[()].count_margin or 0.0,
        typical.average_children,
        typical.crossing,
        typical.rate_margin,
        _share([(row.n_cells, row.counts_withheld or 0.0) for row in crossings.values()]),
        _share([(row.n_cells, row.rates_withheld or 0.0) for row in with_rates.values()]) if with_rates else None,
    )


def _typical(rows: Sequence[ForecastRow]) -> ForecastRow:
    """Return the row that holds the middle cell, the cells being put in order of their size."""
    ordered = sorted(rows, key=lambda row: (row.average_children, row.crossing))
    below = 0
    for row in ordered:
        below += row.n_cells
        if 2 * below >= sum(each.n_cells for each in ordered):
            return row
    return ordered[-1]


def _share(parts: Sequence[tuple[int, float]]) -> float:
    return sum(n * share for n, share in parts) / sum(n for n, _ in parts)
