"""Mode ``dp``: exact discrete noise, tables that add up, then small noisy counts withheld.

Order matters and is the proof: the exact tables are digested, the ledger is charged, noise is drawn, and from there on
nothing reads an exact count. Withholding is judged on noisy values only: a threshold on exact counts would break the
guarantee, because nine children and ten would give outputs that cannot be confused.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import polars as pl

from ndl_publish.cube.grid import IntArray
from ndl_publish.cube.layout import CubeLayout
from ndl_publish.cube.model import Cube, FinestRows
from ndl_publish.cube.protected import ProtectedCube
from ndl_publish.errors import RuleError
from ndl_publish.ledger.book import Ledger
from ndl_publish.ledger.caps import Caps
from ndl_publish.ledger.grant import Grant
from ndl_publish.ledger.request import ChargeRequest
from ndl_publish.privacy.events import PrivacyLoss, Query
from ndl_publish.privacy.randomness import KeyedRandomSource, RandomSource
from ndl_publish.privacy.secret_key import SecretKey
from ndl_publish.protect.figures import CellValues, Covariances, public_tables
from ndl_publish.protect.give_back import Recoverable
from ndl_publish.protect.measure import METHOD_VERSION, ExactTables, Measurements, measurements_seed
from ndl_publish.protect.privacy_statement import dp_statement
from ndl_publish.protect.withhold import Withheld, withhold_noisy
from ndl_publish.spec.load import ReleaseSpec
from ndl_publish.spec.rules import DpRules

Progress = Callable[[str, int, int], None]
NOISY_MEASUREMENTS = "noisy_measurements"
ADJACENCY = "add_remove"


@dataclass(frozen=True, slots=True)
class NoisyCells:
    """What a mechanism makes of its measurements: integers for every cell that add up everywhere.

    Attributes:
        values: Noisy children, ``n_cells``.
        sums: Mean measure -> noisy sums over ``layout.base``.
        companion: Non-negative estimate of the children, -1 where there is none, ``n_cells``; none where the rules
            ask for none.
    """

    values: IntArray = field(repr=False)
    sums: dict[str, IntArray] = field(repr=False)
    companion: IntArray | None = field(repr=False, default=None)


class Mechanism(Covariances, Protocol):
    """A noise mechanism with its plan: what it costs is known before anything is drawn."""

    @property
    def events(self) -> tuple[Query, ...]:
        """What the ledger is asked to pay for."""
        ...

    @property
    def replace_one(self) -> PrivacyLoss:
        """The loss when one child is replaced by another, at most."""
        ...

    def exact(self, rows: FinestRows) -> Mapping[str, ExactTables]:
        """Return the exact tables that the noise is added to. Confidential."""
        ...

    def digest(self, key: SecretKey, exact: Mapping[str, ExactTables], *, identity: tuple[str, ...]) -> str:
        """Return the keyed digest of everything the noise may depend on."""
        ...

    def measure(self, exact: Mapping[str, ExactTables], *, grant: Grant, source: RandomSource) -> Measurements:
        """Return the noisy measurements; refuses a grant that does not cover the queries."""
        ...

    def estimate(self, measurements: Measurements) -> NoisyCells:
        """Return noisy cells that add up, from the measurements alone."""
        ...

    def labelled(self, measurements: Measurements) -> pl.DataFrame:
        """Return the measurements as rows: ``query``, ``position``, ``area_code``, ``categories``, ``value``."""
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
        withheld: Masks with reasons; internal.
        values: Noisy count of every cell, withheld ones included; internal.
        measurements: Noisy measurements, a row each; internal unless the rules publish them.
    """

    protected: ProtectedCube
    withheld: Withheld = field(repr=False)
    values: IntArray = field(repr=False)
    measurements: pl.DataFrame = field(repr=False)


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
    return mechanism.digest(key, exact, identity=(spec.release.release_id, spec.release.version, *spec.cohorts))


def measure_dp(spec: ReleaseSpec, order: Order, *, payment: Payment) -> tuple[Grant, Measurements]:
    """Return the noisy measurements of a release; charges the ledger before any noise is drawn.

    Args:
        spec: Release and rules; the rules must be of mode ``dp``.
        order: The noise planned for this release, its exact tables and digest.
        payment: Key, ledger and who asks.

    Raises:
        BudgetError: When the ledger cannot pay; nothing has been drawn then.
    """
    rules = dp_rules(spec)
    key = payment.key
    # The digest decides which noise is drawn, so it is worked out here and not taken on trust.
    digest = place_digest(order.exact, spec, order.mechanism, key=key)
    request = _request(spec, order.mechanism, digest=digest, payment=payment)
    grant = payment.ledger.reserve(request, caps=dict.fromkeys(spec.cohorts, Caps.of(rules)))
    payment.noted(payment.ledger)
    return grant, order.mechanism.measure(order.exact, grant=grant, source=KeyedRandomSource(key))


def protect_dp(  # noqa: PLR0913 - everything the figures follow from
    spec: ReleaseSpec,
    layout: CubeLayout,
    mechanism: Mechanism,
    measurements: Measurements,
    *,
    entry: dict[str, Any],
    recoverable: Recoverable,
    progress: Progress | None = None,
) -> DpResult:
    """Return the differentially private figures that noisy measurements give; reads no exact count and no key.

    Args:
        spec: Release and rules; the rules must be of mode ``dp``.
        layout: What the cells are.
        mechanism: The noise planned for this release.
        measurements: What was measured; published as they are where the rules say so.
        entry: The ledger entry that paid for it, as a package may say it.
        recoverable: Finds withheld cells that follow from others; the auditor's, so that both agree.
        progress: Called with (stage, done, of).

    Raises:
        DisclosureError: ``NDL-D020`` when a withheld figure cannot be kept from being computed.
    """
    rules = dp_rules(spec)
    noisy = mechanism.estimate(measurements)
    withheld = withhold_noisy(
        layout,
        noisy.values,
        rules,
        tie_break=measurements_seed(measurements),
        recoverable=recoverable,
        progress=progress,
    )
    margin = float(rules.withhold.maximum_margin.value)
    cells = CellValues(
        layout, noisy.values, withheld.is_shown, withheld.is_possible, noisy.sums, mechanism, margin,
        companion=noisy.companion,
    )  # fmt: skip
    labelled = mechanism.labelled(measurements)
    statement = dp_statement(spec, rules, mechanism.describe(), entry, replace_one=mechanism.replace_one)
    protected = ProtectedCube(
        "dp", layout.grid, noisy.values * withheld.is_shown, withheld.is_shown, layout.implications,
        public_tables(spec, cells), statement,
        labelled if NOISY_MEASUREMENTS in rules.publish else None,
    )  # fmt: skip
    return DpResult(protected, withheld, noisy.values, labelled)


def dp_rules(spec: ReleaseSpec) -> DpRules:
    """Return the rules of a release of mode ``dp``.

    Raises:
        RuleError: ``NDL-R060`` when they are of the other mode.
    """
    if not isinstance(spec.rules, DpRules):
        raise RuleError("NDL-R060", f"{spec.rules.rules_id}: these rules are not of mode dp.")
    return spec.rules


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
