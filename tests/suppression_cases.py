"""Small grids, suppression and attack in one call, and an attacker who lists all tables, for tests."""

from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import product

import numpy as np

from ndl_publish.audit.judge import Required, judge
from ndl_publish.audit.linear_programme import linear_programme
from ndl_publish.audit.propagation import propagation
from ndl_publish.audit.published import BoolArray, PublishedCells
from ndl_publish.cube.grid import CellGrid, IntArray, make_dimension
from ndl_publish.errors import Finding
from ndl_publish.protect.primary.threshold import threshold_rule
from ndl_publish.protect.secondary.problem import Implication, Suppression, SuppressionProblem
from ndl_publish.protect.secondary.suppress import suppress
from ndl_publish.spec.load import load_rules
from ndl_publish.spec.locations import shipped
from ndl_publish.spec.primary_rules import Threshold, Zero
from ndl_publish.spec.rules import ClassicRules

MINIMUM = 5


def classic_rules(minimum_count: int = MINIMUM, *, zeros: str = "show") -> ClassicRules:
    """Return the shipped classic rules with another threshold or policy for zeros."""
    book = load_rules(shipped("disclosure_rules") / "classic_threshold.yaml")
    assert isinstance(book, ClassicRules)
    shipped_rule = next(rule for rule in book.primary if isinstance(rule, Threshold))
    least = shipped_rule.minimum_count.model_copy(update={"value": Decimal(minimum_count)})
    primary = (
        Threshold(method="threshold", minimum_count=least),
        Zero.model_validate({"method": "zero", "policy": zeros}),
    )
    return book.model_copy(update={"primary": primary})


@dataclass(frozen=True)
class Case:
    """A grid with its finest rows, and what must be protected: a threshold and all of 0 to it, unless told."""

    grid: CellGrid
    codes: IntArray
    counts: IntArray
    implications: tuple[Implication, ...] = ()
    minimum: int = MINIMUM
    values: IntArray = field(init=False)
    primary: BoolArray = field(init=False)
    lowest: IntArray = field(init=False)
    highest: IntArray = field(init=False)

    def __post_init__(self) -> None:
        values = self.grid.tabulate(self.codes, self.counts)
        object.__setattr__(self, "values", values)
        object.__setattr__(self, "primary", threshold_rule(values, minimum_count=self.minimum))
        object.__setattr__(self, "lowest", np.zeros_like(values))
        object.__setattr__(self, "highest", np.full_like(values, self.minimum))

    def asking(self, primary: BoolArray, lowest: IntArray, highest: IntArray) -> "Case":
        """Return the same table with other cells to protect, and the values that must stay possible for each."""
        other = copy(self)
        for name, array in (("primary", primary), ("lowest", lowest), ("highest", highest)):
            object.__setattr__(other, name, array)
        return other

    def suppress(self, tie_break: bytes = b"test", *, has_insiders: bool = True) -> Suppression:
        return suppress(
            SuppressionProblem(
                grid=self.grid, values=self.values, primary=self.primary, signed=False, lowest=self.lowest,
                highest=self.highest, codes=self.codes, counts=self.counts, implications=self.implications,
                has_insiders=has_insiders, tie_break=tie_break, seconds=1.0,
            )
        )  # fmt: skip

    def attack(self, is_shown: BoolArray) -> tuple[Finding, ...]:
        published = PublishedCells(self.grid, self.values, is_shown, self.implications)
        required = Required(self.grid, self.primary, ~is_shown & ~self.primary, self.lowest, self.highest)
        found = (*judge(propagation(published), required), *judge(linear_programme(published), required))
        return tuple(finding for finding in found if finding.severity == "error")


def lone_children(case: Case, is_shown: BoolArray) -> list[tuple[int, int]]:
    """Return (insider's row, primary that is then known exactly) for every child alone in withheld cells.

    The insider knows the counts of these cells, 1, besides what is shown; all tables of whole numbers are listed.
    Cells that are only about the insider are left out: those wholly inside its own, and those of no other child.
    """
    known = []
    steps = memberships(case)
    for row in np.flatnonzero(case.counts == 1):
        alone = ~is_shown & (case.values == 1) & (steps[:, row] > 0)
        if not alone.any():
            continue
        low, high = integer_ranges(case, is_shown | alone)
        learnt = case.primary & ~is_shown & (low == high)
        own = (case.values == 1) & (steps[:, row] > 0)
        for cell in np.flatnonzero((case.values == 1) & (steps[:, row] > 0)):
            own |= ~(steps > steps[cell]).any(axis=1)
        known += [(int(row), int(other)) for other in np.flatnonzero(learnt & ~own)]
    return known


def table(counts: IntArray, wanted: Sequence[tuple[str, ...]] | None = None) -> Case:
    """Return a crossing of plain dimensions (levels ``total`` and ``code``), all margins unless told."""
    dims = tuple(
        make_dimension(f"d{axis}", tuple(f"c{i}" for i in range(n)), {"code": tuple(f"c{i}" for i in range(n))})
        for axis, n in enumerate(counts.shape)
    )
    grid = CellGrid.build(dims, list(wanted) if wanted else list(product(("total", "code"), repeat=counts.ndim)))
    codes = np.stack([index.reshape(-1) for index in np.indices(counts.shape)], axis=1)
    return Case(grid, codes, counts.reshape(-1).astype(np.int64))


def memberships(case: Case) -> IntArray:
    """Return how often each finest row counts in each cell, ``(n_cells, n_rows)``."""
    return np.stack([case.grid.tabulate(row[None], np.ones(1, np.int64)) for row in case.codes], axis=1)


def integer_ranges(case: Case, is_shown: BoolArray) -> tuple[IntArray, IntArray]:
    """Return the range of every cell by listing all tables of whole numbers that agree with what is shown.

    The attacker is given the number of all children in the finest rows, shown or not: without it there is no end.
    """
    steps = memberships(case)
    sums = np.vstack([steps[is_shown], np.ones(len(case.codes), np.int64)])
    last = np.array([np.flatnonzero(line).max(initial=-1) for line in sums])
    tables = np.zeros((1, 0), np.int64)
    rest = np.append(case.values[is_shown], case.counts.sum())[None, :]
    for k in range(len(case.codes)):
        most = rest[:, sums[:, k] > 0].min(axis=1)
        closed = last == k
        least = rest[:, closed].max(axis=1) if closed.any() else np.zeros_like(most)
        n = np.maximum(most - least + 1, 0)
        at = np.repeat(np.arange(len(n)), n)
        value = least[at] + np.arange(len(at)) - np.repeat(np.cumsum(n) - n, n)
        tables = np.column_stack([tables[at], value])
        rest = rest[at] - value[:, None] * sums[:, k]
    cells = tables @ steps.T
    return cells.min(axis=0), cells.max(axis=0)
