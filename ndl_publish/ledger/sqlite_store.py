"""The SQLite file under the ledger: opening, creating, reading and appending, with clear errors.

Write-ahead log, ``synchronous=FULL``: an entry is on the disk when ``append`` returns. Triggers forbid
changing or deleting entries. Writers take turns by ``BEGIN IMMEDIATE``, so a decision and its entry are one step
for all processes. The file is created with mode 0600 and refused when others may write to it.
"""

import os
import sqlite3
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ndl_publish.errors import BudgetError
from ndl_publish.ledger.chain import COLUMNS, Entry

APPLICATION_ID = 0x4E444C31
SCHEMA_VERSION = 2
"""2: entries of kind ``resolve``, yearly caps. Earlier programmes would misread both, so they must refuse."""
BUSY_SECONDS = 30.0
_SCHEMA = """
CREATE TABLE entries (
    id INTEGER PRIMARY KEY,
    kind TEXT NOT NULL CHECK (kind IN ('reserve', 'commit', 'set_cap', 'resolve')),
    body TEXT NOT NULL,
    content_hash TEXT NOT NULL,
    recorded_at TEXT NOT NULL,
    actor TEXT NOT NULL,
    previous_hash TEXT NOT NULL UNIQUE,
    hash TEXT NOT NULL UNIQUE
) STRICT;
CREATE TRIGGER entries_never_change BEFORE UPDATE ON entries
BEGIN SELECT RAISE(ABORT, 'entries of the ledger are never changed'); END;
CREATE TRIGGER entries_never_go BEFORE DELETE ON entries
BEGIN SELECT RAISE(ABORT, 'entries of the ledger are never deleted'); END;
"""

_EXPLANATIONS = (
    (
        ("SQLITE_NOTADB", "SQLITE_CORRUPT"),
        "NDL-B007",
        "is another kind of file, or damaged. Name the right file, or restore the newest backup.",
    ),
    (
        ("SQLITE_BUSY", "SQLITE_LOCKED"),
        "NDL-B009",
        "is held by another process. Wait until it has finished, then try again. Nothing more was charged.",
    ),
    (
        ("SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_PERM"),
        "NDL-B002",
        "cannot be written. Check the permissions of the file and of its folder. Nothing more was charged.",
    ),
    (
        ("SQLITE_FULL", "SQLITE_IOERR"),
        "NDL-B013",
        "is on a disk that is full or failing. Make room, then try again. Nothing more was charged.",
    ),
)


class SqliteStore:
    """One open connection to a ledger file; a ``Store``."""

    def __init__(self, path: Path, *, must_exist: bool, busy_seconds: float = BUSY_SECONDS) -> None:
        self.path = path
        _make_file(path, must_exist=must_exist)
        with self._translated():
            self._connection = sqlite3.connect(path, timeout=busy_seconds, isolation_level=None)
        try:
            with self._translated():
                self._prepare(busy_seconds)
        except BaseException:
            self._connection.close()
            raise

    def close(self) -> None:
        """Close the file; closing twice does no harm."""
        self._connection.close()

    def entries(self) -> tuple[Entry, ...]:
        """Return all entries in their order."""
        with self._translated():
            rows = self._connection.execute(f"SELECT {COLUMNS} FROM entries ORDER BY id").fetchall()  # noqa: S608
        return tuple(Entry(*row) for row in rows)

    def append(self, entry: Entry) -> None:
        """Write one entry; inside ``turn``."""
        marks = ", ".join("?" for _ in entry.row())
        with self._translated():
            self._connection.execute(f"INSERT INTO entries ({COLUMNS}) VALUES ({marks})", entry.row())  # noqa: S608

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Hold the only right to write; what was appended is on disk afterwards, or undone on any error."""
        with self._translated():
            self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            with self._translated():
                self._connection.execute("COMMIT")
        except BaseException:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise

    def _prepare(self, busy_seconds: float) -> None:
        self._connection.execute("PRAGMA synchronous = FULL")
        if self._number("application_id") == 0 and self._is_empty():
            with self.turn():
                if self._is_empty():
                    self._create()
        if self._number("application_id") != APPLICATION_ID:
            raise BudgetError("NDL-B007", f"{self.path} is a database, but not a privacy ledger. Name the right file.")
        if self._number("user_version") > SCHEMA_VERSION:
            raise BudgetError(
                "NDL-B008", f"{self.path} was written by a newer version of ndl-publish. Install that version."
            )
        if self._number("user_version") < SCHEMA_VERSION:
            with self.turn():
                if self._number("user_version") < SCHEMA_VERSION:
                    self._bring_up_to_date()
        self._switch_to_write_ahead_log(time.monotonic() + busy_seconds)

    def _bring_up_to_date(self) -> None:
        """Copy the entries, as they are, into a table of the current form; all of it or nothing."""
        self._connection.execute("ALTER TABLE entries RENAME TO earlier")
        for trigger in ("entries_never_change", "entries_never_go"):
            self._connection.execute(f"DROP TRIGGER IF EXISTS {trigger}")
        self._create()
        self._connection.execute(f"INSERT INTO entries ({COLUMNS}) SELECT {COLUMNS} FROM earlier ORDER BY id")  # noqa: S608
        self._connection.execute("DROP TABLE earlier")

    def _create(self) -> None:
        for statement in _SCHEMA.replace("END;", "END;\0").replace(") STRICT;", ") STRICT;\0").split("\0"):
            self._connection.execute(statement)
        self._connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        self._connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")

    def _switch_to_write_ahead_log(self, give_up_at: float) -> None:
        """Switch once; SQLite does not wait for others here, so wait ourselves."""
        while self._connection.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
            try:
                self._connection.execute("PRAGMA journal_mode = WAL")
            except sqlite3.OperationalError:
                if time.monotonic() > give_up_at:
                    raise
                time.sleep(0.01)

    def _number(self, pragma: str) -> int:
        return int(self._connection.execute(f"PRAGMA {pragma}").fetchone()[0])

    def _is_empty(self) -> bool:
        return int(self._connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]) == 0

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise BudgetError(*_explanation(self.path, error)) from None


def _explanation(path: Path, error: sqlite3.Error) -> tuple[str, str]:
    """Return code and message for what SQLite says; SQLite's own texts name no values of entries."""
    name = getattr(error, "sqlite_errorname", "") or type(error).__name__
    for beginnings, code, text in _EXPLANATIONS:
        if name.startswith(beginnings):
            return code, f"The ledger {path} {text}"
    return "NDL-B014", f"The ledger {path} refused ({name}: {error}). Nothing more was charged."


def _make_file(path: Path, *, must_exist: bool) -> None:
    """Create a missing file with mode 0600, or check that an existing one is safe."""
    try:
        if not path.exists():
            if must_exist:
                raise BudgetError(
                    "NDL-B002",
                    f"There is no ledger at {path}. Name the right file; a new one would forget all spending.",
                )
            if not path.parent.exists():
                path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with suppress(FileExistsError):
                os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
        state = path.stat()
    except OSError as error:
        raise BudgetError("NDL-B002", f"The ledger {path} cannot be opened ({error.strerror}).") from None
    if must_exist and state.st_size == 0:
        raise BudgetError("NDL-B007", f"The ledger {path} is empty: it was lost, or never begun. Restore its backup.")
    if not stat.S_ISREG(state.st_mode):
        raise BudgetError("NDL-B007", f"{path} is not a file. Name the file of the privacy ledger.")
    if state.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise BudgetError("NDL-B002", f"Other users may change the ledger {path}. Run: chmod 600 {path}")
