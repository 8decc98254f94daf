"""How many children of each area have a linked record in each source. Confidential until it is protected."""

import polars as pl

from ndl_publish.columns import AREA_CODE, CHILDREN, GEOGRAPHIC_LEVEL, PLACE
from ndl_publish.engines.protocol import Engine, Frame
from ndl_publish.geography.lookup import Geography
from ndl_publish.records.link import has_record

_SCHEMA = {
    GEOGRAPHIC_LEVEL: pl.String,
    AREA_CODE: pl.String,
    "source": pl.String,
    CHILDREN: pl.Int64,
    "linked": pl.Int64,
}


def linkage_level(geography: Geography) -> str:
    """Return the level linkage is stated at: local authority, else the coarsest level with several areas."""
    if "local_authority" in geography.levels:
        return "local_authority"
    several = [level for level in geography.levels if geography.codes(level).len() > 1]
    return several[-1] if several else geography.finest


def linkage_by_area(frame: Frame, sources: tuple[str, ...], geography: Geography, *, engine: Engine) -> pl.DataFrame:
    """Return children and linked children by area and source.

    Args:
        frame: Children with ``place`` and ``has_record`` of each source.
        sources: The linked sources; without any the table is empty.
        geography: Says which area a place lies in.
        engine: Counts.

    Returns:
        ``geographic_level``, ``area_code``, ``source``, ``children``, ``linked``, sorted by area and source.
    """
    if not sources:
        return pl.DataFrame(schema=_SCHEMA)
    level = linkage_level(geography)
    flags = {has_record(name): name for name in sources}
    by_place = engine.aggregate(frame, keys=(PLACE,), sums=tuple(flags))
    names = geography.nesting.select(pl.col(geography.finest).alias(PLACE), pl.col(level).alias(AREA_CODE))
    by_area = by_place.join(names, on=PLACE).group_by(AREA_CODE).agg(pl.col(CHILDREN, *flags).sum())
    long = by_area.rename(flags).unpivot(
        list(flags.values()), index=[AREA_CODE, CHILDREN], variable_name="source", value_name="linked"
    )
    return long.select(pl.lit(level).alias(GEOGRAPHIC_LEVEL), *list(_SCHEMA)[1:]).sort(AREA_CODE, "source")
