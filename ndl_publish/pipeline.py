"""The six arrows, in order. The only module that knows them all.

    records -> validated -> cube -> protected -> audited -> packaged

Left of ``protected`` everything is confidential; right of it is only what the world may see.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ndl_publish.audit.model import AuditCheck, AuditedCube
from ndl_publish.audit.recoverable import recoverable_cells
from ndl_publish.audit.run import audit_cube, cube_checks
from ndl_publish.checker_pack import certificate_of_cube, checker_pack, required_of
from ndl_publish.cube.grid import IntArray
from ndl_publish.cube.layout import CubeLayout, lay_out, shares_without_denominator
from ndl_publish.cube.model import Cube
from ndl_publish.cube.tabulate import tabulate
from ndl_publish.engines.polars import PolarsEngine
from ndl_publish.errors import Finding, RuleError
from ndl_publish.geography.coverage import covered_geography, whole_geography
from ndl_publish.geography.lookup import Geography
from ndl_publish.home import Home
from ndl_publish.ledger.grant import Grant
from ndl_publish.package.build import build_package, refuse_occupied
from ndl_publish.package.free_text import refuse_unsafe_words
from ndl_publish.package.layout import PRIVACY, PUBLIC, package_name
from ndl_publish.package.model import InternalPack, Package
from ndl_publish.protect.classic import ClassicResult, protect_classic
from ndl_publish.protect.dp import DpResult, Mechanism, Payment, measure_dp, place_order, protect_dp
from ndl_publish.protect.finest_geometric import plan_finest_geometric
from ndl_publish.protect.measure import Measurements
from ndl_publish.protect.public_figures import PublicFigures, read_public_figures
from ndl_publish.protect.tree_residuals import TreeResidualPlan, plan_tree_residuals
from ndl_publish.records.model import ValidatedRecords
from ndl_publish.records.read import read_records
from ndl_publish.records.validate import validate_records
from ndl_publish.spec.idle_rules import idle_keys, idle_rules
from ndl_publish.spec.load import ReleaseSpec, load_release
from ndl_publish.spec.rules import DpRules, Geometric
from ndl_publish.suppression_report.release import release_report, with_report
from ndl_publish.until_clean import until_clean

Progress = Callable[[str, int, int], None]
FAR = 2
"""More than so many times the expected number, or less than its so-manieth part, deserves a warning."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A release that has been read and checked, with its areas and its cells; no record is touched yet."""

    spec: ReleaseSpec
    geography: Geography
    layout: CubeLayout


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be done besides the release itself; mode ``classic`` only.

    Attributes:
        what_if: Try other rules for the suppression report, however large the release is.
        whole_numbers: Attack with tables of whole numbers, too.
    """

    what_if: bool = False
    whole_numbers: bool = False


@dataclass(frozen=True, slots=True)
class Built:
    """A finished build.

    Attributes:
        prepared: The release.
        package: Where it stands.
        audited: What was published, with the checks it passed.
        grant: What the ledger charged; none in classic mode.
        findings: Warnings and notes about the records, and how the audit went.
    """

    prepared: Prepared
    package: Package
    audited: AuditedCube
    grant: Grant | None
    findings: tuple[Finding, ...]


def prepare(release: Path, *, metadata: Path | None = None, rules: Path | None = None) -> Prepared:
    """Return a release with its areas and cells, everything a statistician wrote being checked.

    Raises:
        RuleError: ``NDL-R001`` to ``NDL-R012``, every mistake of a kind at once.
    """
    spec = load_release(release, metadata_folder=metadata, rules_folder=rules)
    missing = tuple(
        Finding(
            "NDL-R012",
            "error",
            spec.source.where(("tables", i, "measures")),
            f"{share} is a share of {of}, which this table must also list.",
        )
        for i, share, of in shares_without_denominator(spec)
    )
    if missing:
        raise RuleError("NDL-R012", f"{release.name}: a share needs what it is a share of.", findings=missing)
    geography = covered_geography(spec)
    return Prepared(spec, geography, lay_out(spec, geography))


def mechanism_of(prepared: Prepared) -> Mechanism:
    """Return the noise mechanism that the rules of mode ``dp`` name, planned for this release.

    Raises:
        RuleError: When the rules do not fit the release.
        InputError: ``NDL-V096`` when headcounts to be held exact cannot be used.
    """
    return mechanism_with(prepared, read_public_figures(prepared.spec, prepared.layout))


def check_rules(prepared: Prepared) -> None:
    """Refuse rules of mode ``dp`` that do not fit the release; errors as of ``mechanism_of``."""
    if isinstance(prepared.spec.rules, DpRules):
        mechanism_of(prepared)


def mechanism_with(prepared: Prepared, known: PublicFigures | None) -> Mechanism:
    """Return the noise mechanism of a release with headcounts that are public already."""
    rules = prepared.spec.rules
    if isinstance(rules, DpRules) and isinstance(rules.noise, Geometric):
        return plan_finest_geometric(prepared.spec, prepared.layout)
    return plan_tree_residuals(prepared.spec, prepared.layout, known)


def validated(prepared: Prepared, *, progress: Progress) -> ValidatedRecords:
    """Return the linked records of a release, one row per child.

    Raises:
        InputError: ``NDL-V000`` with all findings.
    """
    engine = PolarsEngine()

    def tell(words: str) -> None:
        progress(words, 0, 0)

    records = read_records(prepared.spec, prepared.geography, engine=engine, progress=tell)
    found = validate_records(records, prepared.geography, engine=engine, progress=tell)
    told = (
        *_size_findings(prepared.spec, found.n_children),
        *_cohort_findings(prepared.spec),
        *idle_rules(prepared.spec.rules),
        *idle_keys(prepared.spec.release, prepared.spec.rules),
    )
    return replace(found, findings=(*found.findings, *told))


def _size_findings(spec: ReleaseSpec, n_children: int) -> Iterator[Finding]:
    """Warn when far more or fewer are counted than expected, without saying how many."""
    expected = spec.release.expected_count
    if not expected / FAR <= n_children <= expected * FAR:
        words = "fewer than half of" if n_children < expected else "more than twice"
        message = f"{words} the expected number are counted. Look at the areas, the population and the notes above."
        yield Finding("NDL-V040", "warning", spec.source.where(("expected_count",)), message)


def _cohort_findings(spec: ReleaseSpec) -> Iterator[Finding]:
    """Warn when nothing tells whether children are of the cohorts that the ledger charges."""
    cohort = spec.dataset.cohort
    if isinstance(spec.rules, DpRules) and cohort.kind == "academic_birth_year" and cohort.birth_month is None:
        message = (
            "nothing says when a child was born: the loss of children of other birth years is booked to a cohort they"
        )
        yield Finding("NDL-V044", "warning", "metadata, cohort", f"{message} are not of. Name the column: birth_month.")


def build(
    prepared: Prepared, *, out: Path, home: Home, actor: str, progress: Progress, wanted: Wanted = Wanted()
) -> Built:
    """Return the finished package of a release.

    Args:
        prepared: The release.
        out: Folder that packages stand in.
        home: Key and, for mode ``dp``, the ledger.
        actor: Who runs this; kept in the ledger only.
        progress: Called with (stage, done, of).
        wanted: What is to be done besides.

    Raises:
        PublishError: Of the family whose stage could not go on; nothing half-written is left.
    """
    spec = prepared.spec
    if isinstance(spec.rules, DpRules):
        refuse_wanted(spec.rules, wanted)
    refuse_unsafe_words(spec, geography=prepared.geography)
    mechanism = mechanism_of(prepared) if isinstance(spec.rules, DpRules) else None
    records = validated(prepared, progress=progress)
    progress("Counting", 0, 0)
    cube = tabulate(records, spec, prepared.geography, engine=PolarsEngine())
    key = home.open_key()
    if mechanism is None:
        tie_break = key.keyed_digest("ties", spec.release.release_id.encode()).encode()
        audited, pack, notes = _classic(prepared, cube, tie_break=tie_break, progress=progress, wanted=wanted)
        package = build_package(
            audited, spec=spec, geography=whole_geography(spec), out=out, internal=pack, progress=progress
        )
        return Built(prepared, package, audited, None, (*records.findings, *notes))
    progress("Measuring", 0, 0)
    order = place_order(cube, spec, mechanism, key=key)
    refuse_other_content(out, spec, digest=order.digest)
    progress("Adding noise", 0, 0)
    with home.open_ledger() as ledger:
        payment = Payment(key, ledger, actor, home.remember)
        grant, measurements = measure_dp(spec, order, payment=payment)
        noisy, audited = noisy_release(prepared, mechanism, measurements, ledger.entry(grant), progress=progress)
        pack = checker_pack(spec, cube, audited, noisy.withheld, values=noisy.values, measurements=noisy.measurements)

        def commit(files: Mapping[str, str]) -> None:
            ledger.commit(grant, outputs=files, actor=actor)
            home.remember(ledger)

        package = build_package(
            audited,
            spec=spec,
            geography=whole_geography(spec),
            out=out,
            internal=pack,
            before_move=commit,
            progress=progress,
        )
    return Built(prepared, package, audited, grant, records.findings)


def noisy_release(
    prepared: Prepared,
    mechanism: Mechanism,
    measurements: Measurements,
    entry: dict[str, Any],
    *,
    progress: Progress,
) -> tuple[DpResult, AuditedCube]:
    """Return what noisy measurements give, attacked: all of a noisy release that needs no record and no key."""
    spec, layout = prepared.spec, prepared.layout
    if isinstance(mechanism, TreeResidualPlan):
        mechanism.refuse_contradicted(measurements)
    noisy = protect_dp(
        spec, layout, mechanism, measurements, entry=entry, recoverable=recoverable_cells, progress=progress
    )
    progress("Attacking the result", 0, 0)
    required = required_of(spec, layout, noisy.withheld)
    return noisy, audit_cube(noisy.protected, spec, layout, required, progress=progress)


def refuse_wanted(rules: DpRules, wanted: Wanted) -> None:
    """Refuse what noisy counts do not have.

    Raises:
        RuleError: ``NDL-R065`` for other rules, ``NDL-R067`` for tables of whole numbers.
    """
    if wanted.what_if:
        raise RuleError("NDL-R065", f"{rules.rules_id}: mode dp has no suppression report. Leave --what-if out.")
    if wanted.whole_numbers:
        raise RuleError("NDL-R067", f"{rules.rules_id}: mode dp has noisy counts. Leave --whole-numbers out.")


def _classic(
    prepared: Prepared, cube: Cube, *, tie_break: bytes, progress: Progress, wanted: Wanted
) -> tuple[AuditedCube, InternalPack, tuple[Finding, ...]]:
    """Return the audited figures of a release of exact counts, the pack with the suppression report, and notes."""
    spec = prepared.spec

    def protect(found: IntArray | None) -> ClassicResult:
        return protect_classic(cube, spec, tie_break=tie_break, found=found, progress=progress)

    def audit(made: ClassicResult) -> tuple[AuditCheck, ...]:
        progress("Attacking the result", 0, 0)
        return cube_checks(
            made.protected, spec, prepared.layout, required_of(spec, prepared.layout, made.withheld),
            certificate=certificate_of_cube(cube, made.withheld), is_whole=wanted.whole_numbers, progress=progress,
        )  # fmt: skip

    outcome = until_clean(protect, audit, n_cells=cube.layout.grid.n_cells)
    classic = outcome.made
    audited = AuditedCube(classic.protected, outcome.checks)
    certificate = certificate_of_cube(cube, classic.withheld)
    pack = checker_pack(spec, cube, audited, classic.withheld, values=cube.counts, certificate=certificate)
    report = release_report(
        spec, prepared.geography, cube, classic.withheld, tie_break=tie_break, is_asked=wanted.what_if,
        progress=progress,
    )  # fmt: skip
    return audited, with_report(pack, report), outcome.notes


def refuse_other_content(out: Path, spec: ReleaseSpec, *, digest: str) -> None:
    """Refuse a destination that holds anything but the same build, before any privacy loss is spent.

    Raises:
        TargetError: ``NDL-T001`` when something else stands there.
    """
    statement = out / package_name(spec.release) / PUBLIC / PRIVACY
    try:
        earlier = json.loads(statement.read_text(encoding="utf-8"))["ledger_entry"]["request_digest"]
    except (OSError, ValueError, LookupError, TypeError):
        earlier = None
    if earlier != digest:
        refuse_occupied(out, spec)
