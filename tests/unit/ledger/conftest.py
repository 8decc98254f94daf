"""Ledgers and requests for the tests in this folder, and every place that a ledger can be in."""

import os
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path
from urllib.parse import urlencode

import pytest

from ndl_publish.ledger import ChargeRequest, Ledger
from ndl_publish.ledger.places import Place, place_of
from ndl_publish.privacy.events import GaussianQuery

MakeRequest = Callable[..., ChargeRequest]
MakeWhere = Callable[[], str]
NOON = datetime(2026, 4, 1, 9, 30, tzinfo=UTC)
SERVER = "NDL_PUBLISH_TEST_POSTGRES"


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "accounts" / "ledger.sqlite"


@pytest.fixture
def server() -> str:
    """Give the URL of a database whose schemas a test may make and drop; without one the test is skipped."""
    if not os.environ.get(SERVER):
        pytest.skip(f"{SERVER} names no PostgreSQL database")
    return os.environ[SERVER]


@pytest.fixture
def new_schema(server: str) -> Iterator[MakeWhere]:
    """Give a function that names a schema nobody has used; all are dropped at the end."""
    import psycopg  # noqa: PLC0415 - only needed where there is a server

    made: list[str] = []

    def name() -> str:
        made.append(f"test_{uuid.uuid4().hex}")
        return f"{server}{'&' if '?' in server else '?'}{urlencode({'schema': made[-1]})}"

    yield name
    with psycopg.connect(server, autocommit=True) as connection:
        for schema in made:
            connection.execute(f'DROP SCHEMA IF EXISTS "{schema}" CASCADE'.encode())


@pytest.fixture(params=["sqlite", "postgres"])
def new_where(request: pytest.FixtureRequest, tmp_path: Path) -> MakeWhere:
    """Give a function that names a new place for a ledger, on each kind of store."""
    if request.param == "postgres":
        make: MakeWhere = request.getfixturevalue("new_schema")
        return make
    return lambda: str(tmp_path / uuid.uuid4().hex / "ledger.sqlite")


@pytest.fixture
def where(new_where: MakeWhere) -> str:
    """Give the path or URL of a ledger that is not there yet."""
    return new_where()


@pytest.fixture
def place(where: str) -> Place:
    return place_of(where)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def ledger(place: Place, clock: Clock) -> Iterator[Ledger]:
    with Ledger.open(place, now=clock) as opened:
        yield opened


@pytest.fixture
def make_request() -> MakeRequest:
    def make(
        digest: str = "d1", *, rho: str = "1/10", cohorts: tuple[str, ...] = ("2019/20",), **changes: str
    ) -> ChargeRequest:
        queries = [GaussianQuery("gld", (cohort,), 1 / (2 * Fraction(rho)), Fraction(1), 12) for cohort in cohorts]
        details = {
            "release_id": "early-years",
            "version": "1.0.0",
            "rules_id": "demo-rules",
            "request_digest": digest,
            "adjacency": "add_remove",
            "code_version": "0.1.0",
            "actor": "a statistician",
            "key_fingerprint": "0123456789abcdef",
        }
        return ChargeRequest.for_queries(queries, **{**details, **changes})

    return make
