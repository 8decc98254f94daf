"""Several time periods in one release: each, pooled or both; each birth cohort is charged once and alike."""

from fractions import Fraction
from pathlib import Path

import polars as pl
import pytest

from tests.tiny_project import TABLES, YEARS, Tiny, records, tiny_project

POOLED = f"{YEARS[0]}-{YEARS[-1]}"
COHORTS = ["2017-18", "2018-19", "2019-20"]


def _project(folder: Path, periods: str, mode: str = "dp", **numbers: object) -> Tiny:
    tables = tuple({**table, "periods": periods} for table in TABLES)
    if mode == "classic":
        tables = tables[:1]
    return tiny_project(folder, mode, years=YEARS, tables=tables, **numbers)


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Tiny:
    made = _project(tmp_path_factory.mktemp("both"), "both", rho="20", margin="100", minimum_count=1)
    outcome = made.build()
    assert outcome.code == 0, outcome.told
    return made


@pytest.mark.parametrize("periods", ["each", "pooled"])
def test_a_table_has_the_periods_that_it_asks_for(tmp_path: Path, periods: str) -> None:
    made = _project(tmp_path, periods)
    outcome = made.build()
    assert outcome.code == 0, outcome.told
    wanted = {"each": set(YEARS), "pooled": {POOLED}}[periods]
    assert set(made.table("small")["time_period"]) == wanted
    assert made.audit() == []


def test_pooled_is_the_sum_of_the_years(both: Tiny) -> None:
    rows = both.table("small").filter(pl.col("measure").str.ends_with("count"))
    assert set(rows["time_period"]) == {*YEARS, POOLED}
    assert set(rows["status"]) == {"published"}
    keys = [name for name in rows.columns if name in {"area_code", "sex", "measure", "geographic_level"}]
    summed = rows.filter(pl.col("time_period") != POOLED).group_by(keys).agg(pl.col("value").sum().alias("years"))
    joined = rows.filter(pl.col("time_period") == POOLED).join(summed, on=keys)
    assert joined.height == summed.height > 0
    assert (joined["value"] == joined["years"]).all()


def test_each_cohort_is_charged_once_and_all_alike(both: Tiny) -> None:
    said = both.privacy()
    assert said["cohorts"] == COHORTS
    losses = {Fraction(loss["rho"]) for loss in said["ledger_entry"]["losses"]}
    assert losses == {Fraction(said["rho"]["fraction"])}
    assert losses.pop() == sum((Fraction(query["rho"]) for query in said["queries"]), Fraction(0))
    assert all("time_period" not in query["label"] or query["rho"] for query in said["queries"])


def test_the_audit_of_the_package_finds_nothing(both: Tiny) -> None:
    assert both.audit() == []


def test_its_replay_gives_the_same_bytes(both: Tiny) -> None:
    outcome = both.replay()
    assert outcome.code == 0, outcome.told


def test_a_child_of_two_periods_is_counted_once_in_the_latest(tmp_path: Path) -> None:
    """Under exact counts it shows: the rows of the earlier period change nothing."""
    made = _project(tmp_path / "once", "both", "classic", minimum_count=1)
    frame = records(3000, years=YEARS)
    made.write(frame)
    assert made.build().code == 0
    twice = _project(tmp_path / "twice", "both", "classic", minimum_count=1)
    late = frame.filter(pl.col("YEAR") == YEARS[-1]).head(400)
    earlier = late.with_columns(pl.lit(YEARS[0]).alias("YEAR"), pl.lit("0").alias("STAGE"))
    twice.write(pl.concat([earlier, frame]).sample(fraction=1.0, shuffle=True, seed=4))
    outcome = twice.build()
    assert outcome.code == 0, outcome.told
    assert made.table("small").equals(twice.table("small"))
    total = made.table("small").filter(
        pl.col("time_period") == POOLED, pl.col("geographic_level").str.to_lowercase() == "national",
        pl.col("measure") == "children_count",
    )  # fmt: skip
    assert 3000 in set(total["value"])


def test_exact_counts_of_several_periods_pass_the_audit(tmp_path: Path) -> None:
    made = _project(tmp_path, "both", "classic", minimum_count=10)
    outcome = made.build()
    assert outcome.code == 0, outcome.told
    assert made.audit() == []
    assert len(set(made.table("small")["status"])) > 1


def test_a_period_without_rows_is_refused(tmp_path: Path) -> None:
    made = _project(tmp_path, "each")
    made.write(records(3000, years=YEARS[:2]))
    outcome = made.build()
    assert outcome.code == 3
    assert "NDL-V032" in outcome.told


def test_children_of_cohorts_that_are_not_charged_are_left_out(tmp_path: Path) -> None:
    made = tiny_project(tmp_path, "classic", tables=TABLES[:1], minimum_count=1)
    frame = records(3000)
    older = frame.head(500).with_columns(pl.lit("2012-08").alias("BORN"))
    made.write(pl.concat([older, frame.tail(2500)]))
    outcome = made.build()
    assert "NDL-V041" not in outcome.told
    everybody = made.table("small")
    named = tiny_project(tmp_path / "named", "classic", tables=TABLES[:1], minimum_count=1)
    named.edit("tiny", {"cohort": {"birth_month": "born"}})
    named.write(pl.concat([older, frame.tail(2500)]))
    outcome = named.build()
    assert outcome.code == 0, outcome.told
    assert "NDL-V041" in outcome.told

    def total(table: pl.DataFrame) -> int:
        return int(table.filter(pl.col("measure") == "children_count")["value"].max() or 0)  # type: ignore[arg-type]

    assert (total(everybody), total(named.table("small"))) == (3000, 2500)


@pytest.mark.parametrize("born", ["2019-08", "2020-09", ""])
def test_a_cohort_begins_in_september(tmp_path: Path, born: str) -> None:
    """Of the release of 2024/25, whose children are born from September 2019 to August 2020."""
    made = tiny_project(tmp_path, tables=TABLES[:1])
    made.edit("tiny", {"cohort": {"birth_month": "born"}})
    frame = records(3000)
    made.write(pl.concat([frame.head(1).with_columns(pl.lit(born).alias("BORN")), frame.tail(2999)]))
    assert "NDL-V041" in made.build().told
