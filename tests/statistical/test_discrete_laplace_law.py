"""Discrete Laplace draws follow their law in all three samplers, and 2% more scale is noticed."""

from collections.abc import Callable
from fractions import Fraction

import numpy as np
import numpy.typing as npt
import pytest

from ndl_publish.privacy.randomness import KeyedRandomSource
from ndl_publish.protect.noise.cks import draw_discrete_laplace_cks
from ndl_publish.protect.noise.discrete_laplace import draw_discrete_laplace
from ndl_publish.protect.noise.geometric import MAX_CELLS, draw_geometric

pytestmark = pytest.mark.statistical

Probabilities = Callable[[Fraction], npt.NDArray[np.float64]]
PValue = Callable[[npt.NDArray[np.int64], npt.NDArray[np.float64]], float]

LIMIT = 1e-6
WRONG = Fraction(102, 100)


@pytest.mark.parametrize("text", ["1/2", "1", "54", "700/3"])
def test_table_sampler(
    source: KeyedRandomSource, laplace_probabilities: Probabilities, p_value: PValue, text: str
) -> None:
    scale, n = Fraction(text), 1_000_000
    law = laplace_probabilities(scale)
    assert p_value(draw_discrete_laplace(source, label="law", scale=scale, n=n), law) > LIMIT
    assert p_value(draw_discrete_laplace(source, label="wrong", scale=scale * WRONG, n=n), law) < LIMIT


@pytest.mark.parametrize("text", ["1/2", "54", "100000/7"])
def test_table_free_sampler(
    source: KeyedRandomSource, laplace_probabilities: Probabilities, p_value: PValue, text: str
) -> None:
    scale, n = Fraction(text), 400_000
    law = laplace_probabilities(scale)
    assert p_value(draw_discrete_laplace_cks(source, label="law", scale=scale, n=n), law) > LIMIT
    assert p_value(draw_discrete_laplace_cks(source, label="wrong", scale=scale * WRONG, n=n), law) < LIMIT


def test_diffprivlib_has_the_same_law(
    source: KeyedRandomSource, laplace_probabilities: Probabilities, p_value: PValue
) -> None:
    def draws(label: str, epsilon: Fraction) -> npt.NDArray[np.int64]:
        parts = [
            draw_geometric(source, label=f"{label} {part}", epsilon=epsilon, sensitivity=2, n=MAX_CELLS)
            for part in range(6)
        ]
        return np.concatenate(parts)

    law = laplace_probabilities(Fraction(10))
    assert p_value(draws("law", Fraction(1, 5)), law) > LIMIT
    assert p_value(draws("wrong", Fraction(1, 5) * Fraction(93, 100)), law) < LIMIT


@pytest.mark.slow
@pytest.mark.parametrize("text", ["1/2", "1", "54", "1000"])
def test_ten_million_draws(
    source: KeyedRandomSource, laplace_probabilities: Probabilities, p_value: PValue, text: str
) -> None:
    scale, n = Fraction(text), 10_000_000
    law = laplace_probabilities(scale)
    assert p_value(draw_discrete_laplace(source, label="long", scale=scale, n=n), law) > LIMIT
    slightly_wrong = scale * Fraction(1005, 1000)
    assert p_value(draw_discrete_laplace(source, label="wrong", scale=slightly_wrong, n=n), law) < LIMIT
