"""The URL of a ledger in a database."""

import pytest

from ndl_publish.errors import BudgetError
from ndl_publish.ledger.postgres_address import PostgresAddress, is_address

SECRET = "hunter2"  # noqa: S105 - of nobody


def test_every_part_is_found() -> None:
    url = "postgresql://m%40e:p%2Fw@db.example.org:6432/council?schema=books&sslmode=verify-full&connect_timeout=3"
    address = PostgresAddress.parse(url)
    assert address.parameters() == {
        "host": "db.example.org",
        "port": "6432",
        "dbname": "council",
        "user": "m@e",
        "password": "p/w",
        "sslmode": "verify-full",
        "connect_timeout": "3",
    }
    assert address.identity == "postgresql db.example.org 6432 council books"


def test_defaults_and_sockets() -> None:
    assert PostgresAddress.parse("postgres://host/db").parameters() == {"host": "host", "port": "5432", "dbname": "db"}
    local = PostgresAddress.parse("postgresql:///db?host=/run/postgresql&port=5433")
    assert (local.host, local.port) == ("/run/postgresql", 5433)
    assert PostgresAddress.parse("postgresql://[::1]:5433/db").host == "::1"


def test_the_password_is_never_shown() -> None:
    address = PostgresAddress.parse(f"postgresql://me:{SECRET}@host/db")
    for text in (str(address), repr(address), address.identity, f"{address}"):
        assert SECRET not in text
        assert "me" not in text.replace("schema", "")


@pytest.mark.parametrize(
    "url",
    [
        f"postgresql://me:{SECRET}@host",
        f"postgresql://me:{SECRET}@/db",
        f"postgresql:/me:{SECRET}@host/db",
        f"mysql://me:{SECRET}@host/db",
        f"postgresql://me:{SECRET}@host:port/db",
        f"postgresql://me:{SECRET}@host:99999/db",
        f"postgresql://me:{SECRET}@one,two/db",
        f"postgresql://me:{SECRET}@one:1,two:2/db",
        f"postgresql://me:{SECRET}@host/db/{SECRET}",
        f"postgresql://me@host/db?password={SECRET}",
        f"postgresql://me@host/db?{SECRET}",
        f"postgresql://me:{SECRET}@host/db?schema=pg_catalog",
        f"postgresql://me:{SECRET}@host/db?schema=",
        f'postgresql://me:{SECRET}@host/db?schema=A"b',
        f"postgresql://me:{SECRET}@host/db?options=-csearch_path%3Dx",
        f"postgresql://me:{SECRET}@host/db?sslmode=always",
        f"postgresql://me:{SECRET}@host/db?connect_timeout=ten",
        f"postgresql://me:pass#{SECRET}@host/db",
        f"postgresql://me:[{SECRET}@host/db",
    ],
)
def test_what_cannot_be_understood_is_refused_without_repeating_it(url: str) -> None:
    assert is_address(url)
    with pytest.raises(BudgetError) as caught:
        PostgresAddress.parse(url)
    assert caught.value.code == "NDL-B031"
    assert SECRET not in str(caught.value)
    assert caught.value.__cause__ is None


@pytest.mark.parametrize("path", ["ledger.sqlite", "/var/ledger", "postgres", "a/postgresql", "C:\\ledger"])
def test_paths_are_paths(path: str) -> None:
    assert not is_address(path)
