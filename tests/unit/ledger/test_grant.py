"""A grant is proof: it cannot be made, changed or stretched."""

import dataclasses
from collections.abc import Callable
from fractions import Fraction

import pytest

from ndl_publish.errors import BudgetError, RuleError
from ndl_publish.ledger import ChargeRequest, Grant, Ledger
from ndl_publish.ledger.caps import Caps
from ndl_publish.privacy.events import GaussianQuery, LaplaceQuery

MakeRequest = Callable[..., ChargeRequest]

CAPS = {"2019/20": Caps(Fraction(1, 2))}


def query(sigma2: str = "5", label: str = "gld", cohort: str = "2019/20") -> GaussianQuery:
    return GaussianQuery(label, (cohort,), Fraction(sigma2), Fraction(1), 12)


@pytest.fixture
def grant(ledger: Ledger, make_request: MakeRequest) -> Grant:
    return ledger.reserve(make_request(), caps=CAPS)


def test_nobody_else_makes_one(grant: Grant) -> None:
    with pytest.raises(BudgetError) as caught:
        Grant(1, "d1", grant.losses, is_replay=False, proof=object())
    assert caught.value.code == "NDL-B011"


def test_a_grant_cannot_be_copied_with_changes(grant: Grant) -> None:
    with pytest.raises((ValueError, TypeError, BudgetError)):
        dataclasses.replace(grant, losses=())  # type: ignore[call-arg]
    with pytest.raises(dataclasses.FrozenInstanceError):
        grant.entry_id = 7  # type: ignore[misc]


def test_it_does_not_carry_its_proof(grant: Grant) -> None:
    assert {field.name for field in dataclasses.fields(grant)} == {
        "entry_id",
        "request_digest",
        "losses",
        "is_replay",
    }


def test_it_pays_for_what_was_asked_and_for_less(grant: Grant) -> None:
    grant.require([query()])
    grant.require([query("10", "a"), query("10", "b")])
    grant.require([])


@pytest.mark.parametrize(
    "queries",
    [
        [query("499/100")],
        [query(), query("1000000", "one more")],
        [query(cohort="2020/21")],
        [LaplaceQuery("pure", ("2019/20",), Fraction(10**6), Fraction(1), 1)],
    ],
)
def test_it_pays_for_nothing_else(grant: Grant, queries: list[GaussianQuery]) -> None:
    with pytest.raises(BudgetError, match="cost more than the ledger was charged") as caught:
        grant.require(queries)
    assert caught.value.code == "NDL-B012"


def test_noise_cannot_be_shared(grant: Grant) -> None:
    with pytest.raises(RuleError, match="share their noise"):
        grant.require([query("100"), query("100")])
