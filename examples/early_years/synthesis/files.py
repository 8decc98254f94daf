"""Puts academic years together, replaces positions by pseudonyms, shuffles and writes files."""

import gzip
from pathlib import Path

import numpy as np
import polars as pl

from examples.early_years.synthesis.numeric import identifiers, stream
from examples.early_years.synthesis.profile import month_names
from examples.early_years.synthesis.year import YearTables

FORMATS = ("csv", "csv.gz", "parquet")
_PREFIXES = {"pupil_id": "P", "hv_id": "H", "childcare_id": "C"}


def _stack(years: list[YearTables], name: str) -> pl.DataFrame:
    """Put one table of all years together; positions count on from year to year."""
    frames, start = [], 0
    for year in years:
        frame: pl.DataFrame = getattr(year, name)
        keys = [c for c in ("person", "linked") if c in frame.columns]
        frames.append(frame.with_columns(pl.col(keys).cast(pl.UInt32) + start))
        start += year.persons
    return pl.concat(frames)


def assemble(years: list[YearTables], *, seed: int) -> dict[str, pl.DataFrame]:
    """Return the four tables as they are written: name -> table, rows in random order."""
    persons = sum(year.persons for year in years)
    names = {
        column: pl.Series(identifiers(stream(seed, 0, column), persons, prefix)) for column, prefix in _PREFIXES.items()
    }
    profile, visits, care, links = (
        _stack(years, name) for name in ("profile", "health_visiting", "childcare", "links")
    )
    health_id = names["hv_id"].gather(links["linked"])
    childcare_id = names["childcare_id"].gather(links["linked"])
    tables = {
        "profile": profile.select(names["pupil_id"].gather(profile["person"]).alias("pupil_id"), pl.exclude("person")),
        "health_visiting": visits.select(
            names["hv_id"].gather(visits["person"]).alias("hv_id"),
            "review_type",
            month_names(visits["month"]).alias("review_month"),
            pl.exclude("person", "review_type", "month"),
        ),
        "childcare": care.select(
            names["childcare_id"].gather(care["person"]).alias("childcare_id"),
            month_names(care["month"]).alias("term_start"),
            pl.exclude("person", "month"),
        ),
        "links": links.select(
            names["pupil_id"].gather(links["person"]).alias("pupil_id"),
            "source",
            pl.when(pl.col("source") == "childcare").then(childcare_id).otherwise(health_id).alias("linked_id"),
            "match_weight",
        ),
    }
    return {
        name: table[stream(seed, 1, name).permutation(np.arange(table.height, dtype=np.uint32))]
        for name, table in tables.items()
    }


def write_tables(tables: dict[str, pl.DataFrame], out: Path, file_format: str) -> None:
    """Write each table to ``out``; the same tables give the same bytes."""
    out.mkdir(parents=True, exist_ok=True)
    for name, table in tables.items():
        path = out / f"{name}.{file_format}"
        if file_format == "parquet":
            table.write_parquet(path)
        elif file_format == "csv":
            table.write_csv(path)
        else:
            text = table.write_csv().encode()
            with path.open("wb") as raw, gzip.GzipFile("", "wb", 9, raw, mtime=0) as zipped:
                zipped.write(text)
