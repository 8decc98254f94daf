"""The exact count of every cell of a package, from its internal folder: for tests that compare public with true."""

import hashlib
from pathlib import Path
from typing import Any

import polars as pl

from ndl_publish.columns import TOTAL
from ndl_publish.geography.levels import level_label

OUTCOMES = {
    "gld": "profile_result",
    "all_elgs": "profile_result",
    "comm_lang_lit": "profile_result",
    "asq3": "asq3_result",
    "asq3_expected": "asq3_result",
    "review_linked": "asq3_result",
    "childcare_linked": "childcare",
    "health_stated": "health",
    "good_health": "health",
}
BASE = {"area_code", "geographic_level"}


def tables(public: Path) -> dict[str, pl.DataFrame]:
    """Return every table of a package as its CSV says, all text but the figures."""
    return {
        path.stem: pl.read_csv(path, infer_schema=False).with_columns(
            pl.col("value", "lower", "upper").cast(pl.Float64)
        )
        for path in sorted((public / "data").glob("*.csv"))
    }


def public_bytes(out: Path) -> dict[str, bytes]:
    """Return the public files of the only package in a folder, by path."""
    public = next(path for path in out.iterdir() if not path.name.startswith(".")) / "public"
    return {path.relative_to(public).as_posix(): path.read_bytes() for path in public.rglob("*") if path.is_file()}


def measures(descriptor: dict[str, Any]) -> dict[str, str]:
    """Return count measure as written in the tables -> its name in the metadata, from ``specification.json``."""
    named = descriptor["dataset"]["measures"]
    return {m["count_name"]: name for name, m in named.items() if m["kind"] in {"count", "share"}}


def with_truth(table: pl.DataFrame, cells: pl.DataFrame, named: dict[str, str]) -> pl.DataFrame:
    """Return the counts of a table with ``true_count`` and ``reason`` beside each; every count must find its cell."""
    levels = {level: level_label(level) for level in cells["geographic_level"].unique()}
    cells = cells.with_columns(pl.col("geographic_level").replace(levels))
    axes = [name for name in cells.columns if f"{name}_level" in cells.columns]
    found = []
    for count_name, name in named.items():
        rows = table.filter(pl.col("measure") == count_name)
        outcome = OUTCOMES.get(name)
        breakdowns = [axis for axis in axes if axis in rows.columns]
        others = [axis for axis in axes if axis not in breakdowns and axis != outcome]
        here = cells.filter(pl.col(axis) == TOTAL for axis in others) if others else cells
        if outcome is not None:
            here = here.filter(pl.col(outcome) == "yes", pl.col(f"{outcome}_level") == name)
        keys = [*sorted(BASE), *breakdowns]
        joined = rows.join(here.select(*keys, "true_count", "reason", "is_possible"), on=keys, validate="1:1")
        assert joined.height == rows.height, count_name
        found.append(joined)
    return pl.concat(found)


def sign(public: Path) -> None:
    """Write the manifest anew, as somebody would who tampers with a file and covers it up."""
    manifest = public / "manifest-sha256.txt"
    paths = [line.split("  ", 1)[1] for line in manifest.read_text(encoding="utf-8").splitlines()]
    lines = [f"{hashlib.sha256((public / path).read_bytes()).hexdigest()}  {path}" for path in paths]
    manifest.write_text("\n".join(lines) + "\n", encoding="utf-8")
