"""Write a certificate to a folder of its own; read one, and refuse what is missing, damaged, changed or of others."""

import hashlib
import io
import json
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from ndl_publish.audit.certificate import Certificate
from ndl_publish.audit.judge import Required
from ndl_publish.certificate_pack import (
    CELLS,
    CHANGES,
    FINEST,
    WITNESSES,
    cell_labels,
    certificate_frames,
    row_labels,
)  # fmt: skip
from ndl_publish.cube.grid import CellGrid, IntArray
from ndl_publish.errors import InputError
from ndl_publish.package.folder import as_target_errors, write_file
from ndl_publish.package.json_text import json_bytes
from ndl_publish.package.layout import INTERNAL, INTERNAL_FOLDER_MODE, INTERNAL_README, PUBLIC, RESULTS
from ndl_publish.package.writers.internal_pack import WARNING

NAMES = (CELLS, FINEST, WITNESSES, CHANGES)


def read_certificate(place: Path, grid: CellGrid, public_files: Mapping[str, str]) -> tuple[Certificate, Required]:
    """Return the certificate that stands in a folder, and what it is to prove.

    Args:
        place: A package, its internal folder, a folder that ``protect`` wrote, or a file of the certificate in one.
        grid: The cells of the public release.
        public_files: Path -> SHA-256 of every public file.

    Raises:
        InputError: ``NDL-V083`` when files are missing or cannot be read, ``NDL-V084`` when they are of another release
            or build, ``NDL-V085`` when they were changed after they were written.
    """
    folder = _folder(place)
    results = _document(folder / RESULTS)
    if results.get("public_files") != dict(public_files):
        message = f"{folder}: belongs to another release or build than the public files. Give the pack made with them."
        raise InputError("NDL-V084", message)
    names = [f"{name}.parquet" for name in NAMES]
    missing = [name for name in names if not (folder / name).is_file()]
    if missing:
        raise InputError("NDL-V083", f"{folder}: holds no whole certificate; missing: {', '.join(missing)}.")
    wanted = results.get("internal_files")
    changed = [name for name in names if not isinstance(wanted, dict) or wanted.get(name) != _digest(folder / name)]
    if changed:
        raise InputError("NDL-V085", f"{folder}: changed or cut off after the build: {', '.join(changed)}.")
    return _certified(folder, grid)


def write_certificate(folder: Path, proof: Certificate, required: Required, public_files: Mapping[str, str]) -> None:
    """Write a certificate into a new folder that only its owner can read.

    Args:
        folder: Made here.
        proof: Finest rows and witnesses.
        required: What they prove.
        public_files: Path -> SHA-256 of what is published.

    Raises:
        TargetError: ``NDL-T002`` or ``NDL-T003`` when it cannot be written, or stands there already.
    """
    digests = {}
    with as_target_errors(folder):
        folder.mkdir(mode=INTERNAL_FOLDER_MODE)
        try:
            for name, frame in certificate_frames(proof, required).items():
                buffer = io.BytesIO()
                frame.write_parquet(buffer, compression="zstd")
                write_file(folder, f"{name}.parquet", buffer.getvalue())
                digests[f"{name}.parquet"] = hashlib.sha256(buffer.getvalue()).hexdigest()
            results = {"public_files": dict(public_files), "internal_files": digests}
            write_file(folder, RESULTS, json_bytes(results))
            write_file(folder, INTERNAL_README, WARNING.encode())
        except BaseException:
            remove_certificate(folder)
            raise


def remove_certificate(folder: Path) -> None:
    """Remove a certificate that nothing was published with, and nothing else that stands in the folder."""
    for name in (*(f"{name}.parquet" for name in NAMES), RESULTS, INTERNAL_README):
        (folder / name).unlink(missing_ok=True)
    with suppress(OSError):
        folder.rmdir()


def _folder(place: Path) -> Path:
    """Return the folder that holds the certificate."""
    folder = place if place.is_dir() else place.parent
    inside = (folder.parent if folder.name == PUBLIC else folder) / INTERNAL
    return inside if inside.is_dir() else folder


def _document(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        content = None
    if not isinstance(content, dict):
        message = f"{path}: is missing or is not JSON. The certificate is in the internal folder of a build."
        raise InputError("NDL-V083", message)
    return content


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _certified(folder: Path, grid: CellGrid) -> tuple[Certificate, Required]:
    axes = tuple(f"d{axis}" for axis in range(len(grid.dimensions)))
    cells = _table(folder, CELLS, ("cell", "lowest", "highest"), "label", "is_primary")
    finest = _table(folder, FINEST, (*axes, "children"), "label")
    witnesses = _table(folder, WITNESSES, ("cell", "change", "n_changes"))
    changes = _table(folder, CHANGES, ("finest", "amount"))
    codes = finest.select(axes).to_numpy().reshape(finest.height, len(axes))
    _check_words(grid, cells, finest, codes)
    start = np.concatenate([np.zeros(1, np.int64), np.cumsum(witnesses["n_changes"].to_numpy())])
    proof = Certificate(
        codes, finest["children"].to_numpy(), witnesses["cell"].to_numpy(), witnesses["change"].to_numpy(), start,
        changes["finest"].to_numpy(), changes["amount"].to_numpy(),
    )  # fmt: skip
    return proof, _required(grid, cells)


def _table(folder: Path, name: str, numbers: tuple[str, ...], *others: str) -> pl.DataFrame:
    """Return the columns of a file, numbers as 64-bit integers."""
    try:
        read = pl.read_parquet(folder / f"{name}.parquet", columns=[*numbers, *others])
        frame = read.cast(dict.fromkeys(numbers, pl.Int64))
    except (OSError, pl.exceptions.PolarsError):
        frame = None
    kinds = {"label": pl.String, "is_primary": pl.Boolean}
    if frame is None or frame.null_count().sum_horizontal().item() or any(frame[x].dtype != kinds[x] for x in others):
        raise InputError("NDL-V083", f"{name}.parquet: cannot be read, or is not a table of a certificate.")
    return frame


def _check_words(grid: CellGrid, cells: pl.DataFrame, finest: pl.DataFrame, codes: IntArray) -> None:
    """Refuse cells and rows that are not those that their labels name.

    Raises:
        InputError: ``NDL-V084``.
    """
    number = cells["cell"].to_numpy()
    sizes = [len(dimension.codes) for dimension in grid.dimensions]
    fits = bool(((number >= 0) & (number < grid.n_cells)).all() and (np.diff(number) > 0).all())
    fits &= bool(((codes >= 0) & (codes < sizes)).all())
    if not (
        fits
        and (cell_labels(grid, number) == cells["label"]).all()
        and (row_labels(grid, codes) == finest["label"]).all()
    ):
        message = "the certificate names other areas, categories or tables than the public files."
        raise InputError("NDL-V084", message)


def _required(grid: CellGrid, cells: pl.DataFrame) -> Required:
    """Return what must hold, over the whole grid."""
    at, is_primary = cells["cell"].to_numpy(), cells["is_primary"].to_numpy()
    marks = np.zeros((2, grid.n_cells), bool)
    marks[0, at], marks[1, at] = is_primary, ~is_primary
    ends = np.zeros((2, grid.n_cells), np.int64)
    ends[0, at], ends[1, at] = cells["lowest"].to_numpy(), cells["highest"].to_numpy()
    return Required(grid, marks[0], marks[1], ends[0], ends[1])
