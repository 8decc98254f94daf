"""Entries add up to balances."""

from fractions import Fraction
from typing import Any

import pytest

from ndl_publish.ledger.chain import Entry, Kind, next_entry
from ndl_publish.ledger.state import Balance, fold


def entries(*bodies: tuple[Kind, dict[str, Any]]) -> tuple[Entry, ...]:
    result: tuple[Entry, ...] = ()
    for kind, body in bodies:
        result += (next_entry(result, kind=kind, body=body, recorded_at="2026-04-01T09:30:00+00:00", actor="a"),)
    return result


def reserve(digest: str, rho: str, *, epsilon: str = "0/1", cap: str = "1/2") -> tuple[Kind, dict[str, Any]]:
    charge = {"cohort": "c", "rho": rho, "epsilon": epsilon}
    return "reserve", {"request_digest": digest, "charges": [charge], "caps": {"c": cap}}


def test_an_empty_ledger_has_no_accounts() -> None:
    assert fold(()).balances("2026") == ()


def test_thirds_add_up_exactly() -> None:
    (balance,) = fold(entries(*(reserve(str(k), "1/3", cap="1/1") for k in range(3)))).balances("2026")
    assert (balance.spent, balance.remaining) == (Fraction(1), Fraction(0))


def test_the_first_cap_stays_until_a_decision() -> None:
    first = reserve("1", "0/1", cap="1/2")
    later = reserve("2", "0/1", cap="1/4")
    decided: tuple[Kind, dict[str, Any]] = ("set_cap", {"cohort": "c", "cap": "3/4", "reason": "r"})
    assert fold(entries(first, later)).caps == {"c": Fraction(1, 2)}
    assert fold(entries(first, later, decided)).caps == {"c": Fraction(3, 4)}


def test_remaining_is_never_negative() -> None:
    lowered: tuple[Kind, dict[str, Any]] = ("set_cap", {"cohort": "c", "cap": "1/10", "reason": "r"})
    (balance,) = fold(entries(reserve("1", "1/5"), lowered)).balances("2026")
    assert (balance.spent, balance.remaining) == (Fraction(1, 5), Fraction(0))


def test_the_pure_part_is_kept() -> None:
    (balance,) = fold(entries(reserve("1", "1/8", epsilon="1/2"), reserve("2", "1/8"))).balances("2026")
    assert (balance.spent, balance.pure_epsilon) == (Fraction(1, 4), Fraction(1, 2))


def test_commits_are_found_by_version() -> None:
    body = {"release_id": "r", "version": "1", "request_digest": "1", "outputs": {"a.csv": "00"}}
    state = fold(entries(reserve("1", "1/8"), ("commit", body)))
    assert state.committed == {("r", "1"): "1"}
    assert state.outputs == {"1": {"a.csv": "00"}}


def test_the_first_yearly_cap_stays_until_a_decision() -> None:
    def yearly(digest: str, cap: str) -> tuple[Kind, dict[str, Any]]:
        kind, body = reserve(digest, "1/10")
        return kind, {**body, "yearly_caps": {"c": cap}}

    decided: tuple[Kind, dict[str, Any]] = ("set_cap", {"cohort": "c", "yearly_cap": "1/3", "reason": "r"})
    assert fold(entries(reserve("0", "1/10"))).yearly_caps == {}
    assert fold(entries(reserve("0", "1/10"), yearly("1", "1/4"), yearly("2", "1/5"))).yearly_caps == {
        "c": Fraction(1, 4)
    }
    state = fold(entries(yearly("1", "1/4"), decided))
    assert (state.yearly_caps, state.caps) == ({"c": Fraction(1, 3)}, {"c": Fraction(1, 2)})


def test_spending_is_kept_by_year() -> None:
    chain = entries(reserve("1", "1/8"), reserve("2", "1/4", cap="1"))
    state = fold(chain)
    assert state.spent_in == {("c", "2026"): Fraction(3, 8)}
    (here,), (later,) = state.balances("2026"), state.balances("2027")
    assert (here.spent_this_year, later.spent_this_year) == (Fraction(3, 8), Fraction(0))
    assert here.spent == later.spent == Fraction(3, 8)


@pytest.mark.parametrize(("yearly", "left"), [(None, "3/10"), ("1/4", "1/20"), ("1/10", "0"), ("1/2", "3/10")], ids=str)
def test_what_is_left_this_year_is_the_smaller_of_both(yearly: str | None, left: str) -> None:
    cap = None if yearly is None else Fraction(yearly)
    balance = Balance("c", Fraction(1, 2), Fraction(1, 5), Fraction(0), cap, Fraction(1, 5))
    assert balance.remaining_this_year == Fraction(left)


def test_open_reservations_are_neither_committed_nor_resolved() -> None:
    done = {"release_id": "r", "version": "1", "request_digest": "1", "outputs": {}}
    gone = {"resolves": 2, "request_digest": "2", "reason": "r"}
    reserves = [reserve(str(k), f"1/{k * 10}") for k in (1, 2, 3)]
    state = fold(entries(*reserves, ("commit", done), ("resolve", gone)))
    assert [state.status(str(k)) for k in (1, 2, 3)] == ["committed", "resolved", "reserved"]
    (balance,) = state.balances("2026")
    assert (balance.n_open, balance.open_rho) == (1, Fraction(1, 30))
    assert balance.spent == Fraction(1, 10) + Fraction(1, 20) + Fraction(1, 30)


def test_a_resolved_reservation_that_is_committed_later_is_committed() -> None:
    gone = {"resolves": 1, "request_digest": "1", "reason": "r"}
    done = {"release_id": "r", "version": "1", "request_digest": "1", "outputs": {}}
    assert fold(entries(reserve("1", "1/8"), ("resolve", gone), ("commit", done))).status("1") == "committed"
