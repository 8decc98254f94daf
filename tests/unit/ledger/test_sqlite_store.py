"""The file: permissions, foreign files, triggers, a full disk, other processes."""

import sqlite3
import stat
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from fractions import Fraction
from pathlib import Path

import pytest

from ndl_publish.errors import BudgetError
from ndl_publish.ledger import ChargeRequest, Ledger
from ndl_publish.ledger.caps import Caps
from ndl_publish.ledger.chain import next_entry
from ndl_publish.ledger.sqlite_store import SqliteStore

MakeRequest = Callable[..., ChargeRequest]

CAPS = {"2019/20": Caps(Fraction(1, 2))}


@pytest.fixture
def ledger(path: Path) -> Iterator[Ledger]:
    with Ledger.open(path) as opened:
        yield opened


def connection_of(ledger: Ledger) -> sqlite3.Connection:
    assert isinstance(ledger._store, SqliteStore)
    return ledger._store._connection


@contextmanager
def refused(code: str) -> Iterator[None]:
    with pytest.raises(BudgetError) as caught:
        yield
    assert caught.value.code == code, caught.value


def open_and_close(path: Path, *, must_exist: bool = False) -> None:
    Ledger.open(path, must_exist=must_exist).close()


def test_file_and_folder_are_private(path: Path, ledger: Ledger, make_request: MakeRequest) -> None:
    ledger.reserve(make_request(), caps=CAPS)
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert {stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()} == {0o600}


def test_entries_are_durable_settings(ledger: Ledger) -> None:
    connection = connection_of(ledger)
    assert connection.execute("PRAGMA journal_mode").fetchone()[0] == "wal"
    assert connection.execute("PRAGMA synchronous").fetchone()[0] == 2


def test_a_missing_ledger_is_not_begun_when_it_must_exist(path: Path) -> None:
    with refused("NDL-B002"):
        open_and_close(path, must_exist=True)
    assert not path.parent.exists()


def test_an_empty_file_is_not_a_ledger_that_exists(tmp_path: Path) -> None:
    (tmp_path / "empty").touch(mode=0o600)
    with refused("NDL-B007"):
        open_and_close(tmp_path / "empty", must_exist=True)
    open_and_close(tmp_path / "empty")


@pytest.mark.parametrize("mode", [0o620, 0o602, 0o666])
def test_a_ledger_others_may_write_is_refused(path: Path, mode: int) -> None:
    open_and_close(path)
    path.chmod(mode)
    with refused("NDL-B002"):
        open_and_close(path)


@pytest.mark.parametrize("content", [b"area,children\n", b"\0" * 5000, b"SQLite format 3\0" + b"\xff" * 8000])
def test_other_files_are_refused(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "x"
    file.write_bytes(content)
    file.chmod(0o600)
    with refused("NDL-B007"):
        open_and_close(file)
    assert file.read_bytes() == content


def test_another_database_is_refused_and_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "other.sqlite"
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("CREATE TABLE mine (x)")
    file.chmod(0o600)
    before = file.read_bytes()
    with refused("NDL-B007"):
        open_and_close(file)
    assert file.read_bytes() == before


def test_a_folder_is_refused(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    with refused("NDL-B007"):
        open_and_close(tmp_path)


def test_a_path_below_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch(mode=0o600)
    with refused("NDL-B002"):
        open_and_close(tmp_path / "file" / "ledger")


def test_a_newer_schema_is_refused(path: Path) -> None:
    open_and_close(path)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 99")
    with refused("NDL-B008"):
        open_and_close(path)


def test_a_damaged_page_is_refused(path: Path, make_request: MakeRequest) -> None:
    with Ledger.open(path) as ledger:
        for number in range(20):
            ledger.reserve(make_request(f"d{number}", rho="1/1000", version=str(number)), caps=CAPS)
    content = bytearray(path.read_bytes())
    content[4096:12288] = b"\xa5" * 8192
    path.write_bytes(content)
    with refused("NDL-B007"), Ledger.open(path) as ledger:
        ledger.balances()


@pytest.mark.parametrize("statement", ["UPDATE entries SET actor = 'x'", "DELETE FROM entries"])
def test_triggers_forbid_change(ledger: Ledger, make_request: MakeRequest, statement: str) -> None:
    ledger.reserve(make_request(), caps=CAPS)
    with pytest.raises(sqlite3.IntegrityError, match="never"):
        connection_of(ledger).execute(statement)


def test_a_ledger_that_cannot_be_written_says_so(ledger: Ledger, make_request: MakeRequest) -> None:
    connection_of(ledger).execute("PRAGMA query_only = ON")
    with refused("NDL-B002"):
        ledger.reserve(make_request(), caps=CAPS)
    assert ledger.balances() == ()


def test_a_full_disk_leaves_no_half_entry(ledger: Ledger, make_request: MakeRequest) -> None:
    ledger.reserve(make_request("d0", version="0"), caps=CAPS)
    connection = connection_of(ledger)
    pages = connection.execute("PRAGMA page_count").fetchone()[0]
    connection.execute(f"PRAGMA max_page_count = {pages}")
    large = make_request(actor="a" * 100_000)
    with refused("NDL-B013"):
        ledger.reserve(large, caps=CAPS)
    assert not connection.in_transaction
    assert len(ledger.history()) == 1
    assert ledger.verify() == ()
    connection.execute("PRAGMA max_page_count = 1000000")
    assert not ledger.reserve(large, caps=CAPS).is_replay
    assert ledger.balances()[0].spent == Fraction(1, 5)


def of_version_1(path: Path) -> None:
    """Make a ledger as version 1 of the schema did, with two entries."""
    Ledger.open(path).close()
    one = next_entry((), kind="set_cap", body={"cohort": "c", "cap": "1/2"}, recorded_at="t1", actor="a")
    two = next_entry((one,), kind="set_cap", body={"cohort": "d", "cap": "1/2"}, recorded_at="t2", actor="a")
    with closing(sqlite3.connect(path, isolation_level=None)) as base:
        (schema,) = base.execute("SELECT sql FROM sqlite_schema WHERE name = 'entries'").fetchone()
        triggers = base.execute("SELECT sql FROM sqlite_schema WHERE type = 'trigger'").fetchall()
        base.execute("DROP TABLE entries")
        base.execute(schema.replace(", 'resolve'", ""))
        for (trigger,) in triggers:
            base.execute(trigger)
        base.executemany("INSERT INTO entries VALUES (?, ?, ?, ?, ?, ?, ?, ?)", [one.row(), two.row()])
        base.execute("PRAGMA user_version = 1")


def test_a_ledger_of_the_first_schema_is_brought_up_to_date(path: Path, make_request: MakeRequest) -> None:
    of_version_1(path)
    with Ledger.open(path, must_exist=True) as ledger:
        assert [entry["cohort"] for entry in ledger.history()] == ["c", "d"]
        assert ledger.verify() == ()
        ledger.reserve(make_request(), caps=CAPS)
        ledger.resolve(3, reason="why")
        base = connection_of(ledger)
        assert base.execute("PRAGMA user_version").fetchone()[0] == 2
        tables = (
            "SELECT name FROM sqlite_schema WHERE type IN ('table', 'trigger') AND name NOT LIKE 'sqlite%' ORDER BY 1"
        )
        assert [name for (name,) in base.execute(tables)] == ["entries", "entries_never_change", "entries_never_go"]
        for statement in ("UPDATE entries SET actor = 'x'", "DELETE FROM entries"):
            with pytest.raises(sqlite3.IntegrityError, match="never"):
                base.execute(statement)


def test_of_two_that_open_an_early_ledger_one_brings_it_up_to_date(path: Path) -> None:
    of_version_1(path)
    with Ledger.open(path) as one, Ledger.open(path) as other:
        assert one.history() == other.history()
