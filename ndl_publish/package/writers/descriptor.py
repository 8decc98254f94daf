"""``datapackage.json``: Data Package 2.0. The single source that other catalogue formats are derived from."""

from collections.abc import Iterator
from datetime import UTC
from typing import Final

from ndl_publish.audit.model import AuditedCube
from ndl_publish.package.context import PackageContext
from ndl_publish.package.descriptor_model import PACKAGE_PROFILE, Json, Resource, TableSchema
from ndl_publish.package.json_text import json_bytes
from ndl_publish.package.layout import (
    DATA_DICTIONARY,
    DATA_DICTIONARY_RESOURCE,
    DESCRIPTOR,
    GEOGRAPHY,
    GEOGRAPHY_RESOURCE,
    NOISY_MEASUREMENTS,
    NOISY_MEASUREMENTS_RESOURCE,
    STATUS_CODES,
    STATUS_CODES_RESOURCE,
    csv_path,
    parquet_path,
    parquet_resource,
)
from ndl_publish.package.model import NewFile
from ndl_publish.package.render import SYNTHETIC
from ndl_publish.package.schemas import (
    dictionary_schema,
    geography_schema,
    measurements_schema,
    status_schema,
    table_schema,
)

LICENCE: Final[Json] = {
    "name": "OGL-UK-3.0",
    "path": "https://www.nationalarchives.gov.uk/doc/open-government-licence/version/3/",
    "title": "Open Government Licence v3.0",
}


def write_descriptor(_audited: AuditedCube, context: PackageContext) -> Iterator[NewFile]:
    """Give the descriptor of the files written before it."""
    yield NewFile(DESCRIPTOR, json_bytes(descriptor(context)))


def descriptor(context: PackageContext) -> Json:
    """Return the descriptor. ``created`` is the time of publication in the release file, never the clock."""
    release, dataset = context.spec.release, context.spec.dataset
    synthetic = (SYNTHETIC,) if release.synthetic else ()
    return {
        "$schema": PACKAGE_PROFILE,
        "name": release.release_id,
        "title": release.title,
        "description": "\n\n".join((*synthetic, release.description, dataset.description)),
        "homepage": dataset.publisher.href,
        "version": release.version,
        "created": release.publish_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "keywords": list(dataset.keywords),
        "licenses": [LICENCE],
        "contributors": [
            {
                "title": dataset.publisher.name,
                "path": dataset.publisher.href,
                "email": dataset.publisher.email,
                "roles": ["publisher", "contact"],
            }
        ],
        "sources": _sources(context),
        "status_label": dataset.status_label,
        "time_period": release.span,
        "time_identifier": release.time_identifier,
        "boundary_year": context.geography.vintage,
        "protection": context.protection.mode,
        "resources": [resource.as_json() for resource in _resources(context)],
    }


def _sources(context: PackageContext) -> list[Json]:
    dataset = context.spec.dataset
    period = context.spec.release.span
    records = [{"title": source.title, "version": period} for source in dataset.sources.values()]
    return [*records, *({"title": reference.title, "path": reference.href} for reference in dataset.references)]


def _resources(context: PackageContext) -> Iterator[Resource]:
    for table in context.tables:
        schema = table_schema(table, context)
        yield _table(context, table.name, csv_path(table.name), table.title, schema)
    for table in context.tables:
        path = parquet_path(table.name)
        facts = context.files[path]
        yield Resource(
            parquet_resource(table.name),
            path,
            f"{table.title} (Parquet)",
            f"The rows of {csv_path(table.name)} with typed numbers.",
            facts.bytes,
            facts.sha256,
            facts.rows,
            same_rows_as=table.name,
        )
    if csv_path(NOISY_MEASUREMENTS) in context.files:
        yield from _measurements(context)
    yield _table(context, GEOGRAPHY_RESOURCE, GEOGRAPHY, "Areas", geography_schema(context))
    yield _table(context, DATA_DICTIONARY_RESOURCE, DATA_DICTIONARY, "Data dictionary", dictionary_schema())
    yield _table(context, STATUS_CODES_RESOURCE, STATUS_CODES, "Status of figures", status_schema())


def _measurements(context: PackageContext) -> Iterator[Resource]:
    name, title = NOISY_MEASUREMENTS_RESOURCE, "Noisy measurements"
    yield _table(context, name, csv_path(NOISY_MEASUREMENTS), title, measurements_schema())
    path = parquet_path(NOISY_MEASUREMENTS)
    facts = context.files[path]
    words = f"The rows of {csv_path(NOISY_MEASUREMENTS)} with typed numbers."
    yield Resource(
        parquet_resource(name), path, f"{title} (Parquet)", words, facts.bytes, facts.sha256, facts.rows,
        same_rows_as=name,
    )  # fmt: skip


def _table(context: PackageContext, name: str, path: str, title: str, schema: TableSchema) -> Resource:
    facts = context.files[path]
    description = f"{title}; columns and their meaning stand in {DATA_DICTIONARY}."
    return Resource(name, path, title, description, facts.bytes, facts.sha256, facts.rows, schema)
