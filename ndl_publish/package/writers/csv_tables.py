"""``data/<table>.csv``: tidy, one row per area, breakdown and measure; numbers with the decimals of their measure."""

from collections.abc import Iterator

import polars as pl

from ndl_publish.audit.model import AuditedCube
from ndl_publish.package.context import PackageContext
from ndl_publish.package.csv_text import csv_bytes
from ndl_publish.package.layout import csv_path
from ndl_publish.package.model import NewFile
from ndl_publish.package.rows import NUMBERS, PublicRows, decimals_of_row


def write_csv_tables(_audited: AuditedCube, context: PackageContext) -> Iterator[NewFile]:
    """Give the CSV of every table, one after the other."""
    for table in context.tables:
        yield NewFile(csv_path(table.name), csv_bytes(with_number_text(table)), table.frame.height)


def with_number_text(table: PublicRows) -> pl.DataFrame:
    """Return the rows with ``value``, ``lower`` and ``upper`` as text with fixed decimals, null where withheld."""
    decimals = sorted({measure.decimals for measure in table.measures})
    row_decimals = decimals_of_row(table.measures)
    choices = table.frame.lazy().with_columns(row_decimals.alias("_decimals"))
    present = [name for name in NUMBERS if name in table.frame.columns]
    numbers = [pl.coalesce(_where_decimals(name, places) for places in decimals).alias(name) for name in present]
    return choices.with_columns(numbers).drop("_decimals").collect()


def _where_decimals(name: str, places: int) -> pl.Expr:
    text = fixed_decimals(pl.col(name), places=places)
    return pl.when(pl.col("_decimals") == places).then(text).otherwise(None)


def fixed_decimals(number: pl.Expr, *, places: int) -> pl.Expr:
    """Return numbers as text with so many decimals, made from whole numbers so that no float format can creep in.

    Example:
        >>> frame = pl.DataFrame({"value": [12.5, 0.05, -0.5, 7.0, None]})
        >>> frame.select(fixed_decimals(pl.col("value"), places=1)).to_series().to_list()
        ['12.5', '0.1', '-0.5', '7.0', None]
    """
    scale: int = 10**places
    scaled = (number * scale).round(mode="half_away_from_zero").cast(pl.Int64)
    if places == 0:
        return scaled.cast(pl.String)
    size = scaled.abs()
    sign = pl.when(scaled < 0).then(pl.lit("-")).otherwise(pl.lit(""))
    fraction = (size % scale).cast(pl.String).str.zfill(places)
    return pl.concat_str(sign, (size // scale).cast(pl.String), pl.lit("."), fraction)
