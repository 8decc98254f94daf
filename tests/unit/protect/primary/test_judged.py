"""What the rules are given to look at."""

from pathlib import Path

import numpy as np
import pytest

from ndl_publish.cube.possible import possible_cells
from ndl_publish.protect.primary.judged import judged_counts, judged_release
from tests.suppression_cases import table
from tests.unit.cube.small_release import BANDS, children, world


def test_judged_release_has_all_cells_and_the_means_blocks(tmp_path: Path) -> None:
    cube = world(tmp_path, "classic", tables=(BANDS,)).cube(children(300))
    possible = possible_cells(cube.layout.grid, cube.layout.implications)
    judged = judged_release(cube, possible=possible)
    assert np.array_equal(judged.values, cube.counts)
    assert np.array_equal(judged.possible, possible)
    assert set(judged.measures) == {"children", "gld"}
    assert judged.base is cube.layout.base
    assert judged.contributions == {}


def test_a_contributor_that_was_not_read_is_no_silent_nobody() -> None:
    case = table(np.array([[9, 0], [6, 8]]))
    judged = judged_counts(case.grid, case.values, outcomes=())
    with pytest.raises(KeyError):
        judged.contributors("provider", of=None, n_largest=2)


def test_judged_counts_without_outcomes_has_no_shares() -> None:
    case = table(np.array([[9, 0], [6, 8]]))
    judged = judged_counts(case.grid, case.values, outcomes=())
    assert (judged.shares, dict(judged.measures)) == ((), {})
    assert "9" not in repr(judged).replace("d0", "").replace("d1", "").split("grid=")[0]
