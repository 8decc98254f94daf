"""Interactions: independent noise of known size, and evidence that larger tables have on smaller ones."""

import numpy as np

from ndl_publish.privacy.interactions import Interactions, interaction
from tests.unit.privacy.noisy_family import tabulate

SIZES = (2, 3, 2)


def test_an_interaction_has_no_margins_left() -> None:
    found = interaction(np.random.default_rng(1).normal(0, 3, (5, 2, 4)))
    assert np.allclose(found.sum(axis=1), 0)
    assert np.allclose(found.sum(axis=2), 0)


def test_the_noise_of_each_interaction_follows_from_the_variances_of_cells() -> None:
    rng = np.random.default_rng(2)
    noise = np.rint(rng.normal(0, 4, (60_000, *SIZES))).astype(np.int64)
    tables = tabulate(noise, [(0, 1, 2)])
    variances = {axes: np.full(len(noise), table.var()) for axes, table in tables.items()}
    parent, above = np.zeros(len(noise), np.int64), {axes: table[:1] for axes, table in tables.items()}
    seen = Interactions.of(tables, variances, parent, above)
    for axes, values in seen.values.items():
        scale = np.prod([1 - 1 / SIZES[i] for i in axes])
        assert np.isclose(values.var(), seen.noise[axes][0] * scale, rtol=0.03)


def test_uneven_categories_tell_of_the_total() -> None:
    """With nine in ten in one category, the gap between the two says how many there are; even ones say nothing."""
    rng = np.random.default_rng(3)
    size = rng.gamma(5, 4, 4000)
    for share, gains in ((0.9, True), (0.5, False)):
        finest = np.rint(size[:, None] * [share, 1 - share] + rng.normal(0, 6, (len(size), 2))).astype(np.int64)
        tables = tabulate(finest, [(0,)])
        variances = {(): np.full(len(size), 72.0), (0,): np.full(len(size), 36.0)}
        above = {(): np.array([80_000]), (0,): np.array([[80_000 * share, 80_000 * (1 - share)]]).astype(np.int64)}
        seen = Interactions.of(tables, variances, np.zeros(len(size), np.int64), above)
        told = seen.evidence((), np.full(len(size), 20.0))
        plain = (seen.values[()] - 20.0) - (size - 20.0)
        error = told.gap - (size - 20.0)
        assert np.isclose(error.std(), np.sqrt(told.noise).mean(), rtol=0.1)
        assert (error.std() < 0.9 * plain.std()) == gains


def test_a_table_that_is_not_above_has_its_own_evidence_only() -> None:
    tables = tabulate(np.arange(12).reshape(2, 2, 3), [(0, 1)])
    variances = {axes: np.ones(2) for axes in tables}
    seen = Interactions.of(tables, variances, np.zeros(2, np.int64), {(): np.array([66])})
    told = seen.evidence((0,), np.ones((2, 2)))
    assert np.array_equal(told.gap, seen.values[0,])
    assert np.array_equal(told.noise, seen.noise[0,])
