"""The forecast: what it counts, that it reads no record, and that what it expects comes true."""

from pathlib import Path

import polars as pl
import pytest

from ndl_publish.forecast import ForecastRow, forecast
from ndl_publish.pipeline import Prepared, prepare
from tests.command import PILOT
from tests.conftest import Run
from tests.small_pilot import set_key
from tests.truth import tables


@pytest.fixture(scope="module")
def pilot() -> Prepared:
    return prepare(PILOT / "release.yaml")


@pytest.fixture(scope="module")
def rows(pilot: Prepared) -> tuple[ForecastRow, ...]:
    return forecast(pilot)


def row(rows: tuple[ForecastRow, ...], table: str, level: str, crossing: tuple[str, ...] = ()) -> ForecastRow:
    (found,) = [r for r in rows if (r.table, r.level, r.crossing) == (table, level, crossing)]
    return found


def test_every_table_and_level_has_all_its_crossings(pilot: Prepared, rows: tuple[ForecastRow, ...]) -> None:
    wanted = {(table.name, level) for table in pilot.spec.release.tables for level in table.levels}
    assert {(r.table, r.level) for r in rows} == wanted
    crossings = {r.crossing for r in rows if r.table == "characteristics" and r.level == "local_authority"}
    assert ("sex", "fsm") in crossings
    assert {(), ("sex",), ("fsm",), ("ethnicity_major",)} <= crossings, "margins too"


def test_areas_and_cells_are_counted(rows: tuple[ForecastRow, ...]) -> None:
    by_sex_fsm = row(rows, "characteristics", "local_authority", ("sex", "fsm"))
    assert (by_sex_fsm.n_areas, by_sex_fsm.n_cells) == (8, 8 * 2 * 3)
    assert by_sex_fsm.average_children == pytest.approx(26_000 / 48)
    assert row(rows, "headline", "combined_authority").n_areas == 1


def test_smaller_cells_are_less_certain_and_more_often_withheld(rows: tuple[ForecastRow, ...]) -> None:
    large, small = row(rows, "headline", "local_authority"), row(rows, "small_areas", "lsoa")
    assert large.rate_margin is not None
    assert large.counts_withheld is not None
    assert small.counts_withheld is not None
    assert large.rate_margin < 2
    assert large.counts_withheld < 0.001 < small.counts_withheld < 1
    assert small.rate_margin is None or small.rate_margin > 10 * large.rate_margin


def test_half_the_loss_is_about_the_root_of_two_more_error(tmp_path: Path) -> None:
    rules = (PILOT.parents[1] / "disclosure_rules/ndl_default.yaml").read_text(encoding="utf-8")
    assert "value: 0.1\n" in rules
    (tmp_path / "half.yaml").write_text(rules.replace("value: 0.1\n", "value: 0.05\n", 1), encoding="utf-8")
    for name, book in (("whole", "ndl_default"), ("half", str(tmp_path / "half.yaml"))):
        path = tmp_path / f"{name}_release.yaml"
        path.write_text((PILOT / "release.yaml").read_text(encoding="utf-8"), encoding="utf-8")
        set_key(path, "rules", book)
    whole, half = (forecast(prepare(tmp_path / f"{name}_release.yaml")) for name in ("whole", "half"))
    for one, other in zip(whole, half, strict=True):
        assert one.count_margin is not None
        assert other.count_margin == pytest.approx(one.count_margin * 2**0.5, rel=0.02)


def test_classic_has_no_margins() -> None:
    for found in forecast(prepare(PILOT / "release_classic.yaml")):
        assert (found.count_margin, found.rate_margin, found.counts_withheld) == (None, None, None)


def test_the_margin_of_a_count_is_the_one_that_is_published(run: Run, small: Path) -> None:
    expected = forecast(prepare(small / "release.yaml"))
    assert run("build", small / "release.yaml", "--out", small / "out").code == 0
    found = tables(next((small / "out").iterdir()) / "public")
    wards = found["wards"].filter(pl.col("measure") == "children_count").drop_nulls("value")
    half = float(wards.select(((pl.col("upper") - pl.col("lower")) / 2).mean()).item())
    margin = row(expected, "wards", "ward").count_margin
    assert margin is not None
    assert half == pytest.approx(margin, rel=0.15)


def test_no_record_is_read(tmp_path: Path) -> None:
    (tmp_path / "release.yaml").write_text((PILOT / "release.yaml").read_text(encoding="utf-8"), encoding="utf-8")
    assert not (tmp_path / "data").exists()
    assert len(forecast(prepare(tmp_path / "release.yaml"))) > 10
