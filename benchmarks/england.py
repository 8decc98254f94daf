"""Tables made from the England example, of several sizes, as grids and finest rows.

The finest counts are made once from the records (``generate.py --size england``) and kept beside them, out of git.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product

import numpy as np
import polars as pl

from benchmarks.process import ROOT
from ndl_publish.columns import CHILDREN, PLACE
from ndl_publish.cube.grid import CellGrid, Dimension, IntArray, make_dimension
from ndl_publish.geography.lookup import load_geography
from ndl_publish.protect.counts import Counts

RELEASE = ROOT / "examples" / "early_years" / "release_england.yaml"
FINEST = ROOT / "examples" / "early_years" / "data" / "england_counts" / "finest.parquet"
CHARACTERISTICS = ("sex", "fsm", "ethnicity_major", "is_gld")


@dataclass(frozen=True, slots=True)
class EnglandTable:
    """A table with every margin.

    Attributes:
        title: What it is, for people.
        areas: Area levels besides the total, finest first.
        characteristics: What the areas are crossed with.
    """

    title: str
    areas: tuple[str, ...]
    characteristics: tuple[str, ...]


TABLES: Mapping[str, EnglandTable] = {
    "la_many_way": EnglandTable(
        "regions and authorities x sex x FSM x ethnicity x GLD", ("local_authority", "region"), CHARACTERISTICS
    ),
    "combined_authorities": EnglandTable(
        "regions, combined authorities that cross them, authorities x FSM x ethnicity x GLD",
        ("local_authority", "combined_authority", "region"),
        ("fsm", "ethnicity_major", "is_gld"),
    ),
    "wards": EnglandTable(
        "regions, authorities, wards x FSM x GLD", ("ward", "local_authority", "region"), ("fsm", "is_gld")
    ),
    "lsoa": EnglandTable(
        "regions, authorities, LSOAs x sex x FSM x GLD",
        ("lsoa", "local_authority", "region"),
        ("sex", "fsm", "is_gld"),
    ),
}


def finest_counts() -> pl.DataFrame:
    """Return children by LSOA and characteristics, from the records of the example where not yet counted."""
    if FINEST.exists():
        return pl.read_parquet(FINEST)
    from ndl_publish import pipeline  # noqa: PLC0415 - heavy, and its memory is not what is measured here
    from ndl_publish.engines.polars import PolarsEngine  # noqa: PLC0415

    prepared = pipeline.prepare(RELEASE)
    records = pipeline.validated(prepared, progress=lambda *_: None)
    counts = PolarsEngine().aggregate(records.frame, keys=(PLACE, *CHARACTERISTICS), sums=())
    FINEST.parent.mkdir(exist_ok=True)
    counts.write_parquet(FINEST)
    return counts


def england_counts(table: EnglandTable, *, regions: int) -> Counts:
    """Return the grid and the finest rows of a table, for the first ``regions`` regions in order of code."""
    geography = load_geography("2025", metadata_folder=ROOT / "metadata")
    kept = geography.codes("region")[:regions]
    areas = geography.nesting.filter(pl.col("region").is_in(kept.implode()))
    finest = table.areas[0]
    rows = (
        finest_counts()
        .join(areas.rename({geography.finest: PLACE}).with_columns(lsoa=pl.col(PLACE)), on=PLACE)
        .group_by(finest, *table.characteristics)
        .agg(pl.col(CHILDREN).sum())
        .sort(finest, *table.characteristics)
    )
    dimensions = (
        _areas(areas.select(table.areas).unique().sort(finest), finest),
        *(_characteristic(name, rows[name].cast(pl.String)) for name in table.characteristics),
    )
    codes = np.column_stack(
        [_place(rows[name], d) for name, d in zip((finest, *table.characteristics), dimensions, strict=True)]
    )
    wanted = list(product(*([level.name for level in dimension.levels] for dimension in dimensions)))
    return Counts(CellGrid.build(dimensions, wanted), codes, rows[CHILDREN].cast(pl.Int64).to_numpy())


def _areas(areas: pl.DataFrame, finest: str) -> Dimension:
    """Return the dimension of areas; an area outside every area of a level belongs to none."""
    groupings = {level: tuple(code or None for code in areas[level]) for level in areas.columns}
    return make_dimension("area", tuple(areas[finest]), groupings)


def _characteristic(name: str, labels: pl.Series) -> Dimension:
    codes = tuple(labels.unique().sort())
    return make_dimension(name, codes, {name: codes})


def _place(labels: pl.Series, dimension: Dimension) -> IntArray:
    position = dict(zip(dimension.codes, range(len(dimension.codes)), strict=True))
    return labels.cast(pl.String).replace_strict(position, return_dtype=pl.Int64).to_numpy()
