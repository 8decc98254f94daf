"""Where the shipped metadata and disclosure rules stand: inside the wheel, or beside the package in a checkout."""

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent.parent
_ENDINGS = (".yaml", ".yml")


def shipped(folder: str) -> Path:
    """Return the folder ``metadata`` or ``disclosure_rules`` that travels with this installation."""
    inside_wheel = _PACKAGE / "_data" / folder
    return inside_wheel if inside_wheel.is_dir() else _PACKAGE.parent / folder


def find_yaml(name: str, folder: Path, beside: Path) -> Path:
    """Return the file a release means by ``name``: a path beside the release, else ``folder/name.yaml``."""
    if name.endswith(_ENDINGS):
        return (beside / name).resolve()
    return folder / f"{name}.yaml"


def names_at_hand(name: str, folder: Path, beside: Path) -> set[str]:
    """Return what a release could have meant by ``name``: names in ``folder`` and, for a path, files where it leads."""
    names = {file.stem for file in folder.glob("*.yaml")}
    if name.endswith(_ENDINGS):
        there = find_yaml(name, folder, beside).parent
        names |= {str(Path(name).parent / file.name) for end in _ENDINGS for file in there.glob(f"*{end}")}
    return names
