"""The areas a release covers, checked against what its tables ask for."""

import re
from collections.abc import Iterator

import polars as pl

from ndl_publish.errors import Finding, RuleError
from ndl_publish.geography.lookup import Geography, load_geography
from ndl_publish.spec.base import nearest
from ndl_publish.spec.load import ReleaseSpec

_CODE = re.compile(r"[A-Z]\d{8}")


def whole_geography(spec: ReleaseSpec) -> Geography:
    """Return the look-ups of a release's vintage from the level at which children are placed, all areas.

    Raises:
        RuleError: ``NDL-R010`` when the vintage is not there or lacks that level.
    """
    whole = load_geography(spec.release.geography.vintage, metadata_folder=spec.metadata_folder)
    return whole.from_level(spec.dataset.place_level)


def covered_geography(spec: ReleaseSpec) -> Geography:
    """Return the look-ups of a release's vintage, cut down to the areas it covers.

    Raises:
        RuleError: ``NDL-R010`` when the vintage is not there, ``NDL-R011`` when a level or an area is not in it, no
            area of a table's level is wholly covered, or a table crosses a level with what that level decides.
    """
    whole = whole_geography(spec)
    findings = (*_area_findings(spec, whole), *_level_findings(spec, whole))
    if not findings:
        wanted = spec.release.geography
        covered = whole if wanted.level is None else whole.covering(wanted.level, wanted.areas)
        findings = (*_coverage_findings(spec, covered), *_crossing_findings(spec, covered))
    if findings:
        raise RuleError("NDL-R011", f"{spec.source.path.name}: does not fit the geography.", findings=findings)
    return covered


def _area_findings(spec: ReleaseSpec, whole: Geography) -> Iterator[Finding]:
    wanted = spec.release.geography
    if wanted.level is None:
        return
    if wanted.level not in whole.levels:
        message = f"vintage {whole.vintage} has no level {wanted.level}; {nearest(wanted.level, whole.levels)}"
        yield _finding(spec, ("geography", "level"), message)
        return
    known = set(whole.codes(wanted.level))
    successors = whole.successors()
    for i, code in enumerate(wanted.areas):
        if code not in known:
            newer = f" It is now {successors[code]}." if code in successors else ""
            example = "" if _CODE.fullmatch(code) else f" Write its code, {_code_of(code, whole, wanted.level)}."
            message = f"{code} is no area of level {wanted.level} in vintage {whole.vintage}.{newer}{example}"
            yield _finding(spec, ("geography", "areas", i), message)


def _code_of(name: str, whole: Geography, level: str) -> str:
    """Return the code of the area of that name, else an example of a code."""
    there = whole.areas.filter(pl.col("geographic_level") == level)
    named = there.filter(pl.col("area_name").str.to_lowercase() == name.lower())["area_code"]
    return str(named[0]) if len(named) == 1 else "for example E06000001"


def _level_findings(spec: ReleaseSpec, whole: Geography) -> Iterator[Finding]:
    for i, table in enumerate(spec.release.tables):
        for j, level in enumerate(table.levels):
            if level not in whole.levels:
                message = f"vintage {whole.vintage} has no level {level}; {nearest(level, whole.levels)}"
                yield _finding(spec, ("tables", i, "levels", j), message)


def _coverage_findings(spec: ReleaseSpec, covered: Geography) -> Iterator[Finding]:
    for i, table in enumerate(spec.release.tables):
        for j, level in enumerate(table.levels):
            if covered.codes(level).is_empty():
                message = f"no area of level {level} is wholly covered by this release; leave the level out."
                yield _finding(spec, ("tables", i, "levels", j), message)


def _crossing_findings(spec: ReleaseSpec, covered: Geography) -> Iterator[Finding]:
    for i, table in enumerate(spec.release.tables):
        for j, crossing in enumerate(table.breakdowns):
            decided = [name for name in crossing if spec.dataset.is_area_characteristic(name)]
            if decided and covered.finest in table.levels:
                message = f"{decided[0]} is the same for everybody in an area of level {covered.finest}."
                yield _finding(spec, ("tables", i, "breakdowns", j), f"{message} Take the level out of this table.")


def _finding(spec: ReleaseSpec, key_path: tuple[str | int, ...], message: str) -> Finding:
    return Finding("NDL-R011", "error", spec.source.where(key_path), message)
