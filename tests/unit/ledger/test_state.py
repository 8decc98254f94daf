"""Entries add up to balances."""

from fractions import Fraction
from typing import Any

from ndl_publish.ledger.chain import Entry, Kind, next_entry
from ndl_publish.ledger.state import fold


def entries(*bodies: tuple[Kind, dict[str, Any]]) -> tuple[Entry, ...]:
    result: tuple[Entry, ...] = ()
    for kind, body in bodies:
        result += (next_entry(result, kind=kind, body=body, recorded_at="t", actor="a"),)
    return result


def reserve(digest: str, rho: str, *, epsilon: str = "0/1", cap: str = "1/2") -> tuple[Kind, dict[str, Any]]:
    charge = {"cohort": "c", "rho": rho, "epsilon": epsilon}
    return "reserve", {"request_digest": digest, "charges": [charge], "caps": {"c": cap}}


def test_an_empty_ledger_has_no_accounts() -> None:
    assert fold(()).balances() == ()


def test_thirds_add_up_exactly() -> None:
    (balance,) = fold(entries(*(reserve(str(k), "1/3", cap="1/1") for k in range(3)))).balances()
    assert (balance.spent, balance.remaining) == (Fraction(1), Fraction(0))


def test_the_first_cap_stays_until_a_decision() -> None:
    first = reserve("1", "0/1", cap="1/2")
    later = reserve("2", "0/1", cap="1/4")
    decided: tuple[Kind, dict[str, Any]] = ("set_cap", {"cohort": "c", "cap": "3/4", "reason": "r"})
    assert fold(entries(first, later)).caps == {"c": Fraction(1, 2)}
    assert fold(entries(first, later, decided)).caps == {"c": Fraction(3, 4)}


def test_remaining_is_never_negative() -> None:
    lowered: tuple[Kind, dict[str, Any]] = ("set_cap", {"cohort": "c", "cap": "1/10", "reason": "r"})
    (balance,) = fold(entries(reserve("1", "1/5"), lowered)).balances()
    assert (balance.spent, balance.remaining) == (Fraction(1, 5), Fraction(0))


def test_the_pure_part_is_kept() -> None:
    (balance,) = fold(entries(reserve("1", "1/8", epsilon="1/2"), reserve("2", "1/8"))).balances()
    assert (balance.spent, balance.pure_epsilon) == (Fraction(1, 4), Fraction(1, 2))


def test_commits_are_found_by_version() -> None:
    body = {"release_id": "r", "version": "1", "request_digest": "1", "outputs": {"a.csv": "00"}}
    state = fold(entries(reserve("1", "1/8"), ("commit", body)))
    assert state.committed == {("r", "1"): "1"}
    assert state.outputs == {"1": {"a.csv": "00"}}
