"""Check all rows of a CSV against its Table Schema, and a Parquet copy against its CSV, with polars.

Files are streamed, so a check holds a few numbers per column in memory, and eight bytes per row where rows are
compared: keys for uniqueness, and CSV with Parquet. Both are compared by a 64-bit hash. Among a million rows two
different keys share one with a probability below one in ten million, and then a build stops without need.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import polars as pl

from ndl_publish.errors import Finding

Json = dict[str, Any]

_TYPES: Final = {"number": pl.Float64, "integer": pl.Int64, "year": pl.Int64}


def table_findings(resource: Json, resources: Json, *, folder: Path) -> Iterator[Finding]:
    """Give what is wrong with a table: header, required cells, types, closed lists, minima, keys; counts, no values.

    Args:
        resource: Resource with a schema.
        resources: All resources by name, for foreign keys.
        folder: Folder the paths start in.
    """
    schema = resource["schema"]
    names = [field["name"] for field in schema["fields"]]
    try:
        scan = _scan_text(folder / resource["path"])
        if scan.collect_schema().names() != names:
            yield _finding(resource, "", "the header is not the list of fields in the descriptor.")
            return
        yield from _cell_findings(scan, resource)
        for foreign in schema.get("foreignKeys", []):
            yield from _foreign_findings(scan, resource, foreign, resources=resources, folder=folder)
    except pl.exceptions.PolarsError:
        yield _finding(resource, "", "cannot be read as CSV.")


def parquet_findings(resource: Json, table: Json, *, folder: Path) -> Iterator[Finding]:
    """Give one finding when a Parquet copy does not hold the rows of its CSV, with the types of the schema."""
    types = {field["name"]: _TYPES.get(field["type"], pl.String) for field in table["schema"]["fields"]}
    try:
        copy = pl.scan_parquet(folder / resource["path"])
        is_equal = dict(copy.collect_schema()) == types and _rows(copy).equals(
            _rows(_scan_text(folder / table["path"]).cast(types))
        )
    except pl.exceptions.PolarsError:
        is_equal = False
    if not is_equal:
        yield _finding(resource, "", f"does not hold the rows of {table['path']}.")


def _cell_findings(scan: pl.LazyFrame, resource: Json) -> Iterator[Finding]:
    schema = resource["schema"]
    problems = [(field["name"], test, message) for field in schema["fields"] for test, message in _field_tests(field)]
    counts = [test.sum().alias(str(i)) for i, (_, test, _) in enumerate(problems)]
    key = schema.get("primaryKey", [])
    if key:
        counts.append((pl.len() - pl.struct(key).hash().n_unique()).alias("key"))
    found = scan.select(counts).collect(engine="streaming").row(0, named=True) if counts else {}
    for i, (column, _, message) in enumerate(problems):
        if found[str(i)]:
            yield _finding(resource, column, f"{found[str(i)]} cells {message}")
    if found.get("key"):
        yield _finding(resource, ", ".join(key), "rows are not unique in these columns.")


def _field_tests(field: Json) -> Iterator[tuple[pl.Expr, str]]:
    cells = pl.col(field["name"])
    constraints = field.get("constraints", {})
    if constraints.get("required"):
        yield cells.is_null(), "are empty, and the column is required."
    if "enum" in constraints:
        yield cells.is_in(constraints["enum"]).not_(), "hold something that is not on the closed list."
    if field["type"] in _TYPES:
        typed = cells.cast(_TYPES[field["type"]], strict=False)
        yield typed.is_null() & cells.is_not_null(), f"are not of type {field['type']}."
        if "minimum" in constraints:
            yield typed < constraints["minimum"], "are below the minimum."


def _foreign_findings(
    scan: pl.LazyFrame, resource: Json, foreign: Json, *, resources: Json, folder: Path
) -> Iterator[Finding]:
    reference = foreign["reference"]
    if reference["resource"] not in resources:
        yield _finding(resource, ", ".join(foreign["fields"]), "refers to a resource that is not there.")
        return
    other = _scan_text(folder / resources[reference["resource"]]["path"]).collect()
    used = scan.select(foreign["fields"]).unique().collect(engine="streaming")
    lost = used.join(other, left_on=foreign["fields"], right_on=reference["fields"], how="anti").height
    if lost:
        at = ", ".join(foreign["fields"])
        yield _finding(resource, at, f"{lost} different values do not stand in {reference['resource']}.")


def _rows(scan: pl.LazyFrame) -> pl.Series:
    """Return a hash of every row, in order."""
    return scan.select(pl.struct(pl.all()).hash().alias("row")).collect(engine="streaming")["row"]


def _scan_text(path: Path) -> pl.LazyFrame:
    return pl.scan_csv(path, infer_schema=False)


def _finding(resource: Json, column: str, message: str) -> Finding:
    where = f"{resource['path']}: {column}" if column else str(resource["path"])
    return Finding("NDL-R050", "error", where, message)
