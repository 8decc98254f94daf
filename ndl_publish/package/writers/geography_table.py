"""``geography.csv``: the areas that occur in the tables, and the coarser areas each lies in."""

from collections.abc import Iterator

import polars as pl

from ndl_publish import columns
from ndl_publish.audit.model import AuditedCube
from ndl_publish.geography.levels import level_label
from ndl_publish.geography.lookup import Geography
from ndl_publish.package.context import PackageContext
from ndl_publish.package.csv_text import csv_bytes
from ndl_publish.package.free_text import refuse_formulas
from ndl_publish.package.layout import GEOGRAPHY
from ndl_publish.package.model import NewFile
from ndl_publish.package.schemas import BOUNDARY_YEAR


def write_geography_table(_audited: AuditedCube, context: PackageContext) -> Iterator[NewFile]:
    """Give the look-up of areas."""
    frame = geography_frame(context)
    refuse_formulas(frame, where=GEOGRAPHY)
    yield NewFile(GEOGRAPHY, csv_bytes(frame), frame.height)


def geography_frame(context: PackageContext) -> pl.DataFrame:
    """Return one row per area that occurs, coarsest level first, then by code.

    A coarser area is named only where the whole area lies in it; a ward cut by a boundary gets an empty cell.
    """
    geography = context.geography
    used = _areas_used(context)
    parts = []
    for level in reversed(geography.levels):
        here = used.filter(pl.col(columns.GEOGRAPHIC_LEVEL) == level_label(level))
        if here.is_empty():
            continue
        inside = here.join(areas_above(geography, level), left_on=columns.AREA_CODE, right_on=level, how="left")
        parts.append(inside.sort(columns.AREA_CODE))
    above = [f"{level}_code" for level in geography.levels[1:]]
    leading = [columns.AREA_CODE, columns.AREA_NAME, columns.GEOGRAPHIC_LEVEL, BOUNDARY_YEAR]
    frame = pl.concat(parts, how="diagonal").with_columns(pl.lit(geography.vintage).alias(BOUNDARY_YEAR))
    absent = [pl.lit(None, pl.String).alias(name) for name in above if name not in frame.columns]
    return frame.with_columns(absent).select(*leading, *above)


def areas_above(geography: Geography, level: str) -> pl.DataFrame:
    """Return each area of a level with the one area of every coarser level that holds all of it.

    Returns:
        Columns ``level`` and ``<coarser level>_code``; null where the area lies in none or in several.
    """
    at = geography.levels.index(level)
    coarser = geography.levels[at + 1 :]
    single = [
        pl.when(pl.col(name).n_unique() == 1).then(pl.col(name).first().replace("", None)).alias(f"{name}_code")
        for name in coarser
    ]
    return geography.nesting.group_by(level).agg(single)


def _areas_used(context: PackageContext) -> pl.DataFrame:
    names = [columns.GEOGRAPHIC_LEVEL, columns.AREA_CODE, columns.AREA_NAME]
    return pl.concat([table.frame.select(names).unique() for table in context.tables]).unique()
