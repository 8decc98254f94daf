"""Every folder ``<method>/<case>`` with an ``in.csv`` is run; statisticians add one without touching this file."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest
import yaml

from ndl_publish.audit.judge import Required, judge
from ndl_publish.audit.linear_programme import Enough, linear_programme
from ndl_publish.audit.propagation import propagation
from ndl_publish.audit.published import BoolArray, Intervals, PublishedCells
from ndl_publish.columns import Mask
from ndl_publish.cube.grid import CellGrid, IntArray
from ndl_publish.protect.counts import counts_frame, protect_classic_counts, read_counts
from ndl_publish.spec.counts_tables import read_counts_tables
from ndl_publish.spec.primary_rules import GroupDisclosure
from tests.rule_books import group_disclosure
from tests.suppression_cases import classic_rules

HERE = Path(__file__).parent
METHODS = ("threshold", "group_disclosure", "secondary")
FOLDERS = sorted(path.parent for method in METHODS for path in (HERE / method).glob("*/in.csv"))
LARGE = 5_000
"""Cells beyond which only subtraction is tried here: the linear programme would take longer than a test should."""


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_scenario(folder: Path) -> None:
    rules = yaml.safe_load((folder / "rules.yaml").read_text(encoding="utf-8"))
    counts = read_counts(folder / "in.csv", read_counts_tables(folder / "tables.json"))
    minimum = int(rules["minimum_count"])
    book = classic_rules(minimum, zeros=str(rules.get("zeros", "show")))
    if "uncertainty" in rules:
        more = group_disclosure(int(rules["uncertainty"]))
        book = book.model_copy(update={"primary": (*book.primary, GroupDisclosure.model_validate(more))})
    exact = protect_classic_counts(counts, rules=book, tie_break=str(rules["tie_break"]).encode())
    values, mask, sensitive = exact.values, exact.mask, exact.sensitive
    if (folder / "out.csv").exists():
        frame = counts_frame(counts.grid, values, mask)
        assert frame.write_csv() == (folder / "out.csv").read_text(encoding="utf-8")
    if (folder / "at_most.yaml").exists():
        limit = yaml.safe_load((folder / "at_most.yaml").read_text(encoding="utf-8"))
        assert int((mask == Mask.SECONDARY_SUPPRESSED).sum()) <= int(limit["secondaries"])
    required = Required(
        counts.grid, sensitive.is_primary, mask == Mask.SECONDARY_SUPPRESSED, sensitive.lowest, sensitive.highest
    )
    for found in attacks(counts.grid, values, mask == Mask.SHOWN, required):
        assert [finding for finding in judge(found, required) if finding.severity == "error"] == []


def attacks(grid: CellGrid, values: IntArray, is_shown: BoolArray, required: Required) -> list[Intervals]:
    published = PublishedCells(grid, values, is_shown)
    by_subtraction = propagation(published)
    if grid.n_cells > LARGE:
        assert not by_subtraction.is_exact.any()
        return []
    assert required.lowest is not None
    assert required.highest is not None
    lower = np.where(required.is_primary, required.lowest, np.inf)
    upper = np.where(required.is_primary, required.highest, -np.inf)
    return [linear_programme(published, enough=Enough(lower, upper))]


def test_there_are_scenarios_for_every_method() -> None:
    assert {folder.parent.name for folder in FOLDERS} == set(METHODS)


def test_no_scenario_lacks_an_answer() -> None:
    assert all((folder / "out.csv").exists() or (folder / "at_most.yaml").exists() for folder in FOLDERS)


def test_expected_answers_hold_no_small_count() -> None:
    for folder in FOLDERS:
        if (folder / "out.csv").exists():
            least = int(yaml.safe_load((folder / "rules.yaml").read_text(encoding="utf-8"))["minimum_count"])
            shown = pl.read_csv(folder / "out.csv")["published"].drop_nulls()
            assert not ((shown > 0) & (shown < least)).any()
