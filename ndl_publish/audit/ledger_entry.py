"""Does the privacy statement fit the package? Recomputed from the statement and the figures alone.

The privacy loss of every query is worked out again from its noise variance and the number of categories, and must add
up to what the ledger was charged. The interval of every count must be as wide as the stated noise implies: not narrower
than if all measurements of it were pooled, not wider than what its own level's measurements give.

Source:
    Canonne, Kamath and Steinke, "The discrete Gaussian for differential privacy" (arXiv 2004.00010): rho of a query is
    its squared sensitivity over twice its noise variance.
"""

from collections.abc import Iterator, Mapping
from fractions import Fraction
from math import prod
from typing import Any

import numpy as np
import polars as pl

from ndl_publish import columns as c
from ndl_publish.cube.layout import CubeLayout
from ndl_publish.errors import Finding
from ndl_publish.spec.load import ReleaseSpec

Z_95 = 1.959963984540054
ROUNDING_SLACK = 1.0
"""Interval ends are rounded outward to whole children, at most one at each end."""


def ledger_entry_findings(
    spec: ReleaseSpec, layout: CubeLayout, tables: Mapping[str, pl.DataFrame], statement: Mapping[str, Any]
) -> tuple[Finding, ...]:
    """Return where privacy statement and package do not fit each other.

    Returns:
        ``NDL-D030`` the stated losses do not follow from the stated noise, ``NDL-D031`` the statement and its ledger
        entry differ, ``NDL-D032`` intervals do not follow from the noise, ``NDL-D033`` counts are not whole numbers.
    """
    return (
        *_loss_findings(spec, layout, statement),
        *_whole_number_findings(spec, tables),
        *_interval_findings(spec, tables, statement),
    )


def _loss_findings(spec: ReleaseSpec, layout: CubeLayout, statement: Mapping[str, Any]) -> Iterator[Finding]:
    queries, entry = statement["queries"], statement["ledger_entry"]
    yield from _pure_findings(spec, layout, statement)
    gaussian = [query for query in queries if "sigma2" in query]
    for query in gaussian:
        sensitivity = _squared_sensitivity(spec, layout, query)
        if sensitivity / (2 * Fraction(query["sigma2"])) != Fraction(query["rho"]):
            yield Finding("NDL-D030", "error", "privacy.json", f"query {query['label']}: its loss does not follow.")
    total = sum((Fraction(query["rho"]) for query in gaussian), Fraction(0))
    charged = {Fraction(loss["rho"]) for loss in entry["losses"]}
    if gaussian and ({total} != charged or Fraction(statement["rho"]["fraction"]) != total):
        yield Finding("NDL-D030", "error", "privacy.json", "the losses of the queries do not add up to the charge.")
    charged_noise = {item["label"]: item.get("sigma2") for item in entry["queries"]}
    if gaussian and charged_noise != {query["label"]: query["sigma2"] for query in gaussian}:
        yield Finding("NDL-D031", "error", "privacy.json", "the queries are not those that the ledger was charged for.")
    if (entry["release_id"], entry["version"]) != (spec.release.release_id, spec.release.version):
        yield Finding("NDL-D031", "error", "privacy.json", "the ledger entry is of another release or version.")
    if sorted(loss["cohort"] for loss in entry["losses"]) != sorted(spec.cohorts):
        yield Finding("NDL-D031", "error", "privacy.json", "the ledger entry charges other cohorts than the release's.")
    if entry["rules_id"] != spec.rules.rules_id:
        yield Finding("NDL-D031", "error", "privacy.json", "the ledger entry is of other rules.")


def _pure_findings(spec: ReleaseSpec, layout: CubeLayout, statement: Mapping[str, Any]) -> Iterator[Finding]:
    """Check the queries under pure epsilon that are measured with planned noise."""
    pure = [query for query in statement["queries"] if "epsilon" in query]
    planned = [query for query in pure if "scale" in query]
    for query in planned:
        most = _bound(spec, query) * prod(2 * (n - 1) for n in _most_siblings(layout, query))
        if most / Fraction(query["scale"]) != Fraction(query["epsilon"]):
            yield Finding("NDL-D030", "error", "privacy.json", f"query {query['label']}: its loss does not follow.")
    total = sum((Fraction(query["epsilon"]) for query in pure), Fraction(0))
    charged = {Fraction(loss["epsilon"]) for loss in statement["ledger_entry"]["losses"]}
    if pure and {total} != charged:
        yield Finding("NDL-D030", "error", "privacy.json", "the losses of the queries do not add up to the charge.")
    charged_noise = {item["label"]: item.get("scale") for item in statement["ledger_entry"]["queries"]}
    if planned and charged_noise != {query["label"]: query["scale"] for query in planned}:
        yield Finding("NDL-D031", "error", "privacy.json", "the queries are not those that the ledger was charged for.")


def _bound(spec: ReleaseSpec, query: Mapping[str, Any]) -> int:
    measure = spec.dataset.measures.get(query["quantity"])
    return max(abs(measure.minimum), abs(measure.maximum)) if measure is not None and measure.kind == "mean" else 1


def _squared_sensitivity(spec: ReleaseSpec, layout: CubeLayout, query: Mapping[str, Any]) -> Fraction:
    return Fraction(_bound(spec, query) ** 2 * prod(n * (n - 1) for n in _most_siblings(layout, query)))


def _most_siblings(layout: CubeLayout, query: Mapping[str, Any]) -> Iterator[int]:
    """Yield, for every level that is measured, the most groups that lie in one group of the level it is within."""
    level = {level.name: level for dimension in layout.grid.dimensions[1:] for level in dimension.levels}
    for name in query["attributes"]:
        own, within = level[name].group_of, query.get("within", {})
        above = level[within[name]].group_of if name in within else np.zeros_like(own)
        pairs = np.unique(np.column_stack([above, own]), axis=0)
        yield int(np.bincount(pairs[:, 0]).max())


def _whole_number_findings(spec: ReleaseSpec, tables: Mapping[str, pl.DataFrame]) -> Iterator[Finding]:
    counts = [measure.count_name for measure in spec.dataset.measures.values() if measure.kind != "mean"]
    for name, table in tables.items():
        rows = table.filter(pl.col(c.MEASURE).is_in(counts) & pl.col(c.VALUE).is_not_null())
        broken = rows.filter(pl.col(c.VALUE) != pl.col(c.VALUE).round(0)).height
        if broken:
            yield Finding("NDL-D033", "error", name, f"{broken} counts are not whole numbers.")


def _interval_findings(
    spec: ReleaseSpec, tables: Mapping[str, pl.DataFrame], statement: Mapping[str, Any]
) -> Iterator[Finding]:
    """Check the intervals of the children of every area, the figures that every table has.

    Where headcounts already public enter the estimate, intervals may be narrower than the noise alone gives.
    """
    own: dict[str, list[float]] = {}
    for query in statement["queries"]:
        if query["quantity"] == "children" and not query["attributes"] and "sigma2" in query:
            own.setdefault(query["level"], []).append(float(Fraction(query["sigma2"])))
    if not own:
        return
    pooled = 0.0 if "invariants" in statement else 1 / sum(1 / s2 for values in own.values() for s2 in values)
    is_of_all = pl.lit(value=True)
    if len(spec.release.time_periods) > 1:
        is_of_all = pl.col(c.TIME_PERIOD) == spec.release.pooled_period
    figure = spec.dataset.count_name
    for name, table in tables.items():
        breakdowns = [x for x in table.columns if x not in (*c.LEADING, *c.OF_FIGURES)]
        for level, variances in own.items():
            rows = table.filter(
                pl.col(c.GEOGRAPHIC_LEVEL) == level, pl.col(c.MEASURE) == figure, pl.col(c.LOWER) > 0, is_of_all,
                *(pl.col(x) == c.TOTAL for x in breakdowns),
            )  # fmt: skip
            half = (pl.col(c.UPPER) - pl.col(c.LOWER)) / 2
            narrowest = Z_95 * pooled**0.5
            widest = Z_95 * (min(variances) + statement["rounding_variance"]) ** 0.5 + ROUNDING_SLACK
            wrong = rows.filter(~half.is_between(narrowest, widest)).height
            if wrong:
                yield Finding("NDL-D032", "error", name, f"{wrong} intervals at level {level} do not fit the noise.")
