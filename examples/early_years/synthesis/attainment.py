"""Decides who reaches a good level of development, so that published counts hold exactly.

Every child has a score: effects of its characteristics (``gld_effects.csv``, fitted to the national
table) plus a logistic draw. In each authority and sex the published number of children with the
highest scores reach a good level. The distance to the cut is the latent ability that the goals, the
2-2.5 year review and the use of childcare share.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl

from examples.early_years.synthesis.children import COUNTED, Children
from examples.early_years.synthesis.codes import MAJOR_OF_MINOR, SEX, TERM_OF_MONTH
from examples.early_years.synthesis.numeric import Bools, Floats, Ints, cuts_of, logit, stream
from examples.early_years.synthesis.reference import CALIBRATION, Reference, national_counts

_MONTH_SLOPE = -0.05
_SMALL_FSM, _SMALL_ETHNIC = 60.0, 150.0
_MEAN_MARGIN, _SPREAD_MARGIN = 0.85, 2.24


@dataclass(frozen=True, slots=True)
class Attainment:
    """Result of each child: gld, distance to the cut in log-odds, and standardised ability."""

    gld: Bools
    margin: Floats
    ability: Floats


def read_effects() -> dict[str, Floats]:
    """Read fitted log-odds effects: topic -> effect of each code, in code order."""
    table = pl.read_csv(CALIBRATION / "gld_effects.csv")
    return {
        str(topic): rows.sort("position")["log_odds"].to_numpy()
        for (topic,), rows in table.group_by("topic", maintain_order=True)
    }


def _local_fsm(reference: Reference) -> Floats:
    """How far the FSM gap of an authority is from the national gap, shrunk where few are eligible."""
    counts, reached = national_counts(reference.national, "fsm")
    rate = logit(reached / counts)
    gap = logit(reference.areas["gld_fsm"].fill_null(50.0).to_numpy() / 100)
    gap = gap - logit(reference.areas["gld_nonfsm"].to_numpy() / 100) - (rate[0] - rate[1])
    eligible = reference.margins["fsm"][:, 0] * reference.areas["children_count"].to_numpy()
    known = reference.areas["gld_fsm"].is_not_null().to_numpy()
    return np.asarray(np.where(known, gap * eligible / (eligible + _SMALL_FSM), 0.0))


def _local_ethnicity(reference: Reference) -> Floats:
    """The same for major ethnic groups, against the authority's own rate; shape (A, 5)."""
    columns = ("gld_white", "gld_mixed", "gld_asian", "gld_black", "gld_other")
    counts, reached = national_counts(reference.national, "ethnicity")
    majors = np.array(MAJOR_OF_MINOR)
    national = np.bincount(majors, reached[:-1]) / np.bincount(majors, counts[:-1])
    own = logit(reference.areas["gld"].to_numpy() / 100)
    local = np.stack([reference.areas[c].cast(pl.Float64).to_numpy() for c in columns], axis=1) / 100
    gap = logit(local) - own[:, None] - (logit(national) - logit(reached.sum() / counts.sum()))
    minor = np.diff(reference.ethnicity, axis=1, prepend=0.0) * reference.lsoa_weight[:, None]
    size = np.zeros((own.size, 5))
    for position, major in enumerate(majors):
        size[:, major] += np.bincount(reference.lsoa_area, minor[:, position], own.size)
    return np.nan_to_num(gap * size / (size + _SMALL_ETHNIC))


def offsets(reference: Reference, children: Children, effects: dict[str, Floats]) -> Floats:
    """Return the log-odds of a good level before the level of the authority and sex."""
    terms = np.array(TERM_OF_MONTH)[children.month]
    middle = np.array([1.5, 5.0, 9.0])[terms]
    ethnic = np.column_stack([_local_ethnicity(reference), np.zeros(reference.areas.height)])
    major = np.array([*MAJOR_OF_MINOR, 5])[children.ethnicity]
    local = np.where(children.fsm == 0, _local_fsm(reference)[children.area], 0.0)
    return np.asarray(
        effects["fsm"][children.fsm]
        + effects["ethnicity"][children.ethnicity]
        + effects["language"][children.language]
        + effects["sen"][children.sen]
        + effects["term"][terms]
        + _MONTH_SLOPE * (children.month - middle)
        + effects["idaci"][0] * (reference.idaci_decile[children.lsoa] - 5.5)
        + local
        + ethnic[children.area, major]
    )


def attain(reference: Reference, children: Children, target: Ints, *, seed: tuple[int, int]) -> Attainment:
    """Decide who reaches a good level.

    Args:
        reference: Calibration.
        children: Children; only the counted kind takes part in the exact counts.
        target: GLD children wanted by authority and sex; shape (A, 2).
        seed: Seed and academic year.
    """
    score = offsets(reference, children, read_effects())
    score = score + stream(*seed, "score").logistic(size=score.size)
    counted = children.kind == COUNTED
    wanted = target.ravel() * (np.bincount(children.group[counted], minlength=target.size) > 0)
    cuts = cuts_of(score[counted], children.group[counted], wanted.astype(np.int64))
    margin = score - cuts.reshape(-1, len(SEX))[children.area, children.sex]
    return Attainment(gld=margin > 0, margin=margin, ability=np.asarray((margin - _MEAN_MARGIN) / _SPREAD_MARGIN))
