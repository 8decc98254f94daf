"""One academic year: puts the steps in order."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from examples.early_years.synthesis.attainment import attain
from examples.early_years.synthesis.childcare import draw_childcare
from examples.early_years.synthesis.children import (
    COUNTED,
    EXEMPT,
    NOBODY,
    OUTSIDE,
    PART_EXEMPT,
    draw_children,
)
from examples.early_years.synthesis.codes import PILOT
from examples.early_years.synthesis.cohort import cohort_of_year
from examples.early_years.synthesis.goals import draw_goals
from examples.early_years.synthesis.health_visiting import draw_health_visiting
from examples.early_years.synthesis.linkage import draw_links
from examples.early_years.synthesis.numeric import Ints, stream
from examples.early_years.synthesis.places import NEIGHBOURS, WELSH_SCHOOLS, school_areas
from examples.early_years.synthesis.profile import first_month_of_birth, profile_rows
from examples.early_years.synthesis.reference import Reference

OUTSIDERS = {"small": 40, "pilot": 80, "england": 250}
"""Children at school in the areas asked for who live elsewhere (England: in Wales)."""

_SHARES = {EXEMPT: 0.008, PART_EXEMPT: 0.0003, NOBODY: 0.04}


@dataclass(frozen=True, slots=True)
class YearTables:
    """Four tables in which ``person`` (and ``linked``) is the position of a child among ``persons``."""

    profile: pl.DataFrame
    health_visiting: pl.DataFrame
    childcare: pl.DataFrame
    links: pl.DataFrame
    persons: int


def areas_of(reference: Reference, size: str) -> Ints:
    """Return the positions of the authorities of a size: Leeds, the eight of the pilot, or all."""
    codes = reference.areas["new_la_code"].to_list()
    if size == "england":
        return np.arange(len(codes))
    return np.array(sorted(codes.index(code) for code in (PILOT if size == "pilot" else PILOT[:1])))


def _extras(reference: Reference, asked: Ints, size: str, rng: np.random.Generator) -> tuple[Ints, Ints]:
    """Return kind and home authority of the children outside the published figures."""
    codes = reference.areas["new_la_code"].to_list()
    weight = reference.areas["children_count"].to_numpy()[asked].astype(np.float64)
    total = int(weight.sum())
    kinds = np.concatenate([np.full(max(2, round(share * total)), k) for k, share in _SHARES.items()])
    homes = rng.choice(asked, size=kinds.size, p=weight / total)
    if size == "england":
        near = [codes.index(code) for code in WELSH_SCHOOLS]
    else:
        near = [codes.index(code) for row in asked for code in NEIGHBOURS[codes[row]]]
    outside = rng.choice(np.array(near), OUTSIDERS[size])
    return np.concatenate([kinds, np.full(outside.size, OUTSIDE)]), np.concatenate([homes, outside])


def make_year(reference: Reference, size: str, *, seed: tuple[int, int]) -> YearTables:
    """Generate one academic year.

    Args:
        reference: Calibration.
        size: ``small``, ``pilot`` or ``england``.
        seed: Seed and academic year, for instance (1, 202425).
    """
    asked = areas_of(reference, size)
    cohort = cohort_of_year(reference, seed[1])
    rng = stream(*seed, "extras")
    kind, area = _extras(reference, asked, size, rng)
    counted_area = np.repeat(np.repeat(asked, 2), cohort.children[asked].ravel())
    counted_sex = np.repeat(np.tile([0, 1], asked.size), cohort.children[asked].ravel())
    kinds = np.concatenate([np.full(counted_area.size, COUNTED), kind])
    areas = np.concatenate([counted_area, area])
    sexes = np.concatenate([counted_sex, rng.integers(0, 2, kind.size)])
    children = draw_children(reference, kinds, areas, sexes, seed=seed)
    attainment = attain(reference, children, cohort.gld, seed=seed)
    results = draw_goals(reference, children, attainment, seed=seed)
    schools = school_areas(reference, children, asked, seed=seed)
    first = first_month_of_birth(seed[1])
    visits = draw_health_visiting(reference, children, attainment.ability, first, seed=seed)
    care = draw_childcare(reference, children, attainment.ability, first, seed=seed)
    sources = {"health_visiting": visits, "childcare": care}
    links = [
        draw_links(stream(*seed, name), children, attainment.ability, np.unique(table["person"].to_numpy()), name)
        for name, table in sources.items()
    ]
    return YearTables(
        profile=profile_rows(reference, children, schools, results, seed=seed),
        health_visiting=visits,
        childcare=care,
        links=pl.concat(links),
        persons=kinds.size,
    )
