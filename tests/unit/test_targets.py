"""Targets against the plan: margins, weights that treat all alike, and the loss that meets them all."""

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from ndl_publish import targets as module
from ndl_publish.forecast import forecast, rate_margin
from ndl_publish.pipeline import mechanism_of, prepare
from ndl_publish.replanned import replanned
from ndl_publish.spec.rules import DpRules, loss_of
from ndl_publish.targets import LAST_STEP, Remedy, TargetPlan, plan_targets
from tests.command import EXAMPLES, PILOT
from tests.plans import REGIONAL, TARGETS, is_three_digits, prepared_with, with_targets


def remedy_of(found: TargetPlan) -> tuple[Remedy, Decimal]:
    assert found.remedy is not None
    assert found.remedy.loss is not None
    return found.remedy, found.remedy.loss


def test_margins_are_those_of_the_forecast(tmp_path: Path) -> None:
    prepared, rules = prepared_with(tmp_path, *TARGETS)
    rates, wards, counts = plan_targets(prepared, rules).outcomes
    rows = [row for row in forecast(prepared) if row.count_margin is not None]

    def widest(level: str) -> float:
        return max(row.count_margin or 0 for row in rows if row.level == level)

    assert rates.margin == pytest.approx(rate_margin(200, widest("local_authority")))
    assert wards.margin == pytest.approx(rate_margin(100, widest("ward")))
    assert counts.margin == pytest.approx(widest("combined_authority"))
    assert [outcome.is_met for outcome in (rates, wards, counts)] == [False, False, False]


def test_the_loss_that_is_named_meets_all_and_a_smaller_one_does_not(tmp_path: Path) -> None:
    prepared, rules = prepared_with(tmp_path, *TARGETS)
    found = plan_targets(prepared, rules)
    remedy, loss = remedy_of(found)
    assert is_three_digits(loss)
    wanted = [outcome.target for outcome in found.outcomes]

    def ratios(at: Decimal) -> list[float]:
        again = module._outcomes(replanned(prepared, rules, loss=at, weights=remedy.weights), wanted)
        return [outcome.ratio or 0 for outcome in again]

    assert max(ratios(loss)) <= 1
    assert max(ratios(loss - Decimal("0.01"))) > 1


def test_weights_meet_targets_of_different_levels_alike(tmp_path: Path) -> None:
    prepared, rules = prepared_with(tmp_path, *TARGETS[:2])
    before = plan_targets(prepared, rules)
    remedy, loss = remedy_of(before)
    assert set(remedy.weights) == {"local_authority", "ward"}
    assert all(is_three_digits(weight) for weight in remedy.weights.values())
    wanted = [outcome.target for outcome in before.outcomes]
    after = module._outcomes(replanned(prepared, rules, loss=loss, weights=remedy.weights), wanted)
    one, other = (outcome.ratio or 0 for outcome in after)
    assert one == pytest.approx(other, rel=0.02)
    first, second = (outcome.ratio or 0 for outcome in before.outcomes)
    assert first / second > 1.2, "they were not alike before"


def test_what_is_pasted_into_the_rule_book_does_what_was_said(tmp_path: Path) -> None:
    prepared, rules = prepared_with(tmp_path, *TARGETS)
    remedy, loss = remedy_of(plan_targets(prepared, rules))
    pasted = replanned(prepared, rules, loss=loss, weights=remedy.weights)
    assert isinstance(pasted.spec.rules, DpRules)
    assert plan_targets(pasted, pasted.spec.rules).remedy is None


def test_levels_without_a_target_keep_their_weights(tmp_path: Path) -> None:
    prepared, rules = prepared_with(tmp_path, *TARGETS)
    weight = loss_of(rules.noise).model_copy(update={"value": Decimal("0.5"), "unit": "times"})
    weighted = rules.model_copy(update={"weights": {"lsoa": weight}})
    remedy, _ = remedy_of(plan_targets(replace(prepared, spec=replace(prepared.spec, rules=weighted)), weighted))
    assert remedy.weights["lsoa"] == Decimal("0.5")


def test_one_level_alone_needs_no_other_weights(tmp_path: Path) -> None:
    prepared, rules = prepared_with(tmp_path, TARGETS[0], "combined authority counts within 20 children")
    remedy, _ = remedy_of(plan_targets(prepared, rules))
    assert remedy.weights == {}, "combined authorities are sums of local authorities, and share their weight"


def test_targets_do_not_change_what_is_built(tmp_path: Path) -> None:
    with_some, _ = prepared_with(tmp_path, *TARGETS)
    assert mechanism_of(with_some).events == mechanism_of(prepare(PILOT / "release.yaml")).events


def test_levels_that_are_not_published_are_passed_over(tmp_path: Path) -> None:
    prepared, rules = prepared_with(tmp_path, "region counts within 1 children", "LA counts within 500 children")
    found = plan_targets(prepared, rules)
    assert [outcome.is_met for outcome in found.outcomes] == [None, True]
    assert found.remedy is None


def test_no_targets_no_plan_for_them(tmp_path: Path) -> None:
    prepared, rules = prepared_with(tmp_path, TARGETS[0])
    none = rules.model_copy(update={"targets": ()})
    assert plan_targets(prepared, none) == TargetPlan((), None)


def test_what_no_loss_can_meet_is_said(tmp_path: Path) -> None:
    prepared, rules = prepared_with(tmp_path, "ward counts within 0.01 children")
    found = plan_targets(prepared, rules)
    assert found.remedy is not None
    assert found.remedy.loss is None


def test_pure_rules_have_an_epsilon_and_no_weights(tmp_path: Path) -> None:
    folder = with_targets(tmp_path, REGIONAL, book="pure_epsilon")
    prepared = prepare(EXAMPLES / "census_2011/release_epsilon.yaml", rules=folder)
    rules = prepared.spec.rules
    assert isinstance(rules, DpRules)
    found = plan_targets(prepared, rules)
    remedy, loss = remedy_of(found)
    assert remedy.weights == {}
    again = replanned(prepared, rules, loss=loss)
    (outcome,) = module._outcomes(again, [found.outcomes[0].target])
    assert outcome.ratio == pytest.approx(1, abs=0.01)
    assert outcome.is_met


@pytest.mark.parametrize("near", [0, 1, 41, 42, 43, 4000, LAST_STEP])
@pytest.mark.parametrize("first", [0, 42, LAST_STEP])
def test_the_search_finds_the_first_step_from_anywhere(first: int, near: int) -> None:
    assert module._first(lambda step: step >= first, near=near) == first
    assert module._first(lambda _: False, near=near) is None


def test_steps_are_numbers_of_three_digits() -> None:
    for step in (0, 1, 899, 900, 5000, LAST_STEP):
        assert is_three_digits(module._decimal(step))
        assert module._step_below(float(module._decimal(step)) * 1.0001) == step
    assert module._step_below(1e-12) == 0
    assert module._step_below(1e12) == LAST_STEP
