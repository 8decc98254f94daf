"""Small grids, suppression and attack in one call, and an attacker who lists all tables, for tests."""

from collections.abc import Sequence
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
from ndl_publish.spec.rules import ClassicRules, Threshold, Zero

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
    grid: CellGrid
    codes: IntArray
    counts: IntArray
    implications: tuple[Implication, ...] = ()
    values: IntArray = field(init=False)
    primary: BoolArray = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "values", self.grid.tabulate(self.codes, self.counts))
        object.__setattr__(self, "primary", threshold_rule(self.values, minimum_count=MINIMUM))

    def suppress(self, tie_break: bytes = b"test") -> Suppression:
        return suppress(
            SuppressionProblem(
                grid=self.grid, values=self.values, primary=self.primary, signed=False,
                lowest=np.zeros_like(self.values), highest=np.full_like(self.values, MINIMUM),
                codes=self.codes, counts=self.counts, implications=self.implications, tie_break=tie_break,
            )
        )  # fmt: skip

    def attack(self, is_shown: BoolArray) -> tuple[Finding, ...]:
        published = PublishedCells(self.grid, self.values, is_shown, self.implications)
        required = Required(
            self.grid,
            self.primary,
            ~is_shown & ~self.primary,
            np.zeros_like(self.values),
            np.full_like(self.values, MINIMUM),
        )
        found = (*judge(propagation(published), required), *judge(linear_programme(published), required))
        return tuple(finding for finding in found if finding.severity == "error")


def table(counts: IntArray, wanted: Sequence[tuple[str, ...]] | None = None) -> Case:
    """Return a crossing of plain dimensions (levels ``total`` and ``code``), all margins unless told."""
    dims = tuple(
        make_dimension(f"d{axis}", tuple(f"c{i}" for i in range(n)), {"code": tuple(f"c{i}" for i in range(n))})
        for axis, n in enumerate(counts.shape)
    )
    grid = CellGrid.build(dims, list(wanted) if wanted else list(product(("total", "code"), repeat=counts.ndim)))
    codes = np.stack([index.reshape(-1) for index in np.indices(counts.shape)], axis=1)
    return Case(grid, codes, counts.reshape(-1).astype(np.int64))


def integer_ranges(case: Case, is_shown: BoolArray) -> tuple[IntArray, IntArray]:
    """Return the range of every cell by listing all tables of whole numbers that agree with what is shown."""
    steps = np.stack([case.grid.tabulate(row[None], np.ones(1, np.int64)) for row in case.codes], axis=1)
    partial = [np.zeros(0, np.int64)]
    total = int(case.counts.sum())
    last = np.array([np.flatnonzero(line).max(initial=-1) for line in steps])
    for k in range(len(case.codes)):
        grown = []
        closed = is_shown & (last == k)
        for start in partial:
            for value in range(total - int(start.sum()) + 1):
                now = np.append(start, value)
                seen = steps[:, : k + 1] @ now
                if (seen[is_shown] <= case.values[is_shown]).all() and (seen[closed] == case.values[closed]).all():
                    grown.append(now)
                elif (seen[is_shown] > case.values[is_shown]).any():
                    break
        partial = grown
    tables = np.stack(partial, axis=1)
    cells = steps @ tables
    return cells.min(axis=1), cells.max(axis=1)
