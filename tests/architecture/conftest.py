import ast
from functools import cached_property
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "ndl_publish"


class SourceFile:
    """A file of the package with its syntax tree; ``where`` is its path inside the package."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.where = path.relative_to(PACKAGE).as_posix()
        self.stage = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
        self.text = path.read_text(encoding="utf-8")
        self.tree = ast.parse(self.text)

    @cached_property
    def imports(self) -> list[tuple[str, bool, int]]:
        """Return every import as full name, whether it runs when the module is imported, and level of dots."""
        runs_later = {
            id(inner)
            for outer in ast.walk(self.tree)
            if isinstance(outer, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
            for inner in ast.walk(outer)
        }
        found: list[tuple[str, bool, int]] = []
        for node in ast.walk(self.tree):
            at_once = id(node) not in runs_later
            if isinstance(node, ast.Import):
                found += [(alias.name, at_once, 0) for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                found += [(f"{node.module or ''}.{alias.name}", at_once, node.level) for alias in node.names]
        return found


@pytest.fixture(scope="session")
def sources() -> dict[str, SourceFile]:
    files = sorted(PACKAGE.rglob("*.py"))
    return {source.where: source for source in map(SourceFile, files)}


@pytest.fixture(scope="session")
def root() -> Path:
    return ROOT
