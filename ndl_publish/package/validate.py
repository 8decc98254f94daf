"""Does a package agree with its own descriptor? polars reads every row, frictionless gives the second opinion.

frictionless is imported here and nowhere else, and on use: it takes a third of a second. It reads about 20,000 rows a
second, so it reads tables in full, smallest first, while their rows together stay within ``full_rows``; of the others
it reads the header and the first 1,000 rows. Its row errors carry the whole row; only type and column are taken over.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, Final

from ndl_publish.errors import Finding, RuleError
from ndl_publish.package.layout import DESCRIPTOR
from ndl_publish.package.table_checks import parquet_findings, table_findings

FULL_ROWS: Final = 200_000
SAMPLE_ROWS: Final = 1_000


def validate_package(public: Path, *, full_rows: int = FULL_ROWS) -> None:
    """Check every file that ``datapackage.json`` names.

    Args:
        public: The folder that holds ``datapackage.json``.
        full_rows: Rows that frictionless reads in full over the whole package.

    Raises:
        RuleError: ``NDL-R050`` with a finding for each kind of disagreement; no finding holds a value of a row.
    """
    findings = package_findings(public, full_rows=full_rows)
    if findings:
        message = "The package does not agree with its descriptor. Nothing was put in place; see the findings."
        raise RuleError("NDL-R050", message, findings=findings)


def package_findings(public: Path, *, full_rows: int = FULL_ROWS) -> tuple[Finding, ...]:
    """Return every disagreement between a package and its descriptor."""
    try:
        descriptor = json.loads((public / DESCRIPTOR).read_text(encoding="utf-8"))
        resources = {resource["name"]: resource for resource in descriptor["resources"]}
    except (OSError, ValueError, KeyError, TypeError):
        return (_finding(DESCRIPTOR, "is missing or is not a Data Package descriptor."),)
    found = [*_descriptor_findings(descriptor, public)]
    steps: tuple[Callable[[], Iterable[Finding]], ...] = (
        lambda: [finding for resource in resources.values() for finding in _file_findings(resource, public)],
        lambda: [finding for resource in resources.values() for finding in _row_findings(resource, resources, public)],
        lambda: _frictionless_findings(resources, public, full_rows=full_rows),
    )
    for step in steps:
        if not found:
            try:
                found += step()
            except (KeyError, TypeError, AttributeError):
                found.append(_finding(DESCRIPTOR, "lacks something that every descriptor of a package here has."))
    return tuple(found)


def _descriptor_findings(descriptor: dict[str, Any], public: Path) -> Iterator[Finding]:
    from frictionless import FrictionlessException, Package  # noqa: PLC0415 - slow, on use only

    try:
        Package.from_descriptor(descriptor, basepath=str(public))
    except FrictionlessException as error:
        for reason in error.reasons or [error.error]:
            yield _finding(DESCRIPTOR, f"{reason.title}.")


def _row_findings(resource: dict[str, Any], resources: dict[str, Any], public: Path) -> Iterator[Finding]:
    if "schema" in resource:
        yield from table_findings(resource, resources, folder=public)
    elif "same_rows_as" in resource:
        yield from parquet_findings(resource, resources[resource["same_rows_as"]], folder=public)


def _file_findings(resource: dict[str, Any], public: Path) -> Iterator[Finding]:
    path = public / resource["path"]
    if not path.is_file():
        yield _finding(resource["path"], "the descriptor names this file, which is not there.")
        return
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    if path.stat().st_size != resource.get("bytes") or f"sha256:{digest}" != resource.get("hash"):
        yield _finding(resource["path"], "size or hash is not the one in the descriptor.")


def _frictionless_findings(resources: dict[str, Any], public: Path, *, full_rows: int) -> Iterator[Finding]:
    tables = [resource for resource in resources.values() if "schema" in resource]
    left = full_rows
    full = []
    for table in sorted(tables, key=lambda table: table.get("rows", 0)):
        left -= table.get("rows", 0)
        if left >= 0:
            full.append(table["name"])
    for table in tables:
        needed = [resources[key["reference"]["resource"]] for key in table["schema"].get("foreignKeys", [])]
        is_full = {table["name"], *(resource["name"] for resource in needed)} <= set(full)
        yield from _read_by_frictionless(table, needed if is_full else [], public, is_full=is_full)


def _read_by_frictionless(
    table: dict[str, Any], needed: list[dict[str, Any]], public: Path, *, is_full: bool
) -> Iterator[Finding]:
    from frictionless import Package  # noqa: PLC0415 - slow, on use only

    content = {"$schema": "https://datapackage.org/profiles/2.0/datapackage.json", "name": "part"}
    asked = table if is_full else _sample_of(table)
    package = Package.from_descriptor({**content, "resources": [asked, *needed]}, basepath=str(public))
    resource = package.get_resource(table["name"])
    report = resource.validate() if is_full else resource.validate(limit_rows=SAMPLE_ROWS)
    errors = [*report.errors, *(error for task in report.tasks for error in task.errors)]
    kinds = Counter((error.title, str(getattr(error, "field_name", ""))) for error in errors)
    for (title, column), count in sorted(kinds.items()):
        where = f"{table['path']}: {column}" if column else table["path"]
        yield _finding(where, f"{title} ({count} times).")


def _sample_of(table: dict[str, Any]) -> dict[str, Any]:
    """Return the resource without what needs all rows: size, hash and keys, which are checked elsewhere."""
    schema = {key: item for key, item in table["schema"].items() if key not in ("foreignKeys", "primaryKey")}
    return {key: item for key, item in table.items() if key not in ("bytes", "hash", "rows")} | {"schema": schema}


def _finding(where: str, message: str) -> Finding:
    return Finding("NDL-R050", "error", where, message)
