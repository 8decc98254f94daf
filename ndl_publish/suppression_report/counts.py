"""The report of a table of counts in mode classic, and its two files in a folder of their own."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ndl_publish.errors import TargetError
from ndl_publish.package.folder import as_target_errors, write_file
from ndl_publish.package.json_text import json_bytes
from ndl_publish.package.layout import INTERNAL_FOLDER_MODE
from ndl_publish.protect.counts import Counts, ExactCounts, pose_counts
from ndl_publish.protect.posed import Posed
from ndl_publish.spec.counts_tables import CountsTables
from ndl_publish.spec.rules import ClassicRules
from ndl_publish.suppression_report.make import make_report
from ndl_publish.suppression_report.markdown import report_markdown
from ndl_publish.suppression_report.model import SuppressionReport
from ndl_publish.suppression_report.naming import counts_naming
from ndl_publish.suppression_report.release import NAME
from ndl_publish.suppression_report.what_if import is_small, what_if

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class ReportWanted:
    """Where the report of a table of counts goes, and whether other rules are tried however large the table is."""

    folder: Path
    is_what_if: bool = False

    def refuse_occupied(self) -> None:
        """Refuse a folder that is there already or has no place to be, before anything is protected.

        Raises:
            TargetError: ``NDL-T001`` when something stands there, ``NDL-T003`` when the folder around it is missing.
        """
        if self.folder.exists() or self.folder.is_symlink():
            raise TargetError("NDL-T001", f"{self.folder}: stands there already and is not replaced. Name another.")
        if not self.folder.parent.is_dir():
            raise TargetError("NDL-T003", f"{self.folder}: its folder is not there. Make it, or name another place.")


def counts_report(  # noqa: PLR0913 - the counts, their pattern; what was asked; who is told
    title: str,
    counts: Counts,
    exact: ExactCounts,
    *,
    tables: CountsTables,
    rules: ClassicRules,
    tie_break: bytes,
    is_asked: bool,
    progress: Progress | None = None,
) -> SuppressionReport:
    """Return the report of a table of counts.

    Args:
        title: Name of the file.
        counts: The counts.
        exact: What is withheld of them.
        tables: The tables wanted.
        rules: The rules in force.
        tie_break: Secret bytes that decide between equally good patterns.
        is_asked: Try other rules however large the table is.
        progress: Called with (stage, done, of).
    """

    def pose(other: ClassicRules) -> Posed:
        return pose_counts(counts, rules=other, tie_break=tie_break)

    is_tried = is_asked or is_small(counts.grid)
    return make_report(
        title,
        posed=pose(rules),
        answer=exact.suppression,
        rules=rules,
        naming=counts_naming(tables, counts.grid),
        what_if=what_if(rules, pose=pose, progress=progress) if is_tried else None,
    )


def write_report(report: SuppressionReport, folder: Path) -> Path:
    """Write the report to a folder that only its owner can read, and return the Markdown's path.

    Raises:
        TargetError: ``NDL-T002`` or ``NDL-T003`` when it cannot be written; nothing is left then.
    """
    content = report.as_json()
    files = {f"{NAME}.json": json_bytes(content), f"{NAME}.md": report_markdown(content)}
    with as_target_errors(folder):
        folder.mkdir(mode=INTERNAL_FOLDER_MODE)
        try:
            for name, text in files.items():
                write_file(folder, name, text)
        except BaseException:
            remove_report(folder)
            raise
    return folder / f"{NAME}.md"


def remove_report(folder: Path) -> None:
    """Remove a report that nothing was published with."""
    shutil.rmtree(folder, ignore_errors=True)
