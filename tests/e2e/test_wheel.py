"""The wheel holds all that is needed, and works where there is no checkout."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.command import ROOT, environment

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "wheel", str(ROOT), "--no-deps", "-q", "-w", str(folder)]
    subprocess.run([*command, "--no-build-isolation", "--disable-pip-version-check"], check=True, capture_output=True)
    return next(folder.glob("ndl_publish-*.whl"))


def test_everything_is_inside(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    for folder in ("metadata", "disclosure_rules"):
        files = [path for path in (ROOT / folder).rglob("*") if path.is_file()]
        assert files
        assert {f"ndl_publish/_data/{path.relative_to(ROOT).as_posix()}" for path in files} <= names
    files = [path for path in (ROOT / "ndl_publish").rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    assert {path.relative_to(ROOT).as_posix() for path in files} <= names
    wanted = {"error_codes.yaml", "py.typed", "templates/release.yaml.j2", "package/templates/README.md.j2"}
    assert {f"ndl_publish/{name}" for name in wanted} <= names
    assert not [name for name in names if name.startswith(("tests/", "examples/", "shared/"))]


def test_it_runs_away_from_the_checkout(wheel: Path, tmp_path: Path) -> None:
    zipfile.ZipFile(wheel).extractall(tmp_path / "site")
    surroundings = environment(tmp_path / "home", PYTHONPATH=str(tmp_path / "site"))

    def run(*words: str) -> str:
        script = "import ndl_publish.cli as c, sys; assert sys.argv.pop(1) in c.__file__, c.__file__; c.main()"
        command = [sys.executable, "-c", script, str(tmp_path / "site"), *words]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, env=surroundings, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert "Made mine" in run("init", "mine")
    assert "ready to build" in run("check", "mine/release.yaml")
    assert "(draft)" in run("build", "mine/release.yaml", "--out", "out")
    assert "pass" in run("audit", "out/mine-1.0.0")
    assert "NDL-R003" in run("explain", "NDL-R003")
