"""The tables on a real server: rights, triggers, foreign tables, lost connections."""

import sys
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest

from ndl_publish.errors import BudgetError
from ndl_publish.ledger import ChargeRequest, Ledger
from ndl_publish.ledger.caps import Caps
from ndl_publish.ledger.places import place_of
from ndl_publish.ledger.postgres_address import PostgresAddress
from ndl_publish.ledger.postgres_store import PostgresStore, ledger_exists

MakeRequest = Callable[..., ChargeRequest]
CAPS = {"2019/20": Caps(Fraction(1, 2))}
PASSWORD = "hunter2"  # noqa: S105 - of nobody


@pytest.fixture
def address(new_schema: Callable[[], str]) -> PostgresAddress:
    return PostgresAddress.parse(new_schema())


@pytest.fixture
def ledger(address: PostgresAddress) -> Iterator[Ledger]:
    with Ledger.open(address) as opened:
        yield opened


@pytest.fixture
def owner(address: PostgresAddress) -> Iterator[Any]:
    """Give a second connection, of the owner of the tables."""
    import psycopg  # noqa: PLC0415 - only needed where there is a server

    parameters: dict[str, Any] = address.parameters()
    with psycopg.connect(autocommit=True, **parameters) as connection:
        yield connection


@pytest.fixture
def clerk(address: PostgresAddress, owner: Any) -> Iterator[PostgresAddress]:  # noqa: ANN401 - a connection
    """Give the address for a user of the server who has no rights yet."""
    name = f"clerk_{uuid.uuid4().hex[:12]}"
    owner.execute(f"CREATE ROLE {name} LOGIN PASSWORD '{PASSWORD}'")
    yield replace(address, user=name, password=PASSWORD)
    owner.execute(f"DROP OWNED BY {name} CASCADE")
    owner.execute(f"DROP ROLE {name}")


@contextmanager
def refused(code: str) -> Iterator[None]:
    with pytest.raises(BudgetError) as caught:
        yield
    assert caught.value.code == code, caught.value
    assert PASSWORD not in str(caught.value)


def store_of(ledger: Ledger) -> PostgresStore:
    assert isinstance(ledger._store, PostgresStore)
    return ledger._store


def one(store: PostgresStore, statement: str) -> Any:  # noqa: ANN401 - whatever the server says
    return store._run(statement).fetchone()[0]


def test_a_turn_is_durable_whatever_the_session_says(ledger: Ledger) -> None:
    store = store_of(ledger)
    store._run("SET synchronous_commit = off")
    with store.turn():
        assert one(store, "SHOW synchronous_commit") == "on"
        assert one(store, "SHOW transaction_isolation") == "read committed"
    assert one(store, "SHOW fsync") == "on"


@pytest.mark.parametrize("role", ["origin", "replica"])
@pytest.mark.parametrize("statement", ["UPDATE {t} SET actor = 'x'", "DELETE FROM {t}", "TRUNCATE {t}"])
def test_triggers_forbid_change(ledger: Ledger, make_request: MakeRequest, statement: str, role: str) -> None:
    import psycopg  # noqa: PLC0415 - only needed where there is a server

    ledger.reserve(make_request(), caps=CAPS)
    store = store_of(ledger)
    store._run(f"SET session_replication_role = {role}")
    with pytest.raises(psycopg.errors.RaiseException, match="never"):
        store._run(statement.format(t=store._entries))
    assert len(ledger.history()) == 1


def test_tables_of_others_are_refused_and_left_alone(address: PostgresAddress, owner: Any) -> None:  # noqa: ANN401
    owner.execute(f'CREATE SCHEMA "{address.schema}"')
    owner.execute(f'CREATE TABLE "{address.schema}".entries (x integer)')
    with refused("NDL-B007"):
        Ledger.open(address)
    owner.execute(f'CREATE TABLE "{address.schema}".about (application text, schema_version integer)')
    owner.execute(f'SET search_path = "{address.schema}"')
    owner.execute("INSERT INTO about VALUES ('other', 1)")
    with refused("NDL-B007"):
        Ledger.open(address)
    assert owner.execute("SELECT count(*) FROM entries").fetchone() == (0,)


def test_a_newer_schema_is_refused(address: PostgresAddress, owner: Any) -> None:  # noqa: ANN401 - a connection
    Ledger.open(address).close()
    owner.execute(f'SET search_path = "{address.schema}"')
    owner.execute("UPDATE about SET schema_version = 99")
    with refused("NDL-B008"):
        Ledger.open(address)


def test_a_schema_that_stands_there_empty_is_used(address: PostgresAddress, owner: Any) -> None:  # noqa: ANN401
    owner.execute(f'CREATE SCHEMA "{address.schema}"')
    assert not ledger_exists(address)
    Ledger.open(address).close()
    assert ledger_exists(address)


def test_the_rights_that_the_message_names_are_enough(
    address: PostgresAddress, owner: Any, clerk: PostgresAddress, make_request: MakeRequest  # noqa: ANN401
) -> None:  # fmt: skip
    with refused("NDL-B028"):
        Ledger.open(clerk)
    Ledger.open(address).close()
    with refused("NDL-B028"):
        Ledger.open(clerk)
    owner.execute(f'GRANT USAGE ON SCHEMA "{address.schema}" TO {clerk.user}')
    owner.execute(f'GRANT SELECT ON "{address.schema}".about, "{address.schema}".entries TO {clerk.user}')
    with Ledger.open(clerk) as reader:
        assert reader.history() == ()
        with refused("NDL-B028"):
            reader.reserve(make_request(), caps=CAPS)
    owner.execute(f'GRANT INSERT, UPDATE ON "{address.schema}".entries TO {clerk.user}')
    with Ledger.open(clerk, must_exist=True) as writer:
        writer.commit(writer.reserve(make_request(), caps=CAPS), outputs={})
        assert writer.verify() == ()


def test_who_is_not_let_in_is_told(address: PostgresAddress, clerk: PostgresAddress) -> None:
    import psycopg  # noqa: PLC0415 - only needed where there is a server

    for wrong in (replace(clerk, password=f"{PASSWORD}x"), replace(address, user="nobody_at_all", password=PASSWORD)):
        parameters: dict[str, Any] = wrong.parameters()
        try:
            psycopg.connect(**parameters).close()
            pytest.skip("this server asks for no password")
        except psycopg.OperationalError:
            with refused("NDL-B028"):
                Ledger.open(wrong)


def test_a_missing_database_and_an_absent_server_are_told(address: PostgresAddress) -> None:
    with refused("NDL-B029"):
        Ledger.open(replace(address, database="no_such_database"))
    with refused("NDL-B027"):
        Ledger.open(replace(address, port=1))
    with refused("NDL-B027"):
        ledger_exists(replace(address, port=1))


def test_a_server_that_may_not_be_written_is_told(ledger: Ledger, make_request: MakeRequest) -> None:
    store = store_of(ledger)
    begin = store._begin

    def begin_as_on_a_standby() -> None:
        begin()
        store._run("SET TRANSACTION READ ONLY")

    store._begin = begin_as_on_a_standby  # type: ignore[method-assign]
    with refused("NDL-B002"):
        ledger.reserve(make_request(), caps=CAPS)


def cut(owner: Any, store: PostgresStore) -> None:  # noqa: ANN401 - a connection
    owner.execute("SELECT pg_terminate_backend(%s, 5000)", (store._connection.info.backend_pid,))


def test_a_connection_lost_in_a_turn_charged_nothing(
    ledger: Ledger, address: PostgresAddress, owner: Any, make_request: MakeRequest  # noqa: ANN401
) -> None:  # fmt: skip
    store = store_of(ledger)
    append = store.append

    def append_and_lose(entry: Any) -> None:  # noqa: ANN401 - an entry
        append(entry)
        cut(owner, store)
        store.entries()

    store.append = append_and_lose  # type: ignore[method-assign]
    with refused("NDL-B027"):
        ledger.reserve(make_request(), caps=CAPS)
    with Ledger.open(address) as again:
        assert again.history() == ()
        assert not again.reserve(make_request(), caps=CAPS).is_replay


@pytest.mark.parametrize("is_written", [True, False])
def test_a_connection_lost_at_the_end_says_unknown_and_the_next_run_is_right(
    ledger: Ledger, address: PostgresAddress, owner: Any, make_request: MakeRequest, is_written: bool  # noqa: ANN401
) -> None:  # fmt: skip
    """The server had written the charge and its answer was lost, or it never heard of the end."""
    import psycopg  # noqa: PLC0415 - only needed where there is a server

    store = store_of(ledger)
    run = store._run

    def lose(statement: str, values: Any = None) -> Any:  # noqa: ANN401 - passed on
        if statement == "COMMIT":
            if is_written:
                run(statement)
                raise psycopg.OperationalError("consuming input failed: server closed the connection unexpectedly")
            cut(owner, store)
        return run(statement, values)

    store._run = lose  # type: ignore[method-assign]
    with refused("NDL-B030"):
        ledger.reserve(make_request(), caps=CAPS)
    with Ledger.open(address) as again:
        assert again.reserve(make_request(), caps=CAPS).is_replay is is_written
        assert [(b.spent, b.n_open) for b in again.balances()] == [(Fraction(1, 10), 1)]
        assert again.verify() == ()


def test_an_undone_turn_is_not_taken_for_written(ledger: Ledger, make_request: MakeRequest) -> None:
    store = store_of(ledger)
    append = store.append

    def append_and_spoil(entry: Any) -> None:  # noqa: ANN401 - an entry
        append(entry)
        with pytest.raises(BudgetError):
            append(entry)

    store.append = append_and_spoil  # type: ignore[method-assign]
    with refused("NDL-B014"):
        ledger.reserve(make_request(), caps=CAPS)
    assert ledger.history() == ()


def test_tables_that_went_away_are_told(ledger: Ledger, address: PostgresAddress, owner: Any) -> None:  # noqa: ANN401
    owner.execute(f'DROP SCHEMA "{address.schema}" CASCADE')
    with refused("NDL-B007"):
        ledger.balances()


def test_without_the_library_the_way_out_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(BudgetError, match="pip install") as caught:
        Ledger.open(place_of("postgresql://host/db"))
    assert caught.value.code == "NDL-B026"
