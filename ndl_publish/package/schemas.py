"""The columns of every CSV in words, types and closed lists: what the descriptor and the data dictionary say."""

from typing import Final

from ndl_publish import columns
from ndl_publish.package.context import PackageContext
from ndl_publish.package.descriptor_model import Category, Field, ForeignKey, TableSchema
from ndl_publish.package.layout import GEOGRAPHY_RESOURCE, STATUS_CODES_RESOURCE
from ndl_publish.package.rows import PublicRows
from ndl_publish.package.status_words import STATUS_MEANINGS
from ndl_publish.spec.rules import ClassicRules

BOUNDARY_YEAR: Final = "boundary_year"
_WITHHELD: Final = "no figure; the column status says why"


def table_schema(table: PublicRows, context: PackageContext) -> TableSchema:
    """Return the schema of a table's CSV."""
    fields = (*_leading(table, context), *_breakdowns(table, context), *_trailing(table, context))
    period = (columns.TIME_PERIOD,) if len(context.spec.release.time_periods) > 1 else ()
    key = (*period, columns.GEOGRAPHIC_LEVEL, columns.AREA_CODE, *table.breakdowns, columns.MEASURE)
    area = ForeignKey((columns.GEOGRAPHIC_LEVEL, columns.AREA_CODE), GEOGRAPHY_RESOURCE)
    return TableSchema(fields, key, (area, ForeignKey((columns.STATUS,), STATUS_CODES_RESOURCE)))


def geography_schema(context: PackageContext) -> TableSchema:
    """Return the schema of ``geography.csv``."""
    labels = tuple(dict.fromkeys(level for table in context.tables for level in table.levels))
    fields = (
        Field(columns.AREA_CODE, "Area code", "Code of the area in the register of geographic codes."),
        Field(columns.AREA_NAME, "Area name", "Name of the area in the boundary year."),
        _level_field(labels),
        Field(BOUNDARY_YEAR, "Boundary year", "Year of the boundaries the code belongs to.", type="year"),
        *(
            Field(
                f"{level}_code",
                f"{level.replace('_', ' ').capitalize()} code",
                f"Code of the {level.replace('_', ' ')} that the whole area lies in; empty where there is none.",
                required=False,
            )
            for level in context.geography.levels[1:]
        ),
    )
    return TableSchema(fields, (columns.GEOGRAPHIC_LEVEL, columns.AREA_CODE))


def status_schema() -> TableSchema:
    """Return the schema of ``status_codes.csv``."""
    fields = (
        Field(columns.STATUS, "Status", "Value of the column status."),
        Field("symbol", "Symbol", "Shorthand of the Analysis Function; empty for a plain figure.", required=False),
        Field("meaning", "Meaning", "What the status says about a figure."),
    )
    return TableSchema(fields, (columns.STATUS,))


def measurements_schema() -> TableSchema:
    """Return the schema of ``data/noisy_measurements.csv``."""
    fields = (
        Field("query", "Query", "Label of the query in privacy.json, or that the figures were public already."),
        Field("position", "Position", "Place of the number within its query, from 0.", type="integer"),
        Field(columns.AREA_CODE, "Area code", "Code of the area that was measured."),
        Field("categories", "Categories", "Categories that the difference is about; empty for all.", required=False),
        Field(columns.VALUE, "Value", "The noisy integer; may be negative.", type="integer"),
    )
    return TableSchema(fields, ("query", "position"))


def dictionary_schema() -> TableSchema:
    """Return the schema of ``data_dictionary.csv``."""
    fields = (
        Field("file", "File", "File the entry is about."),
        Field(
            "kind", "Kind", "What the entry describes.", categories=_plain("column", "measure", "category", "status")
        ),
        Field("name", "Name", "Name of the column, measure, category column or status."),
        Field("code", "Code", "The category or status as it stands in the file.", required=False),
        Field("title", "Title", "In words."),
        Field("description", "Description", "What it holds or means.", required=False),
        Field("unit", "Unit", "Unit of numbers.", required=False),
        Field("type", "Type", "Type of the column or figure.", required=False),
        Field("codes", "Codes", "Closed list of values, parted by a vertical bar.", required=False),
    )
    return TableSchema(fields, ("file", "kind", "name", "code"))


def _leading(table: PublicRows, context: PackageContext) -> tuple[Field, ...]:
    release = context.spec.release
    return (
        Field(
            columns.TIME_PERIOD,
            "Time period",
            _period_words(context),
            categories=_plain(*_periods_of(table, context)),
        ),
        Field(
            columns.TIME_IDENTIFIER,
            "Time identifier",
            "Kind of period.",
            categories=_plain(release.time_identifier),
        ),
        _level_field(table.levels),
        Field(columns.AREA_CODE, "Area code", f"Code of the area, boundaries of {context.geography.vintage}."),
        Field(columns.AREA_NAME, "Area name", "Name of the area."),
    )


def _period_words(context: PackageContext) -> str:
    release = context.spec.release
    words = "Period the figures are about; 202425 is the year 2024/25."
    several = f" {release.pooled_period} stands for all periods together; do not add it to single ones."
    return words + (several if len(release.time_periods) > 1 else "")


def _periods_of(table: PublicRows, context: PackageContext) -> tuple[str, ...]:
    present = set(table.frame[columns.TIME_PERIOD].unique())
    return tuple(period for period in context.spec.release.all_periods if period in present)


def _level_field(labels: tuple[str, ...]) -> Field:
    description = "Kind of area. Levels overlap: do not add up rows of different levels."
    return Field(columns.GEOGRAPHIC_LEVEL, "Geographic level", description, categories=_plain(*labels))


def _breakdowns(table: PublicRows, context: PackageContext) -> tuple[Field, ...]:
    dataset = context.spec.dataset
    fields = []
    for name in table.breakdowns:
        breakdown = dataset.breakdowns[name]
        description = f"{breakdown.description} {columns.TOTAL} stands for all together."
        labels = (columns.TOTAL, *(dataset.categories(breakdown.column) or ()))
        fields.append(Field(name, breakdown.title, description, categories=_plain(*labels)))
    return tuple(fields)


def _trailing(table: PublicRows, context: PackageContext) -> tuple[Field, ...]:
    measures = tuple(Category(measure.name, measure.title) for measure in table.measures)
    units = _plain(*dict.fromkeys(table.units[measure.name] for measure in table.measures))
    statuses = tuple(Category(status, meaning) for status, meaning in STATUS_MEANINGS.items())
    second = _number(
        columns.BEST_NONNEG, "Non-negative estimate",
        "A second estimate of a count, never negative: nearer to the truth on average, but biased; not for sums.",
        minimum=0,
    )  # fmt: skip
    has_second = columns.BEST_NONNEG in table.frame.columns
    return (
        Field(columns.MEASURE, "Measure", "What the figure measures.", categories=measures),
        Field(columns.UNIT, "Unit", "Unit of value, lower and upper.", categories=units),
        _number(columns.VALUE, "Value", "The figure.", minimum=_smallest(context)),
        _number(columns.LOWER, "Lower bound", "Lower end of the interval for the figure; empty where none is given."),
        _number(columns.UPPER, "Upper bound", "Upper end of the interval for the figure; empty where none is given."),
        *((second,) if has_second else ()),
        Field(columns.STATUS, "Status", "Whether the figure is shown and, if not, why.", categories=statuses),
    )


def _number(name: str, title: str, description: str, *, minimum: int | None = None) -> Field:
    return Field(
        name,
        title,
        description,
        type="number",
        required=False,
        empty_means=_WITHHELD,
        minimum=minimum,
        unit="see column unit",
    )


def _smallest(context: PackageContext) -> int | None:
    """Noisy counts can fall below zero where the rules withhold no small ones; all others cannot."""
    rules = context.spec.rules
    return 0 if isinstance(rules, ClassicRules) or rules.withhold.minimum_count.value > 0 else None


def _plain(*values: str) -> tuple[Category, ...]:
    return tuple(Category(value, value) for value in values)
