"""The second arrow: records -> validated. Runs every check, then makes one row per child of the population."""

import narwhals as nw

from ndl_publish.columns import PLACE
from ndl_publish.engines.protocol import Engine, Frame
from ndl_publish.errors import Finding, InputError
from ndl_publish.geography.lookup import Geography
from ndl_publish.records.areas import resolve_areas
from ndl_publish.records.checks.outcome import outcome
from ndl_publish.records.checks.probe import run_probes
from ndl_publish.records.checks.registry import ROW_CHECKS, WHOLE_CHECKS
from ndl_publish.records.children import (
    IS_COVERED,
    IS_OF_COHORT,
    breakdown_columns,
    children,
    linked_sources,
    mean_columns,
    share_columns,
)
from ndl_publish.records.contributions import contributions
from ndl_publish.records.linkage import linkage_by_area
from ndl_publish.records.model import LINKS, Progress, Records, ValidatedRecords
from ndl_publish.records.prepare import latest_column
from ndl_publish.records.read import stop_on_errors


def validate_records(
    records: Records, geography: Geography, *, engine: Engine, progress: Progress | None = None
) -> ValidatedRecords:
    """Return one row per child of the population, or every finding of every check.

    Args:
        records: As read.
        geography: The release's vintage, whole or cut down to what the release covers.
        engine: Reads and counts.
        progress: Is told which step is running.

    Raises:
        InputError: ``NDL-V000`` with all findings when one of them is an error.
    """
    here = _covered(records, geography)
    findings = [*records.findings, *check_records(records, here, engine=engine, progress=progress)]
    stop_on_errors(findings)
    _tell(progress, "Linking records and deriving columns")
    dataset = records.spec.dataset
    kept = engine.keep(children(records, here, engine=engine))
    n_children, told = outcome(kept, dataset, engine=engine)
    findings += told
    stop_on_errors(findings)
    counted = kept.filter(nw.col(IS_COVERED) & nw.col(IS_OF_COHORT))
    linkage = linkage_by_area(counted, linked_sources(dataset), here, engine=engine)
    by = contributions(records, counted, here, engine=engine)
    frame = _for_tables(counted, records)
    return ValidatedRecords(records.spec, frame, n_children, linkage, tuple(findings), by)


def check_records(
    records: Records, geography: Geography, *, engine: Engine, progress: Progress | None = None
) -> tuple[Finding, ...]:
    """Return the findings of all checks over all sources; what cannot be read is a finding too."""
    findings: list[Finding] = []
    for name in records.sources:
        _tell(progress, f"Checking {name}")
        try:
            findings += _row_findings(records, name, geography, engine)
        except InputError as error:
            findings.append(Finding(error.code, "error", name, error.message))
    _tell(progress, "Checking ids, links and identifiers")
    for check in WHOLE_CHECKS.values():
        try:
            findings += check(records, geography, engine=engine)
        except InputError as error:
            findings.append(Finding(error.code, "error", "records", error.message))
    return tuple(dict.fromkeys(findings))


def _row_findings(records: Records, name: str, geography: Geography, engine: Engine) -> tuple[Finding, ...]:
    probes = tuple(probe for check in ROW_CHECKS.values() for probe in check(name, records.spec, geography))
    frame = records.sources[name]
    if name != LINKS:
        columns = records.spec.dataset.sources[name].columns
        frame = resolve_areas(frame, columns, geography, engine=engine)
    return run_probes(frame, probes, name=name, extract=records.extracts[name], engine=engine)


def _covered(records: Records, geography: Geography) -> Geography:
    release = records.spec.release.geography
    return geography if release.level is None else geography.covering(release.level, release.areas)


def _for_tables(frame: Frame, records: Records) -> Frame:
    """Return the columns that tables are made of, means held between their bounds."""
    dataset = records.spec.dataset
    means = [nw.col(name).clip(m.minimum, m.maximum).alias(name) for name, m in mean_columns(dataset).items()]
    period = latest_column(records, dataset.spine)
    return frame.select(
        PLACE, *(() if period is None else (period,)), *breakdown_columns(dataset), *share_columns(dataset), *means
    )


def _tell(progress: Progress | None, step: str) -> None:
    if progress is not None:
        progress(step)
