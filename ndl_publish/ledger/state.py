"""What the entries of the ledger add up to: caps, spending, what was reserved and committed.

The state is folded from the entries each time and stored nowhere, so it cannot disagree with them.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from ndl_publish.ledger.chain import Entry
from ndl_publish.ledger.request import charges_of
from ndl_publish.privacy.events import PrivacyLoss


@dataclass(frozen=True, slots=True)
class Balance:
    """The account of one birth cohort, in rho; ``pure_epsilon`` is the pure part of what was spent.

    ``remaining`` is never negative, also when the cap was lowered below what had been spent.
    """

    cohort: str
    cap: Fraction
    spent: Fraction
    remaining: Fraction
    pure_epsilon: Fraction


@dataclass(slots=True)
class State:
    """Everything a decision needs; entries are looked up by request digest or by version."""

    caps: dict[str, Fraction] = field(default_factory=dict)
    spent: dict[str, PrivacyLoss] = field(default_factory=dict)
    reserved: dict[str, Entry] = field(default_factory=dict)
    outputs: dict[str, dict[str, str]] = field(default_factory=dict)
    committed: dict[tuple[str, str], str] = field(default_factory=dict)

    def balance(self, cohort: str) -> Balance:
        """Return the account of one cohort that has a cap."""
        cap, spent = self.caps[cohort], self.spent.get(cohort, PrivacyLoss.zero())
        return Balance(cohort, cap, spent.rho, max(Fraction(0), cap - spent.rho), spent.epsilon)

    def balances(self) -> tuple[Balance, ...]:
        """Return all accounts in the order of the cohorts' names."""
        return tuple(self.balance(cohort) for cohort in sorted(self.caps))


def fold(entries: Iterable[Entry]) -> State:
    """Add up the entries in their order."""
    state = State()
    for entry in entries:
        body = entry.content()
        if entry.kind == "reserve":
            _reserve(state, entry, body)
        elif entry.kind == "commit":
            state.outputs[body["request_digest"]] = body["outputs"]
            state.committed[body["release_id"], body["version"]] = body["request_digest"]
        else:
            state.caps[body["cohort"]] = Fraction(body["cap"])
    return state


def _reserve(state: State, entry: Entry, body: dict[str, Any]) -> None:
    for cohort, loss in charges_of(body):
        state.spent[cohort] = state.spent.get(cohort, PrivacyLoss.zero()) + loss
        state.caps.setdefault(cohort, Fraction(body["caps"][cohort]))
    state.reserved[body["request_digest"]] = entry
