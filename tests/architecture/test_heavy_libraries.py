"""A heavy or brittle library has one place and is loaded when it is used, so that ``--help`` stays fast."""

import subprocess
import sys

import pytest

from tests.architecture.conftest import SourceFile

ONE_PLACE = {
    "diffprivlib": ("protect/noise/",),
    "sklearn": ("protect/noise/",),
    "frictionless": ("package/",),
    "requests": ("publish/targets/",),
    "jinja2": ("package/", "scaffold.py"),
    "psycopg": ("ledger/postgres_store.py",),
}
LOADED_ON_USE = ("diffprivlib", "sklearn", "frictionless", "requests", "highspy", "psycopg", "duckdb", "pyspark")
TOO_SLOW_TO_IMPORT = ("pandera", "scipy.stats", "pandas")
NOT_FOR_HELP = (
    "numba",
    "scipy",
    "highspy",
    "polars",
    "numpy",
    "narwhals",
    "frictionless",
    "diffprivlib",
    "sklearn",
    "jinja2",
)


def uses(source: SourceFile, library: str) -> list[bool]:
    """Return for each import of a library whether it runs when the module is imported."""
    return [at_once for name, at_once, _ in source.imports if f"{name}.".startswith(f"{library}.")]


@pytest.mark.parametrize("library", sorted(ONE_PLACE))
def test_a_brittle_library_has_one_place(sources: dict[str, SourceFile], library: str) -> None:
    elsewhere = [w for w, s in sources.items() if uses(s, library) and not w.startswith(ONE_PLACE[library])]
    assert elsewhere == []


@pytest.mark.parametrize("library", LOADED_ON_USE)
def test_it_is_imported_where_it_is_used(sources: dict[str, SourceFile], library: str) -> None:
    assert [where for where, source in sources.items() if any(uses(source, library))] == []


@pytest.mark.parametrize("library", TOO_SLOW_TO_IMPORT)
def test_a_library_that_costs_a_second_is_not_used(sources: dict[str, SourceFile], library: str) -> None:
    assert [where for where, source in sources.items() if uses(source, library)] == []


@pytest.mark.parametrize("module", ["ndl_publish.cli", "ndl_publish.explain"])
def test_the_command_line_starts_light(module: str) -> None:
    code = f"import sys, {module}; print(*sorted(m for m in {NOT_FOR_HELP!r} if m in sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == []
