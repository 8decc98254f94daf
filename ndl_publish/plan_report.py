"""What ``plan`` prints: table, charts, cost, what other budgets buy, advice and targets - or all of it as JSON."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

from ndl_publish.forecast import ForecastRow
from ndl_publish.geography.levels import level_label
from ndl_publish.home import Home
from ndl_publish.pipeline import Prepared
from ndl_publish.plan_cost import Account
from ndl_publish.plan_figures import (
    PRECISION_HEADER,
    TABLE_HEADER,
    charts,
    level_figures,
    precision_figures,
    table_figures,
)
from ndl_publish.plan_page import refuse_page, write_page
from ndl_publish.plan_words import (
    CLASSIC,
    DOUBLE_REFUSED,
    account_words,
    advice_words,
    cost_words,
    is_double_too_much,
    meaning_words,
    number,
    remedy_words,
    target_words,
    weights_yaml,
)
from ndl_publish.release_plan import NoisyPlan, ReleasePlan, release_plan
from ndl_publish.spec.rules import loss_of
from ndl_publish.targets import Remedy, TargetOutcome
from ndl_publish.terminal import show, show_bars, show_json, show_table, show_text


def show_plan(prepared: Prepared, home: Home, *, html: Path | None, as_json: bool) -> None:
    """Print the plan of a release, and write it to a page where one is named.

    Raises:
        TargetError: ``NDL-T001`` when the page stands there already, ``NDL-T002`` or ``NDL-T003`` when it cannot be
            written, ``NDL-T004`` when its name does not end in ``.html``.
    """
    if html is not None:
        refuse_page(html)
    plan = release_plan(prepared, home)
    if html is not None:
        write_page(plan, html)
    if as_json:
        show_json(plan_json(plan) | {"html": None if html is None else str(html)})
        return
    tell_plan(plan)
    if html is not None:
        show(f"Written: {html}")


def tell_plan(plan: ReleasePlan) -> None:
    """Print a plan for people."""
    noisy = plan.noisy
    if noisy is None:
        show_table("What would be published:", TABLE_HEADER, [table_figures(row) for row in plan.rows])
        show(CLASSIC)
        return
    rows = [(*table_figures(row), *precision_figures(row)) for row in plan.rows]
    show_table("Expected, before any record is read:", (*TABLE_HEADER, *PRECISION_HEADER), rows)
    for chart in charts(noisy.levels, people=noisy.unit.plural):
        show_bars(f"{chart.title}:", chart.bars)
    _show_cost(noisy)
    _show_budgets(noisy)
    if noisy.advice:
        show("Of these levels most would be withheld:")
        for found in noisy.advice:
            show_text(advice_words(found, noisy), mark="- ")
        show("")
    if noisy.targets.outcomes:
        _show_targets(noisy)


def plan_json(plan: ReleasePlan) -> dict[str, Any]:
    """Return a plan for machines."""
    noisy = plan.noisy
    if noisy is None:
        return {"mode": "classic", "tables": [_known_json(row) for row in plan.rows]}
    cost, unit = noisy.cost, loss_of(noisy.rules.noise).unit
    return {
        "mode": "dp",
        "tables": [asdict(row) for row in plan.rows],
        "rho": float(cost.rho),
        "epsilon": cost.epsilon,
        "delta": cost.delta,
        "right_guesses": cost.right_guesses,
        "meaning": meaning_words(cost, noisy.unit),
        "cohorts": [_account_json(account) for account in cost.accounts],
        "levels": [asdict(level) for level in noisy.levels],
        "budgets": [{unit: number(b.loss), "levels": [asdict(x) for x in b.levels]} for b in noisy.budgets],
        "advice": [asdict(found) for found in noisy.advice],
        "targets": [_target_json(outcome) for outcome in noisy.targets.outcomes],
        "remedy": None if noisy.targets.remedy is None else _remedy_json(noisy.targets.remedy, noisy),
    }


def _show_cost(noisy: NoisyPlan) -> None:
    show(cost_words(noisy.cost))
    show_text(meaning_words(noisy.cost, noisy.unit))
    for account in noisy.cost.accounts:
        for words in account_words(account, is_alone=len(noisy.cost.accounts) == 1):
            show_text(words)
    show("")


def _show_budgets(noisy: NoisyPlan) -> None:
    unit = loss_of(noisy.rules.noise).unit
    rows = [
        (level_label(level.level) if i == 0 else "", number(budget.loss), *level_figures(level))
        for places in zip(*(budget.levels for budget in noisy.budgets), strict=True)
        for i, (budget, level) in enumerate(zip(noisy.budgets, places, strict=True))
    ]
    title = f"What half and double the {unit} would buy (count: of an area; rate: in a typical cell):"
    show_table(title, ("level", unit, *PRECISION_HEADER), rows)
    if is_double_too_much(noisy):
        show(f"{DOUBLE_REFUSED}\n")


def _show_targets(noisy: NoisyPlan) -> None:
    rows = [(outcome.target.text, target_words(outcome)) for outcome in noisy.targets.outcomes]
    show_table("Targets of the rule book, and the 95% margin to expect:", ("target", "expected"), rows)
    remedy = noisy.targets.remedy
    if remedy is None:
        return
    for words in remedy_words(remedy, noisy):
        show_text(words)
    yaml = weights_yaml(remedy, noisy.rules)
    if yaml:
        show(f"Weights for the rule book, in the place of those that stand there:\n\n{yaml}\n")


def _known_json(row: ForecastRow) -> dict[str, Any]:
    """Return what is known of a table without noise: no margins, no shares."""
    known = {"table", "level", "crossing", "n_areas", "n_cells", "average_children"}
    return {name: value for name, value in asdict(row).items() if name in known}


def _account_json(account: Account) -> dict[str, Any]:
    return {
        "cohort": account.cohort,
        "cap": float(account.cap),
        "yearly_cap": None if account.yearly_cap is None else float(account.yearly_cap),
        "spent_this_year": float(account.spent_this_year),
        "remaining_this_year": None if account.yearly_cap is None else float(account.remaining_this_year),
        "spent": float(account.spent),
        "remaining": float(account.remaining),
        "remaining_after": float(account.remaining_after),
        "releases_that_fit": account.n_fitting,
        "is_charged": account.is_charged,
    }


def _target_json(outcome: TargetOutcome) -> dict[str, Any]:
    target = outcome.target
    return {
        "text": target.text,
        "level": target.level,
        "kind": target.kind,
        "within": number(target.within),
        "group": None if target.group is None else number(target.group),
        "margin": outcome.margin,
        "is_met": outcome.is_met,
    }


def _remedy_json(remedy: Remedy, noisy: NoisyPlan) -> dict[str, Any]:
    return {
        loss_of(noisy.rules.noise).unit: None if remedy.loss is None else number(remedy.loss),
        "weights": {level: number(weight) for level, weight in remedy.weights.items()},
        "yaml": weights_yaml(remedy, noisy.rules),
    }
