"""The tables that suppression is measured on are what their page says."""

import re

import numpy as np
import pytest

from ndl_publish.protect.counts import read_counts
from ndl_publish.protect.primary.threshold import threshold_rule
from ndl_publish.spec.counts_tables import read_counts_tables
from tests.command import ROOT

FOLDER = ROOT / "benchmarks" / "tables"
ROW = re.compile(r"^\| `(\w+)` \| ([\d,]+) \| ([\d,]+) \|", flags=re.MULTILINE)
SIZES = {
    name: (int(cells.replace(",", "")), int(small.replace(",", "")))
    for name, cells, small in ROW.findall((FOLDER / "README.md").read_text(encoding="utf-8"))
}


def test_every_table_is_described() -> None:
    assert set(SIZES) == {path.name for path in FOLDER.iterdir() if path.is_dir()}
    assert len(SIZES) == 5


@pytest.mark.parametrize("name", sorted(SIZES))
def test_sizes_are_those_described(name: str) -> None:
    counts = read_counts(FOLDER / name / "inner.parquet", read_counts_tables(FOLDER / name / "tables.json"))
    values = counts.grid.tabulate(counts.codes, counts.counts)
    assert (counts.grid.n_cells, int(threshold_rule(values, minimum_count=5).sum())) == SIZES[name]
    assert counts.notes == ()
    assert np.array_equal(values[:1], counts.counts.sum(keepdims=True))
