"""Shrinkage: believe large clear signals, not noise; stay positive; stay near the areas above."""

import numpy as np
import pytest

from ndl_publish.cube.grid import IntArray
from ndl_publish.privacy.nonnegative_shrinkage import shrink
from tests.unit.privacy.noisy_family import Tables, sum_up

PARENT = np.repeat([0, 1], 300)


def _levels(spread: float, sd: float) -> tuple[Tables, Tables, IntArray]:
    rng = np.random.default_rng(1)
    true = rng.poisson(rng.gamma(1 / spread**2, 20 * spread**2, (len(PARENT), 2)))
    noisy = np.rint(true + rng.normal(0, sd, true.shape)).astype(np.int64)
    tables = {(): noisy.sum(axis=1), (0,): noisy}
    whole = sum_up(true, PARENT, 2)
    return tables, {(): whole.sum(axis=1), (0,): whole}, true


@pytest.mark.parametrize(("spread", "sd"), [(0.05, 30.0), (0.9, 1.0), (0.4, 8.0)])
def test_it_is_better_than_the_data_and_than_the_expectation(spread: float, sd: float) -> None:
    tables, above, true = _levels(spread, sd)
    variances = {(): np.full(len(PARENT), 2 * sd**2), (0,): np.full(len(PARENT), sd**2)}
    found = shrink(tables, variances, parent=PARENT, above=above)[0,]
    even = (above[0,] / 300)[PARENT]
    errors = [np.sqrt(((x - true) ** 2).mean()) for x in (found, tables[0,], even)]
    assert errors[0] < 1.05 * min(errors[1:])
    if spread == 0.4:
        assert errors[0] < 0.9 * min(errors[1:])


def test_estimates_are_positive_and_add_up_to_the_areas_above() -> None:
    tables, above, _ = _levels(0.3, 15.0)
    variances = {(): np.full(len(PARENT), 450.0), (0,): np.full(len(PARENT), 225.0)}
    found = shrink(tables, variances, parent=PARENT, above=above)
    assert (found[0,] > 0).all()
    for axes, table in found.items():
        sums = np.stack([table[k == PARENT].sum(axis=0) for k in (0, 1)])
        assert np.allclose(sums, above[axes], rtol=0.01)
    assert np.allclose(found[0,].sum(axis=1), found[()], rtol=0.01)


def test_where_the_area_above_has_nobody_nobody_is_estimated() -> None:
    tables, above, _ = _levels(0.3, 15.0)
    above[0,][1] = [above[()][1], 0]
    variances = {(): np.full(len(PARENT), 450.0), (0,): np.full(len(PARENT), 225.0)}
    found = shrink(tables, variances, parent=PARENT, above=above)[0,]
    assert (found[PARENT == 1, 1] == 0).all()
    assert (found[PARENT == 0, 1] > 0).all()
