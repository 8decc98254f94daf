"""How many children each local authority has, and how many of them reach a good level."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from examples.early_years.synthesis.codes import YEARS
from examples.early_years.synthesis.numeric import Floats, Ints, expit, intercepts, largest_remainder, logit
from examples.early_years.synthesis.reference import Reference


@dataclass(frozen=True, slots=True)
class Cohort:
    """Target counts of one academic year; each array has shape (authorities, 2): girls, boys."""

    children: Ints
    gld: Ints


def _totals_by_sex(reference: Reference) -> dict[str, tuple[Floats, Floats]]:
    """Published girls and boys: authority -> (children, GLD children)."""
    table = reference.published.filter(pl.col("sex") != "Total", pl.col("breakdown") != "All SEN provision").group_by(
        "new_la_code", "breakdown_topic", "sex"
    )
    sums = table.agg(pl.col("children_count", "gld_children_count").sum()).sort(
        "children_count", "sex", descending=[True, False]
    )
    best: dict[str, tuple[Floats, Floats]] = {}
    size = dict(reference.areas.select("new_la_code", "children_count").iter_rows())
    for (code, _topic), rows in sums.group_by("new_la_code", "breakdown_topic", maintain_order=True):
        girls_boys = rows.sort("sex")
        if girls_boys["children_count"].sum() == size[str(code)]:
            counts = (girls_boys[c].to_numpy().astype(float) for c in ("children_count", "gld_children_count"))
            best[str(code)] = (next(counts), next(counts))
    return best


def _split_by_sex(total: Floats, children: Floats, gap: float) -> Floats:
    """Share GLD children of each authority between girls and boys with one log-odds gap."""
    areas = np.arange(total.size)
    offset = np.concatenate([np.full(total.size, gap), np.zeros(total.size)])
    group = np.concatenate([areas, areas])
    weight = np.concatenate([children[:, 0], children[:, 1]])
    level = intercepts(offset, weight, group, total)
    girls = np.rint(children[:, 0] * expit(gap + level))
    girls = np.clip(girls, np.maximum(0, total - children[:, 1]), np.minimum(children[:, 0], total))
    return np.stack([girls, total - girls], axis=1)


def cohort_2024_25(reference: Reference) -> Cohort:
    """Counts of 2024/25: published authorities exactly, the others rounded to the national total."""
    by_sex = reference.national.filter(pl.col("breakdown_topic") == "Total").sort("sex")
    women, men = by_sex.filter(pl.col("sex") == "Female"), by_sex.filter(pl.col("sex") == "Male")
    size = reference.areas["children_count"].to_numpy().astype(np.float64)
    gld = size * reference.areas["gld"].to_numpy() / 100
    children = np.zeros((size.size, 2))
    exact = _totals_by_sex(reference)
    codes = reference.areas["new_la_code"].to_list()
    fixed = np.array([code in exact for code in codes])
    for row in np.flatnonzero(fixed):
        children[row] = exact[codes[row]][0]
    girls_left = int(women["children_count"][0] - children[fixed, 0].sum())
    children[~fixed, 0] = largest_remainder(size[~fixed], girls_left)
    children[~fixed, 1] = size[~fixed] - children[~fixed, 0]
    known_gld = sum(exact[codes[row]][1].sum() for row in np.flatnonzero(fixed))
    gld[~fixed] = largest_remainder(gld[~fixed], YEARS[202425][1] - int(known_gld))
    rates = [float(t["gld_children_count"][0] / t["children_count"][0]) for t in (women, men)]
    reached = _split_by_sex(gld, children, float(logit(rates[0]) - logit(rates[1])))
    for row in np.flatnonzero(fixed):
        reached[row] = exact[codes[row]][1]
    return Cohort(children=children.astype(np.int64), gld=reached.astype(np.int64))


def cohort_of_year(reference: Reference, year: int) -> Cohort:
    """Counts of a year: 2024/25 scaled to the national children and shifted to the national rate."""
    latest = cohort_2024_25(reference)
    if year == max(YEARS):
        return latest
    total, reached = YEARS[year]
    children = largest_remainder(latest.children.ravel().astype(np.float64), total)
    rate = latest.gld.ravel() / np.maximum(latest.children.ravel(), 1)
    weight = children.astype(np.float64)
    everyone = np.zeros(weight.size, dtype=np.int64)
    shift = intercepts(logit(rate), weight, everyone, np.array([float(reached)]))
    gld = largest_remainder(weight * expit(logit(rate) + shift), reached)
    shape = latest.children.shape
    return Cohort(children=children.reshape(shape), gld=np.minimum(gld, children).reshape(shape))
