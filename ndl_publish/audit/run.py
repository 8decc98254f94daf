"""The arrow protected -> audited: attack what will be public as an outsider would, and let it pass only if it holds."""

from collections.abc import Callable, Iterator, Mapping
from time import monotonic
from typing import Any

import numpy as np
import polars as pl

from ndl_publish.audit.additivity import additivity
from ndl_publish.audit.certificate import Certificate
from ndl_publish.audit.certified import INSIDER_SECONDS, certificate_checks, insider_check
from ndl_publish.audit.from_tables import published_cells
from ndl_publish.audit.judge import Required
from ndl_publish.audit.least_shown import least_shown, rule_findings
from ndl_publish.audit.ledger_entry import ledger_entry_findings
from ndl_publish.audit.masks import mask_findings
from ndl_publish.audit.means import mean_findings
from ndl_publish.audit.model import AuditCheck, AuditedCube
from ndl_publish.audit.published import PublishedCells
from ndl_publish.audit.registry import ATTACK_SECONDS, attacks_on, judged_attack
from ndl_publish.audit.small_counts import small_counts
from ndl_publish.cube.layout import CubeLayout
from ndl_publish.cube.printed import printed_cells
from ndl_publish.cube.protected import ProtectedCube
from ndl_publish.errors import Finding
from ndl_publish.spec.load import ReleaseSpec
from ndl_publish.spec.rules import ClassicRules

Progress = Callable[[str, int, int], None]
TITLES = {
    "propagation": "Withheld counts worked out step by step, one unknown in a sum at a time",
    "rank": "Withheld counts as combinations of all shown counts",
    "linear_programme": "Smallest and largest possible value of every withheld count",
    "whole_numbers": "Smallest and largest possible value over tables of whole numbers",
}


def audit_cube(  # noqa: PLR0913 - what is attacked, what must hold, for how long
    protected: ProtectedCube,
    spec: ReleaseSpec,
    layout: CubeLayout,
    required: Required,
    *,
    certificate: Certificate | None = None,
    seconds: float = ATTACK_SECONDS,
    progress: Progress | None = None,
) -> AuditedCube:
    """Return the cube with the checks it passed; arguments and errors as of ``cube_checks``.

    Raises:
        DisclosureError: ``NDL-D010`` when a check fails, ``NDL-D011`` when the tables contradict one another.
    """
    checks = cube_checks(
        protected, spec, layout, required, certificate=certificate, seconds=seconds, progress=progress
    )  # fmt: skip
    return AuditedCube(protected, checks)


def cube_checks(  # noqa: PLR0913 - what is attacked, what must hold, for how long
    protected: ProtectedCube,
    spec: ReleaseSpec,
    layout: CubeLayout,
    required: Required,
    *,
    certificate: Certificate | None = None,
    seconds: float = ATTACK_SECONDS,
    is_whole: bool = False,
    progress: Progress | None = None,
) -> tuple[AuditCheck, ...]:
    """Return every check of a cube, passed or not.

    Args:
        protected: What will be public; only its tables and its statement are read.
        spec: The release.
        layout: Its cells.
        required: What must not be deduced.
        certificate: Proof that it cannot, checked in full before anything is attacked; exact counts only.
        seconds: Wall time that each attack on exact counts may take.
        is_whole: Attack with tables of whole numbers, too; exact counts only.
        progress: Called with (stage, done, of).

    Raises:
        DisclosureError: ``NDL-D011`` when the tables contradict one another.
    """
    tables = {table.name: table.figures for table in protected.tables}
    proved: tuple[AuditCheck, ...] = ()
    seen = published_cells(spec, layout, tables)
    if certificate is not None and isinstance(spec.rules, ClassicRules):
        (progress or _silent)("certificate", 0, 1)
        proved = certificate_checks(seen, certificate, required, minimum_count=least_shown(spec.rules, layout))
    deadline = monotonic() + seconds * (2 if is_whole else 1)
    checks = audit_tables(
        spec, layout, tables, protected.privacy, required, seconds=seconds, is_whole=is_whole, progress=progress
    )
    if certificate is None or not required.has_insiders or any(not check.is_passed for check in proved):
        return (*checks, *proved)
    alone = insider_check(seen, certificate, required, seconds=min(INSIDER_SECONDS, deadline - monotonic()))
    return (*checks, alone, *proved)


def audit_tables(  # noqa: PLR0913 - what is attacked, what must hold, for how long
    spec: ReleaseSpec,
    layout: CubeLayout,
    tables: Mapping[str, pl.DataFrame],
    statement: Mapping[str, Any],
    required: Required | None,
    *,
    seconds: float = ATTACK_SECONDS,
    is_whole: bool = False,
    progress: Progress | None = None,
) -> tuple[AuditCheck, ...]:
    """Return every check on published tables; without ``required`` every blank is judged alike.

    Raises:
        DisclosureError: ``NDL-D011`` when the tables contradict one another or lack rows.
    """
    published = published_cells(spec, layout, tables)
    own = figure_checks(spec, layout, tables)
    if not published.is_count:
        findings = ledger_entry_findings(spec, layout, tables, statement)
        told = AuditCheck("ledger_entry", "Privacy statement and figures fit each other", findings, "all queries")
        own = (*own, told)
    cells = attack_cells(spec, layout, published, required, seconds=seconds, is_whole=is_whole, progress=progress)
    return (*own, *cells)


def figure_checks(spec: ReleaseSpec, layout: CubeLayout, tables: Mapping[str, pl.DataFrame]) -> tuple[AuditCheck, ...]:
    """Return the checks of what stands in published tables besides counts: masks, and for exact counts means."""
    where = f"{len(tables)} tables"
    masks = AuditCheck("masks", "One mask for every figure", mask_findings(spec, tables), where)
    if not isinstance(spec.rules, ClassicRules):
        return (masks,)
    means = mean_findings(spec, layout, tables)
    return (masks, AuditCheck("means", "Withheld means do not follow from other means", means, where))


def attack_cells(  # noqa: PLR0913 - what is attacked, what must hold, for how long
    spec: ReleaseSpec,
    layout: CubeLayout,
    published: PublishedCells,
    required: Required | None,
    *,
    seconds: float = ATTACK_SECONDS,
    is_whole: bool = False,
    progress: Progress | None = None,
) -> Iterator[AuditCheck]:
    """Yield the outcome of every check and attack on cells as an outsider sees them."""
    n_shown = f"{int(published.is_shown.sum()):,} of {published.grid.n_cells:,} cells can be seen"
    yield AuditCheck("additivity", "Shown counts add up", additivity(published), n_shown)
    if isinstance(spec.rules, ClassicRules):
        findings = small_counts(published, minimum_count=least_shown(spec.rules, layout))
        findings = (*findings, *rule_findings(published, spec.rules, layout))
        yield AuditCheck("small_counts", "No small count can be seen or subtracted", findings, n_shown)
    judged = required or all_blanks(spec, layout, published)
    yield from attacked(published, judged, seconds=seconds, is_whole=is_whole, progress=progress)


def attacked(
    published: PublishedCells,
    required: Required,
    *,
    seconds: float = ATTACK_SECONDS,
    is_whole: bool = False,
    progress: Progress | None = None,
) -> Iterator[AuditCheck]:
    """Yield the outcome of every attack; what two attacks find is told once.

    Args:
        published: What an outsider has.
        required: What must not be known.
        seconds: Wall time that each attack on exact counts may take.
        is_whole: Attack with tables of whole numbers, too; exact counts only.
        progress: Called with (stage, done, of).
    """
    n_shown = f"{int(published.is_shown.sum()):,} of {published.grid.n_cells:,} cells can be seen"
    names = attacks_on(published, is_whole=is_whole)
    said: set[Finding] = set()
    for i, name in enumerate(names):
        (progress or _silent)(name, i, len(names))
        found = judged_attack(name, published, required, seconds=seconds)
        fresh = tuple(finding for finding in found.findings if finding not in said)
        said.update(found.findings)
        yield AuditCheck(name, TITLES[name], fresh, n_shown, found.cells)


def all_blanks(spec: ReleaseSpec, layout: CubeLayout, published: PublishedCells) -> Required:
    """Return every blank figure as withheld to protect: from outside nobody can tell which ones are small.

    Exact counts below the minimum must not follow in any cell, whether a table prints it or not.
    """
    hidden = printed_cells(layout) & ~published.is_shown
    minimum = spec.rules.minimum_count if isinstance(spec.rules, ClassicRules) else None
    return Required(published.grid, np.zeros_like(hidden), hidden, minimum_count=minimum)


def _silent(_stage: str, _done: int, _of: int) -> None:
    """Tell nobody."""
