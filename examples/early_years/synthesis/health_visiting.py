"""Health visiting extract: 2-2.5 year reviews with ASQ-3 scores, and some 12-month reviews.

Loosely after the metric "2-2.5 year review" (C6i, C6ii) of the Community Services Data Set. The
relation with attainment is invented: children with lower latent ability miss the review more often
and score below expected more often.
"""

import numpy as np
import polars as pl

from examples.early_years.synthesis.children import Children
from examples.early_years.synthesis.numeric import Bools, Floats, Ints, expit, stream
from examples.early_years.synthesis.reference import Reference

DOMAINS = ("communication", "gross_motor", "fine_motor", "problem_solving", "personal_social")
CUT_OFFS = {
    24: (25.17, 38.07, 35.16, 29.78, 31.54),
    27: (24.02, 28.01, 18.42, 27.62, 25.31),
    30: (33.30, 36.14, 19.25, 27.08, 32.01),
}
_BELOW = np.array([-1.09, -1.55, -1.50, -1.50, -1.44])
"""Latent score under which a domain is below expected."""

_ABILITY, _COMMON = 0.45, 0.76
_POINTS = 13.0
_USUAL_ASQ = 90.8


def _scores(rng: np.random.Generator, ability: Floats, months: Ints) -> Ints:
    """Draw the five scores, 0 to 60 in fives, on the right side of the cut-off; shape (n, 5)."""
    own = np.sqrt(1 - _ABILITY**2 - _COMMON**2)
    latent = (_ABILITY * ability + _COMMON * rng.standard_normal(ability.size))[:, None]
    latent = latent + own * rng.standard_normal((ability.size, len(DOMAINS)))
    cut = np.array([CUT_OFFS[m] for m in (24, 27, 30)])[(months - 24) // 3]
    fives = (cut + (latent - _BELOW) * _POINTS) / 5
    rounded = np.where(latent > _BELOW, np.ceil(fives), np.floor(fives))
    top = np.where(latent > _BELOW, 12, np.floor(cut / 5))
    return np.asarray(np.clip(rounded, 0, top) * 5, dtype=np.int64)


def _review(person: Ints, born: Ints, age: Ints, ability: Floats, asq: Bools, rng: np.random.Generator) -> pl.DataFrame:
    """Make C6i rows; months are counted from January of year 0."""
    months = np.where(age < 26, 24, np.where(age < 29, 27, 30))
    scores = _scores(rng, ability, months)
    columns = {f"asq3_{name}": scores[:, d].astype(np.int16) for d, name in enumerate(DOMAINS)}
    table = pl.DataFrame(
        {"person": person, "review_type": "C6i", "month": born + age, "age_months": age.astype(np.int16)}
        | {"asq3_months": months.astype(np.int16)}
        | columns
    )
    used = pl.Series(asq)
    return table.with_columns(pl.when(used).then(pl.col("^asq3_.*$")))


def draw_health_visiting(
    reference: Reference, children: Children, ability: Floats, first_month: int, *, seed: tuple[int, int]
) -> pl.DataFrame:
    """Return reviews with ``person``, the position of the child.

    Args:
        reference: Calibration.
        children: Children; those who belong to nobody in the profile are among them.
        ability: Standardised latent ability; shape (n,).
        first_month: Month of birth of the September-born, counted from January of year 0.
        seed: Seed and academic year.
    """
    rng = stream(*seed, "health visiting")
    chance = expit(2.7 + 0.40 * ability - 0.35 * (children.fsm == 0) - 0.5 * (children.language == 1))
    person = np.flatnonzero(rng.random(ability.size) < chance)
    born = first_month + children.month[person]
    age = np.clip(np.rint(rng.gamma(4.0, 0.9, person.size) + 22.5), 22, 34).astype(np.int64)
    local = reference.areas["asq_pct"].fill_null(_USUAL_ASQ).to_numpy() / 100
    asq = rng.random(person.size) < local[children.area[person]]
    reviews = _review(person, born, age, ability[person], asq, rng)
    twice = np.flatnonzero(rng.random(person.size) < 0.03)
    later = age[twice] + rng.integers(1, 4, twice.size)
    seen = np.ones(twice.size, dtype=np.bool_)
    again = _review(person[twice], born[twice], later, ability[person[twice]], seen, rng)
    infants = np.flatnonzero(rng.random(ability.size) < 0.10)
    months = rng.integers(10, 15, infants.size)
    early = pl.DataFrame(
        {
            "person": infants,
            "review_type": "C4",
            "month": first_month + children.month[infants] + months,
            "age_months": months.astype(np.int16),
        }
    )
    return pl.concat([reviews, again, early], how="diagonal")
