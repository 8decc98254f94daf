"""``data/noisy_measurements``: what was measured with noise, as CSV and Parquet, where the rules publish it."""

import io
from collections.abc import Iterator

from ndl_publish.audit.model import AuditedCube
from ndl_publish.package.context import PackageContext
from ndl_publish.package.csv_text import csv_bytes
from ndl_publish.package.layout import NOISY_MEASUREMENTS, csv_path, parquet_path
from ndl_publish.package.model import NewFile


def write_noisy_measurements(audited: AuditedCube, _context: PackageContext) -> Iterator[NewFile]:
    """Give the noisy measurements; nothing where they are not published."""
    frame = audited.protected.measurements
    if frame is None:
        return
    yield NewFile(csv_path(NOISY_MEASUREMENTS), csv_bytes(frame), frame.height)
    buffer = io.BytesIO()
    frame.write_parquet(buffer, compression="zstd")
    yield NewFile(parquet_path(NOISY_MEASUREMENTS), buffer.getvalue(), frame.height)
