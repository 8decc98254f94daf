"""The ledger's public face: reserve before drawing, commit after writing, read and check at any time.

A charge is made on the attempt, not on success: a crash after ``reserve`` wastes budget and never hides a
spend. Running the same request again costs nothing and gives the same noise, so the wasted build can be finished.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from ndl_publish.errors import BudgetError
from ndl_publish.ledger.chain import Entry, Kind, broken_links, next_entry, require_whole
from ndl_publish.ledger.decision import decimal_text, require_affordable
from ndl_publish.ledger.grant import Grant, issue
from ndl_publish.ledger.request import ChargeRequest, charges_of
from ndl_publish.ledger.state import Balance, State, fold
from ndl_publish.ledger.store import Store
from ndl_publish.privacy.events import fraction_text


class Ledger:
    """An open ledger; use as a context manager. Safe with any number of processes on one machine.

    Every decision reads and checks all entries: some milliseconds for a thousand releases. Keep the file on a
    local disk, for SQLite's locks are not reliable on network shares, and back it up with the key.
    """

    def __init__(self, store: Store, *, now: Callable[[], datetime]) -> None:
        self._store = store
        self._now = now

    @classmethod
    def open(
        cls, path: Path, *, must_exist: bool = False, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> Self:
        """Open the ledger at ``path``, or begin one (mode 0600, in a folder made with mode 0700).

        Raises:
            BudgetError: ``NDL-B002`` missing, not writable or open to others; ``NDL-B007`` not a ledger or
                damaged; ``NDL-B008`` written by a newer version; ``NDL-B009`` held by another process.
        """
        return cls(Store(path, must_exist=must_exist), now=now)

    def close(self) -> None:
        """Close the file."""
        self._store.close()

    def __enter__(self) -> Self:
        """Return the ledger itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the file."""
        self.close()

    def reserve(self, request: ChargeRequest, *, caps: Mapping[str, Fraction]) -> Grant:
        """Charge every cohort of the request, durably, and return the grant that noise functions ask for.

        All cohorts are charged or none. The identical request (same digest), reserved or committed before,
        gets its grant again for nothing.

        Args:
            request: What is to be measured and what it costs.
            caps: Largest total rho of each cohort, from the rule book.

        Raises:
            BudgetError: ``NDL-B001`` a cap would be passed, ``NDL-B003`` to ``NDL-B005`` (``decision``),
                ``NDL-B006`` the chain is broken; errors of the file as in ``open``. Nothing is charged then.
        """
        with self._store.turn():
            entries, state = self._read()
            known = state.reserved.get(request.request_digest)
            if known is not None:
                return _replay(known, request)
            require_affordable(state, request, caps=caps)
            kept = {cohort: fraction_text(caps[cohort]) for cohort, _ in request.charges}
            body = {**request.to_json(), "caps": kept}
            entry = self._append(entries, "reserve", body, request.actor)
        return issue(entry.entry_id, body, is_replay=False)

    def commit(self, grant: Grant, *, outputs: Mapping[str, str], actor: str = "") -> None:
        """Record that the release was written; ``outputs`` maps file name to SHA-256.

        Committing the same outputs again changes nothing.

        Raises:
            BudgetError: ``NDL-B015`` when this request was committed with other outputs, or its version with
                another request; ``NDL-B016`` when the grant is of another ledger.
        """
        with self._store.turn():
            entries, state = self._read()
            reserved = _find(state, grant).content()
            digest = grant.request_digest
            earlier = state.outputs.get(digest)
            if earlier == dict(outputs):
                return
            holder = state.committed.get((reserved["release_id"], reserved["version"]), digest)
            if earlier is not None or holder != digest:
                raise BudgetError(
                    "NDL-B015",
                    f"Version {reserved['version']} of {reserved['release_id']} was committed with other files. A "
                    "version is written once: keep the first files, or raise the version.",
                )
            body = {
                "release_id": reserved["release_id"],
                "version": reserved["version"],
                "request_digest": digest,
                "outputs": dict(outputs),
            }
            self._append(entries, "commit", body, actor)

    def set_cap(self, cohort: str, cap: Fraction, *, reason: str, actor: str = "") -> None:
        """Record the decision to change a cohort's cap, up or down; the reason stays in the ledger.

        Raises:
            BudgetError: ``NDL-B017`` when the cap is negative or the reason empty.
        """
        if cap < 0 or not reason.strip():
            raise BudgetError("NDL-B017", "A cap must be at least 0 and its change needs a reason in words.")
        with self._store.turn():
            entries, _ = self._read()
            body = {"cohort": cohort, "cap": fraction_text(cap), "reason": reason.strip()}
            self._append(entries, "set_cap", body, actor)

    def balances(self) -> tuple[Balance, ...]:
        """Return cap, spent and remaining rho of every cohort, in the order of their names."""
        return self._read()[1].balances()

    def history(self, cohort: str | None = None) -> tuple[dict[str, Any], ...]:
        """Return the entries, oldest first, as dictionaries; those that touch ``cohort`` when one is named."""
        wanted: list[dict[str, Any]] = []
        touched: set[str] = set()
        for entry in self._read()[0]:
            body = entry.content()
            if cohort is not None and not _touches(body, cohort, touched):
                continue
            touched.add(body.get("request_digest", ""))
            facts = {"entry": entry.entry_id, "kind": entry.kind, "at": entry.recorded_at, "actor": entry.actor}
            wanted.append({**facts, **body})
        return tuple(wanted)

    def entry(self, grant: Grant) -> dict[str, Any]:
        """Return what the package may say of the charge, the same bytes at every run.

        Losses exactly and as decimals, noise per query, cohorts, adjacency, code version and the entry's
        content hash. No time, actor or number of the entry: those are the ledger's own.
        """
        stored = _find(self._read()[1], grant)
        body = stored.content()
        losses = [
            {"cohort": cohort, **loss.to_json(), "rho_decimal": decimal_text(loss.rho)}
            for cohort, loss in charges_of(body)
        ]
        unchanged = ("release_id", "version", "rules_id", "adjacency", "code_version", "key_fingerprint")
        digests = ("request_digest", "query_set_hash", "queries")
        return {
            **{name: body[name] for name in unchanged + digests},
            "losses": losses,
            "entry_hash": stored.content_hash,
        }

    def verify(self, *, published: Iterable[str] = ()) -> tuple[str, ...]:
        """Check the chain; name every broken place, or nothing.

        Args:
            published: Entry hashes found in published packages. A chain cannot show that its newest entries were cut
                off; a package whose entry is missing does.
        """
        entries = self._store.entries()
        present = {entry.content_hash for entry in entries}
        missing = [f"a published entry is missing: {name}" for name in published if name not in present]
        return broken_links(entries) + tuple(missing)

    def hash_of(self, entry: int) -> str:
        """Return the hash of the entry with that number, counted from 1; "" for 0 and for one that is not there."""
        entries = self._store.entries()
        return entries[entry - 1].hash if 0 < entry <= len(entries) else ""

    def head(self) -> tuple[int, str]:
        """Return how many entries there are and the hash of the last, to be compared with a copy kept elsewhere."""
        entries = self._store.entries()
        return len(entries), entries[-1].hash if entries else ""

    def _read(self) -> tuple[tuple[Entry, ...], State]:
        entries = self._store.entries()
        require_whole(entries)
        return entries, fold(entries)

    def _append(self, entries: tuple[Entry, ...], kind: Kind, body: dict[str, Any], actor: str) -> Entry:
        moment = self._now().astimezone(UTC).isoformat(timespec="seconds")
        entry = next_entry(entries, kind=kind, body=body, recorded_at=moment, actor=actor)
        self._store.append(entry)
        return entry


def _replay(known: Entry, request: ChargeRequest) -> Grant:
    body = known.content()
    if charges_of(body) != request.charges or body["query_set_hash"] != request.query_set_hash:
        raise BudgetError(
            "NDL-B018",
            "The ledger holds a request with this digest and other charges. The digest must cover the rules and the "
            "queries; nothing was charged.",
        )
    return issue(known.entry_id, body, is_replay=True)


def _find(state: State, grant: Grant) -> Entry:
    found = state.reserved.get(grant.request_digest)
    if found is None or found.entry_id != grant.entry_id:
        raise BudgetError("NDL-B016", "This grant was issued by another ledger. Open the ledger that was charged.")
    return found


def _touches(body: dict[str, Any], cohort: str, touched: set[str]) -> bool:
    cohorts = {charge["cohort"] for charge in body.get("charges", ())} | {body.get("cohort")}
    return cohort in cohorts or body.get("request_digest") in touched
