"""``methodology.md``: definitions, linkage, protection with the numbers of the rules, quality, changes."""

from collections.abc import Iterator

from ndl_publish.audit.model import AuditedCube
from ndl_publish.package.context import PackageContext
from ndl_publish.package.layout import METHODOLOGY
from ndl_publish.package.model import NewFile
from ndl_publish.package.render import render


def write_methodology(_audited: AuditedCube, context: PackageContext) -> Iterator[NewFile]:
    """Give the methodology. Text for one mode never speaks of the other."""
    yield NewFile(METHODOLOGY, render("methodology.md.j2", context))
