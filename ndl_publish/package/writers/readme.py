"""``README.md``: what the package is, how to read a row, what is in it, whom to ask."""

from collections.abc import Iterator

from ndl_publish.audit.model import AuditedCube
from ndl_publish.package.context import PackageContext
from ndl_publish.package.layout import README
from ndl_publish.package.model import NewFile
from ndl_publish.package.render import render


def write_readme(_audited: AuditedCube, context: PackageContext) -> Iterator[NewFile]:
    """Give the README with the sizes of the files written before it."""
    yield NewFile(README, render("README.md.j2", context))
