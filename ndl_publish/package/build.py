"""The arrow ``AuditedCube -> Package``: all is written beside the destination, checked, then moved into place."""

import hashlib
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from ndl_publish.audit.model import AuditedCube
from ndl_publish.errors import TargetError
from ndl_publish.geography.lookup import Geography
from ndl_publish.package.context import FileFacts, PackageContext, make_context
from ndl_publish.package.folder import as_target_errors, move_into_place, partial_folder, set_modes, write_file
from ndl_publish.package.layout import INTERNAL, PUBLIC, package_name
from ndl_publish.package.model import InternalPack, NewFile, Package
from ndl_publish.package.registry import WRITERS
from ndl_publish.package.validate import validate_package
from ndl_publish.package.writers.internal_pack import write_internal_pack
from ndl_publish.spec.load import ReleaseSpec

Progress = Callable[[str, int, int], None]
"""Called with stage, done, of."""

BUILD_FULL_ROWS: Final = 20_000
"""Rows of a package that a build has frictionless read in full; polars reads all rows in any case."""


def build_package(  # noqa: PLR0913 - what goes in, where it goes, and who is told
    audited: AuditedCube,
    *,
    spec: ReleaseSpec,
    geography: Geography,
    out: Path,
    internal: InternalPack,
    before_move: Callable[[Mapping[str, str]], None] | None = None,
    progress: Progress | None = None,
) -> Package:
    """Return the finished package ``out/<release_id>-<version>/``.

    A finished package of the same release and version with the same public bytes is returned as it is. On any error,
    an interrupt or a full disk included, nothing is left behind.

    Args:
        audited: The figures; only they become public.
        spec: Release, metadata and rules.
        geography: Areas of the release's boundary year.
        out: Folder that packages stand in; made when it is not there.
        internal: Confidential things for ``internal/``.
        before_move: Called with the hash of every public file once all is written and checked, before it can be seen
            in its place; what it raises stops the build and nothing is left.
        progress: Called with stage, done, of.

    Raises:
        RuleError: ``NDL-R050`` when the files do not agree with their descriptor, ``NDL-R051`` for text that starts
            like a formula, ``NDL-R052`` when figures and metadata do not fit together.
        TargetError: ``NDL-T001`` when the destination is taken, ``NDL-T002`` without space, ``NDL-T003`` without
            rights.
    """
    name = package_name(spec.release)
    tell = progress or _silent
    context = make_context(audited, spec=spec, geography=geography)
    with partial_folder(out, name) as folder:
        context = _write_public(audited, context, folder=folder / PUBLIC, tell=tell)
        for file in write_internal_pack(audited, context, internal=internal):
            write_file(folder / INTERNAL, file.path, file.content)
        tell("validate", 0, 1)
        validate_package(folder / PUBLIC, full_rows=BUILD_FULL_ROWS)
        tell("validate", 1, 1)
        files = {path: facts.sha256 for path, facts in sorted(context.files.items())}
        destination = out / name
        if before_move is not None:
            before_move(files)
        if os.path.lexists(destination):
            return _same_or_refuse(destination, files)
        set_modes(folder)
        try:
            move_into_place(folder, destination)
        except TargetError:
            return _same_or_refuse(destination, files)  # another process built the same
    return Package(destination, files)


def refuse_occupied(out: Path, spec: ReleaseSpec) -> None:
    """Refuse a destination that a package cannot go to; for use before any privacy loss is spent.

    Raises:
        TargetError: ``NDL-T001`` when something stands there, ``NDL-T003`` when the folder cannot be written to.
    """
    destination = out / package_name(spec.release)
    with as_target_errors(out):
        if os.path.lexists(destination):
            raise TargetError("NDL-T001", _occupied(destination))
        parent = next(folder for folder in (out, *out.resolve().parents) if os.path.lexists(folder))
        if not parent.is_dir():
            raise NotADirectoryError
        if not os.access(parent, os.W_OK | os.X_OK):
            raise PermissionError


def _write_public(audited: AuditedCube, context: PackageContext, *, folder: Path, tell: Progress) -> PackageContext:
    written = _Written(folder)
    for i, (name, writer) in enumerate(WRITERS.items()):
        tell(name, i, len(WRITERS))
        written.take(writer(audited, context.with_files(written.files)))
    tell("files", len(WRITERS), len(WRITERS))
    return context.with_files(written.files)


@dataclass(frozen=True, slots=True)
class _Written:
    """The public files written so far."""

    folder: Path
    files: dict[str, FileFacts] = field(default_factory=dict)

    def take(self, new: Iterator[NewFile]) -> None:
        for file in new:
            write_file(self.folder, file.path, file.content)
            digest = hashlib.sha256(file.content).hexdigest()
            self.files[file.path] = FileFacts(len(file.content), digest, file.rows)


def _same_or_refuse(destination: Path, files: dict[str, str]) -> Package:
    """Return the package that stands there when its public bytes are the ones just built."""
    public = destination / PUBLIC
    if not destination.is_symlink() and public.is_dir() and _digests(public) == files:
        return Package(destination, files)
    raise TargetError("NDL-T001", _occupied(destination))


def _digests(public: Path) -> dict[str, str]:
    paths = sorted(path for path in public.rglob("*") if not path.is_dir())
    found = {}
    for path in paths:
        with path.open("rb") as file:
            found[path.relative_to(public).as_posix()] = hashlib.file_digest(file, "sha256").hexdigest()
    return dict(sorted(found.items()))


def _occupied(destination: Path) -> str:
    return (
        f"{destination}: this version stands there already, or something else does. A published version is never "
        "replaced: raise version in the release file, name another folder, or remove a draft that nobody has."
    )


def _silent(_stage: str, _done: int, _of: int) -> None:
    """Tell nobody."""
