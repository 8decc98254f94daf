"""``manifest-sha256.txt``: the hash of every public file but itself, as ``sha256sum --check`` reads it."""

from collections.abc import Iterator

from ndl_publish.audit.model import AuditedCube
from ndl_publish.package.context import PackageContext
from ndl_publish.package.layout import MANIFEST
from ndl_publish.package.model import NewFile


def write_manifest(_audited: AuditedCube, context: PackageContext) -> Iterator[NewFile]:
    """Give the manifest of the files written before it, sorted by path."""
    lines = [f"{facts.sha256}  {path}\n" for path, facts in sorted(context.files.items())]
    yield NewFile(MANIFEST, "".join(lines).encode())


def read_manifest(content: str) -> dict[str, str]:
    r"""Return path -> SHA-256 in hex.

    Example:
        >>> read_manifest("ab12  data/x.csv\n")
        {'data/x.csv': 'ab12'}
    """
    pairs = [line.split("  ", 1) for line in content.splitlines() if line]
    return {path: digest for digest, path in pairs}
