"""The pilot release from records to package: what it holds, that it repeats, that it is paid for once."""

import json
from pathlib import Path
from typing import Any, Protocol

import polars as pl
import pytest
from frictionless import Package

from ndl_publish.cube.model import Cube
from ndl_publish.cube.tabulate import tabulate
from ndl_publish.engines.polars import PolarsEngine
from ndl_publish.pipeline import prepare, validated
from ndl_publish.spec.load import ReleaseSpec
from tests.command import PILOT
from tests.conftest import Built, Run
from tests.small_pilot import change, put, set_key
from tests.truth import measures, public_bytes, tables, with_truth

CALIBRATION = PILOT / "calibration"
NAMES = ("pilot", "pilot_classic", "census", pytest.param("census_classic", marks=pytest.mark.slow))
TOPICS = {"fsm": "Free school meal eligibility", "first_language": "First language"}


class Build(Protocol):
    def __call__(self, name: str) -> Built: ...


@pytest.fixture(scope="module")
def cube() -> tuple[ReleaseSpec, Cube]:
    prepared = prepare(PILOT / "release.yaml")
    records = validated(prepared, progress=lambda *_: None)
    return prepared.spec, tabulate(records, prepared.spec, prepared.geography, engine=PolarsEngine())


def cells(cube: Cube) -> pl.DataFrame:
    from ndl_publish.cube.frame import grid_frame  # noqa: PLC0415 - only here

    return grid_frame(cube.layout.grid, {"true_count": cube.counts})


def totals_but(frame: pl.DataFrame, *, level: str, measure: str | None, crossing: tuple[str, ...]) -> pl.DataFrame:
    """Return the cells of one level and crossing that count children, or those who reached a measure."""
    axes = [name.removesuffix("_level") for name in frame.columns if name.endswith("_level")]
    axes = [name for name in axes if name != "geographic"]
    wanted = dict.fromkeys(axes, "total") | {name: name for name in crossing}
    if measure:
        wanted["profile_result"] = measure
    rows = frame.filter(pl.col("geographic_level") == level, *(pl.col(f"{k}_level") == v for k, v in wanted.items()))
    return rows.filter(pl.col("profile_result") == "yes") if measure else rows


@pytest.mark.parametrize("name", NAMES)
def test_every_package_is_valid_to_frictionless(built: Build, name: str) -> None:
    report = Package(str(built(name).public / "datapackage.json")).validate(limit_rows=500)
    assert report.flatten(["code", "message"]) == []
    assert report.valid


@pytest.mark.parametrize("name", NAMES)
def test_every_csv_value_equals_parquet(built: Build, name: str) -> None:
    pairs = sorted((built(name).public / "data").glob("*.csv"))
    assert pairs
    for path in pairs:
        parquet = pl.read_parquet(path.with_suffix(".parquet"))
        csv = pl.read_csv(
            path, schema={column: kind if kind.is_numeric() else pl.String for column, kind in parquet.schema.items()}
        )
        text = [column for column, kind in parquet.schema.items() if not kind.is_numeric()]
        assert csv.equals(parquet.with_columns(pl.col(text).cast(pl.String)), null_equal=True), path.name


@pytest.mark.parametrize("name", NAMES)
def test_the_summary_agrees_with_the_files(built: Build, name: str) -> None:
    package = built(name)
    summary = package.outcome.json()
    assert Path(summary["public"]).samefile(package.public)
    found = tables(package.public)
    assert {row["table"] for row in summary["tables"]} == set(found)
    for row in summary["tables"]:
        here = found[row["table"]].filter(pl.col("geographic_level") == row["level"])
        assert here.height == row["figures"]
        assert here["status"].is_in(["suppressed", "low_reliability"]).sum() == row["withheld"]
    assert (summary["privacy"] is None) == name.endswith("classic")


@pytest.mark.parametrize("name", NAMES)
def test_number_and_status_agree_everywhere(built: Build, name: str) -> None:
    for table in tables(built(name).public).values():
        assert table.filter((pl.col("status") == "published") != pl.col("value").is_not_null()).height == 0


def test_areas_have_the_published_counts_before_protection(cube: tuple[ReleaseSpec, Cube]) -> None:
    areas = cube[0].release.geography.areas
    exact = cells(cube[1])
    ours: list[dict[str, int]] = []
    for measure in (None, "gld"):
        found = totals_but(exact, level="local_authority", measure=measure, crossing=())
        ours.append(dict(found.select("area_code", "true_count").iter_rows()))
    known = pl.read_csv(CALIBRATION / "local_authorities.csv").filter(pl.col("new_la_code").is_in(list(areas)))
    assert known.height == len(areas) == 8
    assert known["count_source"].unique().to_list() == ["published"]
    for area, children, percent in known.select("new_la_code", "children_count", "gld").iter_rows():
        assert ours[0][area] == children
        assert 100 * ours[1][area] / children == pytest.approx(percent, abs=0.0501), area
    # Where a characteristic is published whole, its categories give the exact number of children with GLD.
    published = pl.read_csv(CALIBRATION / "published_local_authority.csv").filter(pl.col("sex") == "Total")
    parts_of_sen = ["No SEN provision", "All SEN provision", "Unknown"]
    is_sen_part = (pl.col("breakdown_topic") == "SEN provision") & pl.col("breakdown").is_in(parts_of_sen)
    topics = published.filter(pl.col("breakdown_topic").is_in(["Total", *TOPICS.values()]) | is_sen_part)
    sums = topics.group_by("new_la_code", "breakdown_topic").agg(pl.col("children_count", "gld_children_count").sum())
    exactly = {area for area, _, n, gld in sums.iter_rows() if (ours[0].get(area), ours[1].get(area)) == (n, gld)}
    assert exactly == set(areas)


@pytest.mark.parametrize("breakdown", TOPICS)
def test_characteristics_are_near_the_published_shares(cube: tuple[ReleaseSpec, Cube], breakdown: str) -> None:
    published = pl.read_csv(CALIBRATION / "published_local_authority.csv").filter(
        pl.col("breakdown_topic") == TOPICS[breakdown], pl.col("sex") == "Total"
    )
    found = totals_but(cells(cube[1]), level="local_authority", measure=None, crossing=(breakdown,))
    both = found.join(published, left_on=["area_code", breakdown], right_on=["new_la_code", "breakdown"])
    assert both.height > 0
    share = pl.col("true_count", "children_count") / pl.col("true_count", "children_count").sum().over("area_code")
    apart = both.with_columns(share).select((pl.col("true_count") - pl.col("children_count")).abs().max()).item()
    assert apart < 0.06


def test_every_breakdown_sums_to_its_table_before_protection(cube: tuple[ReleaseSpec, Cube]) -> None:
    spec, exact = cube[0], cells(cube[1])
    checked = 0
    for table in spec.release.tables:
        for level in table.levels:
            for crossing in table.breakdowns:
                for measure in (None, *({"gld"} & set(table.measures))):
                    parts = totals_but(exact, level=level, measure=measure, crossing=crossing)
                    whole = totals_but(exact, level=level, measure=measure, crossing=())
                    sums = parts.group_by("area_code").agg(pl.col("true_count").sum())
                    assert dict(sums.iter_rows()) == dict(whole.select("area_code", "true_count").iter_rows())
                    checked += 1
    assert checked >= 20


def test_lower_levels_sum_to_higher_ones_before_protection(cube: tuple[ReleaseSpec, Cube]) -> None:
    exact = cells(cube[1])
    for measure in (None, "gld"):
        sums = {
            level: totals_but(exact, level=level, measure=measure, crossing=())["true_count"].sum()
            for level in ("local_authority", "ward", "lsoa")
        }
        assert sums["ward"] == sums["local_authority"] == sums["lsoa"]


def test_noisy_counts_add_up_in_the_package(built: Build) -> None:
    table = tables(built("pilot").public)["characteristics"].filter(pl.col("measure") == "children_count")
    others = ["fsm", "ethnicity_major", "first_language", "sen_provision", "term_of_birth"]
    here = table.filter(pl.col(name) == "Total" for name in others)
    parts = here.filter(pl.col("sex") != "Total").group_by("area_code").agg(pl.col("value").sum(), n=pl.len())
    whole = here.filter(pl.col("sex") == "Total").select("area_code", whole="value")
    both = parts.join(whole, on="area_code", validate="1:1")
    assert both.height == 9
    assert (both["value"] == both["whole"]).all()


def test_noise_is_there_and_of_the_stated_size(built: Build) -> None:
    package = built("pilot")
    exact = pl.read_parquet(package.internal / "cells.parquet")
    named = measures(json.loads((package.public / "specification.json").read_text(encoding="utf-8")))
    rows = with_truth(tables(package.public)["wards"], exact, {k: named[k] for k in ("children_count",)})
    shown = rows.filter(pl.col("value").is_not_null())
    assert (shown["value"] != shown["true_count"]).mean() > 0.8  # type: ignore[operator]
    inside = shown.select(pl.col("true_count").is_between("lower", "upper").mean()).item()
    assert 0.88 < inside <= 1, "95% intervals"


def test_exact_counts_are_those_of_the_records_in_mode_classic(built: Build) -> None:
    package = built("pilot_classic")
    exact = pl.read_parquet(package.internal / "cells.parquet")
    named = measures(json.loads((package.public / "specification.json").read_text(encoding="utf-8")))
    for table in tables(package.public).values():
        present = {k: v for k, v in named.items() if k in table["measure"].unique()}
        rows = with_truth(table, exact, present)
        shown = rows.filter(pl.col("value").is_not_null())
        assert (shown["value"] == shown["true_count"]).all()
        assert not shown["true_count"].is_between(1, 4).any()
        assert (shown["reason"] == "shown").all()


def test_a_second_run_has_the_same_bytes_and_is_not_charged(run: Run, small: Path) -> None:
    first = run("build", small / "release.yaml", "--out", small / "one", "--json").json()
    spent = run("ledger", "show").out
    second = run("build", small / "release.yaml", "--out", small / "two", "--json").json()
    assert [x["privacy"]["is_replay"] for x in (first, second)] == [False, True]
    assert run("ledger", "show").out == spent
    assert public_bytes(small / "one") == public_bytes(small / "two")
    assert "charged before, nothing now" in run("build", small / "release.yaml", "--out", small / "one").out


def test_another_key_gives_other_noise(run: Run, small: Path, tmp_path: Path) -> None:
    from tests.command import run_main  # noqa: PLC0415 - only here

    run("build", small / "release.yaml", "--out", small / "one")
    run_main("build", small / "release.yaml", "--out", small / "two", home=tmp_path / "other")
    assert share_equal(small / "one", small / "two") < 0.2


def test_one_goal_of_one_child_changes_all_noise_and_needs_a_new_version(run: Run, small: Path) -> None:
    release = small / "release.yaml"
    assert run("build", release, "--out", small / "one").code == 0
    spent = run("ledger", "show", "--json").json()
    before = pl.read_csv(small / "data/profile.csv", infer_schema=False)["FSP_EXP_E17"][0]
    change(small, "profile", put("FSP_EXP_E17", "1" if before == "2" else "2"))
    refused = run("build", release, "--out", small / "two")
    assert (refused.code, "NDL-B003" in refused.err) == (5, True)
    assert run("ledger", "show", "--json").json() == spent
    assert not (small / "two").exists() or not list((small / "two").iterdir())
    set_key(release, "version", "1.0.1")
    paid = run("build", release, "--out", small / "two", "--json").json()
    assert paid["privacy"]["is_replay"] is False
    assert share_equal(small / "one", small / "two") < 0.2, "small differences would give the child away"
    assert paid["privacy"]["cohorts"][0]["remaining"] < 0.301


def test_the_order_of_rows_does_not_matter(run: Run, small: Path) -> None:
    assert run("build", small / "release.yaml", "--out", small / "one").code == 0
    for source in ("profile", "links", "health_visiting", "childcare"):
        change(small, source, lambda table: table.sample(fraction=1, shuffle=True, seed=1))
    again = run("build", small / "release.yaml", "--out", small / "two", "--json").json()
    assert again["privacy"]["is_replay"] is True
    assert public_bytes(small / "one") == public_bytes(small / "two")


def test_classic_builds_repeat_and_charge_nothing(run: Run, small: Path, home: Path) -> None:
    for name in ("one", "two"):
        assert run("build", small / "classic.yaml", "--out", small / name).code == 0
    assert public_bytes(small / "one") == public_bytes(small / "two")
    assert not (home / "ledger.sqlite").exists()


@pytest.mark.slow
def test_a_data_set_needs_no_python_of_its_own(built: Build) -> None:
    for name in ("census", "census_classic"):
        health = tables(built(name).public)["health"]
        assert set(health["measure"]) >= {"persons_count", "good_health_count", "good_health_percent"}
        assert health["geographic_level"].unique().sort().to_list() == ["National", "Regional"]
        assert health["value"].is_not_null().sum() > 1000
    source = "".join(path.read_text(encoding="utf-8") for path in (PILOT.parents[1] / "ndl_publish").rglob("*.py"))
    for word in ("FSP_LLSOA21", "good_health", "health_stated", "ethnic_group"):
        assert word not in source, "the names of a data set stand in its metadata"


@pytest.mark.slow
def test_census_counts_are_those_of_the_file(built: Build) -> None:
    package = built("census_classic")
    persons = pl.read_csv(PILOT.parent / "census_2011/data/persons.csv", infer_schema=False)
    exact = pl.read_parquet(package.internal / "cells.parquet")
    national = exact.filter(pl.col("geographic_level") == "national", pl.col("health") == "Total")
    total = national.filter(pl.col(name) == "Total" for name in ("sex", "age", "ethnic_group", "country_of_birth"))
    assert total["true_count"].item() == persons.height


def share_equal(one: Path, other: Path) -> float:
    """Return the share of counts shown in both packages that are equal."""
    equal, both = 0, 0
    pair: list[dict[str, Any]] = [tables(next(out.iterdir()) / "public") for out in (one, other)]
    for name, table in pair[0].items():
        keys = [x for x in table.columns if x not in {"value", "lower", "upper", "status"}]
        joined = table.join(pair[1][name], on=keys, validate="1:1").filter(pl.col("unit") == "children")
        joined = joined.drop_nulls(["value", "value_right"])
        equal += int((joined["value"] == joined["value_right"]).sum())
        both += joined.height
    assert both > 50
    return equal / both
