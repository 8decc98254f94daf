"""The rows every format shows: one frame per table, rounded once, so that CSV and Parquet cannot disagree.

Only the columns of the public layout are taken from ``PublicTable.figures``; anything else the frame may carry stays
behind. A figure has numbers exactly when its status is ``published``.
"""

from dataclasses import dataclass, field
from typing import Final

import polars as pl

from ndl_publish import columns
from ndl_publish.cube.protected import PublicTable
from ndl_publish.errors import Finding, RuleError
from ndl_publish.geography.levels import level_label
from ndl_publish.geography.lookup import Geography
from ndl_publish.package.free_text import refuse_formulas
from ndl_publish.package.layout import csv_path
from ndl_publish.package.measures import PublicMeasure, public_measures
from ndl_publish.spec.load import ReleaseSpec

NUMBERS: Final = (columns.VALUE, columns.LOWER, columns.UPPER, columns.BEST_NONNEG)

_ROUNDING: Final = 1e-9
"""Binary rounding that a bound may miss its value by."""


@dataclass(frozen=True, slots=True)
class PublicRows:
    """A published table as it is written.

    Attributes:
        name: Name of the table.
        title: Title in words.
        breakdowns: Names of the breakdown columns.
        levels: Labels of the geographic levels, in the order of the release file.
        measures: Public measures that occur, in the order of the metadata.
        units: Public measure -> unit.
        frame: One row per figure: text columns, and ``value``, ``lower``, ``upper`` as Float64 rounded to the
            decimals of their measure; null where withheld.
    """

    name: str
    title: str
    breakdowns: tuple[str, ...]
    levels: tuple[str, ...]
    measures: tuple[PublicMeasure, ...]
    units: dict[str, str]
    frame: pl.DataFrame = field(repr=False)

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of all columns in order."""
        return tuple(self.frame.columns)


def public_rows(table: PublicTable, *, spec: ReleaseSpec, geography: Geography) -> PublicRows:
    """Return the rows of a table as they will be written.

    Raises:
        RuleError: ``NDL-R052`` when figures, metadata and areas do not fit together; ``NDL-R051`` for a text that
            starts like a formula.
    """
    known = public_measures(spec)
    periods = [columns.TIME_PERIOD] if len(spec.release.time_periods) > 1 else []
    trailing = trailing_columns(table)
    numbers = [name for name in trailing if name in NUMBERS]
    wanted = [*periods, columns.GEOGRAPHIC_LEVEL, columns.AREA_CODE, *table.breakdowns, *trailing]
    texts = [name for name in wanted if name not in NUMBERS]
    _refuse_missing(table, wanted)
    figures = table.figures.select(pl.col(texts).cast(pl.String), pl.col(numbers).cast(pl.Float64))
    _refuse_figures(table, figures, known)
    named = _with_areas(figures, table, geography)
    order = [*columns.LEADING, *table.breakdowns, *trailing]
    present = set(figures[columns.MEASURE].unique())
    measures = tuple(measure for name, measure in known.items() if name in present)
    frame = named.with_columns(
        *(() if periods else (pl.lit(spec.release.time_periods[0]).alias(columns.TIME_PERIOD),)),
        pl.lit(spec.release.time_identifier).alias(columns.TIME_IDENTIFIER),
        *(_rounded(name, measures) for name in numbers),
    ).select(order)
    refuse_formulas(frame, where=csv_path(table.name))
    return PublicRows(
        table.name, table.title, table.breakdowns, _levels(figures, spec, table.name), measures, _units(figures), frame
    )


def trailing_columns(table: PublicTable) -> tuple[str, ...]:
    """Return the columns after the breakdowns: the second estimate before the status, where the table has one."""
    if columns.BEST_NONNEG not in table.figures.columns:
        return columns.TRAILING
    return (*columns.TRAILING[:-1], columns.BEST_NONNEG, columns.TRAILING[-1])


def decimals_of_row(measures: tuple[PublicMeasure, ...]) -> pl.Expr:
    """Return the number of decimals of each row's measure."""
    names = {measure.name: measure.decimals for measure in measures}
    return pl.col(columns.MEASURE).replace_strict(names, return_dtype=pl.Int64)


def _rounded(name: str, measures: tuple[PublicMeasure, ...]) -> pl.Expr:
    factor = pl.lit(10.0).pow(decimals_of_row(measures))
    # Adding zero turns a negative zero into zero.
    return ((pl.col(name) * factor).round(mode="half_away_from_zero") / factor + 0.0).alias(name)


def _levels(figures: pl.DataFrame, spec: ReleaseSpec, name: str) -> tuple[str, ...]:
    present = set(figures[columns.GEOGRAPHIC_LEVEL].unique())
    asked = next((table.levels for table in spec.release.tables if table.name == name), ())
    return tuple(level_label(level) for level in dict.fromkeys((*asked, *sorted(present))) if level in present)


def _units(figures: pl.DataFrame) -> dict[str, str]:
    pairs = figures.select(columns.MEASURE, columns.UNIT).unique().sort(columns.MEASURE)
    return dict(pairs.iter_rows())


def _with_areas(figures: pl.DataFrame, table: PublicTable, geography: Geography) -> pl.DataFrame:
    keys = [columns.GEOGRAPHIC_LEVEL, columns.AREA_CODE]
    areas = geography.areas.select(*keys, columns.AREA_NAME).unique(subset=keys, keep="first", maintain_order=True)
    named = figures.join(areas, on=keys, how="left", maintain_order="left")
    unknown = named.filter(pl.col(columns.AREA_NAME).is_null()).select(keys).n_unique()
    if unknown:
        message = f"{unknown} areas have no name in the look-up of boundary year {geography.vintage}; add them there."
        _stop([_finding(table, columns.AREA_CODE, message)])
    labels = {level: level_label(level) for level in figures[columns.GEOGRAPHIC_LEVEL].unique()}
    return named.with_columns(pl.col(columns.GEOGRAPHIC_LEVEL).replace_strict(labels, return_dtype=pl.String))


def _refuse_missing(table: PublicTable, wanted: list[str]) -> None:
    missing = [name for name in wanted if name not in table.figures.columns]
    if missing:
        _stop([_finding(table, ", ".join(missing), "the figures lack these columns.")])
    if table.figures.is_empty():
        _stop([_finding(table, columns.MEASURE, "the table has no figures.")])


def _refuse_figures(table: PublicTable, figures: pl.DataFrame, known: dict[str, PublicMeasure]) -> None:
    shown = pl.col(columns.STATUS) == columns.PUBLISHED
    numbers = [name for name in NUMBERS if name in figures.columns]
    has_number = pl.any_horizontal(pl.col(numbers).is_not_null())
    units = pl.struct(columns.MEASURE, columns.UNIT)
    tests = {
        (columns.STATUS, "rows have a status that is not on the list."): ~pl.col(columns.STATUS).is_in(
            list(columns.STATUS_SYMBOLS)
        ),
        (columns.MEASURE, "rows have a measure that the metadata do not define."): ~pl.col(columns.MEASURE).is_in(
            list(known)
        ),
        (columns.VALUE, "rows are withheld but carry a number."): ~shown & has_number,
        (columns.VALUE, "rows are published without a value."): shown & pl.col(columns.VALUE).is_null(),
        (columns.VALUE, "rows hold a number that is not finite."): pl.any_horizontal(
            pl.col(numbers).is_finite().not_()
        ),
        (columns.LOWER, "rows have bounds that do not hold the value."): (
            pl.col(columns.LOWER) > pl.col(columns.VALUE) + _ROUNDING
        )
        | (pl.col(columns.UPPER) < pl.col(columns.VALUE) - _ROUNDING),
    }
    counts = figures.select(test.fill_null(value=False).sum().alias(str(i)) for i, test in enumerate(tests.values()))
    found = zip(tests, counts.row(0), strict=True)
    findings = [_finding(table, column, f"{count} {text}") for (column, text), count in found if count]
    nulls = {
        name: figures[name].null_count()
        for name in (columns.AREA_CODE, *table.breakdowns, columns.MEASURE, columns.UNIT, columns.STATUS)
    }
    findings += [_finding(table, name, f"{count} rows are empty here.") for name, count in nulls.items() if count]
    if figures.select(units.n_unique()).item() != figures[columns.MEASURE].n_unique():
        findings.append(_finding(table, columns.UNIT, "a measure has two units."))
    _stop(findings)


def _finding(table: PublicTable, column: str, message: str) -> Finding:
    return Finding("NDL-R052", "error", f"{csv_path(table.name)}: {column}", message)


def _stop(findings: list[Finding]) -> None:
    if findings:
        message = "The figures cannot be packaged as they stand. See the findings; nothing was written."
        raise RuleError("NDL-R052", message, findings=tuple(findings))
