"""What commands print when they are done: a summary a person can read, or JSON."""

import shlex
from collections.abc import Iterable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from ndl_publish import columns as c
from ndl_publish.audit.model import AuditCheck
from ndl_publish.errors import DisclosureError, Finding
from ndl_publish.geography.levels import level_label
from ndl_publish.home import Home
from ndl_publish.ledger.decision import decimal_text
from ndl_publish.package.layout import INTERNAL, PUBLIC
from ndl_publish.suppression_report.release import NAME
from ndl_publish.terminal import findings_json, say, show, show_json, show_table

if TYPE_CHECKING:  # each command prints one of these, and should not wait for the others
    from ndl_publish.pipeline import Built, Prepared
    from ndl_publish.protect_counts import ProtectedCounts
    from ndl_publish.replay import Replayed

CONTRADICTION = "NDL-D025"
"""What is found of known figures that fit no table together with those of a package."""


def show_check(prepared: "Prepared", findings: tuple[Finding, ...], *, as_json: bool) -> None:
    """Print that a release is ready to build, with what is worth knowing."""
    if as_json:
        show_json({"status": "ok", "release": prepared.spec.release.release_id, "findings": findings_json(findings)})
        return
    _show_findings(findings)
    show(f"{prepared.spec.release.title}: ready to build. Nothing was spent or written.")
    show(f"Next: ndl-publish plan {shlex.quote(str(prepared.spec.source.path))}")


def show_build(built: "Built", home: Home, *, as_json: bool) -> None:
    """Print what was made: tables, cells, withheld, margins, budget, where it is and what to do next."""
    summary = build_summary(built, home)
    if as_json:
        show_json(summary)
        return
    _show_findings(built.findings)
    release = built.prepared.spec.release
    show(f"{release.title}, version {release.version} (draft)\n")
    rows = [
        (t["table"], t["level"], f"{t['figures']:,}", f"{t['withheld']:,}", _number(t["typical_margin"]))
        for t in summary["tables"]
    ]
    show_table("Figures by table and level:", ("table", "level", "figures", "withheld", "± typical count"), rows)
    if summary["privacy"] is not None:
        paid = summary["privacy"]
        word = "charged before, nothing now" if paid["is_replay"] else "charged now"
        show(f"Privacy: rho {_plain(paid['rho'])} ({word}).")
        for left in paid["cohorts"]:
            show(f"Cohort {left['cohort']}: {_plain(left['remaining'])} left of {_plain(left['cap'])}.")
    else:
        show("Mode classic: exact counts with suppression; not differentially private.")
    show(f"Checks passed: {', '.join(summary['checks'])}.")
    show(f"Public (a draft):    {summary['public']}")
    show(f"For the output checker only: {summary['internal']}")
    if summary["suppression_report"] is not None:
        show(f"What was withheld and why (confidential): {summary['suppression_report']}")
    attack = f"ndl-publish audit {shlex.quote(str(built.package.folder))}"
    show(f"Next: read {Path(summary['public']) / 'README.md'}, then: {attack}")


def _plain(amount: float) -> str:
    """Return six significant digits, never with an exponent."""
    return decimal_text(Fraction(repr(amount)))


def build_summary(built: "Built", home: Home) -> dict[str, Any]:
    """Return the summary of a build: public figures only."""
    return {
        "status": "ok",
        "release": built.prepared.spec.release.release_id,
        "version": built.prepared.spec.release.version,
        "tables": list(_table_rows(built)),
        "privacy": _privacy(built, home),
        "checks": [check.name for check in built.audited.checks],
        "public": str(built.package.folder / PUBLIC),
        "internal": str(built.package.folder / INTERNAL),
        "suppression_report": _suppression_report(built),
        "findings": findings_json(built.findings),
    }


def _suppression_report(built: "Built") -> str | None:
    """Return where the suppression report is; mode ``dp`` has none."""
    path = built.package.folder / INTERNAL / f"{NAME}.md"
    return str(path) if path.exists() else None


def _table_rows(built: "Built") -> Iterable[dict[str, Any]]:
    count = built.prepared.spec.dataset.count_name
    for table in built.audited.protected.tables:
        for level in table.figures[c.GEOGRAPHIC_LEVEL].unique(maintain_order=True):
            here = table.figures.filter(pl.col(c.GEOGRAPHIC_LEVEL) == level)
            withheld = here.filter(pl.col(c.STATUS).is_in([c.SUPPRESSED, c.LOW_RELIABILITY])).height
            half = here.filter(pl.col(c.MEASURE) == count).select(((pl.col(c.UPPER) - pl.col(c.LOWER)) / 2).median())
            yield {
                "table": table.name,
                "level": level_label(level),
                "figures": here.height,
                "withheld": withheld,
                "typical_margin": half.item(),
            }


def _privacy(built: "Built", home: Home) -> dict[str, Any] | None:
    if built.grant is None:
        return None
    with home.open_ledger(must_exist=True) as ledger:
        known = {balance.cohort: balance for balance in ledger.balances()}
    return {
        "rho": float(max(loss.rho for _, loss in built.grant.losses)),
        "is_replay": built.grant.is_replay,
        "cohorts": [
            {"cohort": cohort, "remaining": float(known[cohort].remaining), "cap": float(known[cohort].cap)}
            for cohort, _ in built.grant.losses
        ],
    }


def _number(value: float | None, unit: str = "") -> str:
    return "-" if value is None else f"{value:,.1f}{unit}"


def _show_findings(findings: tuple[Finding, ...]) -> None:
    for finding in findings:
        say(str(finding))
    if findings:
        say("")


def show_audit(checks: tuple[AuditCheck, ...], *, as_json: bool) -> None:
    """Print every check; raise when one failed, so that the exit code says so.

    Raises:
        DisclosureError: ``NDL-D010`` with all findings, those that failed a check first.
    """
    findings = [finding for check in checks for finding in check.findings]
    failed = [finding for finding in findings if finding.severity == "error"]
    if as_json and not failed:
        show_json({"status": "ok", "checks": [check.as_json() for check in checks]})
    for check in () if as_json else checks:
        show(f"{'pass' if check.is_passed else 'FAIL'}  {check.title} ({check.detail})")
        for finding in check.findings:
            if finding.severity != "error":
                show(f"      {finding.severity}: {finding.message}")
    if failed:
        told = (*failed, *(finding for finding in findings if finding.severity != "error" and as_json))
        raise DisclosureError("NDL-D010", _why_failed(failed), findings=told)


def _why_failed(failed: Sequence[Finding]) -> str:
    if all(finding.code == CONTRADICTION for finding in failed):
        return "Figures already public contradict those of the package: nothing was attacked with them."
    return "The audit found figures that must stay withheld, or that contradict one another."


def show_replay(done: "Replayed", *, as_json: bool) -> None:
    """Print that a package is what its noisy measurements give."""
    kept = None if done.kept is None else str(done.kept)
    if as_json:
        numbers = {"files": done.n_files, "measurements": done.n_measurements}
        show_json({"status": "ok", "release": done.release, **numbers, "out": kept})
        return
    show(f"{done.release}: all {done.n_files} public files made again from {done.n_measurements:,} noisy measurements,")
    show("byte by byte the same. No record, no exact count and no key was read.")
    if kept is not None:
        show(f"Kept: {kept}")


def show_protected_counts(done: "ProtectedCounts", *, as_json: bool) -> None:
    """Print what was withheld of a table of counts, and where the result is."""
    if as_json:
        where = None if done.report is None else str(done.report)
        proof = None if done.certificate is None else str(done.certificate)
        numbers = {"cells": done.n_cells, "withheld": done.n_withheld}
        show_json({"status": "ok", "out": str(done.out), **numbers, "suppression_report": where, "certificate": proof})
        return
    _show_findings(done.findings)
    show(f"{done.n_cells:,} cells, {done.n_withheld:,} withheld. Audited: nothing withheld can be computed.")
    show(f"Written: {done.out}")
    if done.report is not None:
        show(f"What was withheld and why (confidential): {done.report}")
    if done.certificate is not None:
        show(f"Certificate, checked (confidential): {done.certificate}")
