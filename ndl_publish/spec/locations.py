"""Where the shipped metadata and disclosure rules stand: inside the wheel, or beside the package in a checkout."""

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent.parent


def shipped(folder: str) -> Path:
    """Return the folder ``metadata`` or ``disclosure_rules`` that travels with this installation."""
    inside_wheel = _PACKAGE / "_data" / folder
    return inside_wheel if inside_wheel.is_dir() else _PACKAGE.parent / folder


def find_yaml(name: str, folder: Path, beside: Path) -> Path:
    """Return the file a release means by ``name``: a path beside the release, else ``folder/name.yaml``."""
    if name.endswith((".yaml", ".yml")):
        return (beside / name).resolve()
    return folder / f"{name}.yaml"
