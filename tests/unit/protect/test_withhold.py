"""What is withheld: small counts, judged on what is given and on nothing else."""

import inspect
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ndl_publish.audit.recoverable import recoverable_cells
from ndl_publish.columns import Mask
from ndl_publish.cube.model import Cube
from ndl_publish.cube.printed import printed_cells
from ndl_publish.cube.protected import BoolArray
from ndl_publish.errors import DisclosureError
from ndl_publish.protect.secondary.problem import Suppression, SuppressionProblem
from ndl_publish.protect.secondary.suppress import suppress
from ndl_publish.protect.withhold import Withheld, withhold_exact, withhold_noisy
from ndl_publish.spec.rules import ClassicRules, DpRules
from tests.unit.cube.small_release import BANDS, MAIN, SMALL, World, children, rules, world
from tests.unit.protect.conftest import DpBuild


@pytest.fixture(scope="module")
def lean(tmp_path_factory: pytest.TempPathFactory) -> World:
    return world(tmp_path_factory.mktemp("lean"), tables=(SMALL,))


@pytest.fixture(scope="module")
def counted(lean: World) -> Cube:
    return lean.cube(children(700))


def _noisy(made: World, cube: Cube, minimum_count: int = 10, tie_break: bytes = b"t") -> Withheld:
    book = DpRules.model_validate(rules("dp", minimum_count=minimum_count))
    return withhold_noisy(made.layout, cube.counts, book, tie_break=tie_break, recoverable=recoverable_cells)


def _classic(cube: Cube, minimum_count: int = 5, policy: str = "show") -> Withheld:
    book = rules("classic", minimum_count=minimum_count)
    book["primary"][1]["policy"] = policy
    return withhold_exact(cube, ClassicRules.model_validate(book), tie_break=b"t")


def _groups(made: World, levels: tuple[str, ...]) -> BoolArray:
    block = made.layout.grid.block(levels)
    return printed_cells(made.layout)[block.cells].reshape(block.shape)


def test_published_counts_are_children_and_those_who_reached(small: World) -> None:
    assert _groups(small, ("region", "sex", "ethnic_minor", "total")).all()
    assert _groups(small, ("region", "sex", "total", "gld"))[..., 1].all()
    assert not _groups(small, ("region", "sex", "total", "gld"))[..., 0].any()
    assert not _groups(small, ("region", "sex", "total", "comm+gld+all_goals")).any()


def test_small_noisy_published_counts_are_the_primaries(dp_build: DpBuild) -> None:
    result, made = dp_build.result, dp_build.made
    small_count = (result.values < 10) & printed_cells(made.layout)
    assert small_count.sum() >= 5
    assert not result.withheld.is_shown[small_count].any()
    assert np.array_equal(
        result.withheld.mask[printed_cells(made.layout)] == Mask.PRIMARY_SUPPRESSED,
        small_count[printed_cells(made.layout)],
    )


def test_exact_counts_cannot_even_be_handed_in() -> None:
    """A threshold on exact counts would break the guarantee: the function must have no way to see them."""
    names = set(inspect.signature(withhold_noisy).parameters)
    assert names == {"layout", "values", "rules", "tie_break", "recoverable", "progress"}


def test_the_same_noisy_values_give_the_same_masks_whoever_the_children_are(lean: World, counted: Cube) -> None:
    one = _noisy(lean, counted)
    other = _noisy(lean, replace(counted, rows=lean.cube(children(7)).rows))
    assert one.mask.tobytes() == other.mask.tobytes()


def test_a_count_exactly_at_the_minimum_is_shown(lean: World, counted: Cube) -> None:
    block = lean.layout.grid.block(("lsoa", "total", "total"))
    least = int(counted.counts[block.cells].min())
    smallest = block.offset + int(counted.counts[block.cells].argmin())
    assert _noisy(lean, counted, least).mask[smallest] != Mask.PRIMARY_SUPPRESSED
    assert _noisy(lean, counted, least + 1).mask[smallest] == Mask.PRIMARY_SUPPRESSED


def test_nothing_small_means_nothing_withheld(tmp_path: Path) -> None:
    made = world(tmp_path, tables=(SMALL,))
    many = made.cube(children(4000))
    assert many.counts.min() >= 1
    assert _noisy(made, many, minimum_count=1).is_shown.all()


def test_no_withheld_published_count_follows_from_the_shown_ones(dp_build: DpBuild) -> None:
    layout, withheld = dp_build.made.layout, dp_build.result.withheld
    found = recoverable_cells(layout.grid, dp_build.result.values, withheld.is_shown, layout.implications)
    assert not (found & (withheld.mask == Mask.PRIMARY_SUPPRESSED)).any()
    primary_only = withheld.mask != Mask.PRIMARY_SUPPRESSED
    without_help = recoverable_cells(layout.grid, dp_build.result.values, primary_only, layout.implications)
    assert without_help.any(), "this release needs secondary suppression, or the test shows nothing"


def test_a_cell_no_table_prints_is_shown_only_where_both_of_its_counts_are(dp_build: DpBuild) -> None:
    made, withheld = dp_build.made, dp_build.result.withheld
    grid = made.layout.grid
    whole = grid.block(("local_authority", "sex", "ethnic_minor", "total"))
    split = grid.block(("local_authority", "sex", "ethnic_minor", "gld"))
    shown = withheld.is_shown[split.cells].reshape(split.shape)
    both = withheld.is_shown[whole.cells].reshape(whole.shape)[..., 0] & shown[..., 1]
    assert np.array_equal(shown[..., 0], both)
    assert not both.all()


def test_structural_zeros_are_never_primary(tmp_path: Path) -> None:
    made = world(tmp_path, tables=(BANDS,))
    cube = made.cube(children(1000))
    withheld = _noisy(made, cube)
    assert not withheld.is_possible.all()
    assert not (withheld.mask[~withheld.is_possible] == Mask.PRIMARY_SUPPRESSED).any()


def test_exact_small_counts_and_small_complements_are_withheld(tmp_path: Path) -> None:
    made = world(tmp_path, "classic", tables=(MAIN,))
    cube = made.cube(children(1500))
    withheld = _classic(cube)
    small_count = (cube.counts >= 1) & (cube.counts < 5)
    assert small_count.sum() > 10
    assert np.array_equal(withheld.mask == Mask.PRIMARY_SUPPRESSED, small_count)
    assert (withheld.mask == Mask.SECONDARY_SUPPRESSED).any()


def test_zeros_are_withheld_only_when_the_rules_say_so(tmp_path: Path) -> None:
    made = world(tmp_path, "classic", tables=({**MAIN, "levels": ["national", "region"]},))
    cube = made.cube(children(600))
    zeros = cube.counts == 0
    assert zeros.any()
    assert not (_classic(cube).mask[zeros] == Mask.PRIMARY_SUPPRESSED).any()
    assert (_classic(cube, policy="protect").mask[zeros] == Mask.PRIMARY_SUPPRESSED).all()


def test_a_withheld_count_that_cannot_be_protected_stops_everything(
    small: World, cube: Cube, monkeypatch: pytest.MonkeyPatch
) -> None:
    def give_up(problem: SuppressionProblem, **_: object) -> Suppression:
        answer = suppress(problem)
        return replace(answer, unprotected=np.flatnonzero(problem.primary)[:1])

    monkeypatch.setattr("ndl_publish.protect.secondary.refuse.suppress", give_up)
    with pytest.raises(DisclosureError) as caught:
        _noisy(small, cube, minimum_count=40)
    assert caught.value.code == "NDL-D020"
    assert caught.value.findings


@pytest.mark.parametrize("tie_break", [b"a", b"b"])
def test_the_pattern_repeats(lean: World, counted: Cube, tie_break: bytes) -> None:
    assert np.array_equal(
        _noisy(lean, counted, tie_break=tie_break).mask, _noisy(lean, counted, tie_break=tie_break).mask
    )
