"""What a release would cost each cohort, what that means, and what the ledger has left."""

from dataclasses import dataclass
from fractions import Fraction

from ndl_publish.home import Home
from ndl_publish.ledger.caps import Caps
from ndl_publish.ledger.state import Balance
from ndl_publish.pipeline import Prepared, mechanism_of
from ndl_publish.privacy.conversion import epsilon_of_rho
from ndl_publish.privacy.events import total_loss
from ndl_publish.privacy.guessing import right_guesses_gaussian, right_guesses_pure
from ndl_publish.spec.load import ReleaseSpec
from ndl_publish.spec.rules import DiscreteGaussian, DpRules

NOTHING = Fraction(0)


@dataclass(frozen=True, slots=True)
class Account:
    """What the ledger holds for one cohort, in rho.

    Attributes:
        cohort: Name of the cohort.
        cap: The smaller of the rule book's cap and the ledger's.
        spent: Charged so far.
        cost: What this release asks for.
        is_charged: This version was charged before: building it again costs nothing.
        yearly_cap: The smaller of the yearly caps of rule book and ledger; none where neither has one.
        spent_this_year: Charged in the current calendar year (UTC).
    """

    cohort: str
    cap: Fraction
    spent: Fraction
    cost: Fraction
    is_charged: bool
    yearly_cap: Fraction | None = None
    spent_this_year: Fraction = NOTHING

    @property
    def remaining(self) -> Fraction:
        """What is left before this release: the smaller of what both caps leave."""
        return min(self.remaining_lifetime, self.remaining_this_year)

    @property
    def remaining_lifetime(self) -> Fraction:
        """What the lifetime cap leaves before this release."""
        return max(NOTHING, self.cap - self.spent)

    @property
    def remaining_this_year(self) -> Fraction:
        """What the yearly cap leaves; what the lifetime cap leaves where there is none."""
        if self.yearly_cap is None:
            return self.remaining_lifetime
        return max(NOTHING, self.yearly_cap - self.spent_this_year)

    @property
    def is_refused(self) -> bool:
        """Say whether the ledger would refuse to pay."""
        return not self.is_charged and self.cost > self.remaining

    @property
    def remaining_after(self) -> Fraction:
        """What is left once this release has been built; as before where it costs nothing or is refused."""
        return self.remaining if self.is_charged or self.is_refused else self.remaining - self.cost

    @property
    def n_fitting(self) -> int:
        """How many releases at this cost fit into what is left."""
        return int(self.remaining // self.cost)


@dataclass(frozen=True, slots=True)
class Cost:
    """What a release of mode ``dp`` costs every one of its cohorts.

    Attributes:
        rho: zCDP loss.
        epsilon: What it implies together with ``delta``.
        delta: 0 for pure rules.
        right_guesses: How often the best guess whether one child is in the data is right, of even odds.
        accounts: One for each cohort.
    """

    rho: Fraction
    epsilon: float
    delta: float
    right_guesses: float
    accounts: tuple[Account, ...]


def cost_of(prepared: Prepared, rules: DpRules, home: Home) -> Cost:
    """Return what a release costs; the ledger is read where there is one, and none is begun."""
    noise = rules.noise
    if isinstance(noise, DiscreteGaussian):
        rho, delta = noise.rho.fraction, float(noise.delta.value)
        epsilon, guesses = epsilon_of_rho(rho, delta=delta), right_guesses_gaussian(rho)
    else:
        rho, delta = total_loss(mechanism_of(prepared).events).rho, 0.0
        epsilon, guesses = float(noise.epsilon.value), right_guesses_pure(noise.epsilon.fraction)
    return Cost(rho, epsilon, delta, guesses, _accounts(prepared.spec, rules, home, rho))


def _accounts(spec: ReleaseSpec, rules: DpRules, home: Home, cost: Fraction) -> tuple[Account, ...]:
    caps = Caps.of(rules)
    if not home.has_ledger():
        return tuple(
            Account(cohort, caps.lifetime, NOTHING, cost, is_charged=False, yearly_cap=caps.yearly)
            for cohort in spec.cohorts
        )
    named = (spec.release.release_id, spec.release.version)
    found = []
    with home.open_ledger(must_exist=True) as ledger:
        known = {balance.cohort: balance for balance in ledger.balances()}
        for cohort in spec.cohorts:
            charged = {
                (e.get("release_id"), e.get("version")) for e in ledger.history(cohort) if e["kind"] == "reserve"
            }
            found.append(_account(cohort, caps, known.get(cohort), cost, is_charged=named in charged))
    return tuple(found)


def _account(cohort: str, caps: Caps, known: Balance | None, cost: Fraction, *, is_charged: bool) -> Account:
    if known is None:
        return Account(cohort, caps.lifetime, NOTHING, cost, is_charged, caps.yearly)
    yearly = [limit for limit in (caps.yearly, known.yearly_cap) if limit is not None]
    return Account(
        cohort,
        min(caps.lifetime, known.cap),
        known.spent,
        cost,
        is_charged,
        min(yearly) if yearly else None,
        known.spent_this_year,
    )
