"""What the auditor gets out of a table of counts, as numbers: the figures that a comparison of tools needs."""

from dataclasses import dataclass

import numpy as np

from ndl_publish.audit.certificate import check_certificate
from ndl_publish.audit.inside import LoneChildren
from ndl_publish.audit.insider import insiders
from ndl_publish.audit.judge import Required
from ndl_publish.audit.linear_programme import Enough, linear_programme
from ndl_publish.audit.propagation import propagation
from ndl_publish.audit.published import BoolArray, PublishedCells
from ndl_publish.certificate_pack import certificate_of
from ndl_publish.columns import Mask
from ndl_publish.protect.posed import Posed
from ndl_publish.protect.secondary.problem import Suppression


@dataclass(frozen=True, slots=True)
class Attacked:
    """How many small counts attackers get hold of.

    Attributes:
        exact: Of which one value is left.
        uncovered: Whose interval does not hold all of 0 to the threshold.
        insider: That some child alone in a withheld cell works out.
        notes: How far the linear programmes came, where time ran out.
    """

    exact: int
    uncovered: int
    insider: int
    notes: tuple[str, ...]


def attack(posed: Posed, is_shown: BoolArray, *, seconds: float) -> Attacked:
    """Return what the auditor finds, outsider and insiders, in what is shown; withheld figures are wiped first.

    Args:
        posed: The cells, the small counts and the intervals that must stay possible.
        is_shown: Which cells are shown, ``n_cells``.
        seconds: Wall time for the outsider, and as much again for insiders; what they do not reach is not counted.
    """
    problem = posed.problem
    published = PublishedCells(problem.grid, problem.values, is_shown)
    enough = Enough(
        np.where(problem.primary, problem.lowest, np.inf), np.where(problem.primary, problem.highest, -np.inf)
    )
    found = linear_programme(published, enough=enough, seconds=seconds)
    exact = problem.primary & (found.is_exact | propagation(published).is_exact | is_shown)
    reaches = (found.lower <= problem.lowest) & (found.upper >= problem.highest)
    lone = LoneChildren.of(problem.grid, problem.codes, problem.counts)
    told = insiders(published, _required(posed, is_shown), lone, seconds=seconds).findings
    learnt = sum(int(one.message.split()[0]) for one in told if one.severity == "error")
    notes = tuple(one.message for one in (*found.notes, *told) if one.severity == "note" and one.code != "NDL-D004")
    return Attacked(int(exact.sum()), int((problem.primary & ~reaches).sum()), learnt, notes)


def certificate_errors(posed: Posed, found: Suppression) -> tuple[str, ...]:
    """Return what keeps the witnesses from proving, by addition alone, that all is protected, insiders included."""
    problem = posed.problem
    is_shown = np.asarray(found.mask == Mask.SHOWN)
    certificate = certificate_of(problem.grid, problem.codes, problem.counts, found.witnesses)
    published = PublishedCells(problem.grid, problem.values, is_shown)
    findings = check_certificate(published, certificate, _required(posed, is_shown))
    return tuple(f"{one.code} {one.where}: {one.message}" for one in findings if one.severity == "error")


def _required(posed: Posed, is_shown: BoolArray) -> Required:
    problem = posed.problem
    secondary = ~is_shown & ~problem.primary
    return Required(problem.grid, problem.primary, secondary, problem.lowest, problem.highest, problem.has_insiders)
