"""A table of 4 areas x 3 categories with its margins, its problem, and an answer written by hand."""

from dataclasses import replace

import numpy as np
import pytest

from ndl_publish.columns import Mask
from ndl_publish.cube.grid import CellGrid, IntArray, make_dimension
from ndl_publish.protect.posed import Posed
from ndl_publish.protect.primary.found import Found
from ndl_publish.protect.primary.sensitive import Sensitive, join_rules
from ndl_publish.protect.secondary.problem import Suppression, SuppressionProblem, Witnesses
from ndl_publish.spec.primary_rules import Threshold, Zero
from ndl_publish.spec.rules import ClassicRules
from ndl_publish.suppression_report.sections import Naming
from tests.suppression_cases import classic_rules

COUNTS = np.array([[2, 200, 40], [30, 300, 50], [25, 250, 0], [21, 260, 60]])


def judged(values: IntArray, rules: ClassicRules) -> Sensitive:
    """Return what thresholds and the rule about zeros mark; other rules mark nothing."""
    found = []
    most = max(int(rule.minimum_count.value) for rule in rules.primary if isinstance(rule, Threshold))
    for rule in rules.primary:
        marked = np.zeros(len(values), bool)
        if isinstance(rule, Threshold):
            marked = (values > 0) & (values < int(rule.minimum_count.value))
        elif isinstance(rule, Zero) and rule.policy == "protect":
            marked = values == 0
        found.append(Found(rule.method, marked, np.zeros_like(values), np.full_like(values, most)))
    return join_rules(values, tuple(found))


@pytest.fixture
def rules() -> ClassicRules:
    return classic_rules(5)


@pytest.fixture
def grid() -> CellGrid:
    areas, kinds = ("A", "B", "C", "D"), ("x", "y", "z")
    dimensions = (make_dimension("area", areas, {"ward": areas}), make_dimension("kind", kinds, {"kind": kinds}))
    return CellGrid.build(dimensions, [("total", "total"), ("ward", "total"), ("total", "kind"), ("ward", "kind")])


@pytest.fixture
def posed(grid: CellGrid, rules: ClassicRules) -> Posed:
    codes = np.stack([index.reshape(-1) for index in np.indices(COUNTS.shape)], axis=1)
    counts = COUNTS.reshape(-1).astype(np.int64)
    values = grid.tabulate(codes, counts)
    sensitive = judged(values, rules)
    problem = SuppressionProblem(
        grid=grid, values=values, primary=sensitive.is_primary, lowest=sensitive.lowest, highest=sensitive.highest,
        signed=False, codes=codes, counts=counts, tie_break=b"test",
    )  # fmt: skip
    return Posed(sensitive, problem)


@pytest.fixture
def answer(posed: Posed) -> Suppression:
    """Area A's 2 hides with three others, one of them a zero, in a circuit; the zero makes it a poor one."""
    first = posed.problem.grid.block(("ward", "kind")).offset
    mask = np.where(posed.problem.primary, Mask.PRIMARY_SUPPRESSED, Mask.SHOWN).astype(np.uint8)
    mask[[first + 2, first + 6, first + 8]] = Mask.SECONDARY_SUPPRESSED
    rows = np.array([[0, 0], [0, 2], [2, 0], [2, 2]])
    witnesses = Witnesses(
        np.array([first, first]), np.array([3, -2]), np.array([0, 4, 8]), rows, np.tile(np.arange(4), 2),
        np.array([3, -3, -3, 3, -2, 2, 2, -2]), np.array([-1, -1]),
    )  # fmt: skip
    none = np.zeros(0, np.int64)
    return Suppression(mask, witnesses, none, np.array([first + 1, 1]))


@pytest.fixture
def naming() -> Naming:
    every = {("total", "total"), ("ward", "total"), ("total", "kind"), ("ward", "kind")}
    tables = {"all": frozenset(every), "wards": frozenset({("ward", "total")})}
    return Naming(tables, 0, {"A": "Ashby"})


def two_rules(sensitive: Sensitive) -> Sensitive:
    """Return what was found as if a second rule had marked the same cells and the grand total."""
    marks = sensitive.marked_by * np.uint32(3)
    marks[0] = 2
    return replace(sensitive, rules=("threshold", "other"), marked_by=marks)
