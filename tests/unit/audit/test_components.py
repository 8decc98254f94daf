"""Pieces hold every equation and withheld cell once, nothing ties two of them, and the smallest come first."""

import numpy as np
import pytest
from scipy import sparse

from ndl_publish.audit import components
from ndl_publish.audit.components import pieces
from ndl_publish.audit.unknowns import Unknowns


def model(sizes: list[int]) -> Unknowns:
    """Return chains of unknowns, mixed up, each with one equation per link and a cell per unknown but the last."""
    rng = np.random.default_rng(0)
    n = sum(sizes)
    column = rng.permutation(n)
    links, cells, at = [], [], 0
    for size in sizes:
        links += [(column[at + i], column[at + i + 1]) for i in range(size - 1)]
        cells += [column[at + i] for i in range(size - 1)]
        at += size
    order = rng.permutation(len(links))
    rows = np.repeat(np.arange(len(links)), 2)
    entries = (np.ones(2 * len(links)), (rows, np.array(links)[order].reshape(-1)))
    equations = sparse.csr_matrix(entries, (len(links), n))
    parts = sparse.csr_matrix((np.ones(len(cells)), (np.arange(len(cells)), cells)), (len(cells), n))
    return Unknowns(equations, np.arange(len(links), dtype=float), np.arange(len(cells)), parts, np.zeros(len(cells)))


@pytest.mark.parametrize("together", [1, 5, 100])
def test_every_row_is_in_one_piece(together: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(components, "TOGETHER", together)
    whole = model([4, 2, 7, 3, 2, 1])
    found = list(pieces(whole))
    assert sorted(np.concatenate([piece.rows for piece in found])) == list(range(whole.parts.shape[0]))
    assert sorted(np.concatenate([piece.totals for piece in found])) == whole.totals.tolist()
    assert sum(piece.equations.nnz for piece in found) == whole.equations.nnz
    sizes = [piece.equations.shape[1] for piece in found]
    assert sizes == sorted(sizes) or together > 1
    if together == 1:
        assert sizes == [2, 2, 3, 4, 7]
    if together == 100:
        assert len(found) == 1


def test_a_piece_says_the_same_as_the_whole() -> None:
    whole = model([3, 4, 2])
    solution = np.random.default_rng(1).random(9)
    made = Unknowns(whole.equations, whole.equations @ solution, whole.cells, whole.parts, whole.known)
    for piece in pieces(made):
        least = sparse.linalg.lsqr(piece.equations, piece.totals)[0]
        assert np.allclose(piece.equations @ least, piece.totals)
        assert (np.diff(piece.parts.indptr) == 1).all()


def test_nothing_unknown() -> None:
    none = sparse.csr_matrix((0, 0))
    empty = np.zeros(0, np.int64)
    assert list(pieces(Unknowns(none, np.zeros(0), empty, none, np.zeros(0)))) == []
