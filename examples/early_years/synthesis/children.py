"""Draws children: home, sex, month of birth and the characteristics that go with them."""

from dataclasses import dataclass

import numpy as np

from examples.early_years.synthesis.codes import ETHNICITY, SEX
from examples.early_years.synthesis.numeric import (
    Bools,
    Floats,
    Ints,
    cuts_of,
    draw,
    even_uniforms,
    expit,
    intercepts,
    logit,
    pick,
    stream,
)
from examples.early_years.synthesis.reference import Reference, national_counts

COUNTED, EXEMPT, PART_EXEMPT, OUTSIDE, NOBODY = range(5)
"""Kinds: a full set of results; every goal A; one goal A; home outside the areas asked for; a child
who moved away before reception, known to health visiting or childcare only."""

# Chance that a child's first language is not English, by minor group and unknown: invented, then
# raised or lowered together to the national share.
_OTHER_LANGUAGE = np.array(
    (
        *(0.012, 0.03, 0.05, 0.62, 0.72),
        *(0.03, 0.20, 0.22, 0.22),
        *(0.60, 0.55, 0.55, 0.65, 0.66),
        *(0.04, 0.45, 0.30, 0.70, 0.25),
    )
)
_LANGUAGE_UNKNOWN_EXTRA = 0.0080
_ETHNICITY_UNKNOWN_EXTRA = 0.0085
_SEN_FSM_RATIO = np.array([1.45, 0.90, 1.0])
_DAYS = ((30, 31, 30, 31), (31, 29, 31), (30, 31, 30, 31, 31))


@dataclass(frozen=True, slots=True)
class Children:
    """Children as positions in the code lists; every array has shape (children,)."""

    kind: Ints
    area: Ints
    lsoa: Ints
    sex: Ints
    month: Ints
    fsm: Ints
    ethnicity: Ints
    language: Ints
    sen: Ints

    @property
    def group(self) -> Ints:
        """Authority and sex as one number: the groups in which GLD counts are exact."""
        return np.asarray(self.area * len(SEX) + self.sex)


def _homes(rng: np.random.Generator, reference: Reference, area: Ints) -> Ints:
    """Draw a home LSOA in each child's authority, in proportion to its young children."""
    upper = np.cumsum(reference.lsoa_weight)
    last = np.searchsorted(reference.lsoa_area, area, side="right") - 1
    first = np.searchsorted(reference.lsoa_area, area, side="left")
    floor = np.where(first > 0, upper[first - 1], 0.0)
    point = floor + rng.random(area.size) * (upper[last] - floor)
    return np.clip(np.searchsorted(upper, point, side="right"), first, last)


def _months(rng: np.random.Generator, reference: Reference, area: Ints, counted: Bools) -> Ints:
    """Draw the month of birth, September = 0, by the authority's terms and the days of a month."""
    within = np.concatenate([np.array(days) / sum(days) for days in _DAYS])
    terms = np.repeat(reference.margins["term"], [len(days) for days in _DAYS], axis=1)
    cumulative = np.cumsum(terms * within, axis=1)
    return pick(even_uniforms(rng, 2 * area + counted), cumulative / cumulative[:, -1:], area)


def _fsm(rng: np.random.Generator, reference: Reference, home: tuple[Ints, Ints, Ints], lost: Floats) -> Ints:
    """Draw FSM status: the authority's share of its counted children, in poorer LSOAs more often."""
    kind, area, lsoa = home
    shares = reference.margins["fsm"]
    known = lost >= shares[area, 2]
    score = logit(reference.fsm)[lsoa] + rng.logistic(size=area.size)
    counted = known & (kind == COUNTED)
    count = np.bincount(area[counted], minlength=len(shares))
    target = np.rint(count * shares[:, 0] / shares[:, :2].sum(axis=1)).astype(np.int64)
    cut = cuts_of(score[counted], area[counted], target)
    return np.where(known, np.where(score > cut[area], 0, 1), 2)


def _language(rng: np.random.Generator, reference: Reference, child: tuple[Ints, Ints], unknown: Bools) -> Ints:
    """Draw first language from ethnicity; where the authority's share is published, to that share."""
    area, ethnicity = child
    shares = reference.margins["language"]
    default = national_counts(reference.national, "language")[0]
    groups = national_counts(reference.national, "ethnicity")[0]
    wanted = groups.sum() * default[1:2] / default[:2].sum()
    one = np.zeros(groups.size, dtype=np.int64)
    offset = (logit(_OTHER_LANGUAGE) + intercepts(logit(_OTHER_LANGUAGE), groups, one, wanted))[ethnicity]
    published = np.abs(shares[:, 1] - default[1] / default.sum()) > 1e-9
    count = np.bincount(area, minlength=len(shares)).astype(np.float64)
    known = shares[:, 1] / shares[:, :2].sum(axis=1)
    level = intercepts(offset, np.ones(area.size), area, known * count)
    chance = expit(offset + np.where(published, level, 0.0)[area])
    return np.where(unknown, 2, (rng.random(area.size) < chance).astype(np.int64))


def _sen(rng: np.random.Generator, reference: Reference, child: tuple[Ints, Ints, Ints], lost: Floats) -> Ints:
    """Draw SEN provision by authority, sex and FSM; unknown is a part of the unmatched children."""
    area, sex, fsm = child
    total = national_counts(reference.national, "sen")[0]
    by_sex = np.stack([national_counts(reference.national, "sen", s)[0] for s in ("Female", "Male")])
    ratio = (by_sex / by_sex.sum(axis=1, keepdims=True)) / (total / total.sum())
    shares = reference.margins["sen"]
    some = shares[area][:, 1:3] * ratio[sex][:, 1:3] * _SEN_FSM_RATIO[fsm][:, None]
    drawn = draw(rng, np.column_stack([np.clip(1 - some.sum(axis=1), 0, None), some]))
    return np.where(lost < shares[area, 3], 3, drawn)


def draw_children(reference: Reference, kind: Ints, area: Ints, sex: Ints, *, seed: tuple[int, int]) -> Children:
    """Draw homes and characteristics for children of given kind, home authority and sex.

    Args:
        reference: Calibration.
        kind: One of the kinds above per child; shape (n,).
        area: Position of the home authority per child; shape (n,).
        sex: 0 girl, 1 boy; shape (n,).
        seed: Seed and academic year.
    """
    lsoa = _homes(stream(*seed, "home"), reference, area)
    rng = stream(*seed, "characteristics")
    lost = even_uniforms(
        rng, 2 * area + (kind == COUNTED)
    )  # low: not matched to the school census, so several items unknown
    fsm = _fsm(rng, reference, (kind, area, lsoa), lost)
    ethnicity = pick(rng.random(area.size), reference.ethnicity, lsoa)
    unknown = (fsm == 2) | (rng.random(area.size) < _ETHNICITY_UNKNOWN_EXTRA)
    ethnicity = np.where(unknown, len(ETHNICITY), ethnicity)
    silent = (fsm == 2) | (rng.random(area.size) < _LANGUAGE_UNKNOWN_EXTRA)
    return Children(
        kind=kind,
        area=area,
        lsoa=lsoa,
        sex=sex,
        month=_months(rng, reference, area, kind == COUNTED),
        fsm=fsm,
        ethnicity=ethnicity,
        language=_language(rng, reference, (area, ethnicity), silent),
        sen=_sen(rng, reference, (area, sex, fsm), lost),
    )
