"""What every store promises, whatever holds the entries."""

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import pytest

from ndl_publish.errors import BudgetError
from ndl_publish.ledger import ChargeRequest, Ledger
from ndl_publish.ledger.caps import Caps
from ndl_publish.ledger.places import Place, exists, identity, place_of
from ndl_publish.ledger.postgres_store import PostgresStore
from ndl_publish.ledger.sqlite_store import SqliteStore
from ndl_publish.ledger.store import Store

MakeRequest = Callable[..., ChargeRequest]
CAPS = {"2019/20": Caps(Fraction(1, 2))}


def impatient(place: Place) -> Store:
    if isinstance(place, Path):
        return SqliteStore(place, must_exist=True, busy_seconds=0.05)
    return PostgresStore(place, must_exist=True, busy_seconds=0.05)


def test_a_missing_ledger_is_not_begun_when_it_must_exist(place: Place) -> None:
    with pytest.raises(BudgetError) as caught:
        Ledger.open(place, must_exist=True)
    assert caught.value.code == "NDL-B002"
    assert not exists(place)


def test_it_exists_once_it_was_begun(place: Place) -> None:
    assert not exists(place)
    Ledger.open(place).close()
    assert exists(place)
    Ledger.open(place, must_exist=True).close()


def test_closing_twice_does_no_harm(place: Place) -> None:
    ledger = Ledger.open(place)
    ledger.close()
    ledger.close()


def test_a_held_ledger_says_so(place: Place, make_request: MakeRequest) -> None:
    with Ledger.open(place) as holder:
        other = impatient(place)
        with holder._store.turn(), pytest.raises(BudgetError) as caught, other.turn():
            pass
        assert caught.value.code == "NDL-B009"
        with other.turn():
            pass
        other.close()
        holder.reserve(make_request(), caps=CAPS)


def test_others_may_read_while_one_writes(place: Place, ledger: Ledger, make_request: MakeRequest) -> None:
    ledger.reserve(make_request(), caps=CAPS)
    other = impatient(place)
    with ledger._store.turn():
        assert len(other.entries()) == 1
    other.close()


def test_an_error_inside_a_turn_undoes_it(ledger: Ledger, make_request: MakeRequest) -> None:
    ledger.reserve(make_request(), caps=CAPS)
    entries = ledger._store.entries()

    def append_and_stop() -> None:
        with ledger._store.turn():
            ledger._append(entries, "set_cap", {"cohort": "x", "cap": "1/1"}, "a")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        append_and_stop()
    assert ledger._store.entries() == entries
    ledger.reserve(make_request("d2"), caps=CAPS)


def test_an_entry_that_forks_the_chain_is_refused_and_undone(ledger: Ledger, make_request: MakeRequest) -> None:
    ledger.reserve(make_request(), caps=CAPS)

    def fork() -> None:
        with ledger._store.turn():
            ledger._append((), "set_cap", {"cohort": "x", "cap": "1/1"}, "a")

    with pytest.raises(BudgetError, match="Nothing more was charged"):
        fork()
    assert ledger.verify() == ()
    assert len(ledger.history()) == 1


@pytest.mark.parametrize("words", ["Übergabe „ja“", "数", "a\tb\\c'; DROP TABLE entries; --"])
def test_any_words_come_back_as_they_were(ledger: Ledger, words: str) -> None:
    ledger.set_cap(words, Fraction(1, 2), reason=words, actor=words)
    (entry,) = ledger.history()
    assert (entry["cohort"], entry["reason"], entry["actor"]) == (words, words, words)
    assert ledger.verify() == ()


def test_a_place_has_one_identity(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert identity(place_of("l.sqlite")) == identity(place_of(str(tmp_path / "l.sqlite")))
