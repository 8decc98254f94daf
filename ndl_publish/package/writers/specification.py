"""``specification.json``: what was published of which data set under which rules, so that anybody can check.

Release, metadata and rules as the build used them; where the records lay is left out.
"""

from collections.abc import Iterator

from ndl_publish.audit.model import AuditedCube
from ndl_publish.package.context import PackageContext
from ndl_publish.package.json_text import json_bytes
from ndl_publish.package.layout import SPECIFICATION
from ndl_publish.package.model import NewFile


def write_specification(_audited: AuditedCube, context: PackageContext) -> Iterator[NewFile]:
    """Yield the specification."""
    yield NewFile(SPECIFICATION, json_bytes(context.spec.as_json()))
