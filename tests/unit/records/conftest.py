"""A tiny world: three sources, five areas, and a way to bend one value at a time."""

import gzip
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from ndl_publish.engines.polars import PolarsEngine
from ndl_publish.errors import Finding, InputError
from ndl_publish.geography.lookup import Geography
from ndl_publish.records.model import Records, ValidatedRecords
from ndl_publish.records.read import read_records
from ndl_publish.records.validate import validate_records
from ndl_publish.spec.dataset import Dataset
from ndl_publish.spec.load import ReleaseSpec, load_rules
from ndl_publish.spec.locations import shipped
from ndl_publish.spec.release import Release
from ndl_publish.spec.yaml_source import YamlSource

Row = dict[str, Any]

GOAL = {"type": "category", "codes": {"1": "1", "2": "2", "A": "A"}}
METADATA: dict[str, Any] = {
    "dataset_id": "tiny",
    "title": "Tiny",
    "description": "Tiny.",
    "publisher": {"name": "P", "email": "p@example.org", "href": "https://example.org"},
    "licence": "OGL-UK-3.0",
    "keywords": ["k"],
    "status_label": "Official statistics in development",
    "privacy_unit": {"singular": "child", "plural": "children"},
    "cohort": {"kind": "fixed", "label": "tiny"},
    "place": {"column": "home_lsoa", "basis": "residence"},
    "sources": {
        "profile": {
            "title": "Profile",
            "role": "spine",
            "id": "pupil_id",
            "period": "YEAR",
            "columns": {
                "seq": {"type": "integer", "source": "SEQ", "minimum": 1, "maximum": 9},
                "home_lsoa": {"type": "area", "source": "LSOA", "level": "lsoa"},
                "home_la": {"type": "area", "source": "LA", "level": "local_authority"},
                "sex": {"type": "category", "source": "SEX", "codes": {"F": "Female", "M": "Male"}},
                "birth_month": {"type": "month", "source": "MONTH"},
                "e1": {**GOAL, "source": "E1"},
                "e2": {**GOAL, "source": "E2", "missing": ["", "X"]},
            },
            "one_row": {"keep": "last", "by": ["seq"]},
        },
        "health": {
            "title": "Health",
            "role": "linked",
            "id": "hv_id",
            "columns": {
                "review_type": {"type": "category", "source": "TYPE", "codes": {"C4": "C4", "C6i": "C6i"}},
                "review_month": {"type": "month", "source": "REVIEWED"},
                "asq_months": {"type": "category", "source": "ASQ", "codes": {"24": "24", "27": "27"}},
                "asq_score": {"type": "integer", "source": "SCORE", "minimum": 0, "maximum": 60},
            },
            "where": {"column": "review_type", "values": ["C6i"]},
            "one_row": {"keep": "last", "by": ["review_month"]},
        },
        "childcare": {
            "title": "Childcare",
            "role": "linked",
            "id": "cc_id",
            "columns": {"hours_in_term": {"type": "integer", "source": "HOURS", "minimum": 0, "maximum": 570}},
            "sums": {"hours": {"column": "hours_in_term", "minimum": 0, "maximum": 1000}},
        },
    },
    "links": {
        "spine_id": "pupil_id",
        "source": "source",
        "linked_id": "linked_id",
        "weight": "weight",
        "minimum_weight": 0.85,
    },
    "derived": {
        "full_results": {"rule": "none_missing", "columns": ["e1", "e2"], "not_assessed": ["A"]},
        "is_gld": {"rule": "all_equal", "columns": ["e1", "e2"], "value": "2", "not_assessed": ["A"]},
        "goals": {"rule": "count_equal", "columns": ["e1", "e2"], "value": "2", "not_assessed": ["A"]},
        "was_reviewed": {"rule": "has_record", "source": "health"},
        "is_asq": {"rule": "all_at_least", "by": "asq_months", "cutoffs": {"asq_score": {"24": 25.17, "27": 24}}},
        "review": {
            "rule": "cases",
            "cases": [
                {"label": "At", "when": {"is_asq": [True]}},
                {"label": "Below", "when": {"is_asq": [False]}},
                {"label": "No result", "when": {"was_reviewed": [True]}},
            ],
            "otherwise": "No review",
        },
        "hours_band": {
            "rule": "bands",
            "column": "hours",
            "bands": [
                {"label": "Low", "minimum": 0, "maximum": 569},
                {"label": "High", "minimum": 570, "maximum": 1000},
            ],
            "missing": "None linked",
        },
        "decile": {
            "rule": "area_characteristic",
            "characteristic": "idaci",
            "categories": ["1", "2"],
            "missing": "Unknown",
        },
    },
    "population": {"column": "full_results", "title": "Full results"},
    "breakdowns": {
        name: {"title": name, "column": column, "description": name}
        for name, column in {"sex": "sex", "review": "review", "hours": "hours_band", "decile": "decile"}.items()
    },
    "measures": {
        "children": {"kind": "count", "title": "C", "description": "C", "count_name": "children_count"},
        "gld": {
            "kind": "share",
            "title": "G",
            "description": "G",
            "column": "is_gld",
            "of": "children",
            "count_name": "gld_count",
            "percent_name": "gld_percent",
        },
        "goals": {
            "kind": "mean",
            "title": "M",
            "description": "M",
            "column": "goals",
            "mean_name": "goals_mean",
            "minimum": 0,
            "maximum": 2,
        },
    },
    "outcomes": {"profile": {"title": "P", "measures": ["gld"]}},
    "quality": dict.fromkeys(("coverage", "strengths", "limits", "comparability"), "q"),
}


def child(number: int, **changes: str) -> Row:
    """Return a spine row without fault, some of its values changed."""
    row = {"pupil_id": f"P{number:04d}ab", "YEAR": "202425", "SEQ": "1", "LSOA": "E01000001", "LA": "E06000001"}
    row |= {"SEX": "F" if number % 2 else "M", "MONTH": "2019-10", "E1": "2", "E2": "2"}
    return row | changes


def review(number: int, **changes: str) -> Row:
    row = {"hv_id": f"H{number:04d}ab", "TYPE": "C6i", "REVIEWED": "2022-03", "ASQ": "24", "SCORE": "40"}
    return row | changes


def care(number: int, hours: str = "100") -> Row:
    return {"cc_id": f"C{number:04d}ab", "HOURS": hours}


def link(number: int, source: str = "health", to: int | None = None, weight: str = "0.99") -> Row:
    prefix = "H" if source == "health" else "C"
    other = number if to is None else to
    return {
        "pupil_id": f"P{number:04d}ab",
        "source": source,
        "linked_id": f"{prefix}{other:04d}ab",
        "weight": weight,
    }


def tiny_geography() -> Geography:
    codes = [f"E0100000{i}" for i in range(1, 6)]
    authorities = ["E06000001", "E06000001", "E06000001", "E06000002", "E06000003"]
    nesting = pl.DataFrame({"lsoa": codes, "local_authority": authorities, "national": ["E92000001"] * 5})
    names = [*codes, "E06000001", "E06000002", "E06000003", "E92000001"]
    levels = ["lsoa"] * 5 + ["local_authority"] * 3 + ["national"]
    areas = pl.DataFrame({"area_code": names, "area_name": names, "geographic_level": levels})
    characteristics = pl.DataFrame({"lsoa": codes, "idaci": ["1", "2", "", "1", "2"]})
    changes = {"old_code": ["E01000091", "E01000092", "E06000091"], "new_code": ["E01000001", "", "E06000001"]}
    return Geography("2025", nesting, areas, characteristics, pl.DataFrame({**changes, "old_name": ["", "", ""]}))


@dataclass
class World:
    """Sources as lists of rows; ``read`` and ``validate`` write them to files first."""

    folder: Path
    metadata: dict[str, Any] = field(default_factory=lambda: METADATA)
    geography: Geography = field(default_factory=tiny_geography)
    covers: tuple[str, ...] = ()
    rows: dict[str, list[Row]] = field(default_factory=dict)
    paths: dict[str, list[str]] = field(default_factory=dict)
    engine: PolarsEngine = field(default_factory=PolarsEngine)

    def __post_init__(self) -> None:
        self.rows = {
            "profile": [child(i) for i in range(1, 7)],
            "health": [review(i) for i in range(1, 5)],
            "childcare": [care(i) for i in range(1, 4)],
            "links": [link(i) for i in range(1, 5)] + [link(i, "childcare") for i in range(1, 4)],
        }

    def write(self, name: str, rows: Sequence[Row], file: str | None = None) -> None:
        """Write rows as CSV, gzipped CSV or Parquet, by the ending of ``file``."""
        path = self.folder / (file or f"{name}.csv")
        header = list(self.rows[name][0]) if self.rows[name] else list(rows[0])
        frame = pl.DataFrame(rows, schema_overrides=dict.fromkeys(header, pl.String)) if rows else pl.DataFrame()
        if path.suffix == ".parquet":
            frame.write_parquet(path)
        elif path.suffix == ".gz":
            path.write_bytes(gzip.compress(frame.write_csv().encode()))
        else:
            frame.write_csv(path)
        self.paths.setdefault(name, []).append(path.name)

    def text(self, name: str, content: str | bytes, file: str | None = None) -> None:
        """Write a source byte for byte."""
        path = self.folder / (file or f"{name}.csv")
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        self.paths.setdefault(name, []).append(path.name)

    def spec(self) -> ReleaseSpec:
        for name, rows in self.rows.items():
            if name not in self.paths:
                self.write(name, rows)
                self.paths.pop(name)
        sources = {name: self.paths.get(name, [f"{name}.csv"]) for name in self.rows}
        area = {"level": "local_authority", "areas": self.covers} if self.covers else {}
        release = Release.model_validate(
            {
                "release_id": "tiny",
                "version": "1.0.0",
                "title": "T",
                "description": "T",
                "metadata": "tiny",
                "rules": "r",
                "time_period": "202425",
                "time_identifier": "Academic year",
                "publish_at": "2026-01-01T09:30:00+00:00",
                "sources": sources,
                "geography": {"vintage": "2025", **area},
                "expected_count": 10,
                "tables": [{"name": "t", "title": "T", "levels": ["local_authority"], "measures": ["children"]}],
            }
        )
        rules = load_rules(shipped("disclosure_rules") / "ndl_default.yaml")
        source = YamlSource(self.folder / "release.yaml", {}, {})
        return ReleaseSpec(release, Dataset.model_validate(self.metadata), rules, self.folder, self.folder, source)

    def read(self) -> Records:
        return read_records(self.spec(), self.geography, engine=self.engine)

    def validate(self) -> ValidatedRecords:
        return validate_records(self.read(), self.geography, engine=self.engine)

    def table(self) -> pl.DataFrame:
        """Return the validated frame, rows in a fixed order."""
        frame = self.engine.collect(self.validate().frame)
        return frame.sort(frame.columns)

    def findings(self) -> tuple[Finding, ...]:
        """Return what is told, whether or not the run can go on."""
        try:
            return self.validate().findings
        except InputError as error:
            return error.findings

    def of(self, code: str) -> list[str]:
        """Return the findings of one code, each as its severity, place and message."""
        return [f"{f.severity}: {f.where}: {f.message}" for f in self.findings() if f.code == code]

    def bend(self, name: str, column: str, values: Sequence[str]) -> None:
        """Put values into a column of the first rows of a source."""
        for row, value in zip(self.rows[name], values, strict=False):
            row[column] = value

    def codes(self, severity: str | None = None) -> list[str]:
        return sorted(f.code for f in self.findings() if severity in (None, f.severity))


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)
