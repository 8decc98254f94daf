"""A certificate as tables: numbers with their words, and every finest row once."""

from dataclasses import replace

import numpy as np
import pytest

from ndl_publish.certificate_pack import (
    CELLS,
    CHANGES,
    FINEST,
    WITNESSES,
    cell_labels,
    certificate_frames,
    certificate_of,
    row_labels,
)  # fmt: skip
from ndl_publish.cube.grid import CellGrid, make_dimension
from ndl_publish.protect.secondary.problem import Witnesses
from tests.certified_cases import integers, square

PROOF = square()
CODES = PROOF.case.codes


def witnesses(codes: np.typing.NDArray[np.int64], amounts: list[int]) -> Witnesses:
    return Witnesses(
        integers([8]), integers([1]), integers([0, len(amounts)]), codes, np.arange(len(codes)), integers(amounts),
        integers([-1]),
    )  # fmt: skip


def test_rows_without_children_that_a_witness_fills_are_listed_too() -> None:
    held = CODES[[0, 4]]
    made = certificate_of(PROOF.case.grid, held, integers([3, 7]), witnesses(CODES[[0, 1, 4, 8]], [-1, 1, -1, 1]))
    assert made.codes.tolist() == CODES[[0, 1, 4, 8]].tolist()
    assert made.children.tolist() == [3, 0, 7, 0]
    assert made.codes[made.rows].tolist() == CODES[[0, 1, 4, 8]].tolist()


def test_no_witness_and_no_row() -> None:
    empty = np.zeros((0, 2), np.int64)
    made = certificate_of(PROOF.case.grid, CODES, PROOF.case.counts, witnesses(empty, []))
    assert made.children.tolist() == PROOF.case.counts.tolist()
    assert certificate_of(PROOF.case.grid, empty, integers([]), witnesses(empty, [])).children.tolist() == []


def test_rows_are_told_apart_where_numbers_would_run_over() -> None:
    """Eight dimensions of a thousand codes: 10 to the 24 combinations."""
    names = tuple(map(str, range(1000)))
    grid = CellGrid.build(
        tuple(make_dimension(f"d{i}", names, {"code": names}) for i in range(8)), [("total",) * 8]
    )  # fmt: skip
    codes = np.random.default_rng(0).integers(0, 1000, (50, 8))
    codes = np.concatenate([codes, codes[:1]])
    codes[-1, 7] = (codes[-1, 7] + 1) % 1000
    made = certificate_of(grid, codes, np.arange(51), witnesses(codes[::-1], [1] * 51))
    assert len(made.children) == 51
    assert made.codes[made.rows].tolist() == codes[::-1].tolist()
    assert sorted(made.children.tolist()) == list(range(51))


def test_frames_hold_numbers_and_words() -> None:
    frames = certificate_frames(PROOF.certificate, PROOF.required)
    assert set(frames) == {CELLS, FINEST, WITNESSES, CHANGES}
    assert frames[CELLS].height == 4
    assert frames[CELLS].row(0) == (7, "d0:code=c0, d1:code=c0", True, 0, 5)
    assert frames[CELLS]["is_primary"].to_list() == [True, False, False, False]
    assert frames[FINEST].row(5) == (1, 2, "d0=c1, d1=c2", 9)
    assert frames[WITNESSES].rows() == [(7, -3, 4), (7, 2, 4)]
    assert frames[CHANGES].row(0) == (0, -3)


def test_intervals_are_needed() -> None:
    with pytest.raises(ValueError, match="intervals"):
        certificate_frames(PROOF.certificate, replace(PROOF.required, lowest=None))


def test_labels_leave_out_totals() -> None:
    grid = PROOF.case.grid
    labels = dict(enumerate(cell_labels(grid, np.arange(grid.n_cells)).to_list()))
    assert labels[0] == "total"
    assert {labels[i] for i in (1, 2, 3)} == {"d1:code=c0", "d1:code=c1", "d1:code=c2"}
    assert len(set(labels.values())) == grid.n_cells
    assert row_labels(grid, CODES)[8] == "d0=c2, d1=c2"
