"""The first arrow: files -> records. Scans lazily, gives columns canonical names, refuses what is not as declared.

A file without a header has data where names should be, so names found in a file are shown only once the file has
proved that it has a header: at least one declared column stands in it.
"""

import difflib
from collections.abc import Iterator
from pathlib import Path

import narwhals as nw

from ndl_publish.engines.protocol import ROW, Engine, Frame
from ndl_publish.errors import Finding, InputError
from ndl_publish.geography.lookup import Geography
from ndl_publish.records.model import (
    CHILD,
    ID,
    LINKED,
    LINKS,
    PERIOD,
    SOURCE,
    WEIGHT,
    Extract,
    Progress,
    Records,
    contributor_column,
)
from ndl_publish.spec.derived import AreaCharacteristic
from ndl_publish.spec.load import ReleaseSpec

_OTHER_DELIMITERS = (";", "\t", "|")


def read_records(
    spec: ReleaseSpec, geography: Geography, *, engine: Engine, progress: Progress | None = None
) -> Records:
    """Return the sources of a release as lazy frames with canonical columns.

    Args:
        spec: The release, with its metadata.
        geography: The release's boundary vintage; its levels must be those the metadata names.
        engine: Scans the files.
        progress: Is told which source is being looked at.

    Raises:
        InputError: ``NDL-V000`` with every finding: a missing, empty, unreadable or wrongly delimited file, a header
            that lacks or repeats a column, a level or characteristic the geography does not have.
    """
    findings = list(_geography_findings(spec, geography))
    extracts = {}
    for name in _source_names(spec):
        if progress is not None:
            progress(f"Reading {name}")
        files, columns = spec.source_files(name), declared_columns(spec, name)
        header, told = _look(name, files, columns, engine, unread=_unread(spec, name))
        findings += told
        extracts[name] = Extract(files, header, columns)
    stop_on_errors(findings)
    sources = {name: _canonical(spec, name, extract, engine) for name, extract in extracts.items()}
    spine = spec.dataset.spine
    all_periods = sources[spine]
    if spec.dataset.sources[spine].period is not None:
        sources[spine] = all_periods.filter(nw.col(PERIOD).is_in(list(spec.release.time_periods)))
    return Records(spec, extracts, sources, all_periods, tuple(findings))


def stop_on_errors(findings: list[Finding]) -> None:
    """Raise all findings together when one of them is an error.

    Raises:
        InputError: ``NDL-V000``.
    """
    errors = sum(finding.severity == "error" for finding in findings)
    if errors:
        problems = "1 problem" if errors == 1 else f"{errors} problems"
        message = f"the records break the contract: {problems}. Mend what is listed and run again."
        raise InputError("NDL-V000", message, findings=tuple(findings))


def declared_columns(spec: ReleaseSpec, name: str) -> dict[str, str]:
    """Return canonical name -> name in the files, for a source or for ``links``; contributors where rules need them."""
    links = spec.dataset.links
    if name == LINKS and links is not None:
        return {CHILD: links.spine_id, SOURCE: links.source, LINKED: links.linked_id, WEIGHT: links.weight}
    source = spec.dataset.sources[name]
    period = {PERIOD: source.period} if source.period is not None else {}
    columns = {column: declared.source for column, declared in source.columns.items()}
    by = {contributor_column(key): held.column for key, held in spec.contributors.items() if held.source == name}
    return {ID: source.id, **period, **columns, **by}


def _source_names(spec: ReleaseSpec) -> tuple[str, ...]:
    return (*spec.dataset.sources, *((LINKS,) if spec.dataset.links is not None else ()))


def _geography_findings(spec: ReleaseSpec, geography: Geography) -> Iterator[Finding]:
    declared = {name: c for s in spec.dataset.sources.values() for name, c in s.columns.items() if c.type == "area"}
    for name, column in declared.items():
        if column.level not in geography.levels:
            message = f"geography {geography.vintage} has no level {column.level}. Choose another vintage."
            yield Finding("NDL-V037", "error", f"metadata, column {name}", message)
    place = declared.get(spec.dataset.place.column)
    if place is None or place.level != geography.finest:
        message = f"must be an area column of the finest level of geography {geography.vintage}, {geography.finest}."
        yield Finding("NDL-V037", "error", "metadata, place", message)
    for name, rule in spec.dataset.derived.items():
        if isinstance(rule, AreaCharacteristic) and rule.characteristic not in geography.characteristics.columns[1:]:
            message = f"geography {geography.vintage} has no characteristic {rule.characteristic}."
            yield Finding("NDL-V037", "error", f"metadata, derived.{name}", message)


def _unread(spec: ReleaseSpec, name: str) -> frozenset[str]:
    """Return the headers that the metadata declare for contributors no rule of this release looks at."""
    return frozenset(held.column for held in spec.dataset.contributors.values() if held.source == name)


def _look(
    name: str, files: tuple[Path, ...], columns: dict[str, str], engine: Engine, *, unread: frozenset[str]
) -> tuple[tuple[str, ...], list[Finding]]:
    """Return the header of a source and what is to be told about its files."""
    findings: list[Finding] = []
    headers: dict[Path, tuple[str, ...]] = {}
    for file in files:
        where = f"{name}, file {file.name}"
        try:
            headers[file] = engine.header(file)
            found = list(_header_findings(where, headers[file], columns, unread))
            findings += found
            if not any(finding.severity == "error" for finding in found):
                engine.inspect(file)
        except InputError as error:
            findings.append(Finding(error.code, "error", where, error.message))
    first = next(iter(headers.values()), ())
    for file, header in headers.items():
        if set(header) != set(first):
            message = "has other columns than the first file of this source. Export all files alike."
            findings.append(Finding("NDL-V009", "error", f"{name}, file {file.name}", message))
    return first, findings


def _header_findings(
    where: str, header: tuple[str, ...], columns: dict[str, str], unread: frozenset[str]
) -> Iterator[Finding]:
    wanted = tuple(dict.fromkeys(columns.values()))
    if len(header) == 1 and len(wanted) > 1 and any(mark in header[0] for mark in _OTHER_DELIMITERS):
        yield Finding("NDL-V003", "error", where, "fields are not divided by commas. Export it as CSV with commas.")
        return
    has_header = any(name in header for name in wanted)
    if not has_header:
        message = "none of the declared columns stands in the first line. Export the file with its header."
        yield Finding("NDL-V006", "error", where, message)
        return
    repeated = sorted({name for name in header if header.count(name) > 1})
    if repeated:
        message = f"columns stand twice in the header: {', '.join(repeated)}. Keep one of each."
        yield Finding("NDL-V005", "error", where, message)
    for name in wanted:
        if name not in header:
            yield Finding("NDL-V006", "error", where, f"the column {name} is not there.{_hint(name, header, wanted)}")
    undeclared = [name for name in dict.fromkeys(header) if name not in wanted and name not in unread]
    if undeclared:
        message = f"columns the metadata does not declare are not used: {', '.join(undeclared)}."
        yield Finding("NDL-V007", "note", where, message)


def _hint(name: str, header: tuple[str, ...], wanted: tuple[str, ...]) -> str:
    """Return which column may be meant: the nearest name that is not declared itself."""
    spare = {other.lower(): other for other in header if other not in wanted}
    close = difflib.get_close_matches(name.lower(), spare, n=1, cutoff=0.6)
    return f" Is it the column {spare[close[0]]}? Rename it in the extract or in the metadata." if close else ""


def _canonical(spec: ReleaseSpec, name: str, extract: Extract, engine: Engine) -> Frame:
    """Return the rows of a source with canonical names, what counts as missing null."""
    declared = spec.dataset.sources[name].columns if name != LINKS else {}
    missing_codes = {canonical: column.missing for canonical, column in declared.items()}
    missing_codes |= {contributor_column(key): held.missing for key, held in spec.contributors.items()}
    frame = engine.scan(extract.files, columns=tuple(dict.fromkeys(extract.columns.values())))
    columns = []
    for canonical, column in extract.columns.items():
        missing = missing_codes.get(canonical, ("",))
        value = nw.col(column)
        columns.append(nw.when(~value.is_in(list(missing))).then(value).alias(canonical))
    return frame.select(ROW, *columns)
