"""Cells as rows: each cell once, under its own labels."""

import numpy as np
import polars as pl

from ndl_publish.cube.frame import grid_frame
from ndl_publish.cube.grid import CellGrid, make_dimension

AREAS = make_dimension("area", ("s1", "s2", "s3"), {"la": ("a", "a", "b"), "city": (None, "c", "c")})
SEX = make_dimension("sex", ("F", "M"), {"sex": ("F", "M")})
GRID = CellGrid.build((AREAS, SEX), [("la", "sex"), ("city", "total")])


def test_rows_are_the_cells_in_order_with_their_labels() -> None:
    frame = grid_frame(GRID, {"n": np.arange(5), "is_even": np.arange(5) % 2 == 0})
    rows = frame.select("geographic_level", "area_code", "sex", "sex_level", "n", "is_even").rows()
    assert rows == [
        ("la", "a", "F", "sex", 0, True),
        ("la", "a", "M", "sex", 1, False),
        ("la", "b", "F", "sex", 2, True),
        ("la", "b", "M", "sex", 3, False),
        ("city", "c", "Total", "total", 4, True),
    ]


def test_any_number_of_columns_may_go_along() -> None:
    assert grid_frame(GRID, {}).height == 5
    assert grid_frame(GRID, {"words": np.array(["x"] * 5)}).schema["words"] == pl.String
