"""The folder a package is built in: beside its destination, private, and moved into place in one step or not at all.

A running build holds a lock on its folder, so the next build can tell a folder that was left behind by a crash (it can
be locked, and is removed) from one that is in use. Where the system has no such locks nothing is removed.
"""

import contextlib
import errno
import os
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from ndl_publish.errors import TargetError
from ndl_publish.package.layout import (
    INTERNAL,
    INTERNAL_FILE_MODE,
    INTERNAL_FOLDER_MODE,
    PUBLIC_FILE_MODE,
    PUBLIC_FOLDER_MODE,
    partial_name,
    partial_pattern,
)

try:
    import fcntl
except ImportError:  # pragma: no cover - systems without POSIX locks
    fcntl = None  # type: ignore[assignment]

_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_TAKEN: Final = frozenset({errno.EEXIST, errno.ENOTEMPTY, errno.ENOTDIR, errno.EISDIR})
_TRIES: Final = 5


@contextlib.contextmanager
def partial_folder(out: Path, name: str) -> Iterator[Path]:
    """Give a new private folder inside ``out``; it is gone afterwards unless it was moved away.

    Raises:
        TargetError: ``NDL-T002`` when there is no space, ``NDL-T003`` when the folder cannot be written to.
    """
    with as_target_errors(out):
        out.mkdir(parents=True, exist_ok=True)
        _remove_stale(out, name)
        folder, lock = _create(out, name)
    try:
        with as_target_errors(out):
            yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(lock)


def write_file(folder: Path, path: str, content: bytes) -> None:
    """Write one new file, readable by its owner only, and see it onto the disk.

    Raises:
        OSError: When it cannot be written, or stands there already.
    """
    target = folder / path
    for parent in reversed(Path(path).parents):
        (folder / parent).mkdir(mode=0o700, exist_ok=True)
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, INTERNAL_FILE_MODE)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def set_modes(folder: Path) -> None:
    """Give every file and folder of a package its mode, and see the folders onto the disk."""
    for place, _, names in os.walk(folder, topdown=False):
        at = Path(place)
        is_internal = INTERNAL in at.relative_to(folder).parts
        for name in names:
            (at / name).chmod(INTERNAL_FILE_MODE if is_internal else PUBLIC_FILE_MODE)
        at.chmod(INTERNAL_FOLDER_MODE if is_internal else PUBLIC_FOLDER_MODE)
        _sync_folder(at)


def move_into_place(folder: Path, destination: Path) -> None:
    """Rename a finished folder to its destination.

    Raises:
        TargetError: ``NDL-T001`` when something came to stand there in the meantime.
    """
    try:
        if os.path.lexists(destination):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST))
        folder.rename(destination)
    except OSError as error:
        if error.errno not in _TAKEN:
            raise
        message = f"{destination.name}: something came to stand there during the build. Look at it, then build again."
        raise TargetError("NDL-T001", message) from None
    _sync_folder(destination.parent)


@contextlib.contextmanager
def as_target_errors(out: Path) -> Iterator[None]:
    """Turn the operating system's errors into ours; the message names the output folder and nothing inside it.

    Raises:
        TargetError: ``NDL-T002`` or ``NDL-T003``.
    """
    try:
        yield
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else type(error).__name__
        if error.errno in _FULL:
            message = f"{out}: no space is left ({reason}). Free some or name another folder; nothing was left behind."
            raise TargetError("NDL-T002", message) from None
        message = f"{out}: cannot be written to ({reason}). Check owner and rights, or name another folder."
        raise TargetError("NDL-T003", message) from None


def _create(out: Path, name: str) -> tuple[Path, int]:
    for _ in range(_TRIES):
        folder = out / partial_name(name, secrets.token_hex(8))
        folder.mkdir(mode=0o700)
        lock = _lock(folder)
        if lock is not None:
            return folder, lock
    raise OSError(errno.EBUSY, os.strerror(errno.EBUSY))


def _remove_stale(out: Path, name: str) -> None:
    pattern = partial_pattern(name)
    for path in sorted(out.iterdir()):
        if not pattern.fullmatch(path.name) or path.is_symlink() or not path.is_dir() or fcntl is None:
            continue
        lock = _lock(path)
        if lock is not None:
            shutil.rmtree(path, ignore_errors=True)
            os.close(lock)


def _lock(folder: Path) -> int | None:
    """Return an open descriptor that holds the folder's lock, or nothing when another run holds it."""
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except OSError:
        return None
    if fcntl is None:  # pragma: no cover - systems without POSIX locks
        return descriptor
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        return None
    return descriptor


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
