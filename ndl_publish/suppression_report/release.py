"""The report of a release in mode classic, and its place in the pack of the output checker."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from ndl_publish.columns import Mask
from ndl_publish.cube.model import Cube
from ndl_publish.cube.protected import BoolArray
from ndl_publish.geography.lookup import Geography
from ndl_publish.package.model import InternalPack
from ndl_publish.protect.posed import Posed
from ndl_publish.protect.withhold import Withheld, hide_underivable, pose_exact
from ndl_publish.spec.load import ReleaseSpec
from ndl_publish.spec.rules import ClassicRules
from ndl_publish.suppression_report.make import make_report
from ndl_publish.suppression_report.markdown import report_markdown
from ndl_publish.suppression_report.model import SuppressionReport
from ndl_publish.suppression_report.naming import release_naming
from ndl_publish.suppression_report.what_if import is_small, what_if

Progress = Callable[[str, int, int], None]
NAME = "suppression_report"
"""Name of the report's files without their ending."""


def release_report(  # noqa: PLR0913 - the release, its counts, its pattern; what was asked; who is told
    spec: ReleaseSpec,
    geography: Geography,
    cube: Cube,
    withheld: Withheld,
    *,
    tie_break: bytes,
    is_asked: bool,
    progress: Progress | None = None,
) -> SuppressionReport:
    """Return the report of a release.

    Args:
        spec: The release; its rules must be of mode ``classic``.
        geography: Gives the names of areas.
        cube: Exact counts.
        withheld: Masks with reasons.
        tie_break: Secret bytes that decide between equally good patterns.
        is_asked: Try other rules however large the release is.
        progress: Called with (stage, done, of).

    Raises:
        TypeError: When the pattern is not one of mode ``classic``.
    """
    rules = spec.rules
    if not isinstance(rules, ClassicRules) or withheld.suppression is None:
        raise TypeError("only a release of exact counts has a suppression report")

    def pose(other: ClassicRules) -> Posed:
        return pose_exact(cube, other, possible=withheld.is_possible, tie_break=tie_break)

    is_tried = is_asked or is_small(cube.layout.grid)
    return make_report(
        spec.release.title,
        posed=pose(rules),
        answer=withheld.suppression,
        rules=rules,
        naming=release_naming(spec, cube.layout, geography),
        what_if=what_if(rules, pose=pose, progress=progress) if is_tried else None,
        is_seen=_is_seen(cube, withheld),
    )


def _is_seen(cube: Cube, withheld: Withheld) -> BoolArray:
    """Return the cells that a reader sees or can subtract, as the audit counts them."""
    mask = withheld.mask.copy()
    hide_underivable(cube.layout, mask)
    return np.asarray(mask == Mask.SHOWN)


def with_report(pack: InternalPack, report: SuppressionReport) -> InternalPack:
    """Return the pack with the report in it, as JSON and as Markdown."""
    content = report.as_json()
    return replace(
        pack, documents={**pack.documents, NAME: content}, texts={**pack.texts, NAME: report_markdown(content)}
    )
