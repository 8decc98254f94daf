"""Where a ledger is: a file, or a PostgreSQL database named by a URL."""

from pathlib import Path

from ndl_publish.ledger.postgres_address import PostgresAddress, is_address
from ndl_publish.ledger.postgres_store import PostgresStore, ledger_exists
from ndl_publish.ledger.sqlite_store import SqliteStore
from ndl_publish.ledger.store import Store

Place = Path | PostgresAddress


def place_of(text: str) -> Place:
    """Return the place that a path or a URL names.

    Raises:
        BudgetError: ``NDL-B031`` when the URL cannot be understood.
    """
    return PostgresAddress.parse(text) if is_address(text) else Path(text)


def open_store(place: Place, *, must_exist: bool) -> Store:
    """Open the ledger's entries, or begin them."""
    if isinstance(place, PostgresAddress):
        return PostgresStore(place, must_exist=must_exist)
    return SqliteStore(place, must_exist=must_exist)


def exists(place: Place) -> bool:
    """Say whether there is something where the ledger should be."""
    return ledger_exists(place) if isinstance(place, PostgresAddress) else place.exists()


def identity(place: Place) -> str:
    """Return a text that names the place, the same from every folder; it holds no user and no password."""
    return place.identity if isinstance(place, PostgresAddress) else str(place.resolve())
