"""The attacker's unknowns: which variables, which equations tie them, and what the withheld cells are made of."""

from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from scipy import sparse

from ndl_publish.audit.equations import Equations, Sum
from ndl_publish.audit.propagation import Knowledge
from ndl_publish.audit.published import BoolArray, FloatArray
from ndl_publish.cube.grid import IntArray


@dataclass(frozen=True)
class Unknowns:
    """Unknown variables ``x >= 0`` with ``equations @ x == totals``; withheld cells are ``parts @ x + known``.

    Attributes:
        equations: Coefficients, ``(n_equations, n_unknowns)``.
        totals: Right-hand sides.
        cells: Withheld cell of the grid that each row of ``parts`` stands for.
        parts: Unknowns that add up to it.
        known: What is known of it already.
    """

    equations: sparse.csr_matrix
    totals: FloatArray = field(repr=False)
    cells: IntArray = field(repr=False)
    parts: sparse.csr_matrix
    known: FloatArray = field(repr=False)


@dataclass
class _Rows:
    """Rows of a sparse matrix with a constant each, in the making."""

    n: int = 0
    row: list[IntArray] = field(default_factory=list)
    column: list[IntArray] = field(default_factory=list)
    entry: list[FloatArray] = field(default_factory=list)
    constant: list[FloatArray] = field(default_factory=list)

    def add(self, wanted: BoolArray, terms: list[tuple["_Terms", float]], constant: FloatArray) -> None:
        """Add a row for each wanted place, made of the terms with their signs."""
        place = np.cumsum(wanted) - 1 + self.n
        for term, sign in terms:
            take = wanted[term.into]
            self.row.append(place[term.into[take]])
            self.column.append(term.column[take])
            self.entry.append(np.full(int(take.sum()), sign))
        self.constant.append(constant[wanted])
        self.n += int(wanted.sum())

    def matrix(self, n_columns: int) -> sparse.csr_matrix:
        """Return the rows as a matrix."""
        none = [np.zeros(0, np.int64)]
        row, column = np.concatenate(self.row + none), np.concatenate(self.column + none)
        return sparse.csr_matrix((np.concatenate([*self.entry, np.zeros(0)]), (row, column)), (self.n, n_columns))

    def constants(self) -> FloatArray:
        """Return the constants."""
        return np.concatenate([*self.constant, np.zeros(0)])


@dataclass(frozen=True)
class _Terms:
    """A view as sums of unknowns: column and place of each, what is known besides, and where it holds."""

    column: IntArray
    into: IntArray
    given: FloatArray
    is_valid: BoolArray


def build_unknowns(equations: Equations, known: Knowledge, *, n_cells: int) -> Unknowns:
    """Return the unknowns of the finest views, and everything shown as equations in them.

    Args:
        equations: Views and sums of the release.
        known: What repeated subtraction has made known.
        n_cells: Number of cells of the grid.
    """
    some, full = equations.relation()
    families = finest_views(full)
    column = np.full(equations.n_variables, -1, np.int64)
    owned = np.unique(np.concatenate([equations.views[family].index for family in families]))
    unknown = owned[~known.is_known[owned]]
    column[unknown] = np.arange(len(unknown))
    rows, parts, cells = _Rows(), _Rows(), []
    for i, view in enumerate(equations.views):
        is_known = known.is_known[view.index]
        is_needed = is_known & ~_implied(equations, known, i, families)
        written = [_own_terms(view.index, column, known)] if i in families else []
        for family in families:
            made = equations.sum_of(i, family) if family != i and some[i, family] else None
            if made is not None:
                written.append(_terms(made, column, known))
                rest = known.values[view.index] - written[-1].given
                rows.add(written[-1].is_valid & is_needed, [(written[-1], 1.0)], rest)
        for one, other in pairwise(written):
            loose = one.is_valid & other.is_valid & ~is_known
            rows.add(loose, [(one, 1.0), (other, -1.0)], other.given - one.given)
        wanted = ~is_known & (view.index < n_cells)
        for term in written:
            parts.add(wanted & term.is_valid, [(term, 1.0)], term.given)
            cells.append(view.index[wanted & term.is_valid])
            wanted &= ~term.is_valid
    tied, totals = _distinct(rows.matrix(len(unknown)), rows.constants())
    return Unknowns(tied, totals, np.concatenate(cells), parts.matrix(len(unknown)), parts.constants())


def finest_views(full: BoolArray) -> list[int]:
    """Return the views that hold the variables: every view that no other one refines."""
    same = full & full.T
    finer = full & ~same
    return [i for i in range(len(full)) if not finer[i].any() and not same[i, :i].any()]


def _implied(equations: Equations, known: Knowledge, view: int, families: list[int]) -> BoolArray:
    """Return which variables of a view are sums of known ones of a finer view, whose equations say the same."""
    some, full = equations.relation()
    implied = np.zeros(len(equations.views[view].index), bool)
    for finer in np.flatnonzero(full[view] & ~full[:, view]):
        if finer in families or not all(full[finer, family] or not some[view, family] for family in families):
            continue
        made = equations.sum_of(view, int(finer))
        if made is not None:
            used = made.into >= 0
            fine, into = made.fine[used], made.into[used]
            n_open = np.bincount(into[~known.is_known[fine]], minlength=len(implied))
            total = np.bincount(into, weights=known.values[fine], minlength=len(implied))
            implied |= made.is_valid & (n_open == 0) & (total == known.values[made.coarse])
    return implied


def _own_terms(index: IntArray, column: IntArray, known: Knowledge) -> _Terms:
    """Return a view of unknowns written as itself."""
    open_ = column[index] >= 0
    given = np.where(open_, 0, known.values[index]).astype(np.float64)
    return _Terms(column[index[open_]], np.flatnonzero(open_), given, np.ones(len(index), bool))


def _terms(made: Sum, column: IntArray, known: Knowledge) -> _Terms:
    """Return a view written as sums of the unknowns of a finer one."""
    used = made.into >= 0
    fine, into = made.fine[used], made.into[used]
    open_ = column[fine] >= 0
    given = np.bincount(into[~open_], weights=known.values[fine[~open_]], minlength=len(made.coarse))
    return _Terms(column[fine[open_]], into[open_], given.astype(np.float64), made.is_valid)


def _distinct(matrix: sparse.csr_matrix, totals: FloatArray) -> tuple[sparse.csr_matrix, FloatArray]:
    """Return the equations without empty ones and repeats."""
    draw = np.random.default_rng(1).random((matrix.shape[1], 2))
    prints = np.round(matrix @ draw, 9)
    _, first = np.unique(np.concatenate([prints, totals[:, None]], axis=1), axis=0, return_index=True)
    kept = np.sort(first)
    kept = kept[np.diff(matrix.indptr)[kept] > 0]
    return matrix[kept], totals[kept]
