"""What the tables and areas of a release, or of a file of counts, are called in its report."""

from itertools import product

from ndl_publish.columns import TOTAL_LEVEL
from ndl_publish.cube.grid import CellGrid
from ndl_publish.cube.layout import CubeLayout, blocks_of
from ndl_publish.geography.lookup import Geography
from ndl_publish.spec.counts_tables import CountsTables
from ndl_publish.spec.load import ReleaseSpec
from ndl_publish.suppression_report.sections import Naming


def release_naming(spec: ReleaseSpec, layout: CubeLayout, geography: Geography) -> Naming:
    """Return the names of a release's tables and areas."""
    tables: dict[str, frozenset[tuple[str, ...]]] = {}
    for table in spec.release.tables:
        tables[table.name] = frozenset(blocks_of(table, spec, layout))
    known = geography.areas
    return Naming(tables, 0, dict(zip(known["area_code"], known["area_name"], strict=True)))


def counts_naming(tables: CountsTables, grid: CellGrid) -> Naming:
    """Return numbers for the tables of a file of counts; its dimension of most codes is taken for the areas."""
    named = {
        f"table {i}": frozenset(product(*(table.get(name, (TOTAL_LEVEL,)) for name in tables.dimensions)))
        for i, table in enumerate(tables.tables, 1)
    }
    sizes = [len(dimension.codes) for dimension in grid.dimensions]
    return Naming(named, sizes.index(max(sizes)))
