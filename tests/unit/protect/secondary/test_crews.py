"""Crews: a problem split by area is as safe as a whole one, and the threads do not matter."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from ndl_publish.columns import Mask
from ndl_publish.cube.grid import CellGrid, make_dimension
from ndl_publish.protect.secondary import crews
from ndl_publish.protect.secondary.problem import Suppression, SuppressionProblem
from ndl_publish.protect.secondary.suppress import suppress
from tests.suppression_cases import Case

N_AREAS = 40


def regions(seed: int) -> Case:
    """Return small areas in five regions, and in combined authorities that cross them."""
    names = tuple(f"a{i:02}" for i in range(N_AREAS))
    groupings = {
        "area": names,
        "region": tuple(f"r{i // 8}" for i in range(N_AREAS)),
        "combined": tuple(f"c{i // 12}" if i % 12 < 6 else None for i in range(N_AREAS)),
    }
    dims = (make_dimension("area", names, groupings), make_dimension("sex", ("F", "M"), {"sex": ("F", "M")}))
    wanted: list[tuple[str, ...]] = [*product(("total", "region", "combined", "area"), ("total", "sex"))]
    codes = np.array(list(product(range(N_AREAS), range(2))))
    counts = np.random.default_rng(seed).poisson(6.0, len(codes))
    return Case(CellGrid.build(dims, wanted), codes, counts.astype(np.int64))


def problem_of(case: Case, threads: int = 1) -> SuppressionProblem:
    return SuppressionProblem(
        grid=case.grid, values=case.values, primary=case.primary, signed=False, lowest=np.zeros_like(case.values),
        highest=np.full_like(case.values, 5), codes=case.codes, counts=case.counts, seconds=1.0, threads=threads,
        tie_break=b"test",
    )  # fmt: skip


@pytest.fixture(autouse=True)
def always_split(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crews, "FEWEST_DEMANDS", 1)


def is_safe(case: Case, found: Suppression) -> bool:
    is_shown = np.asarray(found.mask == Mask.SHOWN)
    return case.attack(is_shown) == ()


@pytest.mark.parametrize("seed", range(5))
def test_what_crews_protect_is_safe(seed: int) -> None:
    case = regions(seed)
    found = suppress(problem_of(case))
    assert not len(found.unprotected)
    assert is_safe(case, found)


def test_the_answer_does_not_depend_on_the_threads() -> None:
    case = regions(1)
    one, two = (suppress(problem_of(case, threads)) for threads in (1, 3))
    assert np.array_equal(one.mask, two.mask)
    assert np.array_equal(one.witnesses.amounts, two.witnesses.amounts)


def test_what_a_crew_cannot_protect_is_protected_without_fences() -> None:
    """Each area is a region of its own but for two: most crews have nothing to exchange."""
    case = regions(2)
    alone = replace(case, counts=np.where(case.codes[:, 0] % 8 == 0, 2, 60).astype(np.int64))
    found = suppress(problem_of(alone))
    assert not len(found.unprotected)
    assert is_safe(alone, found)


def test_small_problems_are_not_split(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crews, "FEWEST_DEMANDS", 10**9)
    split = []
    monkeypatch.setattr("ndl_publish.protect.secondary.suppress._with_crews", lambda *a: split.append(a))
    suppress(problem_of(regions(3)))
    assert split == []
