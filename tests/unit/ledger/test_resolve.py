"""Reservations that were never committed: what is said of them, and that it refunds nothing."""

from collections.abc import Callable
from fractions import Fraction

import pytest

from ndl_publish.errors import BudgetError
from ndl_publish.ledger import ChargeRequest, Ledger
from ndl_publish.ledger.caps import Caps

MakeRequest = Callable[..., ChargeRequest]
CAPS = {"2019/20": Caps(Fraction(1, 2))}


def refusal(ledger: Ledger, number: int, reason: str = "why") -> str:
    with pytest.raises(BudgetError) as caught:
        ledger.resolve(number, reason=reason)
    return caught.value.code


def test_resolving_keeps_the_charge_and_says_what_became_of_it(ledger: Ledger, make_request: MakeRequest) -> None:
    ledger.reserve(make_request(), caps=CAPS)
    (before,) = ledger.balances()
    assert (before.n_open, before.open_rho) == (1, Fraction(1, 10))
    reserved = ledger.resolve(1, reason=" Power cut ", actor="me")
    (after,) = ledger.balances()
    assert (after.spent, after.remaining) == (before.spent, before.remaining)
    assert (after.n_open, after.open_rho) == (0, Fraction(0))
    assert reserved["version"] == "1.0.0"
    charge, told = ledger.history("2019/20")
    assert (charge["status"], told["kind"], told["resolves"]) == ("resolved", "resolve", 1)
    assert (told["reason"], told["request_digest"], told["actor"]) == ("Power cut", "d1", "me")
    assert ledger.verify() == ()


def test_an_identical_build_after_that_replays_and_commits(ledger: Ledger, make_request: MakeRequest) -> None:
    ledger.reserve(make_request(), caps=CAPS)
    ledger.resolve(1, reason="why")
    grant = ledger.reserve(make_request(), caps=CAPS)
    assert grant.is_replay
    ledger.commit(grant, outputs={"a": "1"})
    assert ledger.history()[0]["status"] == "committed"
    assert ledger.balances()[0].spent == Fraction(1, 10)


@pytest.mark.parametrize("number", [-1, 0, 2, 10**30])
def test_an_unknown_entry_is_refused(ledger: Ledger, make_request: MakeRequest, number: int) -> None:
    ledger.reserve(make_request(), caps=CAPS)
    assert refusal(ledger, number) == "NDL-B023"


def test_only_open_reservations_are_resolved(ledger: Ledger, make_request: MakeRequest) -> None:
    ledger.commit(ledger.reserve(make_request(), caps=CAPS), outputs={})
    ledger.set_cap("2019/20", Fraction(1), reason="r")
    ledger.reserve(make_request("d2", version="2.0.0"), caps=CAPS)
    ledger.resolve(4, reason="why")
    before = ledger.head()
    assert [refusal(ledger, number) for number in range(1, 6)] == ["NDL-B024"] * 5
    assert ledger.head() == before


@pytest.mark.parametrize("reason", ["", "  ", "\n"])
def test_a_reason_is_needed(ledger: Ledger, make_request: MakeRequest, reason: str) -> None:
    ledger.reserve(make_request(), caps=CAPS)
    assert refusal(ledger, 1, reason) == "NDL-B025"


def test_of_two_contents_of_one_version_the_other_is_resolved(ledger: Ledger, make_request: MakeRequest) -> None:
    _, two = (ledger.reserve(make_request(digest), caps=CAPS) for digest in ("d1", "d2"))
    ledger.commit(two, outputs={})
    assert [entry.get("status") for entry in ledger.history()] == ["reserved", "committed", None]
    ledger.resolve(1, reason="Built again with corrected records")
    assert ledger.balances()[0].n_open == 0
