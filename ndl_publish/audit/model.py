"""The proof that a cube was attacked and held: only an ``AuditedCube`` can be packaged."""

from dataclasses import dataclass, field
from typing import Any

from ndl_publish.cube.protected import ProtectedCube
from ndl_publish.errors import DisclosureError, Finding


@dataclass(frozen=True, slots=True)
class AuditCheck:
    """One attack or check and its outcome.

    Attributes:
        name: Name in ``audit/registry.py``.
        title: What was tried, in words.
        findings: What it found; empty when the cube held.
        detail: What was covered: number of cells, components, limits. Names no cell and no count.
        recovered: Cells of the grid that the attack worked out or narrowed down too far. Internal: in no report.
    """

    name: str
    title: str
    findings: tuple[Finding, ...]
    detail: str
    recovered: tuple[int, ...] = field(repr=False, default=())

    @property
    def is_passed(self) -> bool:
        """Say whether nothing of severity ``error`` was found."""
        return not any(finding.severity == "error" for finding in self.findings)

    def as_json(self) -> dict[str, Any]:
        """Return the check for a report."""
        return {
            "name": self.name,
            "title": self.title,
            "status": "pass" if self.is_passed else "fail",
            "detail": self.detail,
            "findings": [str(finding) for finding in self.findings],
        }


@dataclass(frozen=True, slots=True)
class AuditedCube:
    """A protected cube with the checks it passed.

    Raises:
        DisclosureError: ``NDL-D010`` when a check failed, or when none was made.
    """

    protected: ProtectedCube
    checks: tuple[AuditCheck, ...]

    def __post_init__(self) -> None:
        """Refuse to exist unless every check passed."""
        failed = tuple(finding for check in self.checks for finding in check.findings if finding.severity == "error")
        if failed:
            message = "The audit recovered figures that must stay withheld. Nothing was published; see the findings."
            raise DisclosureError("NDL-D010", message, findings=failed)
        if not self.checks:
            raise DisclosureError("NDL-D010", "No audit was made, so there is nothing to publish.")
