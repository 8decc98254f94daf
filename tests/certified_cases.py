"""Small suppressed tables with their certificates, and ways to spoil one, for tests."""

from dataclasses import dataclass, field, replace

import numpy as np

from ndl_publish.audit.certificate import Certificate, check_certificate
from ndl_publish.audit.judge import Required
from ndl_publish.audit.published import BoolArray, PublishedCells
from ndl_publish.cube.grid import IntArray
from tests.suppression_cases import MINIMUM, Case, table

COUNTS = np.array([[3, 9, 12], [8, 7, 9], [11, 9, 6]])
"""One small count, in the first row; blanks (0,0), (0,1), (1,0), (1,1) hide it."""
SQUARE = ((0, 0), (0, 1), (1, 0), (1, 1))


@dataclass(frozen=True)
class Proof:
    """A table, what is shown of it, and witnesses as (cell, change, {finest row: amount})."""

    case: Case
    is_shown: BoolArray = field(repr=False)
    witnesses: tuple[tuple[int, int, dict[int, int]], ...]
    has_insiders: bool = False

    @property
    def published(self) -> PublishedCells:
        return PublishedCells(self.case.grid, self.case.values, self.is_shown, self.case.implications)

    @property
    def required(self) -> Required:
        primary = self.case.primary
        ends = np.zeros_like(self.case.values), np.full_like(self.case.values, MINIMUM)
        return Required(self.case.grid, primary, ~self.is_shown & ~primary, *ends, self.has_insiders)

    @property
    def certificate(self) -> Certificate:
        starts = np.cumsum([0, *(len(rows) for _, _, rows in self.witnesses)])
        rows = [row for _, _, changes in self.witnesses for row in changes]
        amounts = [amount for _, _, changes in self.witnesses for amount in changes.values()]
        return Certificate(
            self.case.codes,
            self.case.counts,
            integers([cell for cell, _, _ in self.witnesses]),
            integers([change for _, change, _ in self.witnesses]),
            starts,
            integers(rows),
            integers(amounts),
        )

    def codes(self, **spoilt: IntArray) -> list[str]:
        """Return the codes found, with parts of the certificate put in the place of its own."""
        findings = check_certificate(self.published, replace(self.certificate, **spoilt), self.required)
        return [finding.code for finding in findings]


def integers(values: list[int]) -> IntArray:
    return np.array(values, np.int64)


def cell_of(case: Case, *index: int) -> int:
    """Return the cell of the finest block of a plain crossing."""
    block = case.grid.block(("code",) * len(index))
    return block.offset + int(np.ravel_multi_index(index, block.shape))


def swap(row: int, other: int, column: int, beside: int, amount: int, *, width: int) -> dict[int, int]:
    """Return the change that keeps all margins of a two-way table."""
    return {
        row * width + column: amount,
        row * width + beside: -amount,
        other * width + column: -amount,
        other * width + beside: amount,
    }


def square() -> Proof:
    """Return a proof that holds: one small count in a square of blanks."""
    case = table(COUNTS)
    is_shown = np.ones(case.grid.n_cells, bool)
    is_shown[[cell_of(case, *at) for at in SQUARE]] = False
    cell = cell_of(case, 0, 0)
    down, up = (swap(0, 1, 0, 1, amount, width=3) for amount in (-3, 2))
    return Proof(case, is_shown, ((cell, -3, down), (cell, 2, up)))
