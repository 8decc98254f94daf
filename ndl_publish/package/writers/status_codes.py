"""``status_codes.csv``: the closed list of statuses with symbol and meaning."""

from collections.abc import Iterator

import polars as pl

from ndl_publish.audit.model import AuditedCube
from ndl_publish.columns import STATUS, STATUS_SYMBOLS
from ndl_publish.package.context import PackageContext
from ndl_publish.package.csv_text import csv_bytes
from ndl_publish.package.layout import STATUS_CODES
from ndl_publish.package.model import NewFile
from ndl_publish.package.status_words import STATUS_MEANINGS


def write_status_codes(_audited: AuditedCube, _context: PackageContext) -> Iterator[NewFile]:
    """Give the list of statuses."""
    meanings = [STATUS_MEANINGS[status] for status in STATUS_SYMBOLS]
    frame = pl.DataFrame({STATUS: list(STATUS_SYMBOLS), "symbol": list(STATUS_SYMBOLS.values()), "meaning": meanings})
    yield NewFile(STATUS_CODES, csv_bytes(frame), frame.height)
