"""Which levels make the tree, which are sums of it, and that nothing depends on chance."""

import subprocess
import sys

import numpy as np
import pytest

from ndl_publish.cube.grid import CellGrid, make_dimension
from ndl_publish.privacy.area_tree import AreaTree, area_tree

LEAVES = tuple(f"s{i}" for i in range(6))
LA: tuple[str | None, ...] = ("a", "b", "b", "c", "c", "c")
REGION: tuple[str | None, ...] = ("n", "n", "n", "s", "s", "s")
CITY: tuple[str | None, ...] = (None, "x", "x", "x", "x", "x")
HEALTH: tuple[str | None, ...] = ("h", "h", "i", "i", "h", "h")


def _tree(*used: str) -> AreaTree:
    groupings = {"all": ("E",) * 6, "region": REGION, "city": CITY, "la": LA, "health": HEALTH, "leaf": LEAVES}
    areas = make_dimension("area", LEAVES, groupings)
    return area_tree(CellGrid.build((areas,), [(name,) for name in used]))


def test_levels_that_nest_make_the_tree_from_the_top_down() -> None:
    tree = _tree("leaf", "la", "all", "region")
    assert tree.levels == ("all", "region", "la", "leaf")
    assert tree.n_nodes == {"all": 1, "region": 2, "la": 3, "leaf": 6}
    assert tree.sums == {}


def test_parents_never_decrease_and_lead_where_the_codes_lead() -> None:
    tree = _tree("all", "region", "la", "leaf")
    assert tree.parents("region", "la").tolist() == [0, 0, 1]
    assert tree.parents("la", "leaf").tolist() == [0, 1, 1, 2, 2, 2]
    assert tree.parents("all", "leaf").tolist() == [0] * 6


def test_a_level_that_leaves_areas_out_is_a_sum_of_the_coarsest_level_it_does_not_split() -> None:
    tree = _tree("all", "region", "city", "la", "leaf")
    assert tree.levels == ("all", "region", "la", "leaf")
    assert tree.sums["city"].carrier == "la"
    assert tree.sums["city"].group_of_node.tolist() == [-1, 0, 0]
    assert tree.sums["city"].n_areas == 1


def test_a_complete_level_that_crosses_others_is_a_sum_too() -> None:
    tree = _tree("all", "region", "health", "leaf")
    assert tree.levels == ("all", "region", "leaf")
    assert tree.sums["health"].carrier == "leaf"
    assert tree.sums["health"].group_of_node.tolist() == [0, 0, 1, 1, 0, 0]


def test_the_finest_areas_join_when_nothing_else_can_carry_a_sum() -> None:
    tree = _tree("region", "city")
    assert tree.levels == ("region", "leaf")
    assert tree.sums["city"].carrier == "leaf"
    assert _tree("city").levels == ("leaf",)


def test_the_finest_areas_do_not_join_when_a_published_level_carries() -> None:
    assert _tree("all", "city", "la").levels == ("all", "la")


def test_a_tree_level_whose_children_do_not_stand_together_becomes_a_sum() -> None:
    """Least squares sums runs of children: a parent whose leaves are scattered must not be in the tree."""
    leaves = ("s0", "s1", "s2", "s3", "s4")
    groupings = {"b": ("b1", "b1", "b2", "b2", "b3"), "a": ("a1", "a2", "a1", "a2", "a2"), "leaf": leaves}
    tree = area_tree(CellGrid.build((make_dimension("area", leaves, groupings),), [("a",), ("b",), ("leaf",)]))
    for upper, lower in zip(tree.levels, tree.levels[1:], strict=False):
        assert (np.diff(tree.parents(upper, lower)) >= 0).all()
    assert set(tree.levels) | set(tree.sums) == {"a", "b", "leaf"}
    assert not set(tree.levels) & set(tree.sums)
    assert all(level.carrier in tree.levels for level in tree.sums.values())


@pytest.mark.parametrize("order", [("la", "all", "leaf", "city"), ("city", "leaf", "la", "all")])
def test_the_order_of_the_blocks_does_not_change_the_tree(order: tuple[str, ...]) -> None:
    assert _tree(*order).levels == ("all", "la", "leaf")


def test_levels_of_the_same_areas_stand_in_the_same_order_in_every_process() -> None:
    """The order decides the labels and the digest: a re-run elsewhere must not draw fresh noise and pay again."""
    code = (
        "from ndl_publish.cube.grid import CellGrid, make_dimension as m\n"
        "from ndl_publish.privacy.area_tree import area_tree\n"
        "a = m('area', ('p', 'q'), {n: ('p', 'q') for n in ('la', 'lad', 'unitary', 'county')})\n"
        "print(area_tree(CellGrid.build((a,), [('la',), ('lad',), ('unitary',), ('county',)])).levels)\n"
    )
    said = {
        subprocess.run(
            [sys.executable, "-c", code], env={"PYTHONHASHSEED": str(seed)}, capture_output=True, check=True
        ).stdout
        for seed in range(4)
    }
    assert {line.strip() for line in said} == {b"('la', 'lad', 'unitary', 'county')"}
