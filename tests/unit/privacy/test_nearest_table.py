"""Projections: feasible, nearest, and nothing done where nothing is wrong."""

import numpy as np
import pytest
from scipy.optimize import minimize

from ndl_publish.privacy.nearest_table import nearest_matrices, nearest_rows


def test_rows_that_fit_stay() -> None:
    rows = np.array([[3.0, 0.0, 4.0], [0.0, 0.0, 0.0]])
    assert np.array_equal(nearest_rows(rows, np.array([7, 0])), rows)


@pytest.mark.parametrize("seed", range(20))
def test_rows_meet_the_conditions_of_the_least_squares_optimum(seed: int) -> None:
    rng = np.random.default_rng(seed)
    wanted, sums = rng.normal(2, 6, (5, 6)), rng.integers(0, 30, 5)
    found = nearest_rows(wanted, sums)
    assert np.allclose(found.sum(axis=1), sums)
    assert (found >= 0).all()
    for row, near in zip(wanted, found, strict=True):
        if (near > 0).any():
            cut = (row - near)[near > 0]
            assert np.allclose(cut, cut[0])
            assert (row[near == 0] <= cut[0] + 1e-9).all()


def test_matrices_that_fit_stay() -> None:
    table = np.random.default_rng(1).poisson(2, (4, 3, 5)).astype(float)
    rows, columns = table.sum(axis=2).astype(np.int64), table.sum(axis=1).astype(np.int64)
    assert np.array_equal(nearest_matrices(table, rows, columns), table)


def test_a_matrix_goes_to_the_least_squares_optimum() -> None:
    rng = np.random.default_rng(2)
    wanted = rng.normal(2, 5, (3, 4))
    base = rng.poisson(3, (3, 4))
    rows, columns = base.sum(axis=1), base.sum(axis=0)
    found = nearest_matrices(wanted[None], rows[None], columns[None])[0]
    constraints = [
        {"type": "eq", "fun": lambda x: x.reshape(3, 4).sum(axis=1) - rows},
        {"type": "eq", "fun": lambda x: x.reshape(3, 4).sum(axis=0)[:-1] - columns[:-1]},
    ]
    best = minimize(
        lambda x: ((x - wanted.ravel()) ** 2).sum(),
        base.ravel().astype(float),
        bounds=[(0, None)] * 12,
        constraints=constraints,
        options={"maxiter": 500, "ftol": 1e-12},
    )
    assert np.allclose(found.ravel(), best.x, atol=1e-3)
    assert np.allclose(found.sum(axis=1), rows, atol=1e-3)


def test_no_matrices() -> None:
    none = np.zeros((0, 2), np.int64)
    assert nearest_matrices(np.zeros((0, 2, 2)), none, none).shape == (0, 2, 2)
    assert nearest_rows(np.zeros((0, 2)), np.zeros(0, np.int64)).shape == (0, 2)
