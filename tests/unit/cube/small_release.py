"""A small release for tests: eight small areas, one outcome of three nested measures, a mean; its own metadata.

Local authorities hold 1, 2, 3 and 2 small areas; combined authority X holds two of them and crosses the regions.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import narwhals as nw
import numpy as np
import polars as pl
import yaml

from ndl_publish.audit.recoverable import recoverable_cells
from ndl_publish.cube.layout import CubeLayout, lay_out
from ndl_publish.cube.model import Cube, FinestRows
from ndl_publish.cube.tabulate import tabulate
from ndl_publish.engines.polars import PolarsEngine
from ndl_publish.geography.coverage import covered_geography
from ndl_publish.geography.lookup import Geography
from ndl_publish.ledger.book import Ledger
from ndl_publish.ledger.caps import Caps
from ndl_publish.ledger.grant import Grant
from ndl_publish.ledger.request import ChargeRequest
from ndl_publish.privacy.chains import Chain
from ndl_publish.privacy.events import Query
from ndl_publish.privacy.residuals import exact_residual
from ndl_publish.privacy.secret_key import SecretKey
from ndl_publish.protect.dp import DpResult, Mechanism, Payment, measure_dp, place_order, protect_dp
from ndl_publish.protect.measure import ExactTables, Measurements, _table
from ndl_publish.protect.tree_residuals import TreeResidualPlan, plan_tree_residuals
from ndl_publish.records.model import ValidatedRecords
from ndl_publish.spec.load import ReleaseSpec, load_release

SOURCE = {"title": "Somewhere", "href": "https://example.org"}
NESTING = [
    ("s1", "la_a", "", "north", "all"),
    ("s2", "la_b", "ca_x", "north", "all"),
    ("s3", "la_b", "ca_x", "north", "all"),
    ("s4", "la_c", "ca_x", "south", "all"),
    ("s5", "la_c", "ca_x", "south", "all"),
    ("s6", "la_c", "ca_x", "south", "all"),
    ("s7", "la_d", "", "south", "all"),
    ("s8", "la_d", "", "south", "all"),
]
LEVELS = ("lsoa", "local_authority", "combined_authority", "region", "national")
BAND = {"s1": "low", "s2": "high", "s3": "low", "s4": "high", "s5": "high", "s6": "high", "s7": "low", "s8": ""}
MINOR = {"a1": "Group A", "a2": "Group A", "b1": "Group B", "b2": "Group B"}


def _share(column: str, of: str, name: str) -> dict[str, str]:
    named = {"count_name": f"{name}_count", "percent_name": f"{name}_percent"}
    return {"kind": "share", "title": name, "description": name, "column": column, "of": of, **named}


def _breakdown(column: str, **more: str) -> dict[str, str]:
    return {"title": column, "column": column, "description": column, **more}


METADATA: dict[str, Any] = {
    "dataset_id": "tiny",
    "title": "Tiny",
    "description": "Invented children.",
    "publisher": {"name": "P", "email": "p@example.org", "href": "https://example.org"},
    "licence": "OGL-UK-3.0",
    "keywords": ["k"],
    "status_label": "Not official statistics",
    "privacy_unit": {"singular": "child", "plural": "children"},
    "cohort": {"kind": "fixed", "label": "tiny"},
    "place": {"column": "home", "basis": "residence"},
    "sources": {
        "profile": {
            "title": "Profile",
            "role": "spine",
            "id": "id",
            "columns": {
                "home": {"type": "area", "source": "HOME", "level": "lsoa"},
                "sex_code": {"type": "category", "source": "SEX", "codes": {"F": "Female", "M": "Male"}},
                "minor": {"type": "category", "source": "ETHNIC", "codes": {name: name for name in MINOR}},
                "stage": {"type": "category", "source": "STAGE", "codes": {str(i): str(i) for i in range(4)}},
                "score": {"type": "integer", "source": "SCORE", "minimum": 0, "maximum": 6},
            },
        }
    },
    "derived": {
        "major": {
            "rule": "cases",
            "cases": [{"label": "Group A", "when": {"minor": ["a1", "a2"]}}],
            "otherwise": "Group B",
        },
        "is_comm": {"rule": "any_of", "column": "stage", "values": ["1", "2", "3"]},
        "is_gld": {"rule": "any_of", "column": "stage", "values": ["2", "3"]},
        "is_all": {"rule": "any_of", "column": "stage", "values": ["3"]},
        "area_band": {
            "rule": "area_characteristic",
            "characteristic": "band",
            "categories": ["low", "high"],
            "missing": "unknown",
        },
    },
    "population": {"title": "All"},
    "breakdowns": {
        "sex": _breakdown("sex_code"),
        "ethnic_major": _breakdown("major"),
        "ethnic_minor": _breakdown("minor", within="ethnic_major"),
        "band": _breakdown("area_band"),
    },
    "measures": {
        "children": {"kind": "count", "title": "c", "description": "c", "count_name": "children_count"},
        "comm": _share("is_comm", "children", "comm"),
        "gld": _share("is_gld", "children", "gld"),
        "all_goals": _share("is_all", "comm", "all_goals"),
        "score": {
            "kind": "mean",
            "title": "s",
            "description": "s",
            "column": "score",
            "mean_name": "score_mean",
            "minimum": 0,
            "maximum": 6,
            "decimals": 2,
        },
    },
    "outcomes": {"profile": {"title": "Profile", "measures": ["comm", "gld", "all_goals"]}},
    "quality": {"coverage": "c", "strengths": "s", "limits": "l", "comparability": "c"},
}
MAIN = {
    "name": "main",
    "title": "Main",
    "levels": ["national", "region", "combined_authority", "local_authority"],
    "breakdowns": [["sex", "ethnic_minor"], ["ethnic_major"]],
    "measures": ["children", "comm", "gld", "all_goals"],
}
SMALL = {
    "name": "small",
    "title": "Small areas",
    "levels": ["local_authority", "lsoa"],
    "breakdowns": [["sex"]],
    "measures": ["children", "gld"],
}
MEANS = {"name": "means", "title": "Means", "levels": ["national", "region"], "measures": ["children", "score"]}
MEANS_BY_SEX = {**MEANS, "breakdowns": [["sex"]]}
BANDS = {
    "name": "bands",
    "title": "Bands",
    "levels": ["national", "local_authority"],
    "breakdowns": [["band"]],
    "measures": ["children", "gld"],
}
TABLES = (MAIN, SMALL, MEANS)


def number(value: str, unit: str) -> dict[str, Any]:
    return {"value": value, "unit": unit, "valid_from": "2026-01-01", "reference": SOURCE}


def rules(mode: str, *, rho: str = "1", minimum_count: int = 10, margin: str = "10") -> dict[str, Any]:
    """Return a rule book of a mode: ``dp``, ``geometric`` (pure epsilon, whose value is ``rho``) or ``classic``."""
    book: dict[str, Any] = {
        "rules_id": "small_rules",
        "title": "T",
        "description": "D",
        "references": [SOURCE],
        "finest": {level: number("3", "breakdowns") for level in LEVELS},
        "secondary": {"method": "witness_circuits"},
    }
    if mode == "classic":
        threshold = {"method": "threshold", "minimum_count": number(str(minimum_count), "children")}
        zeros = {"method": "zero", "policy": "show"}
        limits = {"improvement_seconds": number("5", "seconds"), "percent_decimals": number("1", "decimals")}
        return {**book, "mode": "classic", "primary": [threshold, zeros], **limits}
    noise: dict[str, Any] = {"method": "geometric", "epsilon": number(rho, "epsilon")}
    if mode == "dp":
        noise = {
            "method": "discrete_gaussian",
            "rho": number(rho, "rho"),
            "delta": number("0.0000001", "probability"),
        }
    withhold = {
        "minimum_count": number(str(minimum_count), "children"),
        "maximum_margin": number(margin, "percentage_points"),
    }
    return {**book, "mode": "dp", "noise": noise, "lifetime_cap": number("1000", "rho"), "withhold": withhold}


@dataclass(frozen=True)
class World:
    """A release with its areas and cells."""

    spec: ReleaseSpec
    geography: Geography
    layout: CubeLayout

    def cube(self, children: pl.DataFrame) -> Cube:
        return tabulate(validated(self.spec, children), self.spec, self.geography, engine=PolarsEngine())


def world(
    folder: Path,
    mode: str = "dp",
    *,
    tables: tuple[Mapping[str, Any], ...] = TABLES,
    covers: Mapping[str, Any] | None = None,
    version: str = "1.0.0",
    nesting: list[tuple[str, ...]] | None = None,
    **numbers: Any,  # noqa: ANN401 - passed on to ``rules``
) -> World:
    """Return a release written to files and read back, as a statistician would have it."""
    places = folder / "geography" / "2099"
    places.mkdir(parents=True, exist_ok=True)
    areas = pl.DataFrame(nesting or NESTING, schema=list(LEVELS), orient="row")
    areas.write_csv(places / "nesting.csv")
    codes = [(code, code, level) for level in LEVELS for code in areas[level].unique().sort() if code]
    names = ["area_code", "area_name", "geographic_level"]
    pl.DataFrame(codes, schema=names, orient="row").write_csv(places / "areas.csv")
    pl.DataFrame({"lsoa": list(BAND), "band": list(BAND.values())}).write_csv(places / "characteristics.csv")
    release = {
        "release_id": "tiny-release",
        "version": version,
        "title": "T",
        "description": "D",
        "metadata": "tiny",
        "rules": "small_rules",
        "time_period": "2025",
        "time_identifier": "Calendar year",
        "publish_at": "2026-11-26T09:30:00+00:00",
        "sources": {"profile": "p.csv"},
        "geography": {"vintage": "2099", **(covers or {})},
        "expected_count": 2000,
        "tables": [dict(table) for table in tables],
    }
    for name, content in (("tiny", METADATA), ("small_rules", rules(mode, **numbers)), ("release", release)):
        (folder / f"{name}.yaml").write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
    spec = load_release(folder / "release.yaml", metadata_folder=folder, rules_folder=folder)
    geography = covered_geography(spec)
    return World(spec, geography, lay_out(spec, geography))


def children(n: int, *, seed: int = 1) -> pl.DataFrame:
    """Return ``n`` invented children as validation leaves them: labels, true or false, whole numbers."""
    draw = np.random.default_rng(seed)
    home = draw.choice(list(BAND), n, p=[0.2, 0.15, 0.15, 0.1, 0.1, 0.1, 0.19, 0.01])
    minor = draw.choice(list(MINOR), n, p=[0.6, 0.2, 0.15, 0.05])
    stage = draw.choice(4, n, p=[0.2, 0.1, 0.1, 0.6])
    return pl.DataFrame(
        {
            "place": home,
            "sex_code": draw.choice(["Female", "Male"], n),
            "minor": minor,
            "major": [MINOR[name] for name in minor],
            "area_band": [BAND[name] or "unknown" for name in home],
            **{name: stage >= k for k, name in enumerate(("is_comm", "is_gld", "is_all"), 1)},
            "score": draw.integers(0, 7, n),
        }
    )


def validated(spec: ReleaseSpec, frame: pl.DataFrame) -> ValidatedRecords:
    return ValidatedRecords(spec, nw.from_native(frame.lazy()), frame.height, pl.DataFrame())


def pay(ledger: Ledger, events: tuple[Query, ...], digest: str, *, cap: Fraction = Fraction(1000)) -> Grant:
    """Return the ledger's grant for queries."""
    request = ChargeRequest.for_queries(
        events, release_id="tiny-release", version="1.0.0", rules_id="small_rules", request_digest=digest,
        adjacency="add_remove", code_version="1", actor="a tester", key_fingerprint="f",
    )  # fmt: skip
    return ledger.reserve(request, caps=dict.fromkeys(events[0].cohorts, Caps(cap)))


def key(number_: int = 1) -> SecretKey:
    return SecretKey(bytes([number_ % 256, number_ // 256 % 256] * 16))


def chains(plan: TreeResidualPlan) -> dict[str, tuple[Chain, ...]]:
    """Return the chain of each dimension, for each quantity."""
    return {name: estimator.chains for name, estimator in plan.estimators.items()}


def exact_answers(plan: TreeResidualPlan, tables: Mapping[str, ExactTables]) -> Measurements:
    """Return what every query would answer without noise."""
    own = chains(plan)
    return {
        q.event.label: exact_residual(_table(tables[q.quantity], own[q.quantity], q), own[q.quantity], q.part).ravel()
        for q in plan.queries
    }


def dearest_child(plan: TreeResidualPlan, rows: FinestRows) -> FinestRows:
    """Return one child of those whose groups have the most siblings at every depth, with the largest sums."""
    grid = plan.estimators["children"].grid
    own = chains(plan)["children"]
    code = [0] + [
        max(range(len(dim.codes)), key=_losses(chain)) for dim, chain in zip(grid.dimensions[1:], own[1:], strict=True)
    ]
    bounds = {name: estimator.quantity.bound for name, estimator in plan.estimators.items()}
    one = np.ones(1, np.int64)
    return FinestRows(np.array([code]), one, {name: bounds[name] * one for name in rows.sums})


def _losses(chain: Chain) -> Callable[[int], list[Fraction]]:
    return lambda code: [chain.child_loss(code, depth) for depth in range(1, len(chain.levels) + 1)]


def with_version(made: World, version: str) -> World:
    """Return the same release under another version."""
    release = made.spec.release.model_copy(update={"version": version})
    return replace(made, spec=replace(made.spec, release=release))


@dataclass(frozen=True)
class Paid:
    """Differentially private figures with what was charged and measured for them."""

    grant: Grant
    measurements: Measurements = field(repr=False)
    result: DpResult = field(repr=False)


def protect(
    made: World,
    cube: Cube,
    ledger: Ledger,
    *,
    number_: int = 1,
    actor: str = "a tester",
    mechanism: Mechanism | None = None,
) -> Paid:
    """Return the differentially private figures of a cube, paid for by the ledger."""
    secret = key(number_)
    plan = mechanism or plan_tree_residuals(made.spec, made.layout)
    order = place_order(cube, made.spec, plan, key=secret)
    grant, measurements = measure_dp(made.spec, order, payment=Payment(secret, ledger, actor))
    result = protect_dp(
        made.spec, made.layout, plan, measurements, entry=ledger.entry(grant), recoverable=recoverable_cells
    )
    return Paid(grant, measurements, result)
