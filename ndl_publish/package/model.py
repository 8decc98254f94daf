"""What goes in beside the audited cube, and what comes out: a folder with the hash of every public file."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import polars as pl

_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,62}")


@dataclass(frozen=True, slots=True)
class InternalPack:
    """Confidential things for the output checker; they go to ``internal/`` and nowhere else.

    Attributes:
        frames: Name -> frame: true counts, reasons for every withheld cell, linkage rates.
        documents: Name -> JSON content: audit report, ledger entry, configuration.
        texts: Name -> Markdown: reports for people.

    Raises:
        ValueError: When a name is not made of lower-case letters, digits and underscores, or is ``results``.
    """

    frames: Mapping[str, pl.DataFrame] = field(repr=False)
    documents: Mapping[str, Any] = field(repr=False)
    texts: Mapping[str, bytes] = field(repr=False, default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse names that are not plain file names."""
        for name in (*self.frames, *self.documents, *self.texts):
            if not _NAME.fullmatch(name) or name == "results":
                raise ValueError("an internal file needs a plain lower-case name other than results")


@dataclass(frozen=True, slots=True)
class NewFile:
    """A file a writer gives: its path in ``public/`` or ``internal/``, its content, its rows where it is a table."""

    path: str
    content: bytes = field(repr=False)
    rows: int | None = None


@dataclass(frozen=True, slots=True)
class Package:
    """A finished package.

    Attributes:
        folder: ``<release_id>-<version>/`` with ``public/`` and ``internal/`` inside.
        files: Path relative to ``public/`` -> SHA-256 in hex, for every public file, the manifest included; sorted.
    """

    folder: Path
    files: Mapping[str, str] = field(repr=False)
