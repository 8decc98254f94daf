"""What each fault means, also those that no test can bring about."""

import pytest

from ndl_publish.ledger.postgres_address import PostgresAddress
from ndl_publish.ledger.postgres_errors import NOTHING, explained

ADDRESS = PostgresAddress.parse("postgresql://me:hunter2@host/db")


class FaultError(Exception):
    """Stands for ``psycopg.Error``."""

    def __init__(self, sqlstate: str | None, words: str = "hunter2 me") -> None:
        super().__init__(words)
        self.sqlstate = sqlstate


@pytest.mark.parametrize(
    ("state", "code"),
    [
        ("28P01", "NDL-B028"),
        ("3D000", "NDL-B029"),
        ("42501", "NDL-B028"),
        ("55P03", "NDL-B009"),
        ("25006", "NDL-B002"),
        ("42P01", "NDL-B007"),
        ("53100", "NDL-B013"),
        ("53300", "NDL-B013"),
        ("58030", "NDL-B013"),
        ("08006", "NDL-B027"),
        ("57P01", "NDL-B027"),
        (None, "NDL-B027"),
        ("P0001", "NDL-B014"),
    ],
)
def test_every_fault_in_a_turn_says_that_nothing_more_was_charged(state: str | None, code: str) -> None:
    error = explained(ADDRESS, FaultError(state))
    assert error.code == code
    assert error.message.endswith(NOTHING)
    assert "hunter2" not in str(error)


@pytest.mark.parametrize("state", [None, "08006", "08003", "57P01", "57P02", "57014", "40003"])
def test_the_fate_of_a_lost_commit_is_unknown_and_said_so(state: str | None) -> None:
    error = explained(ADDRESS, FaultError(state), is_ending=True)
    assert error.code == "NDL-B030"
    assert "othing" not in error.message
    assert "may be there or not" in error.message


@pytest.mark.parametrize("state", ["23505", "53100", "40001"])
def test_a_commit_that_the_server_refused_charged_nothing(state: str) -> None:
    assert explained(ADDRESS, FaultError(state), is_ending=True).message.endswith(NOTHING)


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ('FATAL:  password authentication failed for user "me"', "NDL-B028"),
        ("fe_sendauth: no password supplied", "NDL-B028"),
        ('FATAL:  no pg_hba.conf entry for host "h", user "me", database "db", no encryption', "NDL-B028"),
        ('FATAL:  role "me" does not exist', "NDL-B028"),
        ('FATAL:  permission denied for database "db"', "NDL-B028"),
        ('FATAL:  database "db" does not exist', "NDL-B029"),
        ("FATAL:  the database system is starting up", "NDL-B027"),
        ("Connection refused. Is the server running on that host?", "NDL-B027"),
        ('could not translate host name "password" to address', "NDL-B027"),
        ("FATAL:  Passwort-Authentifizierung", "NDL-B027"),
    ],
)
def test_a_refused_connection_is_told_by_the_words_of_the_server(words: str, code: str) -> None:
    assert explained(ADDRESS, FaultError(None, words), is_connecting=True).code == code
