"""The arrow protected -> audited: attack what will be public as an outsider would, and let it pass only if it holds."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl

from ndl_publish.audit.additivity import additivity
from ndl_publish.audit.from_tables import published_cells
from ndl_publish.audit.judge import Required, judge
from ndl_publish.audit.ledger_entry import ledger_entry_findings
from ndl_publish.audit.masks import mask_findings
from ndl_publish.audit.means import mean_findings
from ndl_publish.audit.model import AuditCheck, AuditedCube
from ndl_publish.audit.published import BoolArray, PublishedCells
from ndl_publish.audit.registry import ATTACKS, COUNT_ATTACKS, SIGNED_ATTACKS
from ndl_publish.audit.small_counts import small_counts
from ndl_publish.cube.grid import IntArray
from ndl_publish.cube.layout import CubeLayout
from ndl_publish.cube.printed import printed_cells
from ndl_publish.cube.protected import ProtectedCube
from ndl_publish.spec.load import ReleaseSpec
from ndl_publish.spec.rules import ClassicRules

Progress = Callable[[str, int, int], None]
TITLES = {
    "propagation": "Withheld counts worked out step by step, one unknown in a sum at a time",
    "rank": "Withheld counts as combinations of all shown counts",
    "linear_programme": "Smallest and largest possible value of every withheld count",
}


@dataclass(frozen=True, slots=True)
class Withholding:
    """Which cells were withheld and why; what deductions are judged by, not what they start from.

    Attributes:
        is_primary: Withheld for what they are, ``n_cells``.
        is_secondary: Withheld to protect those, ``n_cells``.
        lowest: Value that must remain possible at or below for each primary, ``n_cells``; None for noisy counts.
        highest: Value that must remain possible at or above, likewise.
    """

    is_primary: BoolArray = field(repr=False)
    is_secondary: BoolArray = field(repr=False)
    lowest: IntArray | None = field(repr=False, default=None)
    highest: IntArray | None = field(repr=False, default=None)


def audit_cube(
    protected: ProtectedCube,
    spec: ReleaseSpec,
    layout: CubeLayout,
    withholding: Withholding,
    *,
    progress: Progress | None = None,
) -> AuditedCube:
    """Return the cube with the checks it passed.

    Args:
        protected: What will be public; only its tables and its statement are read.
        spec: The release.
        layout: Its cells.
        withholding: What must not be deduced.
        progress: Called with (stage, done, of).

    Raises:
        DisclosureError: ``NDL-D010`` when a check fails, ``NDL-D011`` when the tables contradict one another.
    """
    tables = {table.name: table.figures for table in protected.tables}
    return AuditedCube(protected, audit_tables(spec, layout, tables, protected.privacy, withholding, progress=progress))


def audit_tables(
    spec: ReleaseSpec,
    layout: CubeLayout,
    tables: Mapping[str, pl.DataFrame],
    statement: Mapping[str, Any],
    withholding: Withholding | None,
    *,
    progress: Progress | None = None,
) -> tuple[AuditCheck, ...]:
    """Return every check on published tables; without ``withholding`` every blank is judged alike.

    Raises:
        DisclosureError: ``NDL-D011`` when the tables contradict one another or lack rows.
    """
    published = published_cells(spec, layout, tables)
    own = [AuditCheck("masks", "One mask for every figure", mask_findings(spec, tables), f"{len(tables)} tables")]
    if published.is_count:
        means = mean_findings(spec, layout, tables)
        own.append(AuditCheck("means", "Withheld means do not follow from other means", means, f"{len(tables)} tables"))
    else:
        findings = ledger_entry_findings(spec, layout, tables, statement)
        own.append(AuditCheck("ledger_entry", "Privacy statement and figures fit each other", findings, "all queries"))
    return (*own, *attack_cells(spec, layout, published, withholding, progress=progress))


def attack_cells(
    spec: ReleaseSpec,
    layout: CubeLayout,
    published: PublishedCells,
    withholding: Withholding | None,
    *,
    progress: Progress | None = None,
) -> Iterator[AuditCheck]:
    """Yield the outcome of every attack on cells as an outsider sees them."""
    tell = progress or _silent
    n_shown = f"{int(published.is_shown.sum()):,} of {published.grid.n_cells:,} cells can be seen"
    yield AuditCheck("additivity", "Shown counts add up", additivity(published), n_shown)
    if isinstance(spec.rules, ClassicRules):
        findings = small_counts(published, minimum_count=spec.rules.minimum_count)
        yield AuditCheck("small_counts", "No small count can be seen or subtracted", findings, n_shown)
    attacks = COUNT_ATTACKS if published.is_count else SIGNED_ATTACKS
    judged = withholding or all_blanks(layout, published)
    required = Required(published.grid, judged.is_primary, judged.is_secondary, judged.lowest, judged.highest)
    for i, name in enumerate(attacks):
        tell(name, i, len(attacks))
        yield AuditCheck(name, TITLES[name], judge(ATTACKS[name](published), required), n_shown)


def all_blanks(layout: CubeLayout, published: PublishedCells) -> Withholding:
    """Return every blank figure as withheld to protect: from outside nobody can tell which ones are small."""
    hidden = printed_cells(layout) & ~published.is_shown
    return Withholding(np.zeros_like(hidden), hidden)


def _silent(_stage: str, _done: int, _of: int) -> None:
    """Tell nobody."""
