"""A cell is inside another if its codes are, or if a look-up says so."""

import numpy as np

from ndl_publish.audit.inside import is_inside
from ndl_publish.cube.grid import CellGrid, make_dimension
from ndl_publish.cube.protected import Implication

CODES = ("s1", "s2", "s3", "s4")
AREA = make_dimension(
    "area", CODES, {"area": CODES, "la": ("A", "A", "B", "B"), "authority": ("X", None, "X", None)}
)  # fmt: skip
BAND = make_dimension("band", ("low", "high"), {"band": ("low", "high")})
GRID = CellGrid.build(
    (AREA, BAND),
    [("total", "total"), ("la", "total"), ("area", "band"), ("authority", "total"), ("total", "band"), ("la", "band")],
)


def inside(inner: tuple[str, str, int], outer: tuple[str, str, int], *implied: Implication) -> bool:
    one, other = (GRID.block(at[:2]).offset + at[2] for at in (inner, outer))
    found = is_inside(GRID, implied, np.array([one]), np.array([other]), GRID.block(outer[:2]))
    return bool(found[0])


def test_everything_is_inside_the_total_and_itself() -> None:
    assert inside(("la", "band", 3), ("total", "total", 0))
    assert inside(("la", "band", 3), ("la", "band", 3))
    assert not inside(("total", "total", 0), ("la", "total", 0))


def test_an_area_is_inside_its_authority_only() -> None:
    assert inside(("area", "band", 1), ("la", "total", 0))
    assert not inside(("area", "band", 1), ("la", "total", 1))
    assert not inside(("la", "total", 0), ("area", "band", 1))
    assert inside(("area", "band", 0), ("authority", "total", 0))
    assert not inside(("area", "band", 2), ("authority", "total", 0)), "an area outside every authority"
    assert not inside(("la", "total", 0), ("authority", "total", 0)), "one that is partly outside"


def test_a_category_must_be_the_same() -> None:
    assert inside(("la", "band", 1), ("total", "band", 1))
    assert not inside(("la", "band", 1), ("total", "band", 0))
    assert not inside(("la", "total", 0), ("total", "band", 0))


def test_a_look_up_may_say_so() -> None:
    """All areas of A are of the low band, so all its children are."""
    look_up = Implication(1, 0, np.array([0, 0, 0, 1]))
    assert inside(("la", "total", 0), ("total", "band", 0), look_up)
    assert not inside(("la", "total", 1), ("total", "band", 0), look_up)
    assert not inside(("la", "total", 0), ("total", "band", 1), look_up)


def test_many_pairs_at_once() -> None:
    block = GRID.block(("la", "total"))
    inner = np.arange(GRID.block(("area", "band")).offset, GRID.block(("area", "band")).offset + 8)
    found = is_inside(GRID, (), inner, np.full(8, block.offset), block)
    assert found.tolist() == [True] * 4 + [False] * 4
