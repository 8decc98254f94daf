"""A small release by hand: real early-years metadata and 2025 areas, invented figures, both modes."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from ndl_publish.audit.model import AuditCheck, AuditedCube
from ndl_publish.cube.grid import CellGrid, make_dimension
from ndl_publish.cube.protected import Mode, ProtectedCube, PublicTable
from ndl_publish.errors import Finding
from ndl_publish.geography.lookup import Geography, load_geography
from ndl_publish.package.build import build_package
from ndl_publish.package.context import FileFacts, PackageContext, make_context
from ndl_publish.package.model import InternalPack
from ndl_publish.spec.load import ReleaseSpec, load_release
from ndl_publish.spec.locations import shipped

RELEASE = """
release_id: early-years-sample
version: 1.0.0
title: Early years development, sample
description: A small release.
metadata: early_years
rules: {rules}
time_period: "202425"
time_identifier: Academic year
publish_at: 2026-11-26T09:30:00+00:00
sources: {{profile: p.csv, health_visiting: h.csv, childcare: c.csv, links: l.csv}}
geography: {{vintage: "2025"}}
expected_count: 1000
tables:
  - name: by_characteristic
    title: Good level of development by characteristic
    levels: [national, region, local_authority]
    breakdowns: [[], [sex], [fsm], [sex, fsm]]
    measures: [children, gld]
  - name: small_areas
    title: Children by ward
    levels: [ward]
    measures: [children, elgs_average]
changes: [First release., Second sentence.]
"""

AREAS = {
    "national": ["E92000001"],
    "region": ["E12000003", "E12000009"],
    "local_authority": ["E06000023", "E08000035"],
}
WARDS = ["E05009288", "E05009302"]

DP_PRIVACY = {
    "mode": "dp",
    "unit": "child",
    "adjacency": "add or remove one child",
    "mechanism": "discrete_gaussian",
    "rho": {"fraction": "1/10", "decimal": 0.1},
    "epsilon": 2.6,
    "delta": 1e-7,
    "cohorts": ["2019-20"],
    "additive": True,
    "ledger_entry": {"entry": 3},
    "queries": [
        {
            "label": "q1",
            "quantity": "children",
            "level": "region",
            "attributes": ["sex"],
            "sigma2": "400/3",
            "rho": "1/50",
        },
        {"label": "q2", "quantity": "children", "level": "lsoa", "attributes": [], "epsilon": "1/2"},
    ],
    "random_source": "the operating system's secure source",
    "not_covered": "Facts that others know already.",
    "minimum_count": 10,
    "maximum_margin": 10.0,
    "confidence": 0.95,
}
CLASSIC_PRIVACY = {
    "mode": "classic",
    "methods": ["threshold", "zero", "witness_circuits"],
    "minimum_count": 5,
    "rules": [{"method": "threshold", "minimum_count": 5}, {"method": "zero", "policy": "show"}],
    "zeros": "shown",
    "secondary": "every withheld count can be anything from 0 to minimum_count",
    "not_covered": "The guarantee is about the linked table.",
}


def _row(level: str, area: str, cells: tuple[str, ...], measure: str, value: float | None) -> tuple[object, ...]:
    unit = "percent" if measure.endswith("percent") else "goals" if measure.endswith("average") else "children"
    status = "suppressed" if value is None else "published"
    bounds = (None, None) if value is None else (max(0.0, value - 4.26), value + 4.26)
    return (level, area, *cells, measure, unit, value, *bounds, status)


def by_characteristic() -> PublicTable:
    names = ("geographic_level", "area_code", "sex", "fsm", "measure", "unit", "value", "lower", "upper", "status")
    rows = []
    for level, areas in AREAS.items():
        for i, area in enumerate(areas):
            for j, cells in enumerate([("Total", "Total"), ("Female", "Total"), ("Total", "Unknown")]):
                hidden = j == 2 and level == "local_authority"
                count = 1000.0 + 17 * i + j
                rows += [
                    _row(level, area, cells, "children_count", None if hidden else count),
                    _row(level, area, cells, "gld_children_count", None if hidden else count - 300),
                    _row(level, area, cells, "gld_children_percent", None if hidden else 68.0 + 0.16 * j),
                ]
    figures = pl.DataFrame(rows, schema=list(names), orient="row")
    return PublicTable("by_characteristic", "Good level of development by characteristic", ("sex", "fsm"), figures)


def small_areas() -> PublicTable:
    names = ("geographic_level", "area_code", "measure", "unit", "value", "lower", "upper", "status")
    rows = [
        _row("ward", ward, (), measure, value)
        for ward in WARDS
        for measure, value in (("children_count", 41.0), ("elgs_expected_average", 14.25))
    ]
    return PublicTable("small_areas", "Children by ward", (), pl.DataFrame(rows, schema=list(names), orient="row"))


@pytest.fixture(scope="session")
def geography() -> Geography:
    return load_geography("2025", metadata_folder=shipped("metadata"))


@pytest.fixture(scope="session")
def make_spec(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., ReleaseSpec]:
    def make(mode: Mode = "dp", *changes: tuple[str, str]) -> ReleaseSpec:
        text = RELEASE.format(rules="ndl_default" if mode == "dp" else "classic_threshold")
        if mode == "classic":
            text = text.replace("[children, elgs_average]", "[children, gld]")
        for old, new in changes:
            assert old in text
            text = text.replace(old, new)
        path = tmp_path_factory.mktemp("release") / "release.yaml"
        path.write_text(text, encoding="utf-8")
        return load_release(path)

    return make


@pytest.fixture(scope="session")
def make_audited() -> Callable[..., AuditedCube]:
    def make(mode: Mode = "dp", *tables: PublicTable) -> AuditedCube:
        grid = CellGrid.build((make_dimension("sex", ("Female", "Male"), {}),), [("total",)])
        privacy = DP_PRIVACY if mode == "dp" else CLASSIC_PRIVACY
        shown = tables or (by_characteristic(), small_areas())
        cube = ProtectedCube(mode, grid, np.array([7]), np.array([True]), (), shown, privacy)
        note = Finding("NDL-D020", "note", "grid", "nothing found")
        return AuditedCube(cube, (AuditCheck("intervals", "Linear programming over all totals", (note,), "9 cells"),))

    return make


@pytest.fixture(scope="session")
def spec(make_spec: Callable[..., ReleaseSpec]) -> ReleaseSpec:
    return make_spec()


@pytest.fixture(scope="session")
def audited(make_audited: Callable[..., AuditedCube]) -> AuditedCube:
    return make_audited()


@pytest.fixture(scope="session")
def internal() -> InternalPack:
    counts = pl.DataFrame({"cell": [0, 1], "children": [987654321, 3]})
    return InternalPack({"true_counts": counts}, {"audit": {"checks": 1}, "ledger": {"rho": "1/10"}})


@pytest.fixture(scope="session")
def context(audited: AuditedCube, spec: ReleaseSpec, geography: Geography) -> PackageContext:
    facts = FileFacts(12, "ab" * 32, 3)
    files = ["geography.csv", "data_dictionary.csv", "status_codes.csv"]
    files += [f"data/{name}.{kind}" for name in ("by_characteristic", "small_areas") for kind in ("csv", "parquet")]
    return make_context(audited, spec=spec, geography=geography).with_files(dict.fromkeys(files, facts))


@pytest.fixture(scope="session")
def built(
    audited: AuditedCube,
    spec: ReleaseSpec,
    geography: Geography,
    internal: InternalPack,
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    """Give the folder of a finished package, to be read or copied but not changed."""
    out = tmp_path_factory.mktemp("built")
    return build_package(audited, spec=spec, geography=geography, out=out, internal=internal).folder
