import numpy as np
import pytest

from ndl_publish.audit.published import PublishedCells
from ndl_publish.audit.rank import rank
from ndl_publish.columns import Mask
from ndl_publish.protect.secondary.problem import SuppressionProblem
from ndl_publish.protect.secondary.suppress import suppress
from tests.suppression_cases import Case, table


def follows(case: Case, is_shown: np.typing.NDArray[np.bool_]) -> np.typing.NDArray[np.bool_]:
    """Return which withheld cells follow, by the rank of the dense membership matrix."""
    steps = np.stack([case.grid.tabulate(row[None], np.ones(1, np.int64)) for row in case.codes], axis=1)
    base = np.linalg.matrix_rank(steps[is_shown])
    more = [np.linalg.matrix_rank(np.vstack([steps[is_shown], line])) > base for line in steps]
    return np.asarray(~is_shown & ~np.array(more), np.bool_)


@pytest.mark.parametrize("seed", range(15))
def test_agrees_with_dense_rank(seed: int) -> None:
    rng = np.random.default_rng(seed)
    case = table(rng.poisson(4.0, ((3, 4), (2, 3, 3), (2, 2, 2, 2))[seed % 3]))
    is_shown = rng.random(case.grid.n_cells) < (0.5, 0.7, 0.85)[seed // 3 % 3]
    found = rank(PublishedCells(case.grid, case.values, is_shown, is_count=False))
    assert np.array_equal(found.is_exact, follows(case, is_shown))


@pytest.mark.parametrize("seed", range(6))
def test_agrees_when_shared_sums_are_not_published(seed: int) -> None:
    rng = np.random.default_rng(seed)
    case = table(
        rng.poisson(4.0, (3, 3, 3)), [("code", "code", "total"), ("code", "total", "code"), ("total", "code", "code")]
    )
    is_shown = rng.random(case.grid.n_cells) < 0.7
    found = rank(PublishedCells(case.grid, case.values, is_shown, is_count=False))
    assert np.array_equal(found.is_exact, follows(case, is_shown))


@pytest.mark.parametrize("seed", range(4))
def test_nothing_follows_after_signed_suppression(seed: int) -> None:
    case = table(np.random.default_rng(seed).poisson(5.0, (4, 3, 3)))
    noisy = case.grid.tabulate(case.codes, case.counts + np.random.default_rng(seed).integers(-4, 5, len(case.counts)))
    problem = SuppressionProblem(grid=case.grid, values=noisy, primary=noisy < 5, signed=True, tie_break=b"t")
    found = suppress(problem)
    assert not len(found.unprotected)
    is_shown = found.mask == Mask.SHOWN
    assert not rank(PublishedCells(case.grid, noisy, is_shown, is_count=False)).is_exact.any()
    assert is_shown.any()


def test_components_too_large_are_reported() -> None:
    case = table(np.random.default_rng(0).poisson(5.0, (5, 5)))
    is_shown = np.ones(case.grid.n_cells, bool)
    is_shown[case.grid.block(("code", "code")).cells] = False
    notes = rank(PublishedCells(case.grid, case.values, is_shown, is_count=False), component_limit=3).notes
    assert [(note.code, note.severity) for note in notes] == [("NDL-D006", "warning")]
    assert "25 withheld cells" in notes[0].message
