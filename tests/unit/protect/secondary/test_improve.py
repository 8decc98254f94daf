"""Steps of the improvement that can be looked at alone."""

import numpy as np
import pytest

from ndl_publish.columns import Mask
from ndl_publish.protect.secondary import engine
from ndl_publish.protect.secondary.improve import sort_by
from tests.suppression_cases import table


def test_a_few_numbers_are_sorted_by_their_keys() -> None:
    draw = np.random.default_rng(0)
    keys = draw.integers(0, 6, 40)
    numbers = np.arange(40)
    expected = np.lexsort((numbers, keys))
    sort_by(numbers, keys.copy())
    assert numbers.tolist() == expected.tolist()


@pytest.mark.parametrize("seed", range(4))
def test_the_improvement_withholds_no_more_and_stays_safe(monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    case = table(np.random.default_rng(seed).poisson(4.0, (7, 4, 2)))
    after = case.suppress()
    monkeypatch.setattr(engine.Engine, "improve", lambda _self: None)
    before = case.suppress()
    n_before, n_after = (int((one.mask == Mask.SECONDARY_SUPPRESSED).sum()) for one in (before, after))
    assert n_after <= n_before
    assert case.attack(np.asarray(after.mask == Mask.SHOWN)) == ()


def test_the_improvement_shows_cells_again() -> None:
    cases = [table(np.random.default_rng(seed).poisson(4.0, (7, 4, 2))) for seed in range(4)]
    assert sum(len(case.suppress().opened) for case in cases) > len(cases)


def test_dearer_first_tries_help(monkeypatch: pytest.MonkeyPatch) -> None:
    """Witnesses that are over the limit at first are led on by further moves; without that more is withheld."""
    cases = [table(np.random.default_rng(seed).poisson(3.0, (8, 4, 2))) for seed in range(6)]
    weight = {}
    for over in (0.0, engine.OVER):
        monkeypatch.setattr(engine, "OVER", over)
        weight[over] = sum(int((case.suppress().mask == Mask.SECONDARY_SUPPRESSED).sum()) for case in cases)
    assert weight[engine.OVER] < weight[0.0]
