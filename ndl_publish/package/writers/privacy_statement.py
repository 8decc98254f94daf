"""``privacy.json``: how people are protected, for machines; the public statement and the checks that were passed."""

from collections.abc import Iterator

from ndl_publish.audit.model import AuditedCube
from ndl_publish.package.context import PackageContext
from ndl_publish.package.json_text import json_bytes
from ndl_publish.package.layout import PRIVACY
from ndl_publish.package.model import NewFile


def write_privacy_statement(audited: AuditedCube, context: PackageContext) -> Iterator[NewFile]:
    """Give the privacy statement. Checks are named, not told in detail: details belong to the output checker."""
    release = context.spec.release
    statement = {
        "unit": context.spec.dataset.privacy_unit.singular,
        **audited.protected.privacy,
        "mode": audited.protected.mode,
        "release": release.release_id,
        "version": release.version,
        "checks": [{"name": check.name, "title": check.title} for check in audited.checks],
    }
    yield NewFile(PRIVACY, json_bytes(statement, sort_keys=True))
