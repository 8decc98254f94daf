"""The yearly cap over time."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from fractions import Fraction

import pytest

from ndl_publish.errors import BudgetError
from ndl_publish.ledger import ChargeRequest, Ledger
from ndl_publish.ledger.caps import Caps
from tests.unit.ledger.conftest import Clock

MakeRequest = Callable[..., ChargeRequest]
COHORT = "2019/20"
BOTH = {COHORT: Caps(Fraction(1, 2), Fraction(1, 5))}
LIFETIME = {COHORT: Caps(Fraction(1, 2))}


def code(ledger: Ledger, request: ChargeRequest, caps: dict[str, Caps] = BOTH) -> str:
    try:
        ledger.reserve(request, caps=caps)
    except BudgetError as error:
        return error.code
    return "paid"


def test_a_year_is_spent_and_the_next_one_begins_anew(ledger: Ledger, make_request: MakeRequest, clock: Clock) -> None:
    assert [code(ledger, make_request(f"d{k}")) for k in range(3)] == ["paid", "paid", "NDL-B020"]
    (balance,) = ledger.balances()
    assert (balance.yearly_cap, balance.spent_this_year, balance.remaining_this_year) == (
        Fraction(1, 5),
        Fraction(1, 5),
        Fraction(0),
    )
    clock.now = datetime(2027, 1, 1, tzinfo=UTC)
    (balance,) = ledger.balances()
    assert (balance.spent, balance.spent_this_year, balance.remaining_this_year) == (
        Fraction(1, 5),
        Fraction(0),
        Fraction(1, 5),
    )
    assert [code(ledger, make_request(f"e{k}")) for k in range(3)] == ["paid", "paid", "NDL-B020"]
    clock.now = datetime(2028, 1, 1, tzinfo=UTC)
    assert [code(ledger, make_request(f"f{k}")) for k in range(2)] == ["paid", "NDL-B001"]


def test_the_year_is_that_of_universal_time(ledger: Ledger, make_request: MakeRequest, clock: Clock) -> None:
    clock.now = datetime(2027, 1, 1, 0, 30, tzinfo=timezone(timedelta(hours=1)))
    assert code(ledger, make_request("d1", rho="1/5")) == "paid"
    assert ledger.history()[0]["at"] == "2026-12-31T23:30:00+00:00"
    clock.now = datetime(2026, 12, 31, 23, 59, 59, tzinfo=UTC)
    assert code(ledger, make_request("d2")) == "NDL-B020"
    clock.now = datetime(2027, 1, 1, tzinfo=UTC)
    assert code(ledger, make_request("d2")) == "paid"


def test_a_remembered_yearly_cap_binds_rules_without_one(ledger: Ledger, make_request: MakeRequest) -> None:
    assert code(ledger, make_request("d0", rho="1/5")) == "paid"
    assert code(ledger, make_request("d1"), LIFETIME) == "NDL-B020"


def test_it_is_remembered_from_the_first_rules_that_have_one(ledger: Ledger, make_request: MakeRequest) -> None:
    assert code(ledger, make_request("d0"), LIFETIME) == "paid"
    assert ledger.balances()[0].yearly_cap is None
    assert code(ledger, make_request("d1")) == "paid"
    assert ledger.balances()[0].yearly_cap == Fraction(1, 5)
    assert code(ledger, make_request("d2", rho="1/1000")) == "NDL-B020"


def test_raising_it_is_a_recorded_decision(ledger: Ledger, make_request: MakeRequest) -> None:
    assert code(ledger, make_request("d0", rho="1/5")) == "paid"
    wider = {COHORT: Caps(Fraction(1, 2), Fraction(2, 5))}
    assert code(ledger, make_request("d1"), wider) == "NDL-B021"
    ledger.set_cap(COHORT, Fraction(2, 5), reason="board minute 13", is_yearly=True)
    assert code(ledger, make_request("d1"), wider) == "paid"
    assert [code(ledger, make_request("d2"), caps) for caps in (BOTH, LIFETIME)] == ["NDL-B020", "paid"]
    (balance,) = ledger.balances()
    assert (balance.yearly_cap, balance.cap) == (Fraction(2, 5), Fraction(1, 2))
    (decision,) = [entry for entry in ledger.history(COHORT) if entry["kind"] == "set_cap"]
    assert (decision["yearly_cap"], decision["reason"]) == ("2/5", "board minute 13")


def test_a_replay_is_free_when_the_year_is_spent(ledger: Ledger, make_request: MakeRequest) -> None:
    assert code(ledger, make_request("d0", rho="1/5")) == "paid"
    assert ledger.reserve(make_request("d0", rho="1/5"), caps=BOTH).is_replay


def test_all_cohorts_or_none(ledger: Ledger, make_request: MakeRequest) -> None:
    caps = {**BOTH, "2020/21": Caps(Fraction(1, 2), Fraction(1, 20))}
    with pytest.raises(BudgetError, match="2020/21") as caught:
        ledger.reserve(make_request(cohorts=(COHORT, "2020/21")), caps=caps)
    assert caught.value.code == "NDL-B020"
    assert ledger.head() == (0, "")


def test_entries_of_rules_without_a_yearly_cap_read_as_before(ledger: Ledger, make_request: MakeRequest) -> None:
    ledger.reserve(make_request("d0"), caps=LIFETIME)
    ledger.reserve(make_request("d1"), caps=BOTH)
    first, second = ledger.history()
    assert "yearly_caps" not in first
    assert second["yearly_caps"] == {COHORT: "1/5"}
