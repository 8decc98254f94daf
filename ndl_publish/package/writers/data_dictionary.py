"""``data_dictionary.csv``: every column, measure, category and status in words, one row each."""

from collections.abc import Iterator

import polars as pl

from ndl_publish import columns
from ndl_publish.audit.model import AuditedCube
from ndl_publish.package.context import PackageContext
from ndl_publish.package.csv_text import csv_bytes
from ndl_publish.package.descriptor_model import Field, TableSchema
from ndl_publish.package.free_text import refuse_formulas
from ndl_publish.package.layout import DATA_DICTIONARY, GEOGRAPHY, NOISY_MEASUREMENTS, STATUS_CODES, csv_path
from ndl_publish.package.model import NewFile
from ndl_publish.package.rows import PublicRows
from ndl_publish.package.schemas import (
    dictionary_schema,
    geography_schema,
    measurements_schema,
    status_schema,
    table_schema,
)
from ndl_publish.package.status_words import STATUS_MEANINGS

Entry = tuple[str, str, str, str, str, str, str, str, str]


def write_data_dictionary(_audited: AuditedCube, context: PackageContext) -> Iterator[NewFile]:
    """Give the data dictionary."""
    names = [column.name for column in dictionary_schema().fields]
    entries = list(_entries(context))
    frame = pl.DataFrame(entries, schema=dict.fromkeys(names, pl.String), orient="row")
    refuse_formulas(frame, where=DATA_DICTIONARY)
    yield NewFile(DATA_DICTIONARY, csv_bytes(frame), frame.height)


def _entries(context: PackageContext) -> Iterator[Entry]:
    for table in context.tables:
        schema = table_schema(table, context)
        yield from _columns(csv_path(table.name), schema)
        yield from _measures(csv_path(table.name), table)
        yield from _categories(csv_path(table.name), schema, table.breakdowns)
    if csv_path(NOISY_MEASUREMENTS) in context.files:
        yield from _columns(csv_path(NOISY_MEASUREMENTS), measurements_schema())
    yield from _columns(GEOGRAPHY, geography_schema(context))
    yield from _columns(STATUS_CODES, status_schema())
    for status, meaning in STATUS_MEANINGS.items():
        title = f"Symbol {columns.STATUS_SYMBOLS[status]}" if columns.STATUS_SYMBOLS[status] else "No symbol"
        yield STATUS_CODES, "status", columns.STATUS, status, title, meaning, "", "", ""


def _columns(file: str, schema: TableSchema) -> Iterator[Entry]:
    for column in schema.fields:
        codes = " | ".join(category.value for category in column.categories)
        yield file, "column", column.name, "", column.title, column.description, column.unit, column.type, codes


def _measures(file: str, table: PublicRows) -> Iterator[Entry]:
    for measure in table.measures:
        unit = table.units[measure.name]
        yield file, "measure", columns.MEASURE, measure.name, measure.title, measure.description, unit, measure.type, ""


def _categories(file: str, schema: TableSchema, breakdowns: tuple[str, ...]) -> Iterator[Entry]:
    for column in schema.fields:
        if column.name in breakdowns:
            for category in column.categories:
                yield file, "category", column.name, category.value, category.label, _title(column), "", "", ""


def _title(column: Field) -> str:
    return f"Category of: {column.title}."
