"""Entries of the ledger and the chain of hashes that makes a later change visible.

Each entry has two hashes. ``content_hash`` covers kind and body only: it is the same whenever the same
request is made, so a package may carry it. ``hash`` covers everything and the hash of the entry before,
so that no entry can be changed, dropped from the middle or put in without breaking all later ones.
"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

from ndl_publish.errors import BudgetError
from ndl_publish.ledger.request import canonical_json

Kind = Literal["reserve", "commit", "set_cap", "resolve"]
FIRST_HASH = "0" * 64
COLUMNS = "id, kind, body, content_hash, recorded_at, actor, previous_hash, hash"


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of the ledger. ``body`` is canonical JSON; times are UTC in ISO 8601."""

    entry_id: int
    kind: str
    body: str
    content_hash: str
    recorded_at: str
    actor: str
    previous_hash: str
    hash: str

    def content(self) -> dict[str, Any]:
        """Return the body as a dictionary."""
        parsed: dict[str, Any] = json.loads(self.body)
        return parsed

    def row(self) -> tuple[int | str, ...]:
        """Return the values in the order of ``COLUMNS``."""
        return (
            self.entry_id,
            self.kind,
            self.body,
            self.content_hash,
            self.recorded_at,
            self.actor,
            self.previous_hash,
            self.hash,
        )


def content_hash(kind: str, body: str) -> str:
    """Return the SHA-256 that covers what was asked, not when or by whom."""
    return hashlib.sha256(canonical_json({"kind": kind, "body": body}).encode()).hexdigest()


def next_entry(entries: tuple[Entry, ...], *, kind: Kind, body: dict[str, Any], recorded_at: str, actor: str) -> Entry:
    """Return the entry that continues the chain."""
    previous = entries[-1].hash if entries else FIRST_HASH
    number = entries[-1].entry_id + 1 if entries else 1
    text = canonical_json(body)
    content = content_hash(kind, text)
    link = _link(number, kind, text, content, recorded_at, actor, previous)
    return Entry(number, kind, text, content, recorded_at, actor, previous, link)


def broken_links(entries: Iterable[Entry]) -> tuple[str, ...]:
    """Name every place where the chain does not hold; empty when it does."""
    problems = []
    previous, number = FIRST_HASH, 0
    for entry in entries:
        number += 1
        if entry.entry_id != number:
            problems.append(f"entry {number} is missing: entry {entry.entry_id} stands in its place")
            number = entry.entry_id
        if entry.previous_hash != previous:
            problems.append(f"entry {entry.entry_id} does not continue the entry before it")
        if entry.content_hash != content_hash(entry.kind, entry.body) or entry.hash != _link(*entry.row()[:7]):
            problems.append(f"entry {entry.entry_id} was changed after it was written")
        previous = entry.hash
    return tuple(problems)


def require_whole(entries: tuple[Entry, ...]) -> None:
    """Refuse to go on with a ledger that was tampered with or damaged.

    Raises:
        BudgetError: ``NDL-B006`` with the first broken place.
    """
    problems = broken_links(entries)
    if problems:
        raise BudgetError(
            "NDL-B006",
            f"The ledger's chain of entries is broken: {problems[0]} ({len(problems)} in all). Nothing is "
            "charged to it. Find out what happened, and restore the newest backup whose chain is whole.",
        )


def _link(*parts: int | str) -> str:
    return hashlib.sha256(canonical_json(list(parts)).encode()).hexdigest()
