"""The command ``audit``: read a package as an outsider has it, and attack it with everything that is public.

The release, its metadata and its rules come from ``specification.json``; areas from the look-ups that ship with
ndl-publish. ``knowing`` adds exact counts that are public elsewhere, earlier releases among them.
"""

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import polars as pl

from ndl_publish import columns as c
from ndl_publish.audit.certified import certificate_checks
from ndl_publish.audit.contradiction import contradict
from ndl_publish.audit.from_tables import published_cells
from ndl_publish.audit.known_figures import LINE, add_known_figures
from ndl_publish.audit.least_shown import least_shown, rule_findings
from ndl_publish.audit.model import AuditCheck
from ndl_publish.audit.published import PublishedCells
from ndl_publish.audit.registry import ATTACK_SECONDS
from ndl_publish.audit.run import attack_cells, audit_tables, figure_checks
from ndl_publish.certificate_files import read_certificate
from ndl_publish.cube.layout import CubeLayout, lay_out
from ndl_publish.errors import Finding, InputError, RuleError
from ndl_publish.geography.coverage import covered_geography
from ndl_publish.geography.levels import level_label
from ndl_publish.package.layout import PRIVACY, csv_path
from ndl_publish.package.validate import package_findings
from ndl_publish.package_reading import check_manifest, public_folder, read_json, read_spec
from ndl_publish.privacy.conversion import epsilon_of_rho
from ndl_publish.spec.load import ReleaseSpec, tie_findings
from ndl_publish.spec.rules import ClassicRules, DpRules

Progress = Callable[[str, int, int], None]
ROUNDED = 2e-4
"""How far a rounded figure of the statement may lie from the exact one."""


def audit_package(
    package: Path,
    *,
    knowing: tuple[Path, ...],
    certificate: Path | None = None,
    is_whole: bool = False,
    progress: Progress,
) -> tuple[AuditCheck, ...]:
    """Return the outcome of every check and attack on a package, or of its certificate alone.

    Args:
        package: A package folder, or its ``public`` folder.
        knowing: CSV files of figures already public, in the layout of ``data/``.
        certificate: Where the certificate is, to be checked by addition in place of the attacks.
        is_whole: Attack with tables of whole numbers, too.
        progress: Called with (stage, done, of).

    Raises:
        RuleError: ``NDL-R067`` for whole numbers where counts are noisy.
        InputError: ``NDL-V080`` when this is no package, ``NDL-V081`` when a file differs from the manifest,
            ``NDL-V082`` when known figures cannot be read, ``NDL-V083`` to ``NDL-V086`` when there is no certificate
            for it that can be used.
        DisclosureError: ``NDL-D011`` when the tables contradict one another.
    """
    public = public_folder(package)
    manifest = check_manifest(public)
    files = AuditCheck(
        "files", "Every file is as its descriptor says, Parquet as CSV", package_findings(public), "all files"
    )
    spec = read_spec(public)
    if is_whole and isinstance(spec.rules, DpRules):
        raise RuleError("NDL-R067", f"{spec.rules.rules_id}: mode dp has noisy counts. Leave --whole-numbers out.")
    layout = lay_out(spec, covered_geography(spec))
    tables = {table.name: _read_table(public / csv_path(table.name), spec) for table in spec.release.tables}
    if certificate is not None:
        published = published_cells(spec, layout, tables)
        known, published = _known(spec, layout, published, knowing)
        if not all(check.is_passed for check in known):
            return (files, *known)
        figures = figure_checks(spec, layout, tables)
        return (files, *figures, *known, *_certified(certificate, spec, layout, published, manifest))
    statement = read_json(public / PRIVACY)
    if spec.rules.mode == "dp":
        findings = _statement_findings(statement)
        own = AuditCheck("statement", "Stated privacy follows from the charge", findings, PRIVACY)
    else:
        own = AuditCheck("ties", "No two dimensions are made from the same columns", tie_findings(spec), "metadata")
    attacked = audit_tables(spec, layout, tables, statement, None, is_whole=is_whole, progress=progress)
    checks = (files, own, *attacked)
    known, widened = _known(spec, layout, published_cells(spec, layout, tables), knowing)
    if not knowing or not all(check.is_passed for check in (*checks, *known)):
        return (*checks, *known)
    again = attack_cells(spec, layout, widened, None, is_whole=is_whole, progress=progress)
    return (*checks, *known, *again)


def _known(
    spec: ReleaseSpec, layout: CubeLayout, published: PublishedCells, knowing: tuple[Path, ...]
) -> tuple[tuple[AuditCheck, ...], PublishedCells]:
    """Return what is to be said of known figures, and the cells of an outsider who has them."""
    if not knowing:
        return (), published
    widened, findings = add_known_figures(spec, layout, published, [_read_known(path) for path in knowing])
    if widened.is_count and contradict(widened, seconds=ATTACK_SECONDS):
        message = "no table of counts has both these figures and those of the package: nothing was attacked with them."
        findings = (*findings, Finding("NDL-D025", "error", "known figures", message))
    return (AuditCheck("known_figures", "Figures already public", findings, f"{len(knowing)} files"),), widened


def _certified(
    place: Path, spec: ReleaseSpec, layout: CubeLayout, published: PublishedCells, manifest: dict[str, str]
) -> tuple[AuditCheck, ...]:
    """Return the checks of a certificate against what the public tables show."""
    if not isinstance(spec.rules, ClassicRules):
        message = "noisy counts need no certificate and have none: audit the package without --certificate."
        raise InputError("NDL-V086", message)
    proof, required = read_certificate(place, published.grid, manifest)
    required = replace(required, has_insiders=spec.rules.attacker.insiders)
    checks = certificate_checks(published, proof, required, minimum_count=least_shown(spec.rules, layout))
    against = rule_findings(published, spec.rules, layout)
    return (*checks, AuditCheck("rules", "Nothing is shown that the rules withhold", against, "all shares and zeros"))


def _statement_findings(statement: dict[str, Any]) -> tuple[Finding, ...]:
    """Return ``NDL-D034`` where rho or epsilon are not what the charged losses come to."""
    try:
        losses = statement["ledger_entry"]["losses"]
        rho = max(Fraction(loss["rho"]) for loss in losses)
        pure = max(Fraction(loss["epsilon"]) for loss in losses)
        delta = float(statement["delta"])
        epsilon = epsilon_of_rho(rho, delta=delta) if delta else float(pure)
        stated = (Fraction(statement["rho"]["fraction"]), statement["rho"]["decimal"], statement["epsilon"])
        fits = stated[0] == rho and abs(stated[1] - float(rho)) < ROUNDED and epsilon <= stated[2] < epsilon + ROUNDED
    except (LookupError, TypeError, ValueError, ZeroDivisionError):
        return (Finding("NDL-D034", "error", PRIVACY, "rho, epsilon or delta are missing or not numbers."),)
    message = "the stated rho or epsilon are not what the charged losses come to."
    return () if fits else (Finding("NDL-D034", "error", PRIVACY, message),)


def _read_table(path: Path, spec: ReleaseSpec) -> pl.DataFrame:
    try:
        table = pl.read_csv(path, infer_schema=False)
        keys = {level_label(level): level for level in spec.rules.finest}
        return table.with_columns(
            pl.col(c.GEOGRAPHIC_LEVEL).replace(keys), pl.col(c.VALUE, c.LOWER, c.UPPER).cast(pl.Float64)
        )
    except (OSError, pl.exceptions.PolarsError):
        raise InputError("NDL-V080", f"{path.name}: is missing or is not a table of figures.") from None


def _read_known(path: Path) -> pl.DataFrame:
    """Return known figures: at least area_code, measure and value; absent breakdowns mean totals."""
    try:
        table = pl.read_csv(path, infer_schema=False).with_columns(pl.col(c.VALUE).cast(pl.Float64))
        named = table.with_row_index(LINE, offset=2).filter(pl.col(c.VALUE).is_not_null())
        return named.select(pl.col(c.AREA_CODE, c.MEASURE), pl.exclude(c.AREA_CODE, c.MEASURE))
    except (OSError, pl.exceptions.PolarsError):
        message = f"{path.name}: cannot be read as CSV with area_code, measure and numeric value."
        raise InputError("NDL-V082", message) from None
