"""Whether the ledger may pay: the rules of the caps and of the version, and what a refusal says.

The caps stand in the rule book: one for a cohort's lifetime, optionally one for each calendar year (UTC). The ledger
remembers the first of each kind it is shown for a cohort and never allows more: rules with a larger cap are refused
until ``ndl-publish ledger set-cap`` records that decision. Rules with a smaller cap bind themselves only. A yearly cap
that is remembered holds for rules without one, too.
"""

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction

from ndl_publish.errors import BudgetError
from ndl_publish.ledger.caps import Caps
from ndl_publish.ledger.request import ChargeRequest
from ndl_publish.ledger.state import State
from ndl_publish.privacy.events import PrivacyLoss


def require_affordable(state: State, request: ChargeRequest, *, caps: Mapping[str, Caps], year: str) -> None:
    """Refuse the request unless every cohort can pay; nothing has been drawn yet.

    Args:
        state: What the ledger's entries add up to.
        request: What is asked.
        caps: Caps of each cohort, from the rule book.
        year: The calendar year in which the charge would be recorded.

    Raises:
        BudgetError: ``NDL-B001`` lifetime cap passed, ``NDL-B020`` yearly cap passed, ``NDL-B003`` version already
            published, ``NDL-B004`` no cap for a cohort, ``NDL-B005`` and ``NDL-B021`` rules allow more than the ledger
            remembers.
    """
    _require_new_version(state, request)
    for cohort, loss in request.charges:
        cap = _cap_for(state, cohort, caps=caps, rules_id=request.rules_id)
        spent = state.spent.get(cohort, PrivacyLoss.zero()).rho
        if spent + loss.rho > cap:
            message = _refusal(cohort, cap=cap, spent=spent, asked=loss.rho)
            raise BudgetError("NDL-B001", message + _smaller("lifetime_cap", cap, than=state.caps.get(cohort, cap)))
        yearly = _yearly_cap_for(state, cohort, asked=caps[cohort].yearly, rules_id=request.rules_id)
        _require_this_year(state, cohort, cap=yearly, asked=loss.rho, year=year)


def _require_new_version(state: State, request: ChargeRequest) -> None:
    if (request.release_id, request.version) in state.committed:
        raise BudgetError(
            "NDL-B003",
            f"Version {request.version} of {request.release_id} was already built and committed with other content "
            "(data, release file, rules, key or code have changed since). Raise the version in the release file, or go "
            "back to the content that was committed.",
        )


def _cap_for(state: State, cohort: str, *, caps: Mapping[str, Caps], rules_id: str) -> Fraction:
    if cohort not in caps:
        raise BudgetError(
            "NDL-B004", f"The rules {rules_id} set no cap for cohort {cohort}. Add one, at least 0, to the rules."
        )
    cap = caps[cohort].lifetime
    remembered = state.caps.get(cohort, cap)
    if cap > remembered:
        raise BudgetError(
            "NDL-B005",
            f"The rules {rules_id} allow cohort {cohort} a cap of rho {decimal_text(cap)}, and the ledger holds it to "
            f"{decimal_text(remembered)}. Lower lifetime_cap in the rule book, or record the decision to raise the "
            f'ledger\'s: ndl-publish ledger set-cap {cohort} {decimal_text(cap)} --reason "..."',
        )
    return cap


def _yearly_cap_for(state: State, cohort: str, *, asked: Fraction | None, rules_id: str) -> Fraction | None:
    """Return the yearly cap that holds, if any: that of the rules, or the remembered one where they have none."""
    remembered = state.yearly_caps.get(cohort)
    if asked is None or remembered is None or asked <= remembered:
        return remembered if asked is None else asked
    raise BudgetError(
        "NDL-B021",
        f"The rules {rules_id} allow cohort {cohort} rho {decimal_text(asked)} a year, and the ledger holds it to "
        f"{decimal_text(remembered)}. Lower yearly_cap in the rule book, or record the decision to raise it in the "
        f'ledger: ndl-publish ledger set-cap {cohort} {decimal_text(asked)} --yearly --reason "..."',
    )


def _require_this_year(state: State, cohort: str, *, cap: Fraction | None, asked: Fraction, year: str) -> None:
    spent = state.spent_in.get((cohort, year), Fraction(0))
    if cap is None or spent + asked <= cap:
        return
    left = max(Fraction(0), cap - spent)
    raise BudgetError(
        "NDL-B020",
        f"Cohort {cohort} cannot pay for this release in {year}: asked rho {decimal_text(asked)}, left this year "
        f"{decimal_text(left)} (yearly cap {decimal_text(cap)}, spent in {year} {decimal_text(spent)}; years in UTC). "
        "No noise was drawn and nothing was charged. Publish next year, lower rho in the rule book or publish fewer "
        "tables; raising the cap is a decision about children's privacy."
        + _smaller("yearly_cap", cap, than=state.yearly_caps.get(cohort, cap)),
    )


def _refusal(cohort: str, *, cap: Fraction, spent: Fraction, asked: Fraction) -> str:
    remaining = max(Fraction(0), cap - spent)
    return (
        f"Cohort {cohort} cannot pay for this release: asked rho {decimal_text(asked)}, left {decimal_text(remaining)} "
        f"(cap {decimal_text(cap)}, spent {decimal_text(spent)}). No noise was drawn and nothing was charged. Lower "
        "rho in the rule book, publish fewer tables or leave this cohort out; raising the cap is a decision about "
        "children's privacy."
    )


def _smaller(name: str, cap: Fraction, *, than: Fraction) -> str:
    """Return which cap holds, where the rule book and the ledger differ."""
    if cap >= than:
        return ""
    return (
        f" The rule book's {name} ({decimal_text(cap)}) is smaller than the ledger's ({decimal_text(than)}): "
        "the smaller holds."
    )


def decimal_text(value: Fraction) -> str:
    """Return six significant decimal digits, worked out from the fraction.

    Example:
        >>> decimal_text(Fraction(1, 3)), decimal_text(Fraction(0))
        ('0.333333', '0')
    """
    return format(Decimal(value.numerator) / Decimal(value.denominator), ".6g")
