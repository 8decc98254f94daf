"""Where key and ledger live, and when they are made."""

import os
import uuid
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import pytest

from ndl_publish.errors import BudgetError, RuleError
from ndl_publish.home import LEDGER_VARIABLE, VARIABLE, Home
from ndl_publish.ledger.caps import Caps
from ndl_publish.ledger.places import open_store
from ndl_publish.ledger.postgres_store import PostgresStore
from ndl_publish.ledger.request import ChargeRequest
from ndl_publish.privacy.events import GaussianQuery
from ndl_publish.privacy.secret_key import create_key


def located(folder: Path, told: list[str], *, key: Path | None = None, ledger: Path | str | None = None) -> Home:
    return Home.locate(
        key_file=key,
        ledger=None if ledger is None else str(ledger),
        notify=told.append,
        environ={VARIABLE: str(folder)},
    )


def file_of(home: Home) -> Path:
    assert isinstance(home.ledger, Path)
    return home.ledger


def test_locating_makes_nothing(tmp_path: Path) -> None:
    home = located(tmp_path / "home", [])
    assert (home.key_file, home.ledger) == (tmp_path / "home/key", tmp_path / "home/ledger.sqlite")
    assert not home.is_key_named
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("environ", [{}, {VARIABLE: ""}])
def test_without_the_variable_it_is_the_user_data_folder(environ: dict[str, str]) -> None:
    home = Home.locate(key_file=None, ledger=None, notify=print, environ=environ)
    assert "ndl-publish" in home.key_file.parts
    assert home.key_file.parent == file_of(home).parent
    assert home.key_file.is_absolute()


def test_files_that_are_named_win(tmp_path: Path) -> None:
    home = located(tmp_path / "home", [], key=tmp_path / "k", ledger=tmp_path / "l")
    assert (home.key_file, home.ledger, home.is_key_named) == (tmp_path / "k", tmp_path / "l", True)


def test_the_first_use_makes_a_private_key_and_says_so_once(tmp_path: Path) -> None:
    told: list[str] = []
    home = located(tmp_path / "home", told)
    key = home.open_key()
    assert home.open_key() == key
    assert len(told) == 1
    assert "Keep a safe copy" in told[0]
    assert (tmp_path / "home").stat().st_mode & 0o777 == 0o700
    assert home.key_file.stat().st_mode & 0o777 == 0o600
    assert home.key_file.read_text(encoding="ascii").strip() not in told[0]


def test_a_named_key_is_never_made(tmp_path: Path) -> None:
    told: list[str] = []
    with pytest.raises(RuleError) as caught:
        located(tmp_path / "home", told, key=tmp_path / "k").open_key()
    assert caught.value.code == "NDL-R040"
    assert told == []
    assert list(tmp_path.iterdir()) == []


def test_a_named_key_is_read(tmp_path: Path) -> None:
    key = create_key(tmp_path / "k")
    assert located(tmp_path / "home", [], key=tmp_path / "k").open_key() == key
    assert not (tmp_path / "home").exists()


def test_a_key_is_not_made_beside_a_ledger(tmp_path: Path) -> None:
    home = located(tmp_path / "home", [])
    home.open_key()
    home.open_ledger().close()
    home.key_file.unlink()
    with pytest.raises(RuleError, match="charged again") as caught:
        home.open_key()
    assert caught.value.code == "NDL-R040"
    assert not home.key_file.exists()


def test_the_ledger_is_begun_on_first_use_and_said_once(tmp_path: Path) -> None:
    told: list[str] = []
    home = located(tmp_path / "home", told)
    for _ in range(2):
        with home.open_ledger() as ledger:
            assert ledger.balances() == ()
    assert len(told) == 1
    assert "Back it up" in told[0]
    assert file_of(home).stat().st_mode & 0o077 == 0


def test_a_ledger_that_must_exist_is_not_begun(tmp_path: Path) -> None:
    home = located(tmp_path / "home", [])
    with pytest.raises(BudgetError):
        home.open_ledger(must_exist=True)
    assert list(tmp_path.iterdir()) == []


def test_a_home_that_cannot_be_made_names_the_way_out(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("a file", encoding="utf-8")
    home = located(tmp_path / "home/below", [])
    for use in (home.open_key, home.open_ledger):
        with pytest.raises(RuleError, match=VARIABLE) as caught:
            use()
        assert caught.value.code == "NDL-R048"


def charge(version: str) -> ChargeRequest:
    query = GaussianQuery("q", ("2019-20",), Fraction(100), Fraction(1), 1)
    return ChargeRequest.for_queries(
        [query],
        release_id="r",
        version=version,
        rules_id="rules",
        request_digest=f"digest-{version}",
        adjacency="add_remove",
        code_version="1",
        actor="tester",
        key_fingerprint="f",
    )


def spend(home: Home, version: str) -> None:
    with home.open_ledger() as ledger:
        ledger.reserve(charge(version), caps={"2019-20": Caps(Fraction(1))})
        home.remember(ledger)


def test_an_older_ledger_put_back_is_noticed(tmp_path: Path) -> None:
    home = located(tmp_path / "home", [])
    spend(home, "1.0.0")
    copy = file_of(home).read_bytes()
    spend(home, "1.0.1")
    file_of(home).write_bytes(copy)
    with pytest.raises(BudgetError) as caught:
        home.open_ledger()
    assert caught.value.code == "NDL-B019"


def test_a_ledger_that_is_gone_is_not_begun_anew(tmp_path: Path) -> None:
    home = located(tmp_path / "home", [])
    spend(home, "1.0.0")
    for path in file_of(home).parent.glob("ledger.sqlite*"):
        path.unlink()
    with pytest.raises(BudgetError) as caught:
        home.open_ledger()
    assert caught.value.code == "NDL-B019"
    assert not file_of(home).exists()


def test_a_charge_that_was_not_noted_before_a_crash_is_no_fault(tmp_path: Path) -> None:
    home = located(tmp_path / "home", [])
    spend(home, "1.0.0")
    with home.open_ledger() as ledger:
        ledger.reserve(charge("1.0.1"), caps={"2019-20": Caps(Fraction(1))})
    with home.open_ledger() as ledger:
        assert ledger.head()[0] == 2
        home.remember(ledger)


def test_a_damaged_note_is_told(tmp_path: Path) -> None:
    home = located(tmp_path / "home", [])
    spend(home, "1.0.0")
    for note in (tmp_path / "home").glob("*.head"):
        note.write_text("three", encoding="ascii")
    with pytest.raises(BudgetError, match="cannot be read"):
        home.open_ledger()


def test_each_ledger_has_a_note_of_its_own(tmp_path: Path) -> None:
    one = located(tmp_path / "home", [], ledger=tmp_path / "a" / "ledger.sqlite")
    other = located(tmp_path / "home", [], ledger=tmp_path / "b" / "ledger.sqlite")
    spend(one, "1.0.0")
    spend(one, "1.0.1")
    spend(other, "2.0.0")
    for home in (one, other):
        home.open_ledger(must_exist=True).close()
    assert len(list((tmp_path / "home").glob("*.head"))) == 4


def test_an_older_copy_under_another_name_is_noticed(tmp_path: Path) -> None:
    home = located(tmp_path / "home", [])
    spend(home, "1.0.0")
    copy = file_of(home).read_bytes()
    spend(home, "1.0.1")
    (tmp_path / "old.sqlite").write_bytes(copy)
    (tmp_path / "old.sqlite").chmod(0o600)
    with pytest.raises(BudgetError) as caught:
        located(tmp_path / "home", [], ledger=tmp_path / "old.sqlite").open_ledger()
    assert caught.value.code == "NDL-B019"


def test_a_note_that_cannot_be_written_is_told_and_stops_nothing(tmp_path: Path) -> None:
    told: list[str] = []
    (tmp_path / "file").write_text("", encoding="ascii")
    home = located(tmp_path / "home", told, key=tmp_path / "file" / "key")
    spend(home, "1.0.0")
    assert any("would not be noticed" in text for text in told)
    with home.open_ledger(must_exist=True) as ledger:
        assert ledger.head()[0] == 1


def elsewhere(folder: Path, named: str, *, ledger: str | None = None) -> Home:
    environ = {VARIABLE: str(folder), LEDGER_VARIABLE: named}
    return Home.locate(key_file=None, ledger=ledger, notify=lambda _: None, environ=environ)


def test_the_variable_names_another_ledger_and_the_option_wins(tmp_path: Path) -> None:
    assert elsewhere(tmp_path, str(tmp_path / "l")).ledger == tmp_path / "l"
    assert elsewhere(tmp_path, "").ledger == tmp_path / "ledger.sqlite"
    assert elsewhere(tmp_path, "l", ledger="other").ledger == Path("other")
    address = elsewhere(tmp_path, "postgresql://me@host/db").ledger
    assert str(address) == "postgresql://host:5432/db (schema ndl_publish)"
    assert elsewhere(tmp_path, "l").key_file == tmp_path / "key"


def test_a_url_that_is_wrong_makes_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for url in ("postgresql:/me@host/db", "mysql://host/db", "postgres:db"):
        with pytest.raises(BudgetError) as caught:
            elsewhere(tmp_path, url)
        assert caught.value.code == "NDL-B031"
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    """Give the URL of a ledger that is not there yet."""
    server = os.environ.get("NDL_PUBLISH_TEST_POSTGRES")
    if not server:
        pytest.skip("NDL_PUBLISH_TEST_POSTGRES names no PostgreSQL database")
    import psycopg  # noqa: PLC0415 - only needed where there is a server

    schema = f"test_home_{uuid.uuid4().hex}"
    yield f"{server}{'&' if '?' in server else '?'}schema={schema}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'DROP SCHEMA IF EXISTS "{schema}" CASCADE'.encode())
    assert not [note for note in tmp_path.rglob("*.head") if "postgres" in note.read_text(encoding="ascii")]


def forget(home: Home, statement: str) -> None:
    """Do to a ledger in a database what its owner can do."""
    store = open_store(home.ledger, must_exist=True)
    assert isinstance(store, PostgresStore)
    store._run("SET session_replication_role = replica")
    store._run(f"ALTER TABLE {store._entries} DISABLE TRIGGER USER")
    store._run(statement.format(entries=store._entries, schema=store._entries.split(".")[0]))
    store.close()


def test_a_ledger_in_a_database_is_begun_once_and_said(tmp_path: Path, url: str) -> None:
    told: list[str] = []
    home = located(tmp_path / "home", told, ledger=url)
    home.open_key()
    for _ in range(2):
        home.open_ledger().close()
    assert len(told) == 2
    assert "(schema test_home_" in told[1]
    assert [file.name for file in (tmp_path / "home").iterdir()] == ["key"]
    home.key_file.unlink()
    with pytest.raises(RuleError, match="charged again"):
        home.open_key()


def test_a_database_that_is_rolled_back_is_noticed(tmp_path: Path, url: str) -> None:
    home = located(tmp_path / "home", [], ledger=url)
    spend(home, "1.0.0")
    spend(home, "1.0.1")
    home.open_ledger().close()
    forget(home, "DELETE FROM {entries} WHERE id = 2")
    with pytest.raises(BudgetError) as caught:
        home.open_ledger()
    assert caught.value.code == "NDL-B019"


def test_a_database_that_was_emptied_or_lost_is_noticed(tmp_path: Path, url: str) -> None:
    home = located(tmp_path / "home", [], ledger=url)
    spend(home, "1.0.0")
    forget(home, "DROP SCHEMA {schema} CASCADE")
    with pytest.raises(BudgetError) as caught:
        home.open_ledger()
    assert caught.value.code == "NDL-B019"
    assert not home.has_ledger()


def test_the_note_of_a_database_does_not_depend_on_user_or_password(tmp_path: Path) -> None:
    urls = ("postgresql://a:b@HOST/db", "postgres://c@host:5432/db?schema=ndl_publish&sslmode=require")
    notes = {located(tmp_path, [], ledger=url)._note() for url in urls}
    assert len(notes) == 1
    assert located(tmp_path, [], ledger="postgresql://host/other")._note() not in notes
