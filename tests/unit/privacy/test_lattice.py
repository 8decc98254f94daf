"""Rounding: whole numbers, sums kept, no bias, never far from the real value."""

from itertools import product

import numpy as np
import pytest

from ndl_publish.cube.grid import IntArray
from ndl_publish.privacy.lattice import References, complete_table, round_children, round_roots

PARENT = np.array([0, 0, 0, 1, 2, 2])


def _case(seed: int, n_values: int = 4) -> tuple[np.ndarray, ...]:
    rng = np.random.default_rng(seed)
    real = rng.normal(0, 30, (len(PARENT), n_values))
    top = np.zeros((3, n_values))
    np.add.at(top, PARENT, real)
    return real, round_roots(top, rng.random(top.shape)), rng.random(top.shape), top


@pytest.mark.parametrize("seed", range(50))
def test_children_are_whole_and_add_up_to_their_parent(seed: int) -> None:
    real, parent, uniform, _ = _case(seed)
    found = round_children(real, PARENT, parent, uniform)
    summed = np.zeros_like(parent)
    np.add.at(summed, PARENT, found)
    assert found.dtype == np.int64
    assert np.array_equal(summed, parent)


@pytest.mark.parametrize("seed", range(50))
def test_no_child_is_moved_by_one_or_more_beyond_its_share_of_the_gap(seed: int) -> None:
    real, parent, uniform, top = _case(seed)
    found = round_children(real, PARENT, parent, uniform)
    share = (np.abs(parent - top) / np.array([[3], [1], [2]]))[PARENT]
    assert (np.abs(found - real) < 1 + share + 1e-9).all()


def test_an_only_child_is_its_parent() -> None:
    assert round_children(np.array([[2.7]]), np.array([0]), np.array([[9]]), np.array([[0.3]])).tolist() == [[9]]


def test_whole_numbers_that_add_up_stay_as_they_are() -> None:
    real = np.array([[4.0], [-7.0], [5.0]])
    for u in (0.0, 0.25, 0.999999):
        parent = np.array([0, 0, 0])
        assert round_children(real, parent, np.array([[2]]), np.array([[u]])).ravel().tolist() == [4, -7, 5]


def test_roots_go_to_a_neighbour() -> None:
    real = np.array([[2.3, -2.3, 5.0]])
    assert round_roots(real, np.full((1, 3), 0.0)).tolist() == [[2, -3, 5]]
    assert round_roots(real, np.full((1, 3), 0.75)).tolist() == [[3, -2, 5]]


@pytest.mark.statistical
def test_rounding_has_no_bias() -> None:
    real = np.array([[1.3], [0.45], [-2.6], [7.1], [0.2], [0.05]])
    top = np.array([[-0.85], [7.1], [0.25]])
    rng = np.random.default_rng(11)
    n = 40_000
    total = np.zeros_like(real)
    for _ in range(n // 100):
        wide_top = np.repeat(top, 100, axis=1)
        parent = round_roots(wide_top, rng.random(wide_top.shape))
        found = round_children(np.repeat(real, 100, axis=1), PARENT, parent, rng.random(wide_top.shape))
        total += found.sum(axis=1, keepdims=True)
    assert (np.abs(total / n - real) < 5 * 0.8 / n**0.5).all()


def test_biased_rounding_would_be_caught() -> None:
    """The test above must be able to fail: rounding to the nearest is off by more than it allows."""
    real = np.array([[1.3], [0.45], [-2.6], [7.1], [0.2], [0.05]])
    assert (np.abs(np.rint(real) - real) > 5 * 0.8 / 40_000**0.5).any()


def _flat(n: int, reference: int) -> References:
    return References((np.zeros(n, np.int64),), (np.array([reference]),))


@pytest.mark.parametrize("shape", [(2,), (3, 2), (2, 4, 3)])
def test_a_table_comes_back_from_its_corners(shape: tuple[int, ...]) -> None:
    rng = np.random.default_rng(7)
    table = rng.integers(-20, 90, (4, *shape))
    for reference in product(*(range(n) for n in shape)):
        corners: dict[tuple[int, ...], IntArray] = {}
        for mask in product((0, 1), repeat=len(shape)):
            part = table
            for axis in reversed(range(len(shape))):
                part = np.delete(part, reference[axis], axis=axis + 1) if mask[axis] else part.sum(axis=axis + 1)
            corners[mask] = part.reshape(4, -1)
        axes = tuple(_flat(n, r) for n, r in zip(shape, reference, strict=True))
        assert np.array_equal(complete_table(corners, (1,) * len(shape), axes), table)


def test_any_corners_give_a_table_with_those_margins() -> None:
    rng = np.random.default_rng(8)
    corners: dict[tuple[int, ...], IntArray] = {
        (0, 0): rng.integers(-9, 9, (2, 1)),
        (1, 0): rng.integers(-9, 9, (2, 2)),
        (0, 1): rng.integers(-9, 9, (2, 1)),
        (1, 1): rng.integers(-9, 9, (2, 2)),
    }
    table = complete_table(corners, (1, 1), (_flat(3, 1), _flat(2, 0)))
    assert np.array_equal(table.sum(axis=(1, 2)), corners[0, 0].ravel())
    assert np.array_equal(table.sum(axis=2)[:, [0, 2]], corners[1, 0])
    assert np.array_equal(table.sum(axis=1)[:, [1]], corners[0, 1])


PARENTS = (np.array([0, 0, 0]), np.array([0, 0, 0, 1, 2, 2]))
"""Three groups, then six in them: three, one and two."""
CHOSEN = [(np.array([a]), np.array([b, 3, c])) for a in range(3) for b in range(3) for c in (4, 5)]


@pytest.mark.parametrize("chosen", CHOSEN, ids=str)
@pytest.mark.parametrize("second", [0, 2])
def test_a_nested_table_comes_back_from_the_corners_of_every_depth(
    chosen: tuple[IntArray, IntArray], second: int
) -> None:
    nested = References(PARENTS, chosen)
    rng = np.random.default_rng(9)
    table = rng.integers(-20, 90, (4, 6, 2)) if second else rng.integers(-20, 90, (4, 6))
    at = {0: np.zeros(6, np.int64), 1: PARENTS[1], 2: np.arange(6)}
    corners: dict[tuple[int, ...], IntArray] = {}
    for depth, other in product(range(3), range(2 if second else 1)):
        part = np.stack([table[:, at[depth] == g].sum(axis=1) for g in range(at[depth].max() + 1)], axis=1)
        part = part[:, nested.others(depth)] if depth else part
        if second:
            part = part[:, :, [1]] if other else part.sum(axis=2)
        corners[(depth, other) if second else (depth,)] = part.reshape(4, -1)
    axes = (nested, _flat(2, 0)) if second else (nested,)
    assert np.array_equal(complete_table(corners, (2, 1) if second else (2,), axes), table)


def test_any_corners_give_a_nested_table_with_those_margins() -> None:
    nested = References(PARENTS, CHOSEN[7])
    rng = np.random.default_rng(10)
    corners: dict[tuple[int, ...], IntArray] = {
        (0,): rng.integers(-9, 9, (2, 1)),
        (1,): rng.integers(-9, 9, (2, len(nested.others(1)))),
        (2,): rng.integers(-9, 9, (2, len(nested.others(2)))),
    }
    fine = complete_table(corners, (2,), (nested,))
    coarse = complete_table({k: corners[k] for k in [(0,), (1,)]}, (1,), (nested,))
    for group in range(3):
        assert np.array_equal(fine[:, PARENTS[1] == group].sum(axis=1), coarse[:, group])
    assert np.array_equal(fine.sum(axis=1), corners[0,].ravel())
    assert np.array_equal(fine[:, nested.others(2)], corners[2,])
    assert np.array_equal(coarse[:, nested.others(1)], corners[1,])
