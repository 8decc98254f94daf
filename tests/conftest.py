"""Shared by the tests of whole commands: a private home, a runner, and packages that are built once for all workers."""

import fcntl
import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Protocol

import pytest

from tests.command import EXAMPLES, PILOT, Outcome, run_main
from tests.small_pilot import cut_down

RELEASES = {
    "pilot": PILOT / "release.yaml",
    "pilot_classic": PILOT / "release_classic.yaml",
    "census": EXAMPLES / "census_2011/release.yaml",
    "census_classic": EXAMPLES / "census_2011/release_classic.yaml",
}


class Run(Protocol):
    """Runs ``ndl-publish`` with the home of one test."""

    def __call__(self, *arguments: object) -> Outcome: ...


class Built:
    """An example that was built once: its folder may be read and copied, never changed."""

    def __init__(self, base: Path, outcome: Outcome) -> None:
        self.outcome = outcome
        self.home = base / "home"
        self.folder = next((base / "out").iterdir())
        self.public = self.folder / "public"
        self.internal = self.folder / "internal"

    def copy_to(self, folder: Path) -> Path:
        """Return a copy of the package that a test may change."""
        return Path(shutil.copytree(self.folder, folder / self.folder.name))


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def run(home: Path) -> Run:
    return lambda *arguments: run_main(*arguments, home=home)


@pytest.fixture(scope="session")
def shared_folder(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Path:
    """Give a folder that all workers of one run share."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if hasattr(request.config, "workerinput") else base) / "shared"
    folder.mkdir(exist_ok=True)
    return folder


@pytest.fixture(scope="session")
def built(shared_folder: Path) -> Callable[[str], Built]:
    """Give a function that builds an example on first use and hands out the same folder ever after."""

    def build(name: str) -> Built:
        base = shared_folder / name
        with _locked(base):
            if not (base / "outcome.json").exists():
                outcome = run_main("build", RELEASES[name], "--out", base / "out", "--json", home=base / "home")
                assert outcome.code == 0, outcome.told
                (base / "outcome.json").write_text(json.dumps(asdict(outcome)), encoding="utf-8")
        return Built(base, Outcome(**json.loads((base / "outcome.json").read_text(encoding="utf-8"))))

    return build


@pytest.fixture(scope="session")
def small_template(shared_folder: Path) -> Path:
    base = shared_folder / "small"
    with _locked(base):
        if not (base / "release").exists():
            cut_down(base / "partial")
            (base / "partial").rename(base / "release")
    return base / "release"


@pytest.fixture
def small(small_template: Path, tmp_path: Path) -> Path:
    """Give a folder with release.yaml, classic.yaml and the records of two areas, to be changed at will."""
    return Path(shutil.copytree(small_template, tmp_path / "small"))


@contextmanager
def _locked(base: Path) -> Iterator[None]:
    base.mkdir(exist_ok=True)
    with (base / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
