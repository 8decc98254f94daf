"""The auditor against an attacker who lists every table of whole numbers: on tiny tables they must agree.

On one or two dimensions whose groups nest, the table equations are those of a network, so the ends of every interval
are whole numbers and both must find the same. Elsewhere real tables can go further than whole ones, never less far.
"""

from itertools import product

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ndl_publish.audit.certificate import check_certificate
from ndl_publish.audit.inside import LoneChildren
from ndl_publish.audit.insider import insiders
from ndl_publish.audit.judge import Required
from ndl_publish.audit.linear_programme import linear_programme
from ndl_publish.audit.propagation import propagation
from ndl_publish.audit.published import BoolArray, FloatArray, PublishedCells
from ndl_publish.audit.rank import rank
from ndl_publish.certificate_pack import certificate_of
from ndl_publish.columns import Mask
from ndl_publish.cube.grid import CellGrid, make_dimension
from tests.suppression_cases import Case, integer_ranges, lone_children, memberships, table

few = settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
MOST = 24
"""Children in a tiny table."""
Seen = tuple[Case, BoolArray]


def shown(case: Case, share: float, rng: np.random.Generator) -> BoolArray:
    """Return what is shown: a random part of the cells, and the number of all children."""
    is_shown = rng.random(case.grid.n_cells) < share
    is_shown[case.grid.block(("total",) * len(case.grid.dimensions)).cells] = True
    return is_shown


@st.composite
def crossings(draw: st.DrawFn, shapes: tuple[tuple[int, ...], ...]) -> Seen:
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    shape = draw(st.sampled_from(shapes))
    counts = rng.multinomial(draw(st.integers(1, MOST)), np.full(int(np.prod(shape)), 1 / np.prod(shape)))
    case = table(counts.reshape(shape))
    return case, shown(case, draw(st.sampled_from([0.4, 0.6, 0.8])), rng)


@st.composite
def linked(draw: st.DrawFn) -> Seen:
    """Return areas with two groupings that do not nest, crossed with sex; not every table is published."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    names = ("a", "b", "c", "d")
    halves, across = ("x", "x", "y", "y"), ("p", "q", "q", None)
    dims = (
        make_dimension("area", names, {"area": names, "half": halves, "across": across}),
        make_dimension("sex", ("F", "M"), {"sex": ("F", "M")}),
    )
    blocks = list(product(("area", "half", "across"), ("total", "sex")))
    some = draw(st.lists(st.sampled_from(blocks), min_size=1, max_size=5, unique=True))
    codes = np.array(list(product(range(4), range(2))))
    counts = rng.multinomial(draw(st.integers(1, MOST)), np.full(8, 1 / 8))
    case = Case(CellGrid.build(dims, [("total", "total"), *some]), codes, counts)
    return case, shown(case, draw(st.sampled_from([0.5, 0.8])), rng)


def deduced(seen: Seen) -> tuple[FloatArray, FloatArray, BoolArray]:
    case, is_shown = seen
    found = linear_programme(PublishedCells(case.grid, case.values, is_shown))
    assert not [note for note in found.notes if note.severity == "error"]
    return found.lower, found.upper, found.is_exact


@few
@given(crossings(((3,), (6,), (2, 3), (3, 3), (2, 5))))
def test_two_dimensions_give_the_same_intervals(seen: Seen) -> None:
    low, high = integer_ranges(*seen)
    lower, upper, is_exact = deduced(seen)
    assert np.allclose(lower, low)
    assert np.allclose(upper, high)
    assert np.array_equal(is_exact, ~seen[1] & (low == high))


@few
@given(st.one_of(crossings(((2, 2, 2), (2, 2, 3), (2, 2, 2, 2))), linked()))
def test_whole_tables_lie_inside_the_intervals(seen: Seen) -> None:
    case, is_shown = seen
    low, high = integer_ranges(case, is_shown)
    lower, upper, is_exact = deduced(seen)
    assert (lower <= low + 1e-6).all()
    assert (upper >= high - 1e-6).all()
    assert (low == high)[is_exact].all()
    assert (lower[is_exact] <= case.values[is_exact] + 1e-6).all()


@few
@given(st.one_of(crossings(((2, 3), (2, 2, 2))), linked()))
def test_subtraction_and_rank_recover_nothing_that_is_not_so(seen: Seen) -> None:
    case, is_shown = seen
    published = PublishedCells(case.grid, case.values, is_shown)
    low, high = integer_ranges(case, is_shown)
    for attack in (propagation, rank):
        found = attack(published)
        assert (low == high)[found.is_exact].all()
        assert np.array_equal(found.lower[found.is_exact], case.values[found.is_exact].astype(float))


def test_the_lister_lists_by_hand() -> None:
    """2 children in 2 x 2 cells, every margin 1 and shown: two tables, so every inner cell is 0 or 1."""
    case = table(np.eye(2, dtype=int))
    is_shown = np.ones(case.grid.n_cells, bool)
    is_shown[case.grid.block(("code", "code")).cells] = False
    low, high = integer_ranges(case, is_shown)
    inner = ~is_shown
    assert (low[inner].tolist(), high[inner].tolist()) == ([0] * 4, [1] * 4)
    assert np.array_equal(memberships(case) @ case.counts, case.values)


@pytest.mark.parametrize("seed", range(5))
def test_all_cells_shown_leave_one_table(seed: int) -> None:
    case = table(np.random.default_rng(seed).poisson(2.0, (2, 3)))
    low, high = integer_ranges(case, np.ones(case.grid.n_cells, bool))
    assert np.array_equal(low, case.values)
    assert np.array_equal(high, case.values)


@pytest.mark.parametrize(("shape", "mean"), [((2, 4), 3.0), ((3, 3), 5.0), ((2, 2, 2), 4.0)])
def test_a_certificate_that_holds_leaves_no_child_who_learns(shape: tuple[int, ...], mean: float) -> None:
    """Some patterns here were made without a thought of insiders: the certificate must tell the two kinds apart."""
    held = broken = 0
    for seed in range(40):
        case = table(np.random.default_rng(seed).poisson(mean, shape))
        found = case.suppress(has_insiders=seed % 2 == 0)
        if len(found.unprotected):
            continue
        is_shown = found.mask == Mask.SHOWN
        certificate = certificate_of(case.grid, case.codes, case.counts, found.witnesses)
        required = Required(
            case.grid, case.primary, ~is_shown & ~case.primary, case.lowest, case.highest, has_insiders=True
        )
        errors = check_certificate(PublishedCells(case.grid, case.values, is_shown), certificate, required)
        if any(error.severity == "error" for error in errors):
            broken += 1
        else:
            assert lone_children(case, is_shown) == []
            held += 1
    assert held > 10
    assert broken > 0


PAIRS = [("total", "total", "total")] + [
    tuple("code" if axis in pair else "total" for axis in range(3))
    for pair in ((0, 1), (0, 2), (1, 2), (0,), (1,), (2,))
]
"""Every two of three dimensions crossed: one child is counted in three cells, and may be alone in each."""


def joined_up() -> Case:
    """The child in the row of 1 is alone in two cells; together they give a count of 2 away, neither does by itself."""
    return table(np.array([[[10, 0], [0, 2]], [[0, 1], [5, 2]]]), PAIRS)


def joined_up_blanks(case: Case) -> np.typing.NDArray[np.bool_]:
    """Return a pattern that is safe from whoever knows one of the two cells, and not from who knows both."""
    is_shown = np.ones(case.grid.n_cells, bool)
    for levels, cells in (
        (("code", "code", "total"), [(0, 0), (0, 1), (1, 0), (1, 1)]),
        (("code", "total", "code"), [(0, 0), (0, 1), (1, 0), (1, 1)]),
        (("total", "code", "code"), [(0, 1), (1, 1)]),
        (("total", "code", "total"), [(0,), (1,)]),
        (("total", "total", "code"), [(0,), (1,)]),
    ):
        block = case.grid.block(levels)
        at = np.array(cells).T
        is_shown[np.ravel_multi_index(tuple(at), [n for n in block.shape if n > 1]) + block.offset] = False
    return is_shown


def test_a_child_alone_in_two_cells_knows_both() -> None:
    case = joined_up()
    is_shown = joined_up_blanks(case)
    known = lone_children(case, is_shown)
    assert known, "all tables listed: some small count follows from both cells"
    lone = LoneChildren.of(case.grid, case.codes, case.counts)
    required = Required(case.grid, case.primary, ~is_shown & ~case.primary, case.lowest, case.highest)
    found = insiders(PublishedCells(case.grid, case.values, is_shown), required, lone, seconds=60.0)
    assert set(found.cells) == {cell for _, cell in known}


def test_the_search_keeps_secrets_from_a_child_alone_in_several_cells() -> None:
    n = 0
    for seed in range(60):
        case = table(np.random.default_rng(seed).negative_binomial(0.6, 0.25, (2, 3, 2)), PAIRS)
        found = case.suppress()
        if len(found.unprotected) or not case.primary.any():
            continue
        is_shown = np.asarray(found.mask == Mask.SHOWN)
        assert lone_children(case, is_shown) == []
        certificate = certificate_of(case.grid, case.codes, case.counts, found.witnesses)
        required = Required(
            case.grid, case.primary, ~is_shown & ~case.primary, case.lowest, case.highest, has_insiders=True
        )
        errors = check_certificate(PublishedCells(case.grid, case.values, is_shown), certificate, required)
        assert [error for error in errors if error.severity == "error"] == []
        n += 1
    assert n > 8
