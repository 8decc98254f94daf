"""The noisy measurements are written only where the rules publish them, and the two copies agree."""

import io
from types import SimpleNamespace
from typing import Any, cast

import polars as pl

from ndl_publish.audit.model import AuditedCube
from ndl_publish.package.context import PackageContext
from ndl_publish.package.writers.noisy_measurements import write_noisy_measurements

ROWS = pl.DataFrame(
    {
        "query": ["a", "a"],
        "position": [0, 1],
        "area_code": ["E1", "E1"],
        "categories": [None, "x | y"],
        "value": [3, -2],
    }
)
NO_CONTEXT = cast("PackageContext", None)


def _audited(rows: pl.DataFrame | None) -> AuditedCube:
    protected: Any = SimpleNamespace(measurements=rows)
    return cast("AuditedCube", SimpleNamespace(protected=protected))


def test_nothing_is_written_where_they_are_not_published() -> None:
    assert list(write_noisy_measurements(_audited(None), NO_CONTEXT)) == []


def test_csv_and_parquet_hold_the_same_rows() -> None:
    text, copy = write_noisy_measurements(_audited(ROWS), NO_CONTEXT)
    assert (text.path, copy.path) == ("data/noisy_measurements.csv", "data/noisy_measurements.parquet")
    assert text.rows == copy.rows == 2
    assert pl.read_csv(io.BytesIO(text.content)).equals(pl.read_parquet(io.BytesIO(copy.content)))
    assert text.content.decode().splitlines()[1:] == ["a,0,E1,,3", "a,1,E1,x | y,-2"]
