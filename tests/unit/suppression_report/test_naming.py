"""What tables and areas are called: every block of a release is in a table, every table has blocks of the grid."""

from pathlib import Path

from ndl_publish.cube.grid import CellGrid, make_dimension
from ndl_publish.pipeline import prepare
from ndl_publish.spec.counts_tables import CountsTables
from ndl_publish.suppression_report.naming import counts_naming, release_naming


def test_tables_of_a_release_cover_its_grid(small: Path) -> None:
    prepared = prepare(small / "classic.yaml")
    naming = release_naming(prepared.spec, prepared.layout, prepared.geography)
    blocks = {block.levels for block in prepared.layout.grid.blocks}
    assert list(naming.tables) == [table.name for table in prepared.spec.release.tables]
    assert set().union(*naming.tables.values()) == blocks
    assert naming.area == 0
    assert naming.areas[prepared.spec.release.geography.areas[0]]


def test_tables_of_counts_are_numbered_and_areas_are_the_most_codes() -> None:
    wards = tuple(f"w{i}" for i in range(9))
    dims = (make_dimension("sex", ("f", "m"), {"sex": ("f", "m")}), make_dimension("geo", wards, {"ward": wards}))
    tables = CountsTables.model_validate({"tables": [
        {"sex": ["total", "sex"], "geo": ["ward"]}, {"geo": ["total"]},
    ]})  # fmt: skip
    grid = CellGrid.build(dims, [("total", "ward"), ("sex", "ward"), ("total", "total")])
    naming = counts_naming(tables, grid)
    assert naming.tables == {
        "table 1": frozenset({("total", "ward"), ("sex", "ward")}),
        "table 2": frozenset({("total", "total")}),
    }
    assert naming.area == 1
    assert naming.areas == {}
