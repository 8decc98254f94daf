"""Raking and rounding of matrices: margins exact, cells moved by less than one, zeros kept, no bias."""

from itertools import pairwise

import numpy as np
import pytest

from ndl_publish.cube.grid import IntArray
from ndl_publish.privacy.controlled_rounding import divide_whole, fit_whole, rake, round_whole
from ndl_publish.privacy.least_squares import FloatArray


def _margins(seed: int) -> tuple[FloatArray, IntArray, IntArray, IntArray]:
    """Return seeds with zeros among them, segments (one is empty) and margins that some matrices fit."""
    rng = np.random.default_rng(seed)
    sizes = [*rng.integers(1, 9, 3), 0, *rng.integers(1, 30, 2)]
    starts = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    shape = (int(starts[-1]), 2, int(rng.integers(1, 8)))
    table = rng.poisson(rng.gamma(0.3, 3, shape))
    columns = np.stack([table[a:b].sum(axis=0) for a, b in pairwise(starts)])
    seeds = rng.gamma(0.4, 2, shape) * (rng.random(shape) < 0.8)
    return seeds, starts, table.sum(axis=2), columns


@pytest.mark.parametrize("seed", range(40))
def test_margins_are_met_exactly(seed: int) -> None:
    seeds, starts, rows, columns = _margins(seed)
    found = fit_whole(seeds, starts, rows, columns, np.random.default_rng(seed).random(seeds.shape))
    assert found.dtype == np.int64
    assert (found >= 0).all()
    assert np.array_equal(found.sum(axis=2), rows)
    for k in range(len(starts) - 1):
        assert np.array_equal(found[starts[k] : starts[k + 1]].sum(axis=0), columns[k])


@pytest.mark.parametrize("seed", range(40))
def test_rounding_moves_cells_by_less_than_one_and_keeps_whole_cells(seed: int) -> None:
    seeds, starts, rows, columns = _margins(seed)
    real = rake(seeds, starts, rows, columns)
    found = round_whole(real, starts, np.random.default_rng(seed).random(seeds.shape))
    assert (np.abs(found - real) < 1).all()
    assert (found[real == 0] == 0).all()
    whole = np.rint(real) == real
    assert np.array_equal(found[whole], real[whole].astype(np.int64))


def test_whole_matrices_stay_as_they_are() -> None:
    table = np.random.default_rng(1).poisson(3, (20, 1, 5))
    starts = np.array([0, 20])
    found = fit_whole(table.astype(float), starts, table.sum(axis=2), table.sum(axis=0)[None], np.zeros(table.shape))
    assert np.array_equal(found, table)


def test_raking_keeps_the_odds_of_positive_seeds() -> None:
    seeds = np.array([[[1.0, 2.0]], [[3.0, 1.0]]])
    raked = rake(seeds, np.array([0, 2]), np.array([[30], [50]]), np.array([[[40, 40]]]))[:, 0]
    assert np.allclose(raked.sum(axis=0), 40)
    assert np.isclose(raked[0, 0] * raked[1, 1] / raked[0, 1] / raked[1, 0], 1 / 6, rtol=1e-3)


def test_seeds_that_cannot_be_raked_are_filled_up() -> None:
    seeds = np.array([[[1.0, 0.0]], [[0.0, 1.0]]])
    raked = rake(seeds, np.array([0, 2]), np.array([[3], [1]]), np.array([[[1, 3]]]))[:, 0]
    assert np.allclose(raked.sum(axis=0), [1, 3])
    assert np.allclose(raked.sum(axis=1), [3, 1])
    nothing = rake(np.zeros((2, 1, 2)), np.array([0, 2]), np.array([[3], [1]]), np.array([[[4, 0]]]))[:, 0]
    assert np.allclose(nothing, [[3, 0], [1, 0]])


def test_a_column_of_very_many_rows_keeps_its_sum() -> None:
    rng = np.random.default_rng(3)
    rows = rng.poisson(2, 35_000)
    first = rng.binomial(rows, 0.3)
    columns = np.array([[[first.sum(), rows.sum() - first.sum()]]])
    starts, u = np.array([0, len(rows)]), rng.random((len(rows), 1, 2))
    found = fit_whole(rng.gamma(1, 1, u.shape), starts, rows[:, None], columns, u)
    assert np.array_equal(found.sum(axis=0), columns[0])
    assert np.array_equal(found[:, 0].sum(axis=1), rows)


@pytest.mark.statistical
def test_rounding_has_no_bias() -> None:
    rng = np.random.default_rng(11)
    real = rake(rng.gamma(0.5, 1, (6, 1, 4)), np.array([0, 6]), np.full((6, 1), 2), np.array([[[1, 5, 3, 3]]]))
    n = 20_000
    many = np.tile(real, (n, 1, 1))
    found = round_whole(many, np.arange(n + 1) * 6, rng.random(many.shape)).reshape(n, 6, 4)
    part = real[:, 0] - np.floor(real[:, 0])
    error = np.sqrt(part * (1 - part) / n)
    assert (np.abs(found.mean(axis=0) - real[:, 0]) < 5.5 * error + 1e-9).all()


@pytest.mark.parametrize("seed", range(20))
def test_divided_totals_add_up(seed: int) -> None:
    rng = np.random.default_rng(seed)
    sizes = [*rng.integers(1, 40, 6), 0]
    starts = np.concatenate([[0], np.cumsum(sizes)])
    seeds = rng.gamma(0.3, 4, starts[-1]) * (rng.random(starts[-1]) < 0.7)
    totals = np.where(np.array(sizes) > 0, rng.poisson(9, 7), 0)
    found = divide_whole(seeds, starts, totals, rng.random(7))
    for k, (a, b) in enumerate(pairwise(starts)):
        assert found[a:b].sum() == totals[k]
        if seeds[a:b].sum() > 0:
            assert (np.abs(found[a:b] - seeds[a:b] * totals[k] / seeds[a:b].sum()) < 1 + 1e-8).all()
            assert (found[a:b][seeds[a:b] == 0] == 0).all()
    assert (found >= 0).all()


@pytest.mark.parametrize("u", [0.0, 0.3, 1 - 2**-53])
def test_whole_shares_stay_and_nothing_is_divided_evenly(u: float) -> None:
    starts, one = np.array([0, 3]), np.array([u])
    assert divide_whole(np.array([2.0, 0.0, 3.0]), starts, np.array([5]), one).tolist() == [2, 0, 3]
    assert sorted(divide_whole(np.zeros(3), starts, np.array([4]), one).tolist()) == [1, 1, 2]
