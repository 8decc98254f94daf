"""The small release in both modes, built once."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from ndl_publish.cube.model import Cube
from ndl_publish.ledger.book import Ledger
from ndl_publish.ledger.grant import Grant
from ndl_publish.protect.classic import ClassicResult, protect_classic
from ndl_publish.protect.dp import DpResult
from tests.unit.cube.small_release import World, children, protect, world

N_CHILDREN = 2500


@dataclass(frozen=True)
class DpBuild:
    made: World
    cube: Cube = field(repr=False)
    result: DpResult = field(repr=False)
    grant: Grant


@dataclass(frozen=True)
class ClassicBuild:
    made: World
    cube: Cube = field(repr=False)
    result: ClassicResult = field(repr=False)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with Ledger.open(tmp_path / "accounts" / "ledger.sqlite") as opened:
        yield opened


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> World:
    return world(tmp_path_factory.mktemp("small"))


@pytest.fixture(scope="session")
def cube(small: World) -> Cube:
    return small.cube(children(N_CHILDREN))


@pytest.fixture(scope="session")
def dp_build(tmp_path_factory: pytest.TempPathFactory) -> DpBuild:
    made = world(tmp_path_factory.mktemp("dp"))
    cube = made.cube(children(N_CHILDREN))
    with Ledger.open(tmp_path_factory.mktemp("accounts") / "ledger.sqlite") as opened:
        paid = protect(made, cube, opened)
    return DpBuild(made, cube, paid.result, paid.grant)


@pytest.fixture(scope="session")
def classic_build(tmp_path_factory: pytest.TempPathFactory) -> ClassicBuild:
    made = world(tmp_path_factory.mktemp("classic"), "classic", minimum_count=5)
    cube = made.cube(children(N_CHILDREN))
    return ClassicBuild(made, cube, protect_classic(cube, made.spec, tie_break=b"t"))
