"""Rounding: whole numbers, sums kept, no bias, never far from the real value."""

from itertools import product

import numpy as np
import pytest

from ndl_publish.privacy.lattice import complete_table, round_children, round_roots

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


@pytest.mark.parametrize("shape", [(2,), (3, 2), (2, 4, 3)])
def test_a_table_comes_back_from_its_corners(shape: tuple[int, ...]) -> None:
    rng = np.random.default_rng(7)
    table = rng.integers(-20, 90, (4, *shape))
    for reference in product(*(range(n) for n in shape)):
        corners = {}
        for mask in product((False, True), repeat=len(shape)):
            part = table
            for axis in reversed(range(len(shape))):
                part = np.delete(part, reference[axis], axis=axis + 1) if mask[axis] else part.sum(axis=axis + 1)
            corners[frozenset(i for i, kept in enumerate(mask) if kept)] = part.reshape(4, -1)
        assert np.array_equal(complete_table(corners, shape, reference), table)


def test_any_corners_give_a_table_with_those_margins() -> None:
    rng = np.random.default_rng(8)
    corners = {
        frozenset(): rng.integers(-9, 9, (2, 1)),
        frozenset({0}): rng.integers(-9, 9, (2, 2)),
        frozenset({1}): rng.integers(-9, 9, (2, 1)),
        frozenset({0, 1}): rng.integers(-9, 9, (2, 2)),
    }
    table = complete_table(corners, (3, 2), (1, 0))
    assert np.array_equal(table.sum(axis=(1, 2)), corners[frozenset()].ravel())
    assert np.array_equal(table.sum(axis=2)[:, [0, 2]], corners[frozenset({0})])
    assert np.array_equal(table.sum(axis=1)[:, [1]], corners[frozenset({1})])
