"""Mode classic: exact where shown, and the very rows and columns of mode dp."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from ndl_publish.errors import RuleError
from ndl_publish.protect.classic import protect_classic
from tests.unit.protect.conftest import ClassicBuild, DpBuild

LABELS = ["geographic_level", "area_code", "measure", "unit"]


def test_both_modes_have_the_same_rows_and_columns(dp_build: DpBuild, classic_build: ClassicBuild) -> None:
    pairs = zip(dp_build.result.protected.tables, classic_build.result.protected.tables, strict=True)
    for noisy, exact in pairs:
        assert noisy.name == exact.name
        assert noisy.breakdowns == exact.breakdowns
        assert noisy.figures.schema == exact.figures.schema
        keys = [*LABELS, *noisy.breakdowns]
        assert noisy.figures.select(keys).equals(exact.figures.select(keys))


def test_shown_counts_are_exact_and_none_is_small(classic_build: ClassicBuild) -> None:
    protected, counts = classic_build.result.protected, classic_build.cube.counts
    assert np.array_equal(protected.values[protected.is_shown], counts[protected.is_shown])
    shown = counts[protected.is_shown]
    assert not ((shown > 0) & (shown < 5)).any()
    assert not protected.values[~protected.is_shown].any()


def test_there_are_no_intervals_without_noise(classic_build: ClassicBuild) -> None:
    for table in classic_build.result.protected.tables:
        assert table.figures.select("lower", "upper").null_count().row(0) == (table.figures.height,) * 2
        assert set(table.figures["status"]) <= {"published", "suppressed"}


def test_no_published_count_or_its_complement_is_small(classic_build: ClassicBuild) -> None:
    main = classic_build.result.protected.tables[0].figures
    keys = ["geographic_level", "area_code", "sex", "ethnic_major", "ethnic_minor"]
    wide = main.filter(pl.col("measure").str.ends_with("count")).pivot("measure", index=keys, values="value")
    for whole, part in (
        ("children_count", "comm_count"),
        ("comm_count", "gld_count"),
        ("gld_count", "all_goals_count"),
    ):
        between = (wide[whole] - wide[part]).drop_nulls()
        assert not between.is_between(1, 4).any()
        assert (between >= 0).all()


def test_a_percentage_is_blank_wherever_a_count_of_it_is(classic_build: ClassicBuild) -> None:
    main = classic_build.result.protected.tables[0].figures
    keys = ["geographic_level", "area_code", "sex", "ethnic_major", "ethnic_minor"]
    wide = main.pivot("measure", index=keys, values="value")
    for percent, counts in (
        ("gld_percent", ("children_count", "gld_count")),
        ("all_goals_percent", ("comm_count", "all_goals_count")),
    ):
        hidden = pl.any_horizontal(pl.col(name).is_null() for name in counts)
        assert wide.filter(hidden & pl.col(percent).is_not_null()).height == 0
        top, bottom = counts[1], counts[0]
        ratio = (100 * pl.col(top) / pl.col(bottom)).round(1)
        assert wide.filter((pl.col(percent) - ratio).abs() > 0.1001).height == 0


def test_the_same_tie_break_gives_the_same_pattern(classic_build: ClassicBuild) -> None:
    again = protect_classic(classic_build.cube, classic_build.made.spec, tie_break=b"t")
    assert np.array_equal(again.withheld.mask, classic_build.result.withheld.mask)


def test_rules_of_another_mode_are_refused(dp_build: DpBuild) -> None:
    with pytest.raises(RuleError) as caught:
        protect_classic(dp_build.cube, dp_build.made.spec, tie_break=b"t")
    assert caught.value.code == "NDL-R060"


def test_it_claims_no_privacy_guarantee(classic_build: ClassicBuild, tmp_path: Path) -> None:
    said = classic_build.result.protected.privacy
    assert said["mode"] == "classic"
    assert not {"rho", "epsilon", "delta", "ledger_entry"} & set(said)
    assert not list(tmp_path.iterdir())
