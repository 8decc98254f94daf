"""Plant numbers that nobody may see beside every figure; look for them in every byte that becomes public."""

import io
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from ndl_publish.audit.model import AuditCheck, AuditedCube
from ndl_publish.cube.grid import CellGrid, make_dimension
from ndl_publish.cube.protected import ProtectedCube, PublicTable
from ndl_publish.errors import Finding, PublishError
from ndl_publish.geography.lookup import Geography, load_geography
from ndl_publish.package.build import build_package
from ndl_publish.package.model import InternalPack, Package
from ndl_publish.spec.load import ReleaseSpec, load_release
from ndl_publish.spec.locations import shipped

CANARY_COUNT = 773311
CANARY_CHILD = "canarychild0042"
CANARIES = (str(CANARY_COUNT), f"{CANARY_COUNT:,}", CANARY_CHILD)

RELEASE = """
release_id: canary-release
version: 1.0.0
title: Canary release
description: A small release.
metadata: early_years
rules: classic_threshold
time_period: "202425"
time_identifier: Academic year
publish_at: 2026-11-26T09:30:00+00:00
sources: {profile: p.csv, health_visiting: h.csv, childcare: c.csv, links: l.csv}
geography: {vintage: "2025"}
expected_count: 1000
tables:
  - {name: by_area, title: Children by area, levels: [local_authority], measures: [children]}
"""


def _figures(*, withheld: float | None = None) -> pl.DataFrame:
    shown = pl.DataFrame({"area_code": ["E06000023", "E08000035"], "value": [120.0, withheld]})
    return shown.with_columns(
        pl.Series("status", ["published", "suppressed"]),
        geographic_level=pl.lit("local_authority"),
        measure=pl.lit("children_count"),
        unit=pl.lit("children"),
        lower=pl.lit(None, pl.Float64),
        upper=pl.lit(None, pl.Float64),
        true_count=pl.lit(CANARY_COUNT),
        child=pl.lit(CANARY_CHILD),
    )


def _audited(figures: pl.DataFrame) -> AuditedCube:
    grid = CellGrid.build((make_dimension("area", ("E06000023", "E08000035"), {}),), [("total",)])
    table = PublicTable("by_area", "Children by area", (), figures)
    privacy = {"mode": "classic", "minimum_count": 5}
    cube = ProtectedCube("classic", grid, np.array([240]), np.array([True]), (), (table,), privacy)
    note = Finding("NDL-D020", "note", CANARY_CHILD, f"{CANARY_COUNT}")
    return AuditedCube(cube, (AuditCheck("intervals", "Attack on totals", (note,), f"{CANARY_COUNT} cells"),))


@pytest.fixture
def geography() -> Geography:
    return load_geography("2025", metadata_folder=shipped("metadata"))


@pytest.fixture
def spec(tmp_path: Path) -> ReleaseSpec:
    path = tmp_path / "release.yaml"
    path.write_text(RELEASE, encoding="utf-8")
    return load_release(path)


@pytest.fixture
def internal() -> InternalPack:
    counts = pl.DataFrame({"cell": ["a", CANARY_CHILD], "children": [CANARY_COUNT, 3]})
    return InternalPack({"true_counts": counts}, {"audit": {"cell": CANARY_CHILD, "count": CANARY_COUNT}})


@pytest.fixture
def package(spec: ReleaseSpec, geography: Geography, internal: InternalPack, tmp_path: Path) -> Package:
    return build_package(_audited(_figures()), spec=spec, geography=geography, out=tmp_path / "out", internal=internal)


def _readable(path: Path) -> str:
    """Return what can be read in a file; compressed Parquet is opened, its file metadata with it."""
    content = path.read_bytes()
    text = content.decode("utf-8", errors="replace")
    if path.suffix == ".parquet":
        text += pl.read_parquet(io.BytesIO(content)).write_csv()
        text += str(pl.read_parquet_metadata(io.BytesIO(content)))
    return text


def test_no_canary_in_any_public_file(package: Package) -> None:
    files = [path for path in (package.folder / "public").rglob("*") if path.is_file()]
    assert len(files) == len(package.files) == 11
    for path in files:
        text = _readable(path)
        assert not any(canary in text for canary in CANARIES), path.name
        assert "true_count" not in text, path.name


def test_the_search_would_find_a_canary(package: Package) -> None:
    found = [path.name for path in (package.folder / "internal").iterdir() if str(CANARY_COUNT) in _readable(path)]
    assert sorted(found) == ["audit.json", "results.json", "true_counts.parquet"]


def test_public_names_hold_no_canary_and_nothing_of_the_machine(package: Package, tmp_path: Path) -> None:
    for path in (package.folder / "public").rglob("*"):
        assert CANARY_CHILD not in path.name
        if path.is_file():
            assert str(tmp_path) not in _readable(path)


def test_a_withheld_row_with_a_number_is_refused_without_telling_it(
    spec: ReleaseSpec, geography: Geography, internal: InternalPack, tmp_path: Path
) -> None:
    audited = _audited(_figures(withheld=float(CANARY_COUNT)))
    with pytest.raises(PublishError) as caught:
        build_package(audited, spec=spec, geography=geography, out=tmp_path / "out", internal=internal)
    told = str(caught.value) + repr(caught.value) + repr(caught.value.findings)
    assert not any(canary in told for canary in CANARIES)
    assert caught.value.__cause__ is None
    assert not (tmp_path / "out").exists() or list((tmp_path / "out").iterdir()) == []


def test_types_do_not_print_what_they_carry(internal: InternalPack, package: Package) -> None:
    for thing in (internal, package, _audited(_figures()).protected):
        assert not any(canary in repr(thing) for canary in CANARIES)


def test_nothing_is_printed_or_logged(
    spec: ReleaseSpec,
    geography: Geography,
    internal: InternalPack,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    build_package(_audited(_figures()), spec=spec, geography=geography, out=tmp_path / "quiet", internal=internal)
    out, err = capfd.readouterr()
    assert (out, err) == ("", "")
    assert not any(canary in caplog.text for canary in CANARIES)
