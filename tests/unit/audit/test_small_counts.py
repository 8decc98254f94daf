"""Small exact counts that can be seen or subtracted are found; zeros and large ones are not."""

import numpy as np
import pytest

from ndl_publish.audit.published import PublishedCells
from ndl_publish.audit.small_counts import small_counts
from ndl_publish.cube.grid import CellGrid, make_dimension

AREAS = make_dimension("area", ("a", "b", "c"), {"la": ("a", "b", "c")})
GRID = CellGrid.build((AREAS,), [("total",), ("la",)])


def found(values: list[int], shown: list[bool], *, minimum_count: int = 5) -> list[str]:
    cells = PublishedCells(GRID, np.array(values), np.array(shown), (), is_count=True)
    return [str(finding) for finding in small_counts(cells, minimum_count=minimum_count)]


@pytest.mark.parametrize(("value", "is_small"), [(0, False), (1, True), (4, True), (5, False)])
def test_from_one_to_below_the_minimum_is_small(value: int, is_small: bool) -> None:
    assert bool(found([100, value, 50, 50], [True] * 4)) is is_small


def test_what_is_withheld_is_not_seen() -> None:
    assert found([100, 3, 50, 47], [True, False, False, True]) == []


def test_the_finding_names_the_block_and_how_many() -> None:
    (text,) = found([100, 3, 2, 95], [True] * 4)
    assert text == "NDL-D019 error: la: 2 small counts can be seen or subtracted."
