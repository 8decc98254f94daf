"""From a release file to cells: which areas, which crossings, which outcomes, and what is left out."""

from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ndl_publish.cube.layout import area_labels, between_level, closure, shares_without_denominator
from ndl_publish.privacy.area_tree import area_tree
from tests.unit.cube.small_release import BAND, BANDS, MAIN, MEANS, SMALL, World, world


def test_closure_has_all_margins_once_smallest_first() -> None:
    crossings = (("sex", "age", "place"), ("age",), ("sex", "origin"))
    found = closure(crossings)
    wanted = {frozenset(part) for c in crossings for k in range(len(c) + 1) for part in combinations(c, k)}
    assert {frozenset(part) for part in found} == wanted
    assert len(found) == len(wanted)
    assert [len(part) for part in found] == sorted(len(part) for part in found)
    assert found[0] == ()


def test_closure_does_not_repeat_a_crossing_written_the_other_way_round() -> None:
    assert len(closure((("sex", "age"), ("age", "sex")))) == 4


def test_closure_of_nothing_is_the_total_alone() -> None:
    assert closure(((),)) == ((),)


def test_dimensions_are_area_then_breakdowns_then_outcomes(small: World) -> None:
    layout = small.layout
    assert [dimension.name for dimension in layout.grid.dimensions] == ["area", "sex", "ethnic_minor", "profile"]
    assert [dimension.name for dimension in layout.breakdown_dimensions] == ["sex", "ethnic_minor"]
    assert layout.breakdown_dimension == {"sex": 1, "ethnic_major": 2, "ethnic_minor": 2}
    assert layout.outcome_dimension == {"profile": 3}
    assert layout.chains == {"profile": ("comm", "gld", "all_goals")}
    assert layout.implications == ()


def test_nested_breakdowns_are_two_levels_of_one_dimension(small: World) -> None:
    ethnic = small.layout.grid.dimensions[2]
    assert ethnic.codes == ("a1", "a2", "b1", "b2")
    assert ethnic.level("ethnic_major").groups == ("Group A", "Group B")
    assert ethnic.level("ethnic_major").group_of.tolist() == [0, 0, 1, 1]


def test_an_outcome_code_is_how_many_measures_were_reached(small: World) -> None:
    profile = small.layout.grid.dimensions[3]
    reached = {name: profile.level(name).group_of.tolist() for name in ("comm", "gld", "all_goals")}
    assert reached == {"comm": [0, 1, 1, 1], "gld": [0, 0, 1, 1], "all_goals": [0, 0, 0, 1]}
    assert profile.level("gld").groups == ("no", "yes")
    whole = profile.level(between_level(("comm", "gld", "all_goals")))
    assert whole.group_of.tolist() == [0, 1, 2, 3]


def test_every_asked_figure_has_its_cells_and_no_other(small: World) -> None:
    levels = {block.levels for block in small.layout.grid.blocks}
    whole = between_level(("comm", "gld", "all_goals"))
    assert ("region", "sex", "ethnic_minor", whole) in levels
    assert ("combined_authority", "total", "ethnic_major", "gld") in levels
    assert ("lsoa", "sex", "total", "gld") in levels
    assert ("lsoa", "sex", "total", "comm") not in levels
    assert ("lsoa", "total", "ethnic_major", "total") not in levels
    assert len(levels) == len(small.layout.grid.blocks)


def test_two_tables_of_one_level_and_crossing_are_laid_out_together(small: World) -> None:
    levels = {block.levels for block in small.layout.grid.blocks}
    assert ("local_authority", "sex", "total", "comm") in levels
    assert ("local_authority", "sex", "total", "gld") in levels


def test_sums_are_laid_out_only_where_a_mean_is_wanted(small: World) -> None:
    assert {block.levels for block in small.layout.base.blocks} == {
        ("national", "total", "total", "total"),
        ("region", "total", "total", "total"),
    }


def test_an_incomplete_level_leaves_areas_out(small: World) -> None:
    areas = small.layout.grid.dimensions[0]
    assert areas.level("combined_authority").groups == ("ca_x",)
    inside = areas.level("combined_authority").group_of >= 0
    named = {code for code, is_inside in zip(areas.codes, inside, strict=True) if is_inside}
    assert named == {"s2", "s3", "s4", "s5", "s6"}


@pytest.mark.parametrize(
    ("levels", "finest"),
    [
        (["national"], "national"),
        (["national", "region"], "region"),
        (["region", "local_authority"], "local_authority"),
        (["region", "combined_authority"], "local_authority"),
        (["combined_authority"], "local_authority"),
        (["combined_authority", "lsoa"], "lsoa"),
    ],
)
def test_the_areas_are_no_finer_than_what_decides_everything(tmp_path: Path, levels: list[str], finest: str) -> None:
    made = world(tmp_path, tables=({**MAIN, "levels": levels},))
    areas = made.layout.grid.dimensions[0]
    assert made.layout.area_level == finest
    assert areas.level(finest).group_of.tolist() == list(range(len(areas.codes)))
    assert {block.levels[0] for block in made.layout.grid.blocks} == set(levels)
    assert area_tree(made.layout.grid).levels[-1] in {finest, levels[-1]}


def test_an_area_characteristic_needs_the_finest_areas(tmp_path: Path) -> None:
    made = world(tmp_path, tables=(BANDS,))
    (implied,) = made.layout.implications
    band, areas = made.layout.grid.dimensions[implied.dimension], made.layout.grid.dimensions[implied.of]
    assert made.layout.area_level == "lsoa"
    assert {area: band.codes[i] for area, i in zip(areas.codes, implied.code_of, strict=True)} == {
        area: name or "unknown" for area, name in BAND.items()
    }
    labels = area_labels(made.spec, made.geography, "band")
    assert dict(labels.rows()) == {area: name or "unknown" for area, name in BAND.items()}


def test_area_labels_are_for_area_characteristics_only(small: World) -> None:
    with pytest.raises(TypeError, match="not decided by the area"):
        area_labels(small.spec, small.geography, "ethnic_major")


def test_a_release_of_a_part_has_the_areas_of_that_part(tmp_path: Path) -> None:
    covers = {"level": "local_authority", "areas": ["la_b", "la_c"]}
    made = world(tmp_path, tables=({**MAIN, "levels": ["combined_authority", "local_authority"]},), covers=covers)
    areas = made.layout.grid.dimensions[0]
    assert areas.level("local_authority").groups == ("la_b", "la_c")
    assert areas.level("combined_authority").is_complete


def test_a_share_without_what_it_is_a_share_of_is_named(tmp_path: Path) -> None:
    tables: tuple[dict[str, Any], ...] = (SMALL, {**MEANS, "measures": ["children", "gld", "all_goals"]})
    made = world(tmp_path, tables=tables)
    assert list(shares_without_denominator(made.spec)) == [(1, "all_goals", "comm")]


def test_the_layout_reads_no_record_and_is_the_same_every_time(tmp_path: Path, small: World) -> None:
    again = world(tmp_path).layout
    assert again.grid.blocks == small.layout.grid.blocks
    assert again.base.blocks == small.layout.base.blocks
    for one, two in zip(again.grid.dimensions, small.layout.grid.dimensions, strict=True):
        assert one == two
        for a, b in zip(one.levels, two.levels, strict=True):
            assert np.array_equal(a.group_of, b.group_of)
