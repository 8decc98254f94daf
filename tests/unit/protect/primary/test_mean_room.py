"""Means without room: withheld where they stand, and at every coarser level."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from ndl_publish.cube.protected import BoolArray
from ndl_publish.protect.primary.mean_room import shown_means
from tests.unit.cube.small_release import World, children, world


def shown_by_level(made: World, frame: pl.DataFrame, *, minimum_sum: int = 5) -> dict[str, list[bool]]:
    cube = made.cube(frame)
    (shown,) = shown_means(cube, made.spec, minimum_sum=minimum_sum, sensitive_sums={}).values()
    mask: BoolArray = shown
    return {block.levels[0]: mask[block.cells].tolist() for block in made.layout.base.blocks}


def with_score(score: int) -> pl.DataFrame:
    """Return children of whom all in s1 have one score; the north holds s1 alone."""
    frame = children(1500).filter(pl.col("place").is_in(["s1", "s4"]))
    return frame.with_columns(score=pl.when(pl.col("place") == "s1").then(score).otherwise(pl.col("score")))


def test_means_with_room_are_shown_everywhere(tmp_path: Path) -> None:
    found = shown_by_level(world(tmp_path, "classic"), children(1500))
    assert all(all(shown) for shown in found.values())


@pytest.mark.parametrize("score", [0, 6])
def test_a_mean_at_either_end_hides_itself_and_what_it_follows_from(tmp_path: Path, score: int) -> None:
    found = shown_by_level(world(tmp_path, "classic"), with_score(score))
    assert found == {"national": [False], "region": [False, True]}


def test_the_room_is_counted_in_units_of_the_sum(tmp_path: Path) -> None:
    made = world(tmp_path, "classic")
    frame = with_score(6).with_row_index("row")
    first = frame.filter(pl.col("place") == "s1")["row"][0]
    nearly = frame.with_columns(score=pl.when(pl.col("row") == first).then(1).otherwise(pl.col("score"))).drop("row")
    assert shown_by_level(made, nearly)["region"] == [True, True]
    assert shown_by_level(made, nearly, minimum_sum=6)["region"] == [False, True]


def test_an_empty_area_gives_nobody_away(tmp_path: Path) -> None:
    found = shown_by_level(world(tmp_path, "classic"), children(1500).filter(pl.col("place") != "s1"))
    assert all(all(shown) for shown in found.values())


def test_a_sum_from_one_provider_hides_itself_and_what_it_follows_from(tmp_path: Path) -> None:
    made = world(tmp_path, "classic")
    cube = made.cube(children(1500))
    grid = made.layout.grid
    region = next(b for b in grid.blocks if b.levels[0] == "region" and set(b.levels[1:]) == {"total"})
    given_away = np.zeros(grid.n_cells, bool)
    given_away[region.offset] = True
    found = shown_means(cube, made.spec, minimum_sum=5, sensitive_sums={"score": given_away})["score"]
    shown = {block.levels[0]: found[block.cells].tolist() for block in made.layout.base.blocks}
    assert shown == {"national": [False], "region": [False, True]}
    assert shown_means(cube, made.spec, minimum_sum=5, sensitive_sums={"other": given_away})["score"].all()
