"""Whatever the tables, the auditor finds nothing in what the search protects, until a needed blank is shown."""

from itertools import product

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ndl_publish.columns import Mask
from ndl_publish.cube.grid import CellGrid, make_dimension
from ndl_publish.protect.secondary.problem import Implication
from tests.suppression_cases import Case, table

few = settings(max_examples=25, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])


@st.composite
def crossings(draw: st.DrawFn) -> Case:
    shape = tuple(draw(st.lists(st.integers(2, 4), min_size=2, max_size=4)))
    seed = draw(st.integers(0, 2**32 - 1))
    mean = draw(st.sampled_from([1.0, 4.0, 12.0]))
    counts = np.random.default_rng(seed).poisson(mean, shape)
    blocks = list(product(("total", "code"), repeat=len(shape)))
    some = draw(st.lists(st.sampled_from(blocks), min_size=1, max_size=len(blocks), unique=True))
    return table(counts, some if draw(st.booleans()) else blocks)


@st.composite
def areas(draw: st.DrawFn) -> Case:
    """Return small areas in wards, and in authorities that cross them and leave some areas out; a decile per area."""
    n = draw(st.integers(6, 12))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    names = tuple(f"a{i}" for i in range(n))
    combined = tuple(None if group == 0 else f"g{group}" for group in rng.integers(0, 3, n))
    dims = (
        make_dimension(
            "area", names, {"area": names, "ward": tuple(f"w{i // 3}" for i in range(n)), "combined": combined}
        ),
        make_dimension("sex", ("F", "M"), {"sex": ("F", "M")}),
        make_dimension("decile", ("1", "2", "3"), {"decile": ("1", "2", "3")}),
    )
    levels = draw(st.lists(st.sampled_from(["area", "ward", "combined", "total"]), min_size=2, unique=True))
    wanted: list[tuple[str, ...]] = [(level, sex, "total") for level in levels for sex in ("total", "sex")]
    wanted += [("total", sex, "decile") for sex in ("total", "sex")]
    decile = rng.integers(0, 3, n)
    codes = np.array([(a, s, decile[a]) for a in range(n) for s in (0, 1)])
    return Case(CellGrid.build(dims, wanted), codes, rng.poisson(5.0, 2 * n), (Implication(2, 0, decile),))


def check(case: Case) -> None:
    found = case.suppress()
    if len(found.unprotected):
        return  # refused, which is safe; the test below holds how rarely
    assert (found.mask[case.primary] == Mask.PRIMARY_SUPPRESSED).all()
    assert case.attack(found.mask == Mask.SHOWN) == ()


@few
@given(crossings())
def test_auditor_finds_nothing_in_crossings(case: Case) -> None:
    check(case)


@few
@given(areas())
def test_auditor_finds_nothing_in_areas_that_do_not_nest(case: Case) -> None:
    check(case)


@few
@given(crossings(), st.integers(0, 2**32 - 1))
def test_row_order_does_not_matter(case: Case, seed: int) -> None:
    order = np.random.default_rng(seed).permutation(len(case.codes))
    shuffled = Case(case.grid, case.codes[order], case.counts[order])
    assert np.array_equal(case.suppress().mask, shuffled.suppress().mask)


@pytest.mark.parametrize("seed", range(4))
def test_a_needed_blank_that_is_shown_is_caught(seed: int) -> None:
    case = table(np.random.default_rng(seed).poisson(7.0, (4, 5)))
    mask = case.suppress().mask
    caught = 0
    for cell in np.flatnonzero(mask == Mask.SECONDARY_SUPPRESSED):
        is_shown = mask == Mask.SHOWN
        is_shown[cell] = True
        caught += bool(case.attack(is_shown))
    assert caught > 0


@pytest.mark.parametrize("mean", [1.0, 4.0, 12.0])
def test_refusals_are_rare_and_the_rest_is_audited(mean: float) -> None:
    rng = np.random.default_rng(0)
    refused = 0
    for _ in range(30):
        case = table(rng.poisson(mean, tuple(rng.integers(2, 5, int(rng.integers(2, 4))))))
        refused += bool(len(case.suppress().unprotected))
        check(case)
    assert refused <= 2
