"""The command ``protect``: a table of counts in, one row per published cell out, audited before it is written."""

import hashlib
import os
import re
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ndl_publish.audit.certificate import Certificate
from ndl_publish.audit.certified import INSIDER_SECONDS, certificate_checks, insider_check
from ndl_publish.audit.judge import Required
from ndl_publish.audit.published import PublishedCells
from ndl_publish.audit.recoverable import recoverable_cells
from ndl_publish.audit.registry import COUNT_ATTACKS, SIGNED_ATTACKS, judged_attack
from ndl_publish.certificate_files import remove_certificate, write_certificate
from ndl_publish.certificate_pack import certificate_of
from ndl_publish.columns import Mask
from ndl_publish.cube.grid import CellGrid, IntArray
from ndl_publish.errors import DisclosureError, Finding, InputError, RuleError, TargetError
from ndl_publish.home import Home
from ndl_publish.privacy.secret_key import SecretKey
from ndl_publish.protect.counts import Counts, counts_frame, protect_classic_counts, read_counts, refuse_tied
from ndl_publish.protect.counts_noise import Identity, protect_dp_counts
from ndl_publish.protect.dp import Payment
from ndl_publish.protect.primary.sensitive import Sensitive
from ndl_publish.protect.secondary.problem import MaskArray
from ndl_publish.spec.counts_tables import CountsTables, read_counts_tables
from ndl_publish.spec.idle_rules import idle_rules
from ndl_publish.spec.load import load_rules
from ndl_publish.spec.rules import ClassicRules
from ndl_publish.suppression_report.counts import ReportWanted, counts_report, remove_report, write_report

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
    """Where the protected table is, how much of it is withheld, and where the confidential report is, if wanted."""

    out: Path
    n_cells: int
    n_withheld: int
    findings: tuple[Finding, ...]
    report: Path | None = None


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
) -> ProtectedCounts:
    """Protect a table of counts and write the result, with suppression report and certificate where wanted.

    Raises:
        RuleError: ``NDL-R063`` when mode ``dp`` lacks a release name or a cohort, ``NDL-R065`` when it is asked for a
            suppression report; errors of the files.
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
            certificate=certificate, progress=progress,
        )  # fmt: skip
    if report is not None:
        raise RuleError("NDL-R065", f"{rules.rules_id}: mode dp has no suppression report. Leave --report out.")
    if certificate is not None:
        raise InputError("NDL-V086", f"{rules.rules_id}: counts with noise have no certificate. Leave it out.")
    identity = _identity(charge, tables, where=tables_file.name)
    key = home.open_key()
    with home.open_ledger() as ledger:
        payment = Payment(key, ledger, charge.actor, home.remember)
        noisy = protect_dp_counts(
            counts, rules, identity, payment=payment, recoverable=recoverable_cells, progress=progress
        )
        _attack(_published(counts.grid, noisy.values, noisy.mask, is_count=False), _required(counts.grid, noisy.mask))
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
    progress: Progress,
) -> ProtectedCounts:
    tie_break = key.keyed_digest("ties", rules.rules_id.encode()).encode()
    exact = protect_classic_counts(counts, rules=rules, tie_break=tie_break, progress=progress)
    published = _published(counts.grid, exact.values, exact.mask, is_count=True)
    required = _required(counts.grid, exact.mask, sensitive=exact.sensitive, has_insiders=rules.attacker.insiders)
    proof = certificate_of(counts.grid, counts.codes, counts.counts, exact.suppression.witnesses)
    _prove(published, proof, required, minimum_count=rules.minimum_count)
    _attack(published, required)
    if required.has_insiders:
        _refuse(iter(insider_check(published, proof, required, seconds=INSIDER_SECONDS).findings))
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
            write_certificate(certificate, proof, required, {out.name: hashlib.sha256(content).hexdigest()})
            undo.callback(remove_certificate, certificate)
        _write(out, content)
        undo.pop_all()
    return replace(_result(out, exact.mask, (*counts.notes, *idle_rules(rules))), report=written)


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


def _prove(published: PublishedCells, proof: Certificate, required: Required, *, minimum_count: int) -> None:
    checks = certificate_checks(published, proof, required, minimum_count=minimum_count)
    _refuse(finding for check in checks for finding in check.findings)


def _attack(published: PublishedCells, required: Required) -> None:
    names = COUNT_ATTACKS if published.is_count else SIGNED_ATTACKS
    _refuse(finding for name in names for finding in judged_attack(name, published, required))


def _refuse(found: Iterator[Finding]) -> None:
    findings = tuple(finding for finding in found if finding.severity == "error")
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
