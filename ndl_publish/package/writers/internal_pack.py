"""``internal/``: what the output checker needs and nobody else may see."""

import hashlib
import io
from collections.abc import Iterator, Mapping
from typing import Final

from ndl_publish.audit.model import AuditedCube
from ndl_publish.package.context import PackageContext
from ndl_publish.package.json_text import json_bytes
from ndl_publish.package.layout import INTERNAL_README, RESULTS, package_name
from ndl_publish.package.model import InternalPack, NewFile

WARNING: Final = (
    "CONFIDENTIAL. This folder holds true counts and the reasons figures were withheld. It is for the output checker\n"
    "only and must never be published, copied beside the public folder's files, or sent outside the secure setting.\n"
)


def write_internal_pack(audited: AuditedCube, context: PackageContext, *, internal: InternalPack) -> Iterator[NewFile]:
    """Give the files of the checker's pack; paths are relative to ``internal/``."""
    digests: dict[str, str] = {}
    for file in _files(internal):
        digests[file.path] = hashlib.sha256(file.content).hexdigest()
        yield file
    yield NewFile(RESULTS, json_bytes(_results(audited, context, digests)))


def _files(internal: InternalPack) -> Iterator[NewFile]:
    yield NewFile(INTERNAL_README, WARNING.encode())
    for name, frame in sorted(internal.frames.items()):
        buffer = io.BytesIO()
        frame.write_parquet(buffer, compression="zstd")
        yield NewFile(f"{name}.parquet", buffer.getvalue())
    for name, document in sorted(internal.documents.items()):
        yield NewFile(f"{name}.json", json_bytes(document))
    for name, text in sorted(internal.texts.items()):
        yield NewFile(f"{name}.md", text)


def _results(audited: AuditedCube, context: PackageContext, digests: Mapping[str, str]) -> dict[str, object]:
    """Return the one record per output that checkers read: identity, status, checks, rules, files with checksums."""
    return {
        "id": package_name(context.spec.release),
        "status": "pass",
        "mode": audited.protected.mode,
        "rules": context.spec.rules.rules_id,
        "checks": [check.as_json() for check in audited.checks],
        "public_files": {path: facts.sha256 for path, facts in sorted(context.files.items())},
        "internal_files": dict(sorted(digests.items())),
    }
