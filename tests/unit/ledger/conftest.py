"""Ledgers and requests for the tests in this folder."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path

import pytest

from ndl_publish.ledger import ChargeRequest, Ledger
from ndl_publish.privacy.events import GaussianQuery

MakeRequest = Callable[..., ChargeRequest]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "accounts" / "ledger.sqlite"


@pytest.fixture
def ledger(path: Path) -> Iterator[Ledger]:
    with Ledger.open(path, now=lambda: datetime(2026, 4, 1, 9, 30, tzinfo=UTC)) as opened:
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
