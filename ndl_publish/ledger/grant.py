"""The proof that a release has been paid for; noise functions ask for it."""

from collections.abc import Iterable
from dataclasses import InitVar, dataclass

from ndl_publish.errors import BudgetError
from ndl_publish.ledger.request import Charges, charges_of
from ndl_publish.privacy.events import PrivacyLoss, Query, losses_by_cohort

_ONLY_THE_LEDGER_HAS_THIS = object()


@dataclass(frozen=True, slots=True)
class Grant:
    """Made by ``Ledger.reserve`` alone, once the charge is on disk.

    Attributes:
        entry_id: Number of the ledger entry that holds the charge.
        request_digest: Keyed digest of the request that was paid for.
        losses: Cohort and loss paid, one entry per cohort.
        is_replay: The same request had been paid for before, and nothing was charged now.
    """

    entry_id: int
    request_digest: str
    losses: Charges
    is_replay: bool
    proof: InitVar[object]

    def __post_init__(self, proof: object) -> None:
        """Refuse a grant that does not come from the ledger (``dataclasses.replace`` included)."""
        if proof is not _ONLY_THE_LEDGER_HAS_THIS:
            raise BudgetError("NDL-B011", "Only the ledger makes a grant. Call Ledger.reserve.")

    def require(self, queries: Iterable[Query]) -> None:
        """Refuse to go on unless this grant pays for all of these queries.

        Raises:
            BudgetError: ``NDL-B012`` naming the first cohort whose queries cost more than was paid.
        """
        paid = dict(self.losses)
        for cohort, loss in losses_by_cohort(queries):
            if not loss <= paid.get(cohort, PrivacyLoss.zero()):
                raise BudgetError(
                    "NDL-B012",
                    f"The queries on cohort {cohort} cost more than the ledger was charged. Reserve the loss of every "
                    "query before any noise is drawn.",
                )


def issue(entry_id: int, body: dict[str, object], *, is_replay: bool) -> Grant:
    """Make the grant for a stored charge; for the ledger only."""
    digest = str(body["request_digest"])
    return Grant(entry_id, digest, charges_of(body), is_replay, _ONLY_THE_LEDGER_HAS_THIS)
