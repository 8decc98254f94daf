"""The small release, read once."""

import pytest

from tests.unit.cube.small_release import World, world


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> World:
    return world(tmp_path_factory.mktemp("small"))
