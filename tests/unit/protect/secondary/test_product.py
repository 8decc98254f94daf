"""The descent finds the cheapest product of differences; moves are sound whatever they cost."""

from itertools import product
from typing import Any

import numpy as np
import pytest

from ndl_publish.cube.grid import IntArray
from ndl_publish.protect.secondary.axes import Axes
from ndl_publish.protect.secondary.geometry import Geometry, Rows, build_geometry, build_rows
from ndl_publish.protect.secondary.product import FAR, descend, new_room, order_axes
from ndl_publish.protect.secondary.scratch import NOT_ALONE, State, new_scratch
from tests.suppression_cases import Case, memberships, table

SHAPE = (4, 3, 2)


def world(case: Case, weight: np.typing.NDArray[np.float64]) -> tuple[Geometry, Rows, State]:
    axes = Axes.build(case.grid, ())
    geometry = build_geometry(case.grid, axes)
    rows = build_rows(geometry, axes.fold(case.codes), case.counts)
    alone = np.full(case.grid.n_cells, NOT_ALONE, np.int32)
    return geometry, rows, State(case.primary.astype(np.int32), weight, alone, np.zeros(1))


def every_move(case: Case, u: IntArray, weight: np.typing.NDArray[np.float64]) -> float:
    """Return the least cost of a move that lowers the finest cell of ``u`` by one, by trying all."""
    steps = memberships(case)
    place = {tuple(code): i for i, code in enumerate(case.codes.tolist())}
    best = FAR
    for v in product(*(range(n) for n in SHAPE)):
        if any(a == b for a, b in zip(u, v, strict=True)):
            continue
        change = np.zeros(len(case.codes), np.int64)
        for bits in product((0, 1), repeat=len(SHAPE)):
            corner = tuple(int(v[i] if bit else u[i]) for i, bit in enumerate(bits))
            change[place[corner]] += -1 if sum(bits) % 2 == 0 else 1
        if (case.counts + change < 0).any():
            continue
        cells = np.flatnonzero(steps @ change)
        best = min(best, float(weight[cells][~case.primary[cells]].sum()))
    return best


def search(case: Case, u: IntArray, weight: np.typing.NDArray[np.float64], most: float = FAR) -> tuple[Any, Any]:
    geometry, rows, state = world(case, weight)
    room, scratch = new_room(geometry), new_scratch(case.grid.n_cells)
    block = len(case.grid.blocks) - 1
    cell = case.grid.blocks[block].offset + int(np.ravel_multi_index(tuple(u), SHAPE))
    axes = np.arange(3)
    order_axes(geometry, block, axes)
    n_options = np.zeros(3, np.int64)
    for i, axis in enumerate(axes):
        others = [v for v in range(SHAPE[axis]) if v != u[axis]]
        n_options[i] = len(others)
        room.options[i, : len(others)] = others
        room.costs[i] = 0.0
    ask = (cell, block, False, np.int64(1), u[None], np.array([-1, -1, -1]), False, np.int64(7))
    start = (FAR, FAR, np.int64(0), np.int64(0), np.int64(0))
    found = descend(geometry, rows, ask, axes, u, n_options, (1000, most, True, -1), state, scratch, room, start)
    return found, room


@pytest.mark.parametrize("seed", range(12))
def test_the_cheapest_product_is_found(seed: int) -> None:
    draw = np.random.default_rng(seed)
    case = table(draw.poisson(2.5, SHAPE))
    weight = draw.uniform(0.5, 2.0, case.grid.n_cells)
    u = np.array([draw.integers(n) for n in SHAPE])
    expected = every_move(case, u, weight) if case.counts.reshape(SHAPE)[tuple(u)] else FAR
    found, room = search(case, u, weight)
    assert found[1] == pytest.approx(expected)
    if expected < FAR:
        assert found[3] == 8
        cells = room.cells[: found[4]]
        own = ~case.primary[cells]
        assert float(weight[cells][own].sum()) == pytest.approx(expected)
        assert search(case, u, weight, most=expected)[0][1] == FAR, "what is too dear is not found"


def test_a_coarser_grouping_comes_first() -> None:
    case = table(np.full((3, 3), 9))
    geometry = world(case, np.ones(case.grid.n_cells))[0]
    coarse = geometry._replace(refines=np.zeros_like(geometry.refines))
    axes = np.array([0, 1])
    order_axes(geometry, 3, axes)
    assert axes.tolist() == [0, 1]
    coarse.refines[geometry.partition[:, 0], :] = True
    order_axes(coarse, 3, axes)
    assert axes.tolist() == [1, 0]
