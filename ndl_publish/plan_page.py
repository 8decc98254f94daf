"""A plan as one HTML page that needs nothing else: no script, no network, charts as SVG with a table beside each."""

from pathlib import Path
from typing import Any

from ndl_publish.errors import TargetError
from ndl_publish.geography.levels import level_label
from ndl_publish.ledger.decision import decimal_text
from ndl_publish.package.folder import as_target_errors, write_file
from ndl_publish.package.render import fill
from ndl_publish.plan_cost import Account
from ndl_publish.plan_figures import (
    PRECISION_HEADER,
    TABLE_HEADER,
    charts,
    level_figures,
    precision_figures,
    table_figures,
)
from ndl_publish.plan_words import (
    CLASSIC,
    DOUBLE_REFUSED,
    NOTHING_SPENT,
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
from ndl_publish.release_plan import NoisyPlan, ReleasePlan
from ndl_publish.spec.rules import loss_of

TEMPLATE = "plan.html"
ENDING = ".html"


def refuse_page(page: Path) -> None:
    """Refuse a page that is there already or has no place to be, before anything is worked out.

    Raises:
        TargetError: ``NDL-T001`` when something stands there, ``NDL-T003`` when the folder around it is missing,
            ``NDL-T004`` when its name does not end in ``.html``.
    """
    if page.suffix.lower() != ENDING:
        raise TargetError("NDL-T004", f"{page}: the plan is written as HTML. Name a file that ends in {ENDING}.")
    if page.exists() or page.is_symlink():
        raise TargetError("NDL-T001", f"{page}: stands there already and is not replaced. Name another file.")
    if not page.parent.is_dir():
        raise TargetError("NDL-T003", f"{page}: its folder is not there. Make it, or name another file.")


def write_page(plan: ReleasePlan, page: Path) -> None:
    """Write a plan to a new file, readable by its owner only.

    Raises:
        TargetError: ``NDL-T002`` or ``NDL-T003`` when it cannot be written.
    """
    content = plan_page(plan)
    with as_target_errors(page):
        write_file(page.parent, page.name, content)


def plan_page(plan: ReleasePlan) -> bytes:
    """Return a plan as HTML."""
    spec, noisy = plan.prepared.spec, plan.noisy
    rows = [(*table_figures(row), *(precision_figures(row) if noisy else ())) for row in plan.rows]
    names = {
        "release": spec.release,
        "rules": spec.rules,
        "nothing_spent": NOTHING_SPENT,
        "classic": CLASSIC,
        "noisy": None if noisy is None else _noisy(noisy),
        "header": (*TABLE_HEADER, *(PRECISION_HEADER if noisy else ())),
        "rows": rows,
        "n_words": len(TABLE_HEADER) // 2,
    }
    return fill(TEMPLATE, names)


def _noisy(noisy: NoisyPlan) -> dict[str, Any]:
    """Return what the template says of a release of mode ``dp``."""
    accounts, remedy = noisy.cost.accounts, noisy.targets.remedy
    return {
        "cost": cost_words(noisy.cost),
        "meaning": meaning_words(noisy.cost, noisy.unit),
        "accounts": [_account(account) for account in accounts],
        "ledger": [words for account in accounts for words in account_words(account, is_alone=len(accounts) == 1)],
        "charts": charts(noisy.levels, people=noisy.unit.plural),
        "unit": loss_of(noisy.rules.noise).unit,
        "precision": PRECISION_HEADER,
        "budgets": _budgets(noisy),
        "double_refused": DOUBLE_REFUSED if is_double_too_much(noisy) else "",
        "advice": [advice_words(found, noisy) for found in noisy.advice],
        "targets": [(x.target.text, target_words(x)) for x in noisy.targets.outcomes],
        "remedy": () if remedy is None else remedy_words(remedy, noisy),
        "yaml": "" if remedy is None else weights_yaml(remedy, noisy.rules),
    }


def _account(account: Account) -> tuple[str, ...]:
    amounts = (account.cap, account.spent, account.remaining, account.remaining_after)
    return account.cohort, *(decimal_text(amount) for amount in amounts), f"{account.n_fitting:,}"


def _budgets(noisy: NoisyPlan) -> list[tuple[str, list[tuple[str, ...]]]]:
    """Return, level by level, a line for each budget."""
    return [
        (
            level_label(places[0].level),
            [(number(budget.loss), *level_figures(level)) for budget, level in zip(noisy.budgets, places, strict=True)],
        )
        for places in zip(*(budget.levels for budget in noisy.budgets), strict=True)
    ]
