"""The PostgreSQL tables under a ledger that several machines share: the same promises as the SQLite file.

Writers take turns by ``LOCK TABLE ... IN EXCLUSIVE MODE``, with ``synchronous_commit`` on, so a decision and its entry
are one step for all processes and on the server's disk afterwards. Triggers forbid changing, deleting and emptying.
``psycopg`` is imported on use. Settings are made inside each turn, so that a connection pooler cannot lose them.
"""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ndl_publish.errors import BudgetError
from ndl_publish.ledger.chain import COLUMNS, Entry
from ndl_publish.ledger.postgres_address import PostgresAddress
from ndl_publish.ledger.postgres_errors import explained, missing_driver

Connection = Any
"""``psycopg.Connection``, which is imported on use."""
SCHEMA_VERSION = 2
"""The same numbers as for SQLite; there never was a version 1."""
BUSY_SECONDS = 30.0
_CONNECTION = {
    "connect_timeout": "10",
    "application_name": "ndl-publish",
    "client_encoding": "utf8",
    "keepalives_idle": "30",
    "keepalives_interval": "10",
    "keepalives_count": "3",
    "tcp_user_timeout": "60000",
}
"""A server that vanished is noticed within about a minute."""
_TABLES = """
CREATE TABLE {schema}.about (application text NOT NULL, schema_version integer NOT NULL);
CREATE TABLE {schema}.entries (
    id bigint PRIMARY KEY,
    kind text NOT NULL CHECK (kind IN ('reserve', 'commit', 'set_cap', 'resolve')),
    body text NOT NULL,
    content_hash text NOT NULL,
    recorded_at text NOT NULL,
    actor text NOT NULL,
    previous_hash text NOT NULL UNIQUE,
    hash text NOT NULL UNIQUE
);
CREATE FUNCTION {schema}.refuse() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'entries of the ledger are never changed or deleted'; END $$;
CREATE TRIGGER entries_never_change BEFORE UPDATE OR DELETE ON {schema}.entries
FOR EACH ROW EXECUTE FUNCTION {schema}.refuse();
CREATE TRIGGER entries_never_go BEFORE TRUNCATE ON {schema}.entries
FOR EACH STATEMENT EXECUTE FUNCTION {schema}.refuse();
ALTER TABLE {schema}.entries ENABLE ALWAYS TRIGGER entries_never_change;
ALTER TABLE {schema}.entries ENABLE ALWAYS TRIGGER entries_never_go;
INSERT INTO {schema}.about VALUES ('ndl-publish ledger', {version})
"""


class PostgresStore:
    """One open connection to the entries of a ledger in a database; a ``Store``."""

    def __init__(self, address: PostgresAddress, *, must_exist: bool, busy_seconds: float = BUSY_SECONDS) -> None:
        self._address = address
        self._entries = f'"{address.schema}".entries'
        self._busy = f"{int(busy_seconds * 1000)}ms"
        self._connection = _connect(address)
        try:
            with _translated(self._address):
                self._prepare(must_exist=must_exist)
        except BaseException:
            self._connection.close()
            raise

    def close(self) -> None:
        """Close the connection; closing twice does no harm."""
        self._connection.close()

    def entries(self) -> tuple[Entry, ...]:
        """Return all entries in their order."""
        with _translated(self._address):
            rows = self._run(f"SELECT {COLUMNS} FROM {self._entries} ORDER BY id").fetchall()  # noqa: S608
        return tuple(Entry(*row) for row in rows)

    def append(self, entry: Entry) -> None:
        """Write one entry; inside ``turn``."""
        marks = ", ".join("%s" for _ in entry.row())
        with _translated(self._address):
            self._run(f"INSERT INTO {self._entries} ({COLUMNS}) VALUES ({marks})", entry.row())  # noqa: S608

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Hold the only right to write; what was appended is on disk afterwards, or undone on any error.

        Raises:
            BudgetError: ``NDL-B030`` when the connection was lost while the end of the turn was being written: then
                nobody can say here whether it was.
        """
        try:
            with _translated(self._address):
                self._begin()
                self._run(f"LOCK TABLE {self._entries} IN EXCLUSIVE MODE")
            yield
        except BaseException:
            self._undo()
            raise
        self._finish()

    def _begin(self) -> None:
        self._run("BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE")
        self._run("SELECT set_config('lock_timeout', %s, true)", (self._busy,))
        self._run("SET LOCAL synchronous_commit = on")

    def _finish(self) -> None:
        try:
            with _translated(self._address, is_ending=True):
                answer = self._run("COMMIT").statusmessage
        except BaseException:
            self._undo()
            raise
        if answer != "COMMIT":
            raise BudgetError("NDL-B014", f"The ledger {self._address} undid the entry. Nothing more was charged.")

    def _undo(self) -> None:
        """Roll back; where that is not possible the connection is closed, and the server does it by itself."""
        try:
            self._run("ROLLBACK")
        except Exception:  # noqa: BLE001 - the error that led here is the one to be told
            self._connection.close()

    def _prepare(self, *, must_exist: bool) -> None:
        if not self._is_there("entries"):
            if must_exist:
                raise BudgetError(
                    "NDL-B002",
                    f"There is no ledger at {self._address}. Name the right database and schema; a new one would "
                    "forget all spending.",
                )
            self._create()
        if not self._is_there("about"):
            raise self._other()
        found = self._run(f'SELECT application, schema_version FROM "{self._address.schema}".about').fetchall()  # noqa: S608
        if len(found) != 1 or found[0][0] != "ndl-publish ledger":
            raise self._other()
        if found[0][1] > SCHEMA_VERSION:
            raise BudgetError(
                "NDL-B008", f"{self._address} was written by a newer version of ndl-publish. Install that version."
            )

    def _create(self) -> None:
        """Make schema, tables and triggers in one step; of several processes at once, one does."""
        number = int.from_bytes(hashlib.sha256(self._address.schema.encode()).digest()[:8], "big", signed=True)
        try:
            self._begin()
            self._run("SELECT pg_advisory_xact_lock(%s)", (number,))
            if not self._is_there("entries"):
                schema = self._run("SELECT 1 FROM pg_catalog.pg_namespace WHERE nspname = %s", (self._address.schema,))
                if schema.fetchone() is None:
                    self._run(f'CREATE SCHEMA "{self._address.schema}"')
                self._run(_TABLES.format(schema=f'"{self._address.schema}"', version=SCHEMA_VERSION))
            self._run("COMMIT")
        except BaseException:
            self._undo()
            raise

    def _other(self) -> BudgetError:
        return BudgetError("NDL-B007", f"{self._address} holds tables, but not a privacy ledger. Name another schema.")

    def _is_there(self, table: str) -> bool:
        return _has_table(self._connection, self._address, table)

    def _run(self, statement: str, values: tuple[int | str, ...] | None = None) -> Any:  # noqa: ANN401 - a cursor
        return self._connection.execute(statement.encode(), values)


def ledger_exists(address: PostgresAddress) -> bool:
    """Say whether a ledger was begun in that schema.

    Raises:
        BudgetError: When the database cannot be asked.
    """
    connection = _connect(address)
    try:
        with _translated(address):
            return _has_table(connection, address, "entries")
    finally:
        connection.close()


@contextmanager
def _translated(address: PostgresAddress, *, is_ending: bool = False) -> Iterator[None]:
    import psycopg  # noqa: PLC0415 - an optional library

    try:
        yield
    except psycopg.Error as error:
        raise explained(address, error, is_ending=is_ending) from None


def _has_table(connection: Connection, address: PostgresAddress, table: str) -> bool:
    """Look into the catalogue itself: ``to_regclass`` may answer from before another process made the table."""
    catalogue = (
        "SELECT 1 FROM pg_catalog.pg_class AS tables JOIN pg_catalog.pg_namespace AS schemas "
        "ON schemas.oid = tables.relnamespace WHERE schemas.nspname = %s AND tables.relname = %s"
    )
    return connection.execute(catalogue, (address.schema, table)).fetchone() is not None


def _connect(address: PostgresAddress) -> Connection:
    try:
        import psycopg  # noqa: PLC0415 - an optional library
    except ImportError:
        raise missing_driver() from None
    parameters: dict[str, Any] = {**_CONNECTION, **address.parameters()}
    try:
        return psycopg.connect(autocommit=True, prepare_threshold=None, **parameters)
    except psycopg.Error as error:
        raise explained(address, error, is_connecting=True) from None
