"""A whole tiny release on disk, records included, for tests of the commands: several years, invariants, any rules."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import polars as pl
import yaml

from ndl_publish.audit_package import audit_package
from ndl_publish.errors import Finding
from tests.command import Outcome, run_main
from tests.unit.cube.small_release import BAND, MEANS, MINOR, SMALL, SOURCE, world

YEARS = ("202223", "202324", "202425")
TABLES = ({**SMALL, "levels": ["national", "local_authority", "lsoa"]}, MEANS)
COHORT = {"kind": "academic_birth_year", "years_before": 5}
RECORDS, PUBLIC = "p.csv", "published.csv"


def records(n: int, *, years: tuple[str, ...] = (), seed: int = 1) -> pl.DataFrame:
    """Return one row per child as it is delivered, every value text; birth months are those of its year's cohort."""
    draw = np.random.default_rng(seed)
    year = draw.choice(list(years or YEARS[-1:]), n)
    month = draw.integers(0, 12, n)
    born = [
        f"{int(y[:4]) - 5 + (m > 3)}-{(m + 8) % 12 + 1:02d}" for y, m in zip(year, month, strict=True)
    ]  # September to December, then January to August
    return pl.DataFrame(
        {
            "id": [f"c{i:05d}" for i in range(n)],
            "HOME": draw.choice(list(BAND), n, p=[0.2, 0.15, 0.15, 0.1, 0.1, 0.1, 0.1, 0.1]),
            "SEX": draw.choice(["F", "M"], n),
            "ETHNIC": draw.choice(list(MINOR), n, p=[0.6, 0.2, 0.15, 0.05]),
            "STAGE": draw.choice(["0", "1", "2", "3"], n, p=[0.2, 0.1, 0.1, 0.6]),
            "SCORE": draw.integers(0, 7, n).astype(str),
            "YEAR": year,
            "BORN": born,
        }
    )


@dataclass(frozen=True)
class Tiny:
    """The files of a release, and the commands run on them."""

    folder: Path

    @property
    def out(self) -> Path:
        return self.folder / "out"

    @property
    def package(self) -> Path:
        return next(path for path in sorted(self.out.iterdir()) if path.is_dir())

    @property
    def public(self) -> Path:
        return self.package / "public"

    def edit(self, name: str, changes: Mapping[str, Any]) -> None:
        """Change a YAML file; a value ``None`` takes the key out, a mapping is merged into what stands there."""
        path = self.folder / f"{name}.yaml"
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        _merge(content, changes)
        path.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")

    def write(self, frame: pl.DataFrame) -> None:
        frame.write_csv(self.folder / RECORDS)

    def run(self, command: str, *arguments: object) -> Outcome:
        return run_main(command, *arguments, home=self.folder / "home")

    def build(self) -> Outcome:
        where = ("--metadata", self.folder, "--rules", self.folder)
        return self.run("build", self.folder / "release.yaml", "--out", self.out, *where)

    def replay(self, *arguments: object, package: Path | None = None) -> Outcome:
        return self.run("replay", package or self.package, "--metadata", self.folder, *arguments)

    def audit(self) -> list[Finding]:
        """Return what an audit of the package finds; its areas are this project's, not those that ship."""
        with mock.patch("ndl_publish.package_reading.shipped", return_value=self.folder):
            checks = audit_package(self.public, knowing=(), progress=lambda *_: None)
        return [finding for check in checks for finding in check.findings if finding.severity != "note"]

    def privacy(self) -> dict[str, Any]:
        read: dict[str, Any] = json.loads((self.public / "privacy.json").read_text(encoding="utf-8"))
        return read

    def table(self, name: str) -> pl.DataFrame:
        return pl.read_csv(
            self.public / "data" / f"{name}.csv", infer_schema_length=None, schema_overrides={"time_period": pl.String}
        )


def _merge(content: dict[str, Any], changes: Mapping[str, Any]) -> None:
    for key, value in changes.items():
        if value is None:
            content.pop(key, None)
        elif isinstance(value, dict) and isinstance(content.get(key), dict):
            _merge(content[key], value)
        else:
            content[key] = value


def tiny_project(
    folder: Path,
    mode: str = "dp",
    *,
    years: tuple[str, ...] = YEARS[-1:],
    tables: tuple[Mapping[str, Any], ...] = TABLES,
    **numbers: Any,  # noqa: ANN401 - passed on to the rule book
) -> Tiny:
    """Return a release of some years with 3,000 children, each of the birth cohort of its year."""
    world(folder, mode, tables=tables, **numbers)
    made = Tiny(folder)
    columns = {"born": {"type": "month", "source": "BORN"}}
    made.edit("tiny", {"cohort": None})
    made.edit("tiny", {"cohort": COHORT, "sources": {"profile": {"period": "YEAR", "columns": columns}}})
    made.edit(
        "release", {"time_period": list(years), "time_identifier": "Academic year", "synthetic": False,
                    "expected_count": 3000},
    )  # fmt: skip
    made.write(records(3000, years=years))
    return made


def hold_exact(made: Tiny, level: str, figures: pl.DataFrame) -> None:
    """Make headcounts of a level public beforehand and let the rules hold them exact."""
    figures.write_csv(made.folder / PUBLIC)
    made.edit("small_rules", {"invariant": {"level": level, "reference": SOURCE}})
    made.edit("release", {"public_figures": PUBLIC})


def headcounts(frame: pl.DataFrame, *, by_year: bool = False) -> pl.DataFrame:
    """Return the children of every local authority as a published table has them."""
    authority = {"s1": "la_a", "s2": "la_b", "s3": "la_b", "s4": "la_c", "s5": "la_c", "s6": "la_c", "s7": "la_d",
                 "s8": "la_d"}  # fmt: skip
    keys = [pl.col("HOME").replace_strict(authority).alias("area_code")]
    if by_year:
        keys.append(pl.col("YEAR").alias("time_period"))
    return frame.group_by(*keys).agg(pl.len().alias("value")).sort(pl.all())
