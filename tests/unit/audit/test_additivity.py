"""Shown counts add up wherever they can be added, and one wrong number is found."""

import numpy as np
import pytest

from ndl_publish.audit.additivity import additivity
from ndl_publish.audit.published import PublishedCells
from ndl_publish.cube.grid import CellGrid, IntArray, make_dimension

AREAS = ("s0", "s1", "s2", "s3")
GRID = CellGrid.build(
    (
        make_dimension(
            "area", AREAS,
            {"all": ("E",) * 4, "la": ("a", "a", "b", "b"), "city": (None, "c", "c", None), "leaf": AREAS},
        ),
        make_dimension("eth", ("x", "y", "z"), {"major": ("A", "A", "B"), "minor": ("x", "y", "z")}),
    ),
    [("all", "total"), ("la", "minor"), ("la", "major"), ("la", "total"), ("city", "minor"), ("leaf", "minor")],
)  # fmt: skip
CODES = np.stack([axis.ravel() for axis in np.indices((4, 3))], axis=1)


@pytest.fixture
def counts() -> IntArray:
    return GRID.tabulate(CODES, np.arange(12) * 3 + 1)


def _published(values: IntArray, hidden: tuple[int, ...] = ()) -> PublishedCells:
    shown = np.ones(GRID.n_cells, bool)
    shown[list(hidden)] = False
    return PublishedCells(GRID, values, shown)


def test_exact_counts_pass(counts: IntArray) -> None:
    assert additivity(_published(counts)) == ()


@pytest.mark.parametrize("cell", range(GRID.n_cells))
def test_any_one_wrong_number_is_found(counts: IntArray, cell: int) -> None:
    wrong = counts.copy()
    wrong[cell] += 1
    found = additivity(_published(wrong))
    assert found
    assert all(finding.code == "NDL-D014" and finding.severity == "error" for finding in found)


def test_what_is_withheld_is_not_judged(counts: IntArray) -> None:
    wrong = counts.copy()
    leaf = GRID.block(("leaf", "minor"))
    wrong[leaf.offset] += 5
    assert additivity(_published(wrong)) != ()
    assert additivity(_published(wrong, hidden=(leaf.offset,))) == ()


def test_findings_tell_how_many_and_where_not_what(counts: IntArray) -> None:
    wrong = counts.copy()
    wrong[GRID.block(("all", "total")).offset] = 99999
    text = " ".join(str(finding) for finding in additivity(_published(wrong)))
    assert "99999" not in text
    assert "1 sums" in text
