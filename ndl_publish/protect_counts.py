"""The command ``protect``: a table of counts in, one row per published cell out, audited before it is written."""

import hashlib
import os
import re
import tempfile
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ndl_publish.audit.certified import INSIDER_SECONDS, certificate_checks, insider_check
from ndl_publish.audit.judge import Required
from ndl_publish.audit.model import AuditCheck
from ndl_publish.audit.published import PublishedCells
from ndl_publish.audit.recoverable import recoverable_cells
from ndl_publish.audit.run import attacked
from ndl_publish.certificate_files import remove_certificate, write_certificate
from ndl_publish.certificate_pack import certificate_of
from ndl_publish.columns import Mask
from ndl_publish.cube.grid import CellGrid, IntArray
from ndl_publish.errors import DisclosureError, Finding, InputError, RuleError, TargetError
from ndl_publish.home import Home
from ndl_publish.privacy.secret_key import SecretKey
from ndl_publish.protect.counts import (
    Counts,
    ExactCounts,
    counts_frame,
    protect_classic_counts,
    read_counts,
    refuse_tied,
)
from ndl_publish.protect.counts_noise import Identity, protect_dp_counts
from ndl_publish.protect.dp import Payment
from ndl_publish.protect.primary.sensitive import Sensitive
from ndl_publish.protect.secondary.problem import MaskArray
from ndl_publish.spec.counts_tables import CountsTables, read_counts_tables
from ndl_publish.spec.idle_rules import idle_rules
from ndl_publish.spec.load import load_rules
from ndl_publish.spec.rules import ClassicRules
from ndl_publish.suppression_report.counts import ReportWanted, counts_report, remove_report, write_report
from ndl_publish.until_clean import Outcome, until_clean

Progress = Callable[[str, int, int], None]
COHORT = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")


@dataclass(frozen=True, slots=True)
class Charge:
    """Who is charged for a noisy table of counts; the first three are needed in mode ``dp`` only."""

    release_id: str | None
    version: str
    cohort: str | None
    actor: str


@dataclass(frozen=True, slots=True)
class ProtectedCounts:
    """Where the protected table is, how much is withheld, and where report and certificate (confidential) are."""

    out: Path
    n_cells: int
    n_withheld: int
    findings: tuple[Finding, ...]
    report: Path | None = None
    certificate: Path | None = None


def protect_counts(  # noqa: PLR0913 - one file or folder each
    counts_file: Path,
    *,
    tables_file: Path,
    rules_file: Path,
    out: Path,
    home: Home,
    charge: Charge,
    progress: Progress,
    report: ReportWanted | None = None,
    certificate: Path | None = None,
    is_whole: bool = False,
) -> ProtectedCounts:
    """Protect a table of counts and write the result, with suppression report and certificate where wanted.

    Raises:
        RuleError: ``NDL-R063`` when mode ``dp`` lacks a release name or a cohort, ``NDL-R065`` when it is asked for a
            suppression report, ``NDL-R067`` for an attack with whole numbers; errors of the files.
        InputError: When the counts cannot be used; ``NDL-V086`` when mode ``dp`` is asked for a certificate.
        TargetError: ``NDL-T001`` when ``out`` exists, ``NDL-T003`` when it cannot be written, ``NDL-T004`` when it is
            no CSV or two results are to go to one place.
        DisclosureError: ``NDL-D010`` when the audit recovers a withheld count; nothing is written then.
    """
    _refuse_places(out, None if report is None else report.folder, certificate)
    rules = load_rules(rules_file)
    tables = read_counts_tables(tables_file)
    counts = read_counts(counts_file, tables)
    if out.exists():
        raise TargetError("NDL-T001", f"{out}: stands there already and is not replaced. Name another file.")
    if not out.parent.is_dir():
        raise TargetError("NDL-T003", f"{out}: its folder is not there. Make it, or name another file.")
    if report is not None:
        report.refuse_occupied()
    if isinstance(rules, ClassicRules):
        refuse_tied(counts, counts_file.name)
        return _exact(
            counts, rules, tables=tables, title=counts_file.name, out=out, key=home.open_key(), report=report,
            certificate=certificate, is_whole=is_whole, progress=progress,
        )  # fmt: skip
    if report is not None:
        raise RuleError("NDL-R065", f"{rules.rules_id}: mode dp has no suppression report. Leave --report out.")
    if certificate is not None:
        raise InputError("NDL-V086", f"{rules.rules_id}: counts with noise have no certificate. Leave it out.")
    if is_whole:
        raise RuleError("NDL-R067", f"{rules.rules_id}: mode dp has noisy counts. Leave --whole-numbers out.")
    identity = _identity(charge, tables, where=tables_file.name)
    key = home.open_key()
    with home.open_ledger() as ledger:
        payment = Payment(key, ledger, charge.actor, home.remember)
        noisy = protect_dp_counts(
            counts, rules, identity, payment=payment, recoverable=recoverable_cells, progress=progress
        )
        published = _published(counts.grid, noisy.values, noisy.mask, is_count=False)
        _refuse(attacked(published, _required(counts.grid, noisy.mask)))
        frame = counts_frame(counts.grid, noisy.values, noisy.mask, lower=noisy.lower, upper=noisy.upper)
        content = frame.write_csv().encode()
        ledger.commit(noisy.grant, outputs={out.name: hashlib.sha256(content).hexdigest()}, actor=charge.actor)
        home.remember(ledger)
        _write(out, content)
    return _result(out, noisy.mask, counts.notes)


def _exact(  # noqa: PLR0913 - the counts and what is wanted of them
    counts: Counts,
    rules: ClassicRules,
    *,
    tables: CountsTables,
    title: str,
    out: Path,
    key: SecretKey,
    report: ReportWanted | None,
    certificate: Path | None,
    is_whole: bool,
    progress: Progress,
) -> ProtectedCounts:
    tie_break = key.keyed_digest("ties", rules.rules_id.encode()).encode()
    outcome = _clean(counts, rules, tie_break=tie_break, is_whole=is_whole, progress=progress)
    exact = outcome.made
    content = counts_frame(counts.grid, exact.values, exact.mask).write_csv().encode()
    written = None
    with ExitStack() as undo:
        if report is not None:
            made = counts_report(
                title, counts, exact, tables=tables, rules=rules, tie_break=tie_break, is_asked=report.is_what_if,
                progress=progress,
            )  # fmt: skip
            written = write_report(made, report.folder)
            undo.callback(remove_report, report.folder)
        if certificate is not None:
            proof = certificate_of(counts.grid, counts.codes, counts.counts, exact.suppression.witnesses)
            required = _required(counts.grid, exact.mask, sensitive=exact.sensitive)
            write_certificate(certificate, proof, required, {out.name: hashlib.sha256(content).hexdigest()})
            undo.callback(remove_certificate, certificate)
        _write(out, content)
        undo.pop_all()
    notes = (*counts.notes, *idle_rules(rules), *outcome.notes)
    return replace(_result(out, exact.mask, notes), report=written, certificate=certificate)


def _clean(
    counts: Counts, rules: ClassicRules, *, tie_break: bytes, is_whole: bool, progress: Progress
) -> Outcome[ExactCounts]:
    """Return a pattern that the audit found nothing in.

    Raises:
        DisclosureError: ``NDL-D010`` when it finds something in every pattern.
    """

    def protect(found: IntArray | None) -> ExactCounts:
        return protect_classic_counts(counts, rules=rules, tie_break=tie_break, found=found, progress=progress)

    def audit(exact: ExactCounts) -> tuple[AuditCheck, ...]:
        return _checks(counts, exact, rules, is_whole=is_whole)

    outcome = until_clean(protect, audit, n_cells=counts.grid.n_cells)
    _refuse(outcome.checks)
    return outcome


def _checks(counts: Counts, exact: ExactCounts, rules: ClassicRules, *, is_whole: bool) -> tuple[AuditCheck, ...]:
    """Return every check of a pattern: its certificate, outsiders and, where that proves it, insiders."""
    published = _published(counts.grid, exact.values, exact.mask, is_count=True)
    required = _required(counts.grid, exact.mask, sensitive=exact.sensitive, has_insiders=rules.attacker.insiders)
    proof = certificate_of(counts.grid, counts.codes, counts.counts, exact.suppression.witnesses)
    proved = certificate_checks(published, proof, required, minimum_count=rules.minimum_count)
    checks = (*proved, *attacked(published, required, is_whole=is_whole))
    if not required.has_insiders or any(not check.is_passed for check in proved):
        return checks
    return (*checks, insider_check(published, proof, required, seconds=INSIDER_SECONDS))


def _refuse_places(out: Path, report: Path | None, certificate: Path | None) -> None:
    if out.suffix.lower() != ".csv":
        raise TargetError("NDL-T004", f"{out}: the result is written as CSV. Name a file that ends in .csv.")
    places = [place.resolve() for place in (out, report, certificate) if place is not None]
    if len(set(places)) < len(places):
        raise TargetError("NDL-T004", "--out, --report and --certificate: name a place of its own for each.")


def _identity(charge: Charge, tables: CountsTables, *, where: str) -> Identity:
    """Return what the table is called in the ledger.

    Raises:
        RuleError: ``NDL-R063`` without a release name or a cohort in its one spelling, ``NDL-R064`` when the codes may
            depend on the records.
    """
    if not charge.release_id or not charge.cohort:
        raise RuleError("NDL-R063", "Mode dp charges a cohort: name --release-id and --cohort.")
    if not COHORT.fullmatch(charge.cohort):
        raise RuleError("NDL-R063", "--cohort: small letters, digits, hyphens and _ only, for example 2019-20.")
    if not tables.codes_are_public:
        raise RuleError(
            "NDL-R064",
            f"{where}: mode dp needs codes_are_public: true, that is, COUNTS has a row for every combination of codes "
            "that can occur, empty ones with 0, from a list made without looking at the records. Otherwise the "
            "presence of a row tells that somebody is there.",
        )
    return Identity(charge.release_id, charge.version, charge.cohort)


def _result(out: Path, mask: MaskArray, notes: tuple[Finding, ...]) -> ProtectedCounts:
    return ProtectedCounts(out, len(mask), int((mask != Mask.SHOWN).sum()), notes)


def _published(grid: CellGrid, values: IntArray, mask: MaskArray, *, is_count: bool) -> PublishedCells:
    return PublishedCells(grid, values, np.asarray(mask == Mask.SHOWN), (), is_count)


def _required(
    grid: CellGrid, mask: MaskArray, *, sensitive: Sensitive | None = None, has_insiders: bool = False
) -> Required:
    return Required(
        grid,
        np.asarray(mask == Mask.PRIMARY_SUPPRESSED),
        np.asarray(mask == Mask.SECONDARY_SUPPRESSED),
        None if sensitive is None else sensitive.lowest,
        None if sensitive is None else sensitive.highest,
        has_insiders,
    )


def _refuse(checks: Iterable[AuditCheck]) -> None:
    findings = tuple(finding for check in checks for finding in check.findings if finding.severity == "error")
    if findings:
        message = "The audit recovered counts that must stay withheld. Nothing was written; see the findings."
        raise DisclosureError("NDL-D010", message, findings=findings)


def _write(out: Path, content: bytes) -> None:
    """Write beside the destination, then move into place."""
    try:
        handle, name = tempfile.mkstemp(prefix=f".{out.name}.", dir=out.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            Path(name).chmod(0o644)
            Path(name).rename(out)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise TargetError("NDL-T003", f"{out}: cannot be written ({error.strerror}).") from None
