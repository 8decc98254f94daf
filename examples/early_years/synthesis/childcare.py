"""Funded childcare extract: one row per child, term and provider, with the hours funded.

Entitlements and maxima follow the rules of 2022 to 2024 (570 hours a year universal, 1,140 for
working parents, early learning for two-year-olds); take-up by authority follows published shares.
That fewer hours go with lower attainment is invented.
"""

import numpy as np
import polars as pl

from examples.early_years.synthesis.children import Children
from examples.early_years.synthesis.codes import TERM_OF_MONTH
from examples.early_years.synthesis.numeric import Floats, Ints, expit, logit, stream
from examples.early_years.synthesis.places import CHILDREN_A_NURSERY, URNS, providers
from examples.early_years.synthesis.reference import Reference

PROVIDER_TYPES = (
    "Private and voluntary providers",
    "Childminders",
    "Independent schools",
    "Local authority day nurseries",
    "State-funded nursery schools",
    "State-funded primary schools",
)
_TYPE_SHARES = (0.55, 0.04, 0.03, 0.01, 0.03, 0.34)
ENTITLEMENTS = ("Universal", "Working parents", "Early learning for 2 year olds")
TERM_STARTS = (36, 40, 43, 48, 52, 55)
"""Start of each term in months after the first month of birth: two years of September, January, April."""

WEEKS = (14, 12, 12)
_FIRST_UNIVERSAL = np.array([1, 2, 3])
"""First term after the third birthday of autumn-, spring- and summer-born children."""


def _terms(rng: np.random.Generator, reference: Reference, children: Children, ability: Floats) -> pl.DataFrame:
    """Return person, term (0 to 5) and entitlement of every funded term."""
    birth_term = np.array(TERM_OF_MONTH)[children.month]
    poor = children.fsm == 0
    universal = reference.areas["univ34_pct"].to_numpy().clip(40, 98) / 100
    early = reference.areas["fras2_pct"].fill_null(72.7).to_numpy().clip(20, 98) / 100
    some = rng.random(poor.size) < expit(logit(universal)[children.area] + 0.35 * ability + 0.15 - 0.3 * poor)
    works = rng.random(poor.size) < expit(-0.25 + 0.45 * ability - 2.2 * poor)
    two = rng.random(poor.size) < np.where(poor, 0.9 * early[children.area], 0.06)
    late = rng.random(poor.size) < expit(-1.1 - 0.4 * ability)
    start = np.where(late, 3, _FIRST_UNIVERSAL[birth_term])
    rows = []
    for term in range(len(TERM_STARTS)):
        older = np.flatnonzero(some & (term >= start))
        younger = np.flatnonzero(two & (term < _FIRST_UNIVERSAL[birth_term]))
        for who, kind in ((older, works[older].astype(np.int64)), (younger, np.full(younger.size, 2))):
            rows.append(pl.DataFrame({"person": who, "term": np.full(who.size, term), "kind": kind}))
    return pl.concat(rows)


def _weekly_hours(rng: np.random.Generator, ability: Floats) -> Ints:
    """Return the weekly hours, out of fifteen, that each child takes up."""
    part = rng.random(ability.size) > expit(0.9 + 0.5 * ability)
    return np.where(part, rng.integers(3, 15, ability.size), 15)


def draw_childcare(
    reference: Reference, children: Children, ability: Floats, first_month: int, *, seed: tuple[int, int]
) -> pl.DataFrame:
    """Return childcare rows with ``person``, the position of the child; arguments as in health visiting."""
    rng = stream(*seed, "childcare")
    terms = _terms(rng, reference, children, ability)
    person, term, kind = (terms[c].to_numpy() for c in ("person", "term", "kind"))
    hours = _weekly_hours(rng, ability)[person] * np.where(kind == 1, 2, 1) * np.array(WEEKS)[term % 3]
    place = {"size": CHILDREN_A_NURSERY, "first": URNS // 2}
    main = providers(rng, reference, children.area, children.lsoa, **place)
    second = providers(rng, reference, children.area, children.lsoa, **place)
    shared = np.flatnonzero((rng.random(ability.size) < 0.05)[person] & (main != second)[person] & (hours > 40))
    moved = np.rint(hours[shared] * 0.4).astype(np.int64)
    hours[shared] -= moved
    everyone = np.concatenate([person, person[shared]])
    urn = np.concatenate([main[person], second[person[shared]]])
    types = np.random.default_rng(URNS).choice(len(PROVIDER_TYPES), size=URNS, p=_TYPE_SHARES)
    starts = np.array(TERM_STARTS)[np.concatenate([term, term[shared]])] + first_month
    return pl.DataFrame(
        {
            "person": everyone,
            "month": starts,
            "provider_urn": urn.astype(np.int32),
            "provider_type": pl.Series(PROVIDER_TYPES).gather(types[urn % URNS].astype(np.uint32)),
            "entitlement_type": pl.Series(ENTITLEMENTS).gather(np.concatenate([kind, kind[shared]]).astype(np.uint32)),
            "funded_hours": np.concatenate([hours, moved]).astype(np.int16),
        }
    )
