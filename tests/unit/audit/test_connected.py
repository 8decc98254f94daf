"""Rows and columns that hang together, against scipy's own answer and by hand."""

import numpy as np
import pytest
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from ndl_publish.audit.connected import connected


@pytest.mark.parametrize("seed", range(30))
def test_it_numbers_components_as_scipy_does(seed: int) -> None:
    draw = np.random.default_rng(seed)
    shape = tuple(draw.integers(1, 60, 2).tolist())
    matrix = sparse.random(*shape, density=float(draw.uniform(0.0, 0.06)), format="csr", rng=draw)
    of_column, of_row = connected(matrix)
    both = sparse.bmat([[None, matrix.T], [matrix, None]], format="csr")
    _, label = connected_components(both, directed=False)
    assert np.concatenate([of_column, of_row]).tolist() == label.tolist()


@pytest.mark.parametrize("order", ["up", "down", "drawn"])
def test_a_long_chain_is_one_component(order: str) -> None:
    """Each row ties two columns; however the columns are numbered, all of them hang together."""
    n = 2000
    place = {"up": np.arange(n), "down": np.arange(n)[::-1], "drawn": np.random.default_rng(0).permutation(n)}[order]
    rows = np.repeat(np.arange(n - 1), 2)
    columns = np.stack([place[:-1], place[1:]], axis=1).reshape(-1)
    matrix = sparse.csr_matrix((np.ones(len(rows)), (rows, columns)), (n - 1, n))
    of_column, of_row = connected(matrix)
    assert not of_column.any()
    assert not of_row.any()


def test_without_any_entry_everything_is_alone() -> None:
    of_column, of_row = connected(sparse.csr_matrix((2, 3)))
    assert (of_column.tolist(), of_row.tolist()) == ([0, 1, 2], [3, 4])


def test_without_columns_there_are_only_rows() -> None:
    of_column, of_row = connected(sparse.csr_matrix((2, 0)))
    assert (of_column.tolist(), of_row.tolist()) == ([], [0, 1])
