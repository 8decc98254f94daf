"""A package read back: its files as the manifest lists them, and the release that it says it is."""

import hashlib
import json
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from ndl_publish.errors import Finding, InputError
from ndl_publish.package.layout import MANIFEST, PUBLIC, SPECIFICATION
from ndl_publish.package.writers.manifest import read_manifest
from ndl_publish.spec.dataset import Dataset
from ndl_publish.spec.load import ReleaseSpec
from ndl_publish.spec.locations import shipped
from ndl_publish.spec.release import Release
from ndl_publish.spec.rules import ClassicRules, DpRules
from ndl_publish.spec.yaml_source import YamlSource

NO_SOURCES = {"none": ["not in a package"]}


def public_folder(package: Path) -> Path:
    """Return the ``public`` folder of a package, or the folder itself when it is one."""
    return package / PUBLIC if (package / PUBLIC).is_dir() else package


def check_manifest(public: Path) -> dict[str, str]:
    """Return path -> SHA-256 of every file of a package, none of which was changed.

    Raises:
        InputError: ``NDL-V080`` when this is no package, ``NDL-V081`` when a file differs from the manifest.
    """
    try:
        wanted = read_manifest((public / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        message = f"{public}: is not a package: {MANIFEST} is missing or cannot be read."
        raise InputError("NDL-V080", message) from None
    entries = [path for path in public.rglob("*") if path.is_symlink() or not path.is_dir()]
    odd = tuple(
        Finding(
            "NDL-V081", "error", path.relative_to(public).as_posix(), "is a link or a special file; it must be a file."
        )
        for path in entries
        if path.is_symlink() or not path.is_file()
    )
    there = {path.relative_to(public).as_posix() for path in entries} - {MANIFEST}
    changed = odd + tuple(
        Finding("NDL-V081", "error", path, "differs from the manifest, is missing, or is not listed in it.")
        for path in sorted(there | set(wanted))
        if ".." in Path(path).parts or Path(path).is_absolute() or _digest(public / path) != wanted.get(path)
    )
    if changed:
        raise InputError("NDL-V081", f"{public}: files were changed after the build.", findings=changed)
    return {**wanted, MANIFEST: _digest(public / MANIFEST) or ""}


def _digest(path: Path) -> str | None:
    if path.is_symlink() or not path.is_file():
        return None
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return None


def read_json(path: Path) -> dict[str, Any]:
    """Return the content of a JSON file of a package.

    Raises:
        InputError: ``NDL-V080`` when it is missing or is not JSON.
    """
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise InputError("NDL-V080", f"{path.name}: is missing or is not JSON.") from None
    return content


def read_spec(public: Path, *, metadata: Path | None = None) -> ReleaseSpec:
    """Return the release that a package says it is, with its metadata and rules; look-ups are those that ship.

    Raises:
        InputError: ``NDL-V080`` when the specification is missing or cannot be understood.
    """
    content = read_json(public / SPECIFICATION)
    try:
        release = Release.model_validate({**content["release"], "sources": NO_SOURCES})
        dataset = Dataset.model_validate(content["dataset"])
        rules: DpRules | ClassicRules = TypeAdapter[DpRules | ClassicRules](DpRules | ClassicRules).validate_python(
            content["rules"]
        )
    except (ValidationError, LookupError, TypeError):
        message = f"{SPECIFICATION}: does not describe a release as this version of ndl-publish writes it."
        raise InputError("NDL-V080", message) from None
    source = YamlSource(public / SPECIFICATION, {}, {})
    return ReleaseSpec(release, dataset, rules, public, metadata or shipped("metadata"), source)
