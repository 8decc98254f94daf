"""Providers, and children whose home or school is somewhere else."""

import numpy as np

from examples.early_years.synthesis.children import OUTSIDE, Children
from examples.early_years.synthesis.codes import PILOT
from examples.early_years.synthesis.numeric import Floats, Ints, stream
from examples.early_years.synthesis.reference import Reference

NEIGHBOURS = {
    "E08000035": ("E08000032", "E08000034", "E08000036", "E06000065", "E08000038", "E08000039"),
    "E09000013": ("E09000020", "E09000018", "E09000009", "E09000032", "E09000005"),
    **dict.fromkeys(PILOT[2:], ("E10000017", "E06000007", "E08000010", "E06000050")),
}
"""Pilot authority -> authorities next to or near it, from which children come to its schools."""

WELSH_SCHOOLS = ("E06000050", "E06000051", "E06000019", "E10000013")
"""English authorities on the Welsh border."""

WELSH_HOMES = ("W06000005", "W06000006", "W06000023", "W06000021")
"""Flintshire, Wrexham, Powys, Monmouthshire: in the order of the schools above."""

FIRST_URN, URNS = 900_000, 100_000
"""Provider numbers are drawn from a range that no real provider has."""

CHILDREN_A_SCHOOL = 38
CHILDREN_A_NURSERY = 22
_CROSSING = 0.025
_CATCHMENT = 0.03


def _position_in_area(reference: Reference) -> Floats:
    """Where each LSOA stands, 0 to 1, among the children of its authority in code order."""
    total = np.bincount(reference.lsoa_area, reference.lsoa_weight)
    upper = np.cumsum(reference.lsoa_weight)
    start = np.concatenate([[0.0], np.cumsum(total)])[reference.lsoa_area]
    return np.asarray((upper - start - reference.lsoa_weight / 2) / total[reference.lsoa_area])


def providers(rng: np.random.Generator, reference: Reference, area: Ints, lsoa: Ints, *, size: int, first: int) -> Ints:
    """Choose a provider near home and return its number.

    Args:
        rng: Random stream.
        reference: Calibration.
        area: Authority of the provider; shape (n,).
        lsoa: Home LSOA; shape (n,).
        size: Children of a provider, on average.
        first: Where the numbers of this kind of provider begin in the list of all numbers.
    """
    count = np.maximum(1, np.rint(reference.areas["children_count"].to_numpy() / size)).astype(np.int64)
    numbers = FIRST_URN + np.random.default_rng(first + size).permutation(URNS // 2) + first
    start = np.cumsum(count) - count
    place = _position_in_area(reference)[lsoa] + rng.normal(0.0, _CATCHMENT, lsoa.size)
    folded = np.minimum(np.abs(place), 2 - np.abs(place)).clip(0.0, 0.999999)
    own = np.floor(folded * count[area]).astype(np.int64)
    return np.asarray(numbers[start[area] + own])


def school_areas(reference: Reference, children: Children, asked: Ints, *, seed: tuple[int, int]) -> Ints:
    """Choose the authority of the school: home, or for a few another asked-for one of the region."""
    rng = stream(*seed, "school area")
    regions = reference.areas["region_code"]
    schools = children.area.copy()
    moves = (rng.random(schools.size) < _CROSSING) & (children.kind != OUTSIDE)
    for row in asked:
        near = [other for other in asked if other != row and regions[int(other)] == regions[int(row)]]
        leaving = np.flatnonzero(moves & (children.area == row))
        if near and leaving.size:
            schools[leaving] = rng.choice(np.array(near), leaving.size)
    codes = reference.areas["new_la_code"].to_list()
    hosts = [row for row in asked if codes[row] in NEIGHBOURS]
    for home in np.setdiff1d(children.area[children.kind == OUTSIDE], asked):
        near = [row for row in hosts if codes[home] in NEIGHBOURS[codes[row]]]
        visiting = np.flatnonzero((children.kind == OUTSIDE) & (children.area == home))
        schools[visiting] = rng.choice(np.array(near), visiting.size)
    return schools
