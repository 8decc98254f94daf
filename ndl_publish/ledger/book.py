"""The ledger's public face: reserve before drawing, commit after writing, read and check at any time.

A charge is made on the attempt, not on success: a crash after ``reserve`` wastes budget and never hides a
spend. Running the same request again costs nothing and gives the same noise, so the wasted build can be finished.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from fractions import Fraction
from types import TracebackType
from typing import Any, Self

from ndl_publish.errors import BudgetError
from ndl_publish.ledger.caps import Caps
from ndl_publish.ledger.chain import Entry, Kind, broken_links, next_entry, require_whole
from ndl_publish.ledger.decision import decimal_text, require_affordable
from ndl_publish.ledger.export import ExportRow, export_rows
from ndl_publish.ledger.grant import Grant, issue
from ndl_publish.ledger.places import Place, open_store
from ndl_publish.ledger.request import ChargeRequest, charges_of
from ndl_publish.ledger.state import Balance, State, fold, year_of
from ndl_publish.ledger.store import Store
from ndl_publish.privacy.events import fraction_text


class Ledger:
    """An open ledger; use as a context manager. Safe with any number of processes.

    Every decision reads and checks all entries: some milliseconds for a thousand releases. Keep a file on a
    local disk, for SQLite's locks are not reliable on network shares; several machines share a PostgreSQL database.
    Back the ledger up with the key.
    """

    def __init__(self, store: Store, *, now: Callable[[], datetime]) -> None:
        self._store = store
        self._now = now

    @classmethod
    def open(
        cls, place: Place, *, must_exist: bool = False, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> Self:
        """Open the ledger at ``place``, or begin one (a file with mode 0600, in a folder made with mode 0700).

        Raises:
            BudgetError: ``NDL-B002`` missing, not writable or open to others; ``NDL-B007`` not a ledger or
                damaged; ``NDL-B008`` written by a newer version; ``NDL-B009`` held by another process; ``NDL-B026`` to
                ``NDL-B029`` a database that cannot be used.
        """
        return cls(open_store(place, must_exist=must_exist), now=now)

    def close(self) -> None:
        """Close the file or connection."""
        self._store.close()

    def __enter__(self) -> Self:
        """Return the ledger itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the file or connection."""
        self.close()

    def reserve(self, request: ChargeRequest, *, caps: Mapping[str, Caps]) -> Grant:
        """Charge every cohort of the request, durably, and return the grant that noise functions ask for.

        All cohorts are charged or none. The identical request (same digest), reserved or committed before,
        gets its grant again for nothing.

        Args:
            request: What is to be measured and what it costs.
            caps: Caps of each cohort, from the rule book.

        Raises:
            BudgetError: ``NDL-B001`` or ``NDL-B020`` a cap would be passed, ``NDL-B003`` to ``NDL-B005`` and
                ``NDL-B021`` (``decision``), ``NDL-B006`` the chain is broken; errors of the place as in ``open``.
                Nothing is charged then. ``NDL-B030``: the connection was lost while the charge was being written,
                and it may have been; no grant is given, and the same request later gets one without a second charge.
        """
        with self._store.turn():
            entries, state = self._read()
            known = state.reserved.get(request.request_digest)
            if known is not None:
                return _replay(known, request)
            moment = self._moment()
            require_affordable(state, request, caps=caps, year=year_of(moment))
            body = {**request.to_json(), **_kept(request, caps)}
            entry = self._append(entries, "reserve", body, request.actor, moment=moment)
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

    def resolve(self, number: int, *, reason: str, actor: str = "") -> dict[str, Any]:
        """Record what became of a reservation that was never committed; its charge stays spent.

        Nothing is ever given back: nobody can prove that no noise was drawn and seen. The identical request still gets
        its grant, and may still be committed.

        Args:
            number: Number of the entry that holds the reservation.
            reason: What became of it, in words.
            actor: Who says so.

        Returns:
            What was reserved.

        Raises:
            BudgetError: ``NDL-B023`` there is no entry with that number, ``NDL-B024`` it is no open reservation,
                ``NDL-B025`` there is no reason.
        """
        if not reason.strip():
            raise BudgetError("NDL-B025", "Resolving a reservation needs a reason in words: say what became of it.")
        with self._store.turn():
            entries, state = self._read()
            body = _open_reservation(entries, state, number)
            told = {"resolves": number, "request_digest": body["request_digest"], "reason": reason.strip()}
            self._append(entries, "resolve", told, actor)
        return body

    def set_cap(self, cohort: str, cap: Fraction, *, reason: str, actor: str = "", is_yearly: bool = False) -> None:
        """Record the decision to change a cohort's lifetime or yearly cap, up or down; the reason stays in the ledger.

        Raises:
            BudgetError: ``NDL-B017`` when the cap is negative or the reason empty.
        """
        if cap < 0 or not reason.strip():
            raise BudgetError("NDL-B017", "A cap must be at least 0 and its change needs a reason in words.")
        with self._store.turn():
            entries, _ = self._read()
            name = "yearly_cap" if is_yearly else "cap"
            self._append(
                entries, "set_cap", {"cohort": cohort, name: fraction_text(cap), "reason": reason.strip()}, actor
            )

    def balances(self) -> tuple[Balance, ...]:
        """Return caps, spent, remaining and open rho of every cohort, in the order of their names."""
        return self._read()[1].balances(year_of(self._moment()))

    def history(self, cohort: str | None = None) -> tuple[dict[str, Any], ...]:
        """Return the entries, oldest first, as dictionaries; those that touch ``cohort`` when one is named.

        A reservation has its ``status`` of today.
        """
        wanted: list[dict[str, Any]] = []
        touched: set[str] = set()
        entries, state = self._read()
        for entry in entries:
            body = entry.content()
            if cohort is not None and not _touches(body, cohort, touched):
                continue
            touched.add(body.get("request_digest", ""))
            facts = {"entry": entry.entry_id, "kind": entry.kind, "at": entry.recorded_at, "actor": entry.actor}
            status = {"status": state.status(body["request_digest"])} if entry.kind == "reserve" else {}
            wanted.append({**facts, **body, **status})
        return tuple(wanted)

    def export(self, *, year: int | None = None) -> tuple[ExportRow, ...]:
        """Return one row for each charge and cohort, oldest first, as a transparency report may print it."""
        return export_rows(self._read()[0], year=year)

    def entry(self, grant: Grant) -> dict[str, Any]:
        """Return what the package may say of the charge, the same bytes at every run.

        Losses exactly and as decimals, what each cohort had spent with this charge, noise per query, cohorts,
        adjacency, code version and the entry's content hash. No time, actor or number of the entry: those are the
        ledger's own.
        """
        entries, state = self._read()
        stored = _find(state, grant)
        body = stored.content()
        spent = fold(entry for entry in entries if entry.entry_id <= stored.entry_id).spent
        losses = [
            {
                "cohort": cohort,
                **loss.to_json(),
                "rho_decimal": decimal_text(loss.rho),
                "spent_with_this": fraction_text(spent[cohort].rho),
                "spent_with_this_decimal": decimal_text(spent[cohort].rho),
            }
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

    def _moment(self) -> str:
        return self._now().astimezone(UTC).isoformat(timespec="seconds")

    def _append(
        self, entries: tuple[Entry, ...], kind: Kind, body: dict[str, Any], actor: str, *, moment: str = ""
    ) -> Entry:
        entry = next_entry(entries, kind=kind, body=body, recorded_at=moment or self._moment(), actor=actor)
        self._store.append(entry)
        return entry


def _kept(request: ChargeRequest, caps: Mapping[str, Caps]) -> dict[str, dict[str, str]]:
    """Return the caps as the entry keeps them; an entry without yearly caps reads as it always did."""
    yearly = {cohort: fraction_text(cap) for cohort, _ in request.charges if (cap := caps[cohort].yearly) is not None}
    lifetime = {cohort: fraction_text(caps[cohort].lifetime) for cohort, _ in request.charges}
    return {"caps": lifetime, "yearly_caps": yearly} if yearly else {"caps": lifetime}


def _open_reservation(entries: tuple[Entry, ...], state: State, number: int) -> dict[str, Any]:
    if not 0 < number <= len(entries):
        raise BudgetError(
            "NDL-B023",
            f"The ledger has no entry {number}: it has {len(entries)}. Find the number by: ndl-publish ledger history",
        )
    entry = entries[number - 1]
    body = entry.content()
    status = state.status(body["request_digest"]) if entry.kind == "reserve" else f"of kind {entry.kind}"
    if status != "reserved":
        raise BudgetError(
            "NDL-B024",
            f"Entry {number} is {status}. Only a reservation that was neither committed nor resolved can be "
            "resolved: ndl-publish ledger history shows which are reserved.",
        )
    return body


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
