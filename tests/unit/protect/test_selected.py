"""Figures that are kept, and figures that are rather shown."""

import numpy as np
import pytest

from ndl_publish.columns import Mask
from ndl_publish.cube.layout import CubeLayout
from ndl_publish.cube.model import Cube
from ndl_publish.cube.printed import printed_cells
from ndl_publish.errors import DisclosureError
from ndl_publish.protect.selected import refuse_kept_primaries, selected_cells
from ndl_publish.protect.withhold import withhold_exact
from tests.rule_books import book, selection, threshold
from tests.unit.cube.small_release import MAIN, World, children, number, world


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> World:
    return world(
        tmp_path_factory.mktemp("selected"), "classic", tables=({**MAIN, "levels": ["region", "local_authority"]},)
    )


@pytest.fixture(scope="module")
def cube(made: World) -> Cube:
    return made.cube(children(900))


def kept(layout: CubeLayout, *selections: dict[str, object]) -> list[int]:
    forced = selected_cells(layout, book(keep=list(selections))).forced
    assert forced is not None
    return np.flatnonzero(forced).tolist()


def test_nothing_is_selected_unless_the_rules_say_so(made: World) -> None:
    found = selected_cells(made.layout, book())
    assert found.forced is None
    assert found.preference is None


def test_children_of_every_area_of_a_level(made: World) -> None:
    block = made.layout.grid.block(("local_authority", "total", "total", "total"))
    assert kept(made.layout, selection("local_authority")) == list(range(block.offset, block.offset + 4))


def test_the_order_of_a_crossing_does_not_matter(made: World) -> None:
    one, other = (
        kept(made.layout, selection("region", *crossing))
        for crossing in (("sex", "ethnic_minor"), ("ethnic_minor", "sex"))
    )
    assert one == other
    assert len(one) == 2 * 2 * 4


def test_of_a_share_only_who_reached_it(made: World) -> None:
    found = kept(made.layout, selection("region", "sex", measures=("gld",)))
    block = made.layout.grid.block(("region", "sex", "total", "gld"))
    assert len(found) == block.n_cells // 2
    assert printed_cells(made.layout)[found].all()


@pytest.mark.parametrize(
    "absent",
    [
        selection("national"),
        selection("region", "band"),
        selection("region", "ethnic_major", "sex"),
        selection("region", measures=("score",)),
    ],
)
def test_what_a_release_does_not_publish_selects_nothing(made: World, absent: dict[str, object]) -> None:
    assert kept(made.layout, absent) == []


def test_preference_is_a_factor(made: World) -> None:
    factor = number("2.5", "times")
    found = selected_cells(made.layout, book(prefer=[selection("region", factor=factor)])).preference
    assert found is not None
    block = made.layout.grid.block(("region", "total", "total", "total"))
    assert set(found[block.cells]) == {2.5}
    assert set(np.delete(found, np.r_[block.cells])) == {1.0}


def test_kept_figures_are_shown_and_the_release_is_still_protected(made: World, cube: Cube) -> None:
    kept_figures = [selection("local_authority"), selection("region", "sex", measures=("gld",))]
    rules = book(threshold(5), keep=kept_figures, attacker={"insiders": False})
    found = withhold_exact(cube, rules, tie_break=b"t")
    forced = selected_cells(made.layout, rules).forced
    assert forced is not None
    assert forced.any()
    assert found.is_shown[forced].all()
    assert (found.mask == Mask.PRIMARY_SUPPRESSED).any()


def test_a_kept_figure_that_a_rule_withholds_is_refused_by_crossing_alone(cube: Cube) -> None:
    rules = book(threshold(5), keep=[selection("local_authority", "sex", "ethnic_minor")])
    with pytest.raises(DisclosureError) as caught:
        withhold_exact(cube, rules, tie_break=b"t")
    assert caught.value.code == "NDL-D040"
    (finding,) = caught.value.findings
    assert finding.where == "area:local_authority x sex:sex x ethnic_minor:ethnic_minor"
    text = str(caught.value)
    assert not any(code in text for code in ("la_a", "la_b", "la_c", "la_d", "a1", "b2", "Female"))
    assert not any(character.isdigit() for character in text.replace("NDL-D040", ""))


def test_keeping_nothing_is_never_refused(made: World) -> None:
    everything = np.ones(made.layout.grid.n_cells, bool)
    refuse_kept_primaries(made.layout.grid, everything, None)
    refuse_kept_primaries(made.layout.grid, ~everything, everything)
