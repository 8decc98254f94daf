"""Mode ``dp``: exact discrete noise, tables that add up, then small noisy counts withheld.

Order matters and is the proof: the exact tables are digested, the ledger is charged, noise is drawn, and from there on
nothing reads an exact count. Withholding is judged on noisy values only: a threshold on exact counts would break the
guarantee, because nine children and ten would give outputs that cannot be confused.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from ndl_publish.cube.grid import IntArray
from ndl_publish.cube.model import Cube, FinestRows
from ndl_publish.cube.protected import ProtectedCube
from ndl_publish.errors import RuleError
from ndl_publish.ledger.book import Ledger
from ndl_publish.ledger.caps import Caps
from ndl_publish.ledger.grant import Grant
from ndl_publish.ledger.request import ChargeRequest
from ndl_publish.privacy.events import Query
from ndl_publish.privacy.randomness import KeyedRandomSource, RandomSource
from ndl_publish.privacy.secret_key import SecretKey
from ndl_publish.protect.figures import CellValues, Covariances, public_tables
from ndl_publish.protect.measure import METHOD_VERSION, ExactTables
from ndl_publish.protect.privacy_statement import dp_statement
from ndl_publish.protect.withhold import Recoverable, Withheld, withhold_noisy
from ndl_publish.spec.load import ReleaseSpec
from ndl_publish.spec.rules import DpRules

Progress = Callable[[str, int, int], None]
ADJACENCY = "add_remove"


@dataclass(frozen=True, slots=True)
class NoisyCells:
    """What a mechanism gives: integers for every cell that add up everywhere, and what it measured.

    Attributes:
        values: Noisy children, ``n_cells``.
        sums: Mean measure -> noisy sums over ``layout.base``.
        measurements: Query label -> noisy integers, kept for the output checker.
    """

    values: IntArray = field(repr=False)
    sums: dict[str, IntArray] = field(repr=False)
    measurements: dict[str, IntArray] = field(repr=False)


class Mechanism(Covariances, Protocol):
    """A noise mechanism with its plan: what it costs is known before anything is drawn."""

    @property
    def events(self) -> tuple[Query, ...]:
        """What the ledger is asked to pay for."""
        ...

    def exact(self, rows: FinestRows) -> Mapping[str, ExactTables]:
        """Return the exact tables that the noise is added to. Confidential."""
        ...

    def digest(self, key: SecretKey, exact: Mapping[str, ExactTables], *, identity: tuple[str, ...]) -> str:
        """Return the keyed digest of everything the noise may depend on."""
        ...

    def draw(self, exact: Mapping[str, ExactTables], *, grant: Grant, source: RandomSource) -> NoisyCells:
        """Return noisy cells that add up; refuses a grant that does not cover the queries."""
        ...

    def describe(self) -> dict[str, Any]:
        """Return the mechanism's part of the public privacy statement."""
        ...


@dataclass(frozen=True, slots=True)
class Payment:
    """What a noisy release is paid with.

    Attributes:
        key: Secret that makes noise unpredictable to others and a re-run identical.
        ledger: Pays, or refuses.
        actor: Who runs this; kept in the ledger only.
        noted: Told the ledger once it has been charged, before anything is drawn.
    """

    key: SecretKey = field(repr=False)
    ledger: Ledger
    actor: str
    noted: Callable[[Ledger], None] = field(repr=False, default=lambda _: None)


@dataclass(frozen=True, slots=True)
class DpResult:
    """A protected cube and what the output checker may see of how it came about.

    Attributes:
        protected: What may be shown.
        grant: What the ledger charged.
        withheld: Masks with reasons; internal.
        values: Noisy count of every cell, withheld ones included; internal.
        measurements: Noisy measurements by query; internal.
    """

    protected: ProtectedCube
    grant: Grant
    withheld: Withheld = field(repr=False)
    values: IntArray = field(repr=False)
    measurements: dict[str, IntArray] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Order:
    """A noisy release before it is paid for.

    Attributes:
        mechanism: The noise, planned for this release.
        exact: The exact tables it is added to. Confidential.
        digest: Keyed digest that decides whether a build is a repeat or must be paid for.
    """

    mechanism: Mechanism = field(repr=False)
    exact: Mapping[str, ExactTables] = field(repr=False)
    digest: str


def place_order(cube: Cube, spec: ReleaseSpec, mechanism: Mechanism, *, key: SecretKey) -> Order:
    """Return the exact tables of a release with their digest; draws nothing and charges nothing."""
    exact = mechanism.exact(cube.rows)
    return Order(mechanism, exact, place_digest(exact, spec, mechanism, key=key))


def place_digest(exact: Mapping[str, ExactTables], spec: ReleaseSpec, mechanism: Mechanism, *, key: SecretKey) -> str:
    """Return the keyed digest of a release: its identity, what is measured, how, and the exact tables."""
    return mechanism.digest(key, exact, identity=(spec.release.release_id, spec.release.version, spec.cohort))


def protect_dp(
    cube: Cube,
    spec: ReleaseSpec,
    order: Order,
    *,
    payment: Payment,
    recoverable: Recoverable,
    progress: Progress | None = None,
) -> DpResult:
    """Return the differentially private figures of a cube; charges the ledger before any noise is drawn.

    Args:
        cube: Exact counts.
        spec: Release and rules; the rules must be of mode ``dp``.
        order: The noise planned for this release, its exact tables and digest.
        payment: Key, ledger and who asks.
        recoverable: Finds withheld cells that follow from others; the auditor's, so that both agree.
        progress: Called with (stage, done, of).

    Raises:
        BudgetError: When the ledger cannot pay; nothing has been drawn then.
        DisclosureError: ``NDL-D020`` when a withheld figure cannot be kept from being computed.
    """
    rules = spec.rules
    if not isinstance(rules, DpRules):
        raise RuleError("NDL-R060", f"{rules.rules_id}: these rules are not of mode dp.")
    key = payment.key
    mechanism = order.mechanism
    # The digest decides which noise is drawn, so it is worked out here and not taken on trust.
    digest = place_digest(order.exact, spec, mechanism, key=key)
    request = _request(spec, mechanism, digest=digest, payment=payment)
    grant = payment.ledger.reserve(request, caps={spec.cohort: Caps.of(rules)})
    payment.noted(payment.ledger)
    noisy = mechanism.draw(order.exact, grant=grant, source=KeyedRandomSource(key))
    withheld = withhold_noisy(
        cube.layout,
        noisy.values,
        rules,
        tie_break=key.keyed_digest("ties", digest.encode()).encode(),
        recoverable=recoverable,
        progress=progress,
    )
    margin = float(rules.withhold.maximum_margin.value)
    cells = CellValues(
        cube.layout, noisy.values, withheld.is_shown, withheld.is_possible, noisy.sums, mechanism, margin
    )
    statement = dp_statement(spec, rules, mechanism.describe(), payment.ledger.entry(grant))
    protected = ProtectedCube(
        "dp", cube.layout.grid, noisy.values * withheld.is_shown, withheld.is_shown, cube.layout.implications,
        public_tables(spec, cells), statement,
    )  # fmt: skip
    return DpResult(protected, grant, withheld, noisy.values, noisy.measurements)


def _request(spec: ReleaseSpec, mechanism: Mechanism, *, digest: str, payment: Payment) -> ChargeRequest:
    """Return what the ledger is asked for."""
    return ChargeRequest.for_queries(
        mechanism.events,
        release_id=spec.release.release_id,
        version=spec.release.version,
        rules_id=spec.rules.rules_id,
        request_digest=digest,
        adjacency=ADJACENCY,
        code_version=METHOD_VERSION,
        actor=payment.actor,
        key_fingerprint=payment.key.fingerprint(),
    )
