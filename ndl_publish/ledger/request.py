"""What a release asks the ledger for, before any noise is drawn."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Self

from ndl_publish.errors import BudgetError
from ndl_publish.privacy.events import PrivacyLoss, Query, QueryJson, losses_by_cohort

Charges = tuple[tuple[str, PrivacyLoss], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargeRequest:
    """One release, one version, what it costs each cohort, and what the answer is bound to.

    Attributes:
        release_id: Name of the release, the same for all its versions.
        version: Version of the release; a committed one cannot be built again with other content.
        rules_id: The rule book that the caps come from.
        charges: Cohort and loss, one entry per cohort; kept in the order of the cohorts' names.
        request_digest: Keyed digest of data, release, rules, key and code version: the identity of the
            request. Never a digest without the key: that could be tested against guesses.
        query_set_hash: SHA-256 of ``queries`` as canonical JSON.
        queries: The measured queries, each as ``Query.to_json()`` gives it.
        adjacency: Which neighbours the loss compares, such as ``add_remove``.
        code_version: Version of the method's code.
        actor: Who asked; kept in the ledger, never exported.
        key_fingerprint: ``SecretKey.fingerprint()``.
    """

    release_id: str
    version: str
    rules_id: str
    charges: Charges
    request_digest: str
    query_set_hash: str
    queries: tuple[QueryJson, ...]
    adjacency: str
    code_version: str
    actor: str
    key_fingerprint: str

    def __post_init__(self) -> None:
        """Put the charges in order; refuse a request without charges, name or digest."""
        cohorts = [cohort for cohort, _ in self.charges]
        if not cohorts or len(set(cohorts)) < len(cohorts):
            raise BudgetError("NDL-B010", "A charge request must name each cohort exactly once, and at least one.")
        if not (self.release_id and self.version and self.request_digest):
            raise BudgetError("NDL-B010", "A charge request must have a release, a version and a digest.")
        object.__setattr__(self, "charges", tuple(sorted(self.charges)))

    @classmethod
    def for_queries(cls, queries: Iterable[Query], **details: str) -> Self:
        """Build the request that pays for exactly these queries; ``details`` are the remaining fields."""
        events = tuple(queries)
        written = tuple(event.to_json() for event in events)
        return cls(charges=losses_by_cohort(events), queries=written, query_set_hash=hash_queries(written), **details)

    def to_json(self) -> dict[str, Any]:
        """Return the request as the ledger stores it, without the actor."""
        return {
            "release_id": self.release_id,
            "version": self.version,
            "rules_id": self.rules_id,
            "charges": [{"cohort": cohort, **loss.to_json()} for cohort, loss in self.charges],
            "request_digest": self.request_digest,
            "query_set_hash": self.query_set_hash,
            "queries": list(self.queries),
            "adjacency": self.adjacency,
            "code_version": self.code_version,
            "key_fingerprint": self.key_fingerprint,
        }


def charges_of(body: dict[str, Any]) -> Charges:
    """Read the charges out of a stored request."""
    return tuple((charge["cohort"], PrivacyLoss.from_json(charge)) for charge in body["charges"])


def hash_queries(queries: Iterable[QueryJson]) -> str:
    """Return the SHA-256 of queries as canonical JSON, in their order."""
    return hashlib.sha256(canonical_json(list(queries)).encode()).hexdigest()


def canonical_json(value: object) -> str:
    """Return JSON with sorted keys and no spaces; floats are refused, for no number here may be rounded."""
    _refuse_floats(value)
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def _refuse_floats(value: object) -> None:
    if isinstance(value, float):
        raise TypeError("the ledger holds no floats")
    if isinstance(value, dict):
        for part in value.values():
            _refuse_floats(part)
    elif isinstance(value, list | tuple):
        for part in value:
            _refuse_floats(part)
