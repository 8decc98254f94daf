"""The plan level by level: typical cells, shares, other budgets, and advice."""

from decimal import Decimal
from pathlib import Path

import pytest

from ndl_publish.forecast import ForecastRow, forecast
from ndl_publish.pipeline import Prepared, prepare
from ndl_publish.plan_levels import Budget, advice, budgets, level_forecasts
from ndl_publish.replanned import replanned
from ndl_publish.spec.rules import DpRules, loss_of
from tests.command import EXAMPLES, PILOT

ROWS = (
    ForecastRow("one", "ward", (), 10, 10, 90.0, 20.0, 16.0, 0.0, 0.5),
    ForecastRow("one", "ward", ("fsm",), 10, 30, 30.0, 18.0, None, 0.2, 0.9),
    ForecastRow("two", "ward", (), 10, 10, 90.0, 20.0, None, 0.0, None),
    ForecastRow("two", "region", (), 2, 2, 450.0, 40.0, None, 0.0, None),
)


@pytest.fixture(scope="module")
def pilot() -> tuple[Prepared, DpRules]:
    prepared = prepare(PILOT / "release.yaml")
    assert isinstance(prepared.spec.rules, DpRules)
    return prepared, prepared.spec.rules


@pytest.fixture(scope="module")
def planned(pilot: tuple[Prepared, DpRules]) -> tuple[Budget, ...]:
    return budgets(*pilot, forecast(pilot[0]))


def test_a_level_is_summed_up_over_its_crossings_once_each() -> None:
    region, ward = level_forecasts(ROWS)
    assert (ward.level, ward.count_margin) == ("ward", 20.0)
    assert (ward.cell_crossing, ward.cell_children, ward.rate_margin) == (("fsm",), 30.0, None), "30 of 40 cells"
    assert ward.counts_withheld == pytest.approx((10 * 0.0 + 30 * 0.2) / 40)
    assert ward.rates_withheld == pytest.approx((10 * 0.5 + 30 * 0.9) / 40)
    assert (region.level, region.rates_withheld) == ("region", None), "coarsest first; no rates, no share of them"


def test_classic_has_no_levels() -> None:
    assert level_forecasts(forecast(prepare(PILOT / "release_classic.yaml"))) == ()


def test_other_budgets_are_planned_and_exact(planned: tuple[Budget, ...]) -> None:
    assert [budget.loss for budget in planned] == [Decimal("0.05"), Decimal("0.1"), Decimal("0.2")]
    for half, whole, double in zip(*(budget.levels for budget in planned), strict=True):
        assert half.count_margin / whole.count_margin == pytest.approx(2**0.5, rel=0.01)
        assert whole.count_margin / double.count_margin == pytest.approx(2**0.5, rel=0.01)
        assert (half.rates_withheld or 0) >= (whole.rates_withheld or 0) >= (double.rates_withheld or 0)


def test_half_of_a_long_number_is_exact(pilot: tuple[Prepared, DpRules]) -> None:
    prepared, rules = pilot
    long = Decimal("0.123456789012345671")
    again = replanned(prepared, rules, loss=long)
    assert isinstance(again.spec.rules, DpRules)
    half, _, double = budgets(again, again.spec.rules, forecast(again))
    assert 2 * half.loss.as_integer_ratio()[0] * long.as_integer_ratio()[1] == (
        half.loss.as_integer_ratio()[1] * long.as_integer_ratio()[0]
    )
    assert double.loss == Decimal("0.246913578024691342")


def test_replanning_changes_loss_and_weights_and_nothing_else(pilot: tuple[Prepared, DpRules]) -> None:
    prepared, rules = pilot
    again = replanned(prepared, rules, loss=Decimal("0.3"), weights={"ward": Decimal(2)}).spec.rules
    assert isinstance(again, DpRules)
    assert (loss_of(again.noise).value, again.weights["ward"].value) == (Decimal("0.3"), Decimal(2))
    left_out = {"noise", "weights"}
    assert again.model_dump(exclude=left_out) == rules.model_dump(exclude=left_out)
    assert loss_of(rules.noise).value == Decimal("0.1")


def test_advice_is_for_levels_of_which_most_is_withheld(
    pilot: tuple[Prepared, DpRules], planned: tuple[Budget, ...]
) -> None:
    found = {each.level: each for each in advice(pilot[0], planned)}
    assert set(found) == {"ward", "lsoa"}
    ward = found["ward"]
    assert ward.rates is not None
    assert ward.rates > 0.5
    assert ward.pooled < ward.doubled < ward.rates


def test_where_little_is_withheld_there_is_no_advice() -> None:
    prepared = prepare(EXAMPLES / "census_2011/release_epsilon.yaml")
    assert isinstance(prepared.spec.rules, DpRules)
    assert advice(prepared, budgets(prepared, prepared.spec.rules, forecast(prepared))) == ()


def test_pooled_years_have_more_children_and_the_same_noise(pilot: tuple[Prepared, DpRules]) -> None:
    for one, three in zip(forecast(pilot[0]), forecast(pilot[0], years=3), strict=True):
        assert three.average_children == pytest.approx(3 * one.average_children)
        assert three.count_margin == one.count_margin


def test_a_table_of_counts_alone_has_no_rates(tmp_path: Path) -> None:
    text = (PILOT / "release.yaml").read_text(encoding="utf-8")
    (tmp_path / "release.yaml").write_text(text.replace("measures: [children, gld]", "measures: [children]"))
    rows = forecast(prepare(tmp_path / "release.yaml"))
    assert {row.rates_withheld for row in rows if row.table == "wards"} == {None}
    assert all(row.rates_withheld is not None for row in rows if row.table == "headline")
