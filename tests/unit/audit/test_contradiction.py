"""Figures that no table of counts has together are found, whether one sum shows it or only several."""

import numpy as np
import pytest

from ndl_publish.audit.contradiction import contradict
from ndl_publish.audit.published import PublishedCells
from tests.suppression_cases import table

CASE = table(np.array([[2, 3], [4, 99]]))
"""Grand total, columns, rows and four cells: 108; 6, 102; 5, 103; 2, 3, 4, 99."""
TOTAL, COLUMNS, ROWS, CELLS = slice(0, 1), slice(1, 3), slice(3, 5), slice(5, 9)


def seen(**figures: list[int]) -> PublishedCells:
    values, is_shown = np.zeros(9, np.int64), np.zeros(9, bool)
    for name, numbers in figures.items():
        where = {"total": TOTAL, "columns": COLUMNS, "rows": ROWS, "cells": CELLS}[name]
        values[where], is_shown[where] = np.maximum(numbers, -8), np.array(numbers) != -9
    return PublishedCells(CASE.grid, values, is_shown)


@pytest.mark.parametrize(
    "figures",
    [
        {"total": [108], "columns": [6, 102], "rows": [5, 103], "cells": [2, 3, 4, 99]},
        {"total": [108], "columns": [6, -9]},
        {"cells": [0, -9, -9, -9]},
        {},
    ],
)
def test_what_fits_is_left_alone(figures: dict[str, list[int]]) -> None:
    assert not contradict(seen(**figures), seconds=60)


@pytest.mark.parametrize(
    "figures",
    [
        {"total": [10], "columns": [11, -9]},
        {"total": [10], "rows": [5, 6]},
        {"total": [10], "rows": [5, 4]},
        {"total": [10], "cells": [6, 5, -9, -9]},
        {"cells": [-1, -9, -9, -9]},
        {"columns": [5, 5], "rows": [-9, 11]},
    ],
)
def test_what_no_table_of_counts_has_is_found(figures: dict[str, list[int]]) -> None:
    assert contradict(seen(**figures), seconds=60)


def test_what_only_the_linear_programme_sees() -> None:
    """Without time nothing is solved: two cells of one column exceed it only by way of both rows."""
    odd = seen(columns=[5, 50], rows=[30, 25], cells=[-9, -9, -9, 51])
    assert contradict(odd, seconds=60)
