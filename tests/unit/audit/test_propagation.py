import numpy as np

from ndl_publish.audit.propagation import propagation
from ndl_publish.audit.published import PublishedCells
from ndl_publish.cube.grid import CellGrid, make_dimension
from ndl_publish.protect.secondary.problem import Implication
from tests.suppression_cases import Case, table


def published(case: Case, hidden: list[int], *, is_count: bool = True) -> PublishedCells:
    is_shown = np.ones(case.grid.n_cells, bool)
    is_shown[hidden] = False
    return PublishedCells(case.grid, case.values, is_shown, case.implications, is_count=is_count)


def test_withheld_figures_are_wiped() -> None:
    case = table(np.array([[4, 9], [9, 9]]))
    hidden = case.grid.block(("code", "code")).offset
    assert published(case, [hidden]).values[hidden] == 0
    assert "9" not in repr(published(case, [hidden])).replace("d9", "")


def test_chain_of_subtractions() -> None:
    case = table(np.array([[3, 9, 9], [9, 9, 4], [9, 9, 9]]))
    at = case.grid.block(("code", "code")).offset
    row = case.grid.block(("code", "total")).offset
    found = propagation(published(case, [at, at + 2, row + 1]))
    assert found.is_exact[[at, at + 2, row + 1]].all()
    assert found.lower[[at, at + 2]].tolist() == [3.0, 9.0]


def test_total_that_nobody_published_is_still_a_sum() -> None:
    case = table(np.array([[3, 9], [9, 9]]), [("code", "code"), ("total", "code")])
    at = case.grid.block(("code", "code")).offset
    assert propagation(published(case, [at])).is_exact[at]


def test_sum_of_nothing_makes_its_parts_nothing_in_counts_only() -> None:
    case = table(np.array([[0, 0], [7, 8]]))
    at = case.grid.block(("code", "code")).offset
    hidden = [at, at + 1, at + 2, at + 3]
    assert propagation(published(case, hidden)).is_exact[hidden].all()
    assert not propagation(published(case, hidden, is_count=False)).is_exact.any()


def areas_with_remainder() -> Case:
    """Return three areas of which one is outside the only combined authority; a decile follows from the area."""
    names = ("a0", "a1", "a2")
    dims = (
        make_dimension("area", names, {"area": names, "combined": ("g", "g", None)}),
        make_dimension("decile", ("1", "2"), {"decile": ("1", "2")}),
    )
    grid = CellGrid.build(dims, [("total", "total"), ("combined", "total"), ("area", "total"), ("total", "decile")])
    decile = np.array([0, 1, 1])
    codes = np.array([(0, 0), (1, 1), (2, 1)])
    return Case(grid, codes, np.array([7, 8, 3]), (Implication(1, 0, decile),))


def test_area_outside_every_combined_authority() -> None:
    case = areas_with_remainder()
    area = case.grid.block(("area", "total")).offset
    assert propagation(published(case, [area + 1])).is_exact[area + 1]


def test_decile_gives_the_area_away() -> None:
    """The first decile is the first area: its count is public under another name."""
    case = areas_with_remainder()
    area = case.grid.block(("area", "total")).offset
    without = Case(case.grid, case.codes, case.counts)
    hidden = [area, area + 1, area + 2]
    assert propagation(published(case, hidden)).is_exact[area]
    assert not propagation(published(without, hidden)).is_exact[area]


def test_search_sees_the_remainder_and_the_decile() -> None:
    case = areas_with_remainder()
    found = case.suppress()
    assert len(found.unprotected) or case.attack(found.mask == 0) == ()
