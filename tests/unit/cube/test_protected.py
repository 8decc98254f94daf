"""The public side's type refuses to carry what is withheld."""

import dataclasses

import numpy as np
import pytest

from ndl_publish.cube.grid import CellGrid, make_dimension
from ndl_publish.cube.protected import BoolArray, ProtectedCube

GRID = CellGrid.build((make_dimension("sex", ("F", "M"), {"sex": ("F", "M")}),), [("sex",), ("total",)])


def _cube(values: list[int], shown: list[bool]) -> ProtectedCube:
    is_shown: BoolArray = np.array(shown)
    return ProtectedCube("classic", GRID, np.array(values), is_shown, (), (), {})


def test_a_withheld_value_cannot_be_carried_along() -> None:
    assert _cube([5, 0, 0], [True, False, False]).values.tolist() == [5, 0, 0]
    with pytest.raises(ValueError, match="withheld cell carries a value"):
        _cube([5, 3, 0], [True, False, True])


@pytest.mark.parametrize(("values", "shown"), [([1, 2], [True] * 3), ([1, 2, 3], [True] * 2)])
def test_every_cell_has_a_value_and_a_mask(values: list[int], shown: list[bool]) -> None:
    with pytest.raises(ValueError, match="one entry per cell"):
        _cube(values, shown)


def test_nothing_can_be_swapped_afterwards() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        _cube([1, 2, 3], [True] * 3).mode = "dp"  # type: ignore[misc]
