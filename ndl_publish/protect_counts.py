"""The command ``protect``: a table of counts in, one row per published cell out, audited before it is written."""

import hashlib
import os
import re
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ndl_publish.audit.judge import Required, judge
from ndl_publish.audit.published import PublishedCells
from ndl_publish.audit.recoverable import recoverable_cells
from ndl_publish.audit.registry import ATTACKS, COUNT_ATTACKS, SIGNED_ATTACKS
from ndl_publish.columns import Mask
from ndl_publish.cube.grid import CellGrid, IntArray
from ndl_publish.errors import DisclosureError, Finding, RuleError, TargetError
from ndl_publish.home import Home
from ndl_publish.privacy.secret_key import SecretKey
from ndl_publish.protect.counts import Counts, counts_frame, protect_classic_counts, read_counts, refuse_tied
from ndl_publish.protect.counts_noise import Identity, protect_dp_counts
from ndl_publish.protect.dp import Payment
from ndl_publish.protect.primary.sensitive import Sensitive
from ndl_publish.protect.secondary.problem import MaskArray
from ndl_publish.spec.counts_tables import CountsTables, read_counts_tables
from ndl_publish.spec.load import load_rules
from ndl_publish.spec.rules import ClassicRules

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
    """Where the protected table is, and how much of it is withheld."""

    out: Path
    n_cells: int
    n_withheld: int
    findings: tuple[Finding, ...]


def protect_counts(  # noqa: PLR0913 - one file or folder each
    counts_file: Path,
    *,
    tables_file: Path,
    rules_file: Path,
    out: Path,
    home: Home,
    charge: Charge,
    progress: Progress,
) -> ProtectedCounts:
    """Protect a table of counts and write the result.

    Raises:
        RuleError: ``NDL-R063`` when mode ``dp`` lacks a release name or a cohort; errors of the files.
        InputError: When the counts cannot be used.
        TargetError: ``NDL-T001`` when ``out`` exists, ``NDL-T003`` when it cannot be written.
        DisclosureError: ``NDL-D010`` when the audit recovers a withheld count; nothing is written then.
    """
    rules = load_rules(rules_file)
    tables = read_counts_tables(tables_file)
    counts = read_counts(counts_file, tables)
    if out.exists():
        raise TargetError("NDL-T001", f"{out}: stands there already and is not replaced. Name another file.")
    if not out.parent.is_dir():
        raise TargetError("NDL-T003", f"{out}: its folder is not there. Make it, or name another file.")
    if isinstance(rules, ClassicRules):
        refuse_tied(counts, counts_file.name)
        return _exact(counts, rules, out=out, key=home.open_key(), progress=progress)
    identity = _identity(charge, tables, where=tables_file.name)
    key = home.open_key()
    with home.open_ledger() as ledger:
        payment = Payment(key, ledger, charge.actor, home.remember)
        noisy = protect_dp_counts(
            counts, rules, identity, payment=payment, recoverable=recoverable_cells, progress=progress
        )
        _audit(counts.grid, noisy.values, noisy.mask, sensitive=None)
        frame = counts_frame(counts.grid, noisy.values, noisy.mask, lower=noisy.lower, upper=noisy.upper)
        content = frame.write_csv().encode()
        ledger.commit(noisy.grant, outputs={out.name: hashlib.sha256(content).hexdigest()}, actor=charge.actor)
        home.remember(ledger)
        _write(out, content)
    return _result(out, noisy.mask, counts.notes)


def _exact(counts: Counts, rules: ClassicRules, *, out: Path, key: SecretKey, progress: Progress) -> ProtectedCounts:
    exact = protect_classic_counts(
        counts,
        rules=rules,
        tie_break=key.keyed_digest("ties", rules.rules_id.encode()).encode(),
        progress=progress,
    )
    _audit(counts.grid, exact.values, exact.mask, sensitive=exact.sensitive)
    _write(out, counts_frame(counts.grid, exact.values, exact.mask).write_csv().encode())
    return _result(out, exact.mask, counts.notes)


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


def _audit(grid: CellGrid, values: IntArray, mask: MaskArray, *, sensitive: Sensitive | None) -> None:
    is_count = sensitive is not None
    published = PublishedCells(grid, values, np.asarray(mask == Mask.SHOWN), (), is_count)
    required = Required(
        grid,
        np.asarray(mask == Mask.PRIMARY_SUPPRESSED),
        np.asarray(mask == Mask.SECONDARY_SUPPRESSED),
        None if sensitive is None else sensitive.lowest,
        None if sensitive is None else sensitive.highest,
    )
    attacks = COUNT_ATTACKS if is_count else SIGNED_ATTACKS
    findings = tuple(f for name in attacks for f in judge(ATTACKS[name](published), required) if f.severity == "error")
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
