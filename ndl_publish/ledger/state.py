"""What the entries of the ledger add up to: caps, spending, what was reserved, committed and resolved.

The state is folded from the entries each time and stored nowhere, so it cannot disagree with them.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, Literal

from ndl_publish.ledger.chain import Entry
from ndl_publish.ledger.request import charges_of
from ndl_publish.privacy.events import PrivacyLoss

Status = Literal["reserved", "committed", "resolved"]
NOTHING = Fraction(0)


@dataclass(frozen=True, slots=True)
class Balance:
    """The account of one birth cohort, in rho; ``pure_epsilon`` is the pure part of what was spent.

    ``remaining`` is never negative, also when the cap was lowered below what had been spent.

    Attributes:
        cohort: Name of the cohort.
        cap: What may be spent in all.
        spent: What was, reservations included.
        pure_epsilon: The pure part of ``spent``.
        yearly_cap: What may be spent within one calendar year, where that is limited.
        spent_this_year: What was spent in the current year (UTC).
        n_open: Reservations that were neither committed nor resolved.
        open_rho: What these cost; a part of ``spent``.
    """

    cohort: str
    cap: Fraction
    spent: Fraction
    pure_epsilon: Fraction
    yearly_cap: Fraction | None = None
    spent_this_year: Fraction = NOTHING
    n_open: int = 0
    open_rho: Fraction = NOTHING

    @property
    def remaining(self) -> Fraction:
        """What is left of ``cap``."""
        return max(NOTHING, self.cap - self.spent)

    @property
    def remaining_this_year(self) -> Fraction:
        """What may still be charged in the current year: the smaller of what both caps leave."""
        if self.yearly_cap is None:
            return self.remaining
        return min(self.remaining, max(NOTHING, self.yearly_cap - self.spent_this_year))


@dataclass(slots=True)
class State:
    """Everything a decision needs; entries are looked up by request digest or by version."""

    caps: dict[str, Fraction] = field(default_factory=dict)
    yearly_caps: dict[str, Fraction] = field(default_factory=dict)
    spent: dict[str, PrivacyLoss] = field(default_factory=dict)
    spent_in: dict[tuple[str, str], Fraction] = field(default_factory=dict)
    reserved: dict[str, Entry] = field(default_factory=dict)
    outputs: dict[str, dict[str, str]] = field(default_factory=dict)
    committed: dict[tuple[str, str], str] = field(default_factory=dict)
    resolved: set[str] = field(default_factory=set)

    def status(self, digest: str) -> Status:
        """Return what became of the reservation with that digest."""
        if digest in self.outputs:
            return "committed"
        return "resolved" if digest in self.resolved else "reserved"

    def balances(self, year: str) -> tuple[Balance, ...]:
        """Return all accounts in the order of the cohorts' names; ``year`` is the current one."""
        waiting = self._open()
        return tuple(self._balance(cohort, year, waiting.get(cohort, [])) for cohort in sorted(self.caps))

    def add(self, entry: Entry) -> None:
        """Add the next entry."""
        body = entry.content()
        if entry.kind == "reserve":
            self._reserve(entry, body)
        elif entry.kind == "commit":
            self.outputs[body["request_digest"]] = body["outputs"]
            self.committed[body["release_id"], body["version"]] = body["request_digest"]
        elif entry.kind == "resolve":
            self.resolved.add(body["request_digest"])
        elif "yearly_cap" in body:
            self.yearly_caps[body["cohort"]] = Fraction(body["yearly_cap"])
        else:
            self.caps[body["cohort"]] = Fraction(body["cap"])

    def _balance(self, cohort: str, year: str, waiting: list[Fraction]) -> Balance:
        spent = self.spent.get(cohort, PrivacyLoss.zero())
        return Balance(
            cohort,
            self.caps[cohort],
            spent.rho,
            spent.epsilon,
            self.yearly_caps.get(cohort),
            self.spent_in.get((cohort, year), NOTHING),
            len(waiting),
            sum(waiting, NOTHING),
        )

    def _open(self) -> dict[str, list[Fraction]]:
        """Return the losses of all open reservations by cohort."""
        found: dict[str, list[Fraction]] = {}
        for digest, entry in self.reserved.items():
            if self.status(digest) == "reserved":
                for cohort, loss in charges_of(entry.content()):
                    found.setdefault(cohort, []).append(loss.rho)
        return found

    def _reserve(self, entry: Entry, body: dict[str, Any]) -> None:
        yearly = body.get("yearly_caps", {})
        for cohort, loss in charges_of(body):
            self.spent[cohort] = self.spent.get(cohort, PrivacyLoss.zero()) + loss
            dated = cohort, year_of(entry.recorded_at)
            self.spent_in[dated] = self.spent_in.get(dated, NOTHING) + loss.rho
            self.caps.setdefault(cohort, Fraction(body["caps"][cohort]))
            if cohort in yearly:
                self.yearly_caps.setdefault(cohort, Fraction(yearly[cohort]))
        self.reserved[body["request_digest"]] = entry


def fold(entries: Iterable[Entry]) -> State:
    """Add up the entries in their order."""
    state = State()
    for entry in entries:
        state.add(entry)
    return state


def year_of(moment: str) -> str:
    """Return the calendar year of a time in UTC, written in ISO 8601.

    Example:
        >>> year_of("2026-12-31T23:59:59+00:00")
        '2026'
    """
    return moment[:4]
