"""The whole plan of a release, before anything is spent: what to expect, what it costs, and what would do better."""

from dataclasses import dataclass

from ndl_publish.forecast import ForecastRow, forecast
from ndl_publish.home import Home
from ndl_publish.pipeline import Prepared
from ndl_publish.plan_cost import Cost, cost_of
from ndl_publish.plan_levels import Advice, Budget, LevelForecast, advice, budgets
from ndl_publish.spec.dataset import PrivacyUnit
from ndl_publish.spec.rules import DpRules
from ndl_publish.targets import TargetPlan, plan_targets


@dataclass(frozen=True, slots=True)
class NoisyPlan:
    """What only a release of mode ``dp`` has.

    Attributes:
        rules: Its rules.
        unit: Whom one row stands for.
        cost: What it costs, and what the ledger has left.
        budgets: What half, the same and double the loss buy.
        advice: Levels of which most would be withheld.
        targets: The targets of the rule book.
    """

    rules: DpRules
    unit: PrivacyUnit
    cost: Cost
    budgets: tuple[Budget, ...]
    advice: tuple[Advice, ...]
    targets: TargetPlan

    @property
    def levels(self) -> tuple[LevelForecast, ...]:
        """What to expect level by level under the loss of the rules."""
        return self.budgets[1].levels


@dataclass(frozen=True, slots=True)
class ReleasePlan:
    """What ``plan`` shows.

    Attributes:
        prepared: The release.
        rows: The forecast of every table, level and crossing.
        noisy: Precision, cost and targets; none in mode ``classic``.
    """

    prepared: Prepared
    rows: tuple[ForecastRow, ...]
    noisy: NoisyPlan | None


def release_plan(prepared: Prepared, home: Home) -> ReleasePlan:
    """Return the plan of a release; reads no record, and of the ledger only what is spent."""
    rows, rules = forecast(prepared), prepared.spec.rules
    if not isinstance(rules, DpRules):
        return ReleasePlan(prepared, rows, None)
    planned = budgets(prepared, rules, rows)
    told = advice(prepared, planned)
    cost, unit = cost_of(prepared, rules, home), prepared.spec.dataset.privacy_unit
    noisy = NoisyPlan(rules, unit, cost, planned, told, plan_targets(prepared, rules))
    return ReleasePlan(prepared, rows, noisy)
