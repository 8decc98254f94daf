"""What lies under the ledger: an append-only list of entries that processes write to in turn."""

from contextlib import AbstractContextManager
from typing import Protocol

from ndl_publish.ledger.chain import Entry


class Store(Protocol):
    """One open connection to the entries of a ledger.

    Whatever holds them keeps four promises: entries are never changed or deleted; what was appended in a turn is on the
    disk when the turn ends, or undone on any error; only one process at a time has a turn; and every failure is a
    ``BudgetError`` that says whether something may have been charged.
    """

    def close(self) -> None:
        """Close the connection; closing twice does no harm."""
        ...

    def entries(self) -> tuple[Entry, ...]:
        """Return all entries in their order."""
        ...

    def append(self, entry: Entry) -> None:
        """Write one entry; inside ``turn``."""
        ...

    def turn(self) -> AbstractContextManager[None]:
        """Hold the only right to write; what was appended is on disk afterwards, or undone on any error."""
        ...
