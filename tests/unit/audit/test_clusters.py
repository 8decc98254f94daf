"""Blocks that overlap like a tree stay as they are; circles are crossed, and intervals are those of the crossing."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from ndl_publish.audit import linear_programme as module
from ndl_publish.audit.clusters import clusters
from ndl_publish.audit.groupings import Groupings
from ndl_publish.audit.linear_programme import linear_programme
from ndl_publish.audit.published import PublishedCells
from ndl_publish.cube.grid import CellGrid, make_dimension
from tests.suppression_cases import Case, table

LARGE = 10_000
CIRCLE: list[tuple[str, ...]] = [("code", "code", "total"), ("code", "total", "code"), ("total", "code", "code")]
CHAIN = CIRCLE[:2]
Labels = tuple[int, ...]


def found(case: Case, wanted: list[tuple[str, ...]], limit: int = LARGE) -> tuple[list[Labels], list[Labels] | None]:
    """Return the labels of the blocks, and the clusters."""
    grid = CellGrid.build(case.grid.dimensions, wanted)
    groupings = Groupings(PublishedCells(grid, np.zeros(grid.n_cells, np.int64), np.ones(grid.n_cells, bool)))
    blocks = [
        tuple(
            groupings.number(axis, dim.level(level).group_of)
            for axis, (dim, level) in enumerate(zip(grid.dimensions, block.levels, strict=True))
        )
        for block in grid.blocks
    ]
    return blocks, clusters(groupings, blocks, limit=limit)


def cube() -> Case:
    return table(np.random.default_rng(0).poisson(3.0, (2, 3, 2)), CIRCLE)


def test_one_block_is_its_own_cluster() -> None:
    blocks, made = found(cube(), [("code", "code", "code"), ("total", "code", "code"), ("total",) * 3])
    assert made == blocks[:1]


def test_a_chain_stays_as_it_is() -> None:
    blocks, made = found(cube(), [*CHAIN, ("total",) * 3])
    assert sorted(made or []) == sorted(blocks[:2])


def test_a_circle_is_crossed() -> None:
    blocks, made = found(cube(), CIRCLE)
    assert made is not None
    assert len(made) == 1
    assert made[0] not in blocks


def test_what_is_too_large_is_not_crossed() -> None:
    assert found(cube(), CIRCLE, limit=16)[1] is not None, "the crossing has 12 variables"
    assert found(cube(), CIRCLE, limit=11)[1] is None


def areas() -> Case:
    """Return areas in regions and in authorities that cross them, by sex and by a second characteristic."""
    codes = tuple(f"a{i}" for i in range(6))
    region = tuple("N" if i < 3 else "S" for i in range(6))
    authority = ("X", None, "X", "X", None, "Y")
    area = make_dimension("area", codes, {"region": region, "authority": authority})
    others = [make_dimension(name, ("p", "q"), {name: ("p", "q")}) for name in ("sex", "fsm")]
    wanted: list[tuple[str, ...]] = [
        ("region", "sex", "total"),
        ("authority", "total", "fsm"),
        ("region", "total", "total"),
        ("total",) * 3,
    ]
    rows = np.array(list(product(range(6), range(2), range(2))))
    return Case(
        CellGrid.build((area, *others), wanted), rows, np.random.default_rng(1).poisson(3.0, len(rows))
    )  # fmt: skip


def test_groupings_that_cross_are_crossed_and_nothing_else() -> None:
    case = areas()
    _, made = found(case, [block.levels for block in case.grid.blocks])
    assert made is not None
    assert len(made) == 1


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("wanted", [CIRCLE, CHAIN])
def test_intervals_are_those_of_the_crossing(seed: int, wanted: list[tuple[str, ...]]) -> None:
    """A block of all dimensions, all of it withheld, forces the crossing and says nothing."""
    rng = np.random.default_rng(seed)
    counts = rng.integers(0, 4, (2, 3, 2))
    part, whole = table(counts, wanted), table(counts, [*wanted, ("code",) * 3])
    shown = rng.random(part.grid.n_cells) < 0.7
    everything = np.concatenate([shown, np.zeros(whole.grid.n_cells - part.grid.n_cells, bool)])
    one = linear_programme(PublishedCells(part.grid, part.values, shown))
    other = linear_programme(PublishedCells(whole.grid, whole.values, everything))
    assert np.allclose(one.lower, other.lower[: part.grid.n_cells])
    assert np.allclose(one.upper, other.upper[: part.grid.n_cells])


def test_circles_left_alone_are_said_to_be(monkeypatch: pytest.MonkeyPatch) -> None:
    case = cube()
    published = PublishedCells(case.grid, case.values, np.arange(case.grid.n_cells) % 3 > 0)
    exact = linear_programme(published)
    monkeypatch.setattr(module, "VARIABLE_LIMIT", 8)
    loose = linear_programme(replace(published))
    assert "exact" in exact.notes[0].message
    assert "too wide" in loose.notes[0].message
    assert (loose.lower <= exact.lower + 1e-6).all()
    assert (loose.upper >= exact.upper - 1e-6).all()
