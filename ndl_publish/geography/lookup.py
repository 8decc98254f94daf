"""Dated look-ups read from ``metadata/geography/<vintage>/``: plain CSV, so that a boundary year is rows, not code."""

from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from ndl_publish.errors import RuleError
from ndl_publish.spec.locations import shipped


@dataclass(frozen=True, slots=True)
class Geography:
    """The areas of one boundary vintage.

    Attributes:
        vintage: Year of the boundaries, the folder's name.
        nesting: One row per finest area; the first column is the finest level, every other column a level, "" where an
            area lies in none.
        areas: ``area_code``, ``area_name``, ``geographic_level``.
        characteristics: One row per finest area: its code, then public characteristics. Empty frame if there are none.
        code_changes: ``old_code``, ``old_name``, ``new_code`` ("" where an area was split).
    """

    vintage: str
    nesting: pl.DataFrame = field(repr=False)
    areas: pl.DataFrame = field(repr=False)
    characteristics: pl.DataFrame = field(repr=False)
    code_changes: pl.DataFrame = field(repr=False)

    @property
    def finest(self) -> str:
        """Name of the finest level."""
        return self.nesting.columns[0]

    @property
    def levels(self) -> tuple[str, ...]:
        """All levels, finest first."""
        return tuple(self.nesting.columns)

    def codes(self, level: str) -> pl.Series:
        """Return the area codes of a level, sorted, without the blank of areas that lie in none."""
        codes = self.nesting[level].unique().sort()
        return codes.filter(codes != "")

    def successors(self) -> dict[str, str]:
        """Return old code -> the one code that covers it now, for codes that have exactly one."""
        single = self.code_changes.filter(pl.col("new_code") != "")
        return dict(zip(single["old_code"], single["new_code"], strict=True))

    def covering(self, level: str, codes: tuple[str, ...]) -> "Geography":
        """Return the geography cut down to the finest areas inside the named areas of a level.

        Areas of other levels that are covered only in part lose their code, as if those finest areas lay in none: a
        figure for a part must not carry the name of the whole.
        """
        inside = self.nesting.filter(pl.col(level).is_in(codes))
        for other in self.levels[1:]:
            partly = self._partly_covered(other, inside)
            inside = inside.with_columns(
                pl.when(pl.col(other).is_in(partly)).then(pl.lit("")).otherwise(other).alias(other)
            )
        return Geography(self.vintage, inside, self.areas, self.characteristics, self.code_changes)

    def from_level(self, level: str) -> "Geography":
        """Return the geography whose finest level is a coarser one: the levels that its areas decide.

        Raises:
            RuleError: ``NDL-R010`` when there is no such level or an area of it is missing somewhere.
        """
        if level == self.finest:
            return self
        if level not in self.levels:
            known = ", ".join(self.levels)
            raise RuleError("NDL-R010", f"geography vintage {self.vintage}: has no level {level}. Levels: {known}.")
        rows = self.nesting.filter(pl.col(level) != "")
        coarser = self.levels[self.levels.index(level) + 1 :]
        n_areas = rows[level].n_unique()
        decided = [level, *(other for other in coarser if rows.select(level, other).n_unique() == n_areas)]
        nothing = pl.DataFrame(schema={level: pl.String})
        return Geography(
            self.vintage, rows.select(decided).unique().sort(level), self.areas, nothing, self.code_changes
        )

    def _partly_covered(self, level: str, inside: pl.DataFrame) -> list[str]:
        here = inside.group_by(level).len()
        there = self.nesting.group_by(level).len(name="all")
        partly = here.join(there, on=level).filter(pl.col("len") < pl.col("all"))
        return partly[level].to_list()


def geography_folder(metadata_folder: Path) -> Path:
    """Return where look-ups are: beside the metadata, else what ships with the package."""
    beside = metadata_folder / "geography"
    return beside if beside.is_dir() else shipped("metadata") / "geography"


def load_geography(vintage: str, *, metadata_folder: Path) -> Geography:
    """Return the look-ups of a boundary vintage.

    Raises:
        RuleError: ``NDL-R010`` when there is no folder for the vintage or a file in it is not as it should be.
    """
    folder = geography_folder(metadata_folder) / vintage
    if not folder.is_dir():
        parent = folder.parent
        known = ", ".join(sorted(p.name for p in parent.iterdir() if p.is_dir())) if parent.is_dir() else "none"
        raise RuleError("NDL-R010", f"geography vintage {vintage}: no such folder. Vintages in {parent}: {known}.")
    nesting = _read(folder / "nesting.csv", ())
    finest = nesting.columns[0]
    if nesting[finest].is_duplicated().any():
        raise RuleError("NDL-R010", f"{folder.name}/nesting.csv: an area stands twice in the first column.")
    optional = {
        "characteristics.csv": pl.DataFrame(schema={finest: pl.String}),
        "code_changes.csv": pl.DataFrame(schema=dict.fromkeys(("old_code", "old_name", "new_code"), pl.String)),
    }
    found = {
        name: _read(folder / name, tuple(empty.columns)) if (folder / name).is_file() else empty
        for name, empty in optional.items()
    }
    areas = _read(folder / "areas.csv", ("area_code", "area_name", "geographic_level"))
    return Geography(vintage, nesting, areas, found["characteristics.csv"], found["code_changes.csv"])


def _read(path: Path, needed: tuple[str, ...]) -> pl.DataFrame:
    where = f"geography/{path.parent.name}/{path.name}"
    try:
        frame = pl.read_csv(path, infer_schema=False).fill_null("")
    except FileNotFoundError:
        raise RuleError("NDL-R010", f"{where}: the file is missing.") from None
    except pl.exceptions.PolarsError:
        raise RuleError("NDL-R010", f"{where}: is not a comma-separated file with a header.") from None
    missing = [name for name in needed if name not in frame.columns]
    if missing:
        raise RuleError("NDL-R010", f"{where}: lacks the columns {', '.join(missing)}.")
    return frame
