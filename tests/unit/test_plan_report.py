"""What ``plan`` prints and what it gives to machines."""

from pathlib import Path
from typing import Any

import pytest

from ndl_publish.forecast import ForecastRow
from ndl_publish.pipeline import prepare
from ndl_publish.plan_figures import charts, precision_figures
from ndl_publish.plan_levels import LevelForecast
from ndl_publish.plan_report import plan_json, tell_plan
from ndl_publish.plan_words import number, weights_yaml
from ndl_publish.release_plan import ReleasePlan, release_plan
from ndl_publish.spec.rules import DpRules
from ndl_publish.spec.yaml_source import read_yaml
from tests.command import PILOT
from tests.plans import TARGETS, home_in, prepared_with

ROW = ForecastRow("wards", "ward", ("sex",), 10, 20, 50.0, 13.25, None, 0.125, 0.4)
WARD = LevelForecast("ward", 10, 20.0, 30.0, ("fsm",), None, 0.001, 0.9)
REGION = LevelForecast("region", 2, 40.0, 400.0, (), 0.01, 0.0, 0.0)
ALONE = LevelForecast("lsoa", 2, 40.0, 400.0, (), None, 0.25, None)


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> ReleasePlan:
    folder = tmp_path_factory.mktemp("plan")
    return release_plan(prepared_with(folder, *TARGETS)[0], home_in(folder))


@pytest.fixture
def told(plan: ReleasePlan, capsys: pytest.CaptureFixture[str]) -> str:
    tell_plan(plan)
    return capsys.readouterr().out


def test_a_row_has_its_precision() -> None:
    assert precision_figures(ROW) == ("13.2", "no bound", "12%", "40%")


def test_the_plan_has_a_row_for_each_forecast_and_the_cost(told: str, plan: ReleasePlan) -> None:
    assert sum(line.strip().startswith(("characteristics", "wards")) for line in told.splitlines()) == sum(
        row.table in {"characteristics", "wards"} for row in plan.rows
    )
    assert "Cost: rho 0.1 of cohort synthetic-2019-20, which implies epsilon 2.35 at delta 1e-07." in told
    assert "at most about 58.8 times out of 100" in told
    assert "0 spent, 0.5 left of 0.5 before this release, 0.4 after it. 5 releases" in told
    assert "refused" not in told


def test_charts_are_aligned_and_fit_on_a_terminal(told: str) -> None:
    bars = [line for line in told.splitlines() if "█" in line]
    assert len(bars) > 10
    assert max(map(len, bars)) <= 80
    assert len({line.index("█") for line in bars}) == 1
    assert "\x1b" not in told, "no colour"


def test_half_and_double_the_budget_are_shown(told: str) -> None:
    part = told.partition("What half and double the rho would buy")[2]
    losses = [word for line in part.splitlines() for word in line.split() if word in {"0.05", "0.1", "0.2"}]
    assert losses[:6] == ["0.05", "0.1", "0.2"] * 2


def test_advice_names_years_wards_and_a_larger_loss(told: str) -> None:
    words = " ".join(told.partition("most would be withheld:")[2].split())
    assert "- Ward: about 62% of rates would be withheld. Pool several years (about 17% with 3 together" in words
    assert "publish wards instead, or agree on a larger rho" in words


def test_targets_come_with_a_remedy(told: str, plan: ReleasePlan) -> None:
    part = told.partition("Targets of the rule book")[2]
    assert part.count("missed") == 3
    assert plan.noisy is not None
    assert plan.noisy.targets.remedy is not None
    loss = plan.noisy.targets.remedy.loss
    assert loss is not None
    assert f"All targets are met from rho {number(loss)} on, with the weights below." in part


def test_the_weights_can_be_pasted(plan: ReleasePlan, tmp_path: Path) -> None:
    noisy = plan.noisy
    assert noisy is not None
    assert noisy.targets.remedy is not None
    yaml = weights_yaml(noisy.targets.remedy, noisy.rules)
    book = tmp_path / "book.yaml"
    text = (PILOT.parents[1] / "disclosure_rules/ndl_default.yaml").read_text(encoding="utf-8")
    book.write_text(f"{text}\n{yaml}\n", encoding="utf-8")
    rules = DpRules.model_validate(read_yaml(book).content)
    assert {level: weight.value for level, weight in rules.weights.items()} == noisy.targets.remedy.weights
    assert weights_yaml(noisy.targets.remedy, rules) == "", "they stand there now"


def test_the_plan_for_machines(plan: ReleasePlan) -> None:
    found = plan_json(plan)
    account = found["cohorts"][0]
    assert (found["rho"], account["cap"], account["spent"], found["delta"]) == (0.1, 0.5, 0, 1e-7)
    assert (account["remaining_after"], account["yearly_cap"], account["remaining_this_year"]) == (0.4, None, None)
    assert [budget["rho"] for budget in found["budgets"]] == ["0.05", "0.1", "0.2"]
    assert [target["is_met"] for target in found["targets"]] == [False] * 3
    assert found["remedy"]["yaml"].startswith("weights:\n  local_authority: {value: ")
    assert {tuple(row["crossing"]) for row in found["tables"]} >= {(), ("sex",)}


def test_a_classic_plan_costs_nothing_and_has_no_precision(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    plan = release_plan(prepare(PILOT / "release_classic.yaml"), home_in(tmp_path))
    tell_plan(plan)
    out = capsys.readouterr().out
    assert "no privacy loss is charged" in out
    assert "Cost" not in out
    assert "±" not in out
    assert "withheld" not in out
    found: dict[str, Any] = plan_json(plan)
    assert found["mode"] == "classic"
    assert "count_margin" not in found["tables"][0]


def test_bars_say_what_has_no_bound_and_what_is_next_to_nothing() -> None:
    counts, rates, small, withheld = charts((REGION, WARD, ALONE), people="children")
    assert [bar.text for bar in counts.bars] == ["± 40.0", "± 20.0", "± 40.0"]
    assert [bar.length for bar in counts.bars] == [1.0, 0.5, 1.0]
    assert [bar.text for bar in rates.bars] == ["< 0.1 (400 children)", "no bound (30 children)"]
    assert [bar.length for bar in rates.bars] == [0.01 / 50, 1.0]
    assert [bar.text for bar in small.bars] == ["0%", "0%", "25%"]
    assert [bar.text for bar in withheld.bars] == ["0%", "90%"], "a level without rates has no bar"


def test_without_rates_there_are_no_charts_of_them() -> None:
    assert len(charts((ALONE,), people="children")) == 2
