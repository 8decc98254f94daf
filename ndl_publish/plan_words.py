"""The sentences of a plan, the same on a terminal, for machines and on a page."""

from collections.abc import Iterable
from decimal import Decimal
from fractions import Fraction

from ndl_publish.geography.levels import level_label
from ndl_publish.ledger.decision import decimal_text
from ndl_publish.plan_cost import Account, Cost
from ndl_publish.plan_levels import FACTORS, POOLED_YEARS, Advice
from ndl_publish.release_plan import NoisyPlan
from ndl_publish.spec.dataset import PrivacyUnit
from ndl_publish.spec.rules import DpRules, loss_of
from ndl_publish.targets import Remedy, TargetOutcome

NOTHING_SPENT = "Worked out from public numbers and the rules alone: no record was read and nothing was spent."
CLASSIC = "Mode classic: exact counts with suppression; no privacy loss is charged."
DOUBLE_REFUSED = "The largest of these costs more than the ledger has left."
REFUSED = "This release would be refused: it costs more than is left."
CHARGED = "This version has been charged already: the same build again costs nothing, a changed one is refused."


def cost_words(cost: Cost) -> str:
    """Return what a release costs, and whom."""
    names = [account.cohort for account in cost.accounts]
    whom = f"cohort {names[0]}" if len(names) == 1 else f"each of the cohorts {', '.join(names)}"
    implied = f", epsilon {cost.epsilon:g}"
    if cost.delta:
        implied = f", which implies epsilon {cost.epsilon:.2f} at delta {cost.delta:g}"
    return f"Cost: rho {float(cost.rho):g} of {whom}{implied}."


def meaning_words(cost: Cost, unit: PrivacyUnit) -> str:
    """Return what the cost means to one child, for somebody who knows nothing of rho.

    The bound is exact for pure rules; for Gaussian noise on whole numbers it holds about.
    """
    often, one = f"{100 * cost.right_guesses:.1f}", unit.singular
    bound = f"at most about {often}" if cost.delta else f"no more than {often}"
    return (
        f"What that means: suppose somebody knows everything about every {one}, except whether one particular {one} is "
        f"in the data. Guessing that from these figures, they are right {bound} times out of 100; by tossing a coin, "
        "50 times."
    )


def account_words(account: Account, *, is_alone: bool) -> tuple[str, ...]:
    """Return what the ledger has left for a cohort."""
    name = "Ledger" if is_alone else f"Ledger, cohort {account.cohort}"
    spent, left, cap = (decimal_text(x) for x in (account.spent, account.remaining, account.cap))
    before = f"{name}: {spent} spent, {left} left of {cap} before this release"
    if account.yearly_cap is not None:
        whole, this_year = decimal_text(account.remaining_lifetime), decimal_text(account.remaining_this_year)
        before = (
            f"{name}: {spent} spent, {whole} left of {cap}. This year: {decimal_text(account.spent_this_year)} spent, "
            f"{this_year} left of {decimal_text(account.yearly_cap)}. Both hold: {left} left before this release"
        )
    if account.is_charged:
        return f"{before}.", CHARGED
    if account.is_refused:
        return f"{before}.", REFUSED
    n = account.n_fitting
    fitting = "No other release at this cost fits" if n == 1 else f"{n:,} releases at this cost fit, this one included"
    return (f"{before}, {decimal_text(account.remaining_after)} after it. {fitting}.",)


def advice_words(found: Advice, noisy: NoisyPlan) -> str:
    """Return what would help a level of which most is withheld."""
    loss, people = loss_of(noisy.rules.noise), noisy.unit.plural
    share = f"{found.counts:.0%} of counts" if found.rates is None else f"{found.rates:.0%} of rates"
    instead = "publish wards instead" if found.level == "lsoa" else "publish larger areas or fewer categories instead"
    return (
        f"{level_label(found.level)}: about {share} would be withheld. Pool several years (about {found.pooled:.0%} "
        f"with {POOLED_YEARS} together; the {people} of each year are charged once), {instead}, or agree on a larger "
        f"{loss.unit} (about {found.doubled:.0%} at {number(noisy.budgets[2].loss)})."
    )


def is_double_too_much(noisy: NoisyPlan) -> bool:
    """Say whether double the loss costs more than some cohort has left."""
    factor = FACTORS[2] if noisy.cost.delta else FACTORS[2] ** 2
    return any(noisy.cost.rho * Fraction(factor) > account.remaining for account in noisy.cost.accounts)


def target_words(outcome: TargetOutcome) -> str:
    """Return whether a target is met."""
    if outcome.margin is None:
        return "not published at this level"
    unit = " points" if outcome.target.kind == "rate" else ""
    return f"± {outcome.margin:,.1f}{unit}: {'met' if outcome.is_met else 'missed'}"


def remedy_words(remedy: Remedy, noisy: NoisyPlan) -> tuple[str, ...]:
    """Return which loss meets all targets, and what the ledger says to that."""
    loss = loss_of(noisy.rules.noise)
    which = "with the weights below" if is_reweighted(remedy, noisy.rules) else "with the weights of the rule book"
    if remedy.loss is None:
        return ("No privacy loss that a rule book may name meets all targets: ask for less.",)
    if remedy.loss <= loss.value:
        return (f"All targets are met at {loss.unit} {number(loss.value)} already, {which}.",)
    told = f"All targets are met from {loss.unit} {number(remedy.loss)} on, {which}."
    rho = remedy.loss if loss.unit == "rho" else remedy.loss**2 / 2
    if any(rho > account.remaining for account in noisy.cost.accounts):
        return told, "That is more than the ledger has left: ask for less, or publish fewer tables."
    return (told,)


def is_reweighted(remedy: Remedy, rules: DpRules) -> bool:
    """Say whether a remedy needs other weights than the rule book has."""
    return remedy.loss is not None and remedy.weights != {name: weight.value for name, weight in rules.weights.items()}


def weights_yaml(remedy: Remedy, rules: DpRules) -> str:
    """Return the weights of a remedy as they would stand in the rule book; "" where it has these already."""
    if not is_reweighted(remedy, rules):
        return ""
    loss = loss_of(rules.noise)
    source = f'{{title: "Weights by ndl-publish plan, for the targets of this book", href: "{loss.reference.href}"}}'
    like = f"unit: times, valid_from: {loss.valid_from}, reference: {source}"
    return "\n".join(["weights:", *_weight_lines(remedy.weights.items(), like)])


def _weight_lines(weights: Iterable[tuple[str, Decimal]], like: str) -> Iterable[str]:
    for level, weight in weights:
        yield f"  {level}: {{value: {number(weight)}, {like}}}"


def number(value: Decimal) -> str:
    """Return a number as people write it, without exponent or idle zeros.

    Example:
        >>> number(Decimal("0.1500")), number(Decimal("1E+2"))
        ('0.15', '100')
    """
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
