"""``data/<table>.parquet``: the rows of the CSV with typed numbers, for analysts and large files."""

import io
from collections.abc import Iterator
from typing import Final

from ndl_publish.audit.model import AuditedCube
from ndl_publish.package.context import PackageContext
from ndl_publish.package.layout import parquet_path
from ndl_publish.package.model import NewFile

_ROW_GROUP: Final = 262_144
_LEVEL: Final = 3


def write_parquet_tables(_audited: AuditedCube, context: PackageContext) -> Iterator[NewFile]:
    """Give the Parquet copy of every table; sizes are fixed so that the same rows give the same bytes."""
    for table in context.tables:
        buffer = io.BytesIO()
        table.frame.write_parquet(
            buffer, compression="zstd", compression_level=_LEVEL, row_group_size=_ROW_GROUP, statistics=True
        )
        yield NewFile(parquet_path(table.name), buffer.getvalue(), table.frame.height)
