"""The ledger's face: reserve, replay, commit, caps, reading, checking."""

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ndl_publish.errors import BudgetError
from ndl_publish.ledger import Balance, ChargeRequest, Ledger
from ndl_publish.ledger.caps import Caps
from ndl_publish.ledger.places import Place, place_of
from ndl_publish.ledger.postgres_store import PostgresStore
from ndl_publish.privacy.events import PrivacyLoss

MakeRequest = Callable[..., ChargeRequest]
MakeWhere = Callable[[], str]

HALF = Fraction(1, 2)
CAPS = {"2019/20": Caps(HALF), "2020/21": Caps(HALF)}


def code_of(caught: pytest.ExceptionInfo[BudgetError]) -> str:
    return caught.value.code


def test_a_reserve_charges_every_cohort(ledger: Ledger, make_request: MakeRequest) -> None:
    grant = ledger.reserve(make_request(cohorts=("2019/20", "2020/21")), caps=CAPS)
    assert not grant.is_replay
    tenth = Fraction(1, 10)
    assert grant.losses == (("2019/20", PrivacyLoss(tenth)), ("2020/21", PrivacyLoss(tenth)))
    zero = Fraction(0)
    expected = [
        Balance(cohort, HALF, tenth, zero, spent_this_year=tenth, n_open=1, open_rho=tenth)
        for cohort in ("2019/20", "2020/21")
    ]
    assert list(ledger.balances()) == expected


def test_all_cohorts_or_none(ledger: Ledger, make_request: MakeRequest) -> None:
    ledger.reserve(make_request("d0", cohorts=("2020/21",), rho="9/20"), caps=CAPS)
    with pytest.raises(BudgetError, match="2020/21"):
        ledger.reserve(make_request("d1", cohorts=("2019/20", "2020/21")), caps=CAPS)
    assert [balance.cohort for balance in ledger.balances()] == ["2020/21"]


def test_the_same_request_is_free(ledger: Ledger, make_request: MakeRequest) -> None:
    first = ledger.reserve(make_request(), caps=CAPS)
    again = ledger.reserve(make_request(actor="someone else"), caps=CAPS)
    assert again.is_replay
    assert (again.entry_id, again.losses) == (first.entry_id, first.losses)
    assert len(ledger.history()) == 1


def test_a_replay_is_free_when_nothing_is_left_and_caps_have_gone(ledger: Ledger, make_request: MakeRequest) -> None:
    request = make_request(rho="1/2")
    ledger.reserve(request, caps=CAPS)
    assert ledger.reserve(request, caps={}).is_replay


def test_a_digest_that_misses_the_queries_is_refused(ledger: Ledger, make_request: MakeRequest) -> None:
    ledger.reserve(make_request("same", rho="1/10"), caps=CAPS)
    with pytest.raises(BudgetError) as caught:
        ledger.reserve(make_request("same", rho="1/5"), caps=CAPS)
    assert code_of(caught) == "NDL-B018"


def test_another_digest_is_a_new_charge_while_not_committed(ledger: Ledger, make_request: MakeRequest) -> None:
    ledger.reserve(make_request("d1"), caps=CAPS)
    assert not ledger.reserve(make_request("d2"), caps=CAPS).is_replay
    assert ledger.balances()[0].spent == Fraction(1, 5)


def test_a_committed_version_takes_no_other_content(ledger: Ledger, make_request: MakeRequest) -> None:
    grant = ledger.reserve(make_request("d1"), caps=CAPS)
    ledger.commit(grant, outputs={"t.csv": "aa"})
    with pytest.raises(BudgetError) as caught:
        ledger.reserve(make_request("d2"), caps=CAPS)
    assert code_of(caught) == "NDL-B003"
    assert ledger.reserve(make_request("d1"), caps=CAPS).is_replay
    assert not ledger.reserve(make_request("d2", version="1.1.0"), caps=CAPS).is_replay


def test_commit_is_idempotent_for_equal_outputs_only(ledger: Ledger, make_request: MakeRequest) -> None:
    grant = ledger.reserve(make_request(), caps=CAPS)
    ledger.commit(grant, outputs={"a": "1", "b": "2"})
    ledger.commit(grant, outputs={"b": "2", "a": "1"})
    assert [entry["kind"] for entry in ledger.history()] == ["reserve", "commit"]
    with pytest.raises(BudgetError) as caught:
        ledger.commit(grant, outputs={"a": "1", "b": "3"})
    assert code_of(caught) == "NDL-B015"


def test_of_two_reserved_contents_one_is_committed(ledger: Ledger, make_request: MakeRequest) -> None:
    one, two = (ledger.reserve(make_request(digest), caps=CAPS) for digest in ("d1", "d2"))
    ledger.commit(two, outputs={"a": "2"})
    with pytest.raises(BudgetError) as caught:
        ledger.commit(one, outputs={"a": "1"})
    assert code_of(caught) == "NDL-B015"


def test_a_grant_of_another_ledger_is_refused(ledger: Ledger, make_request: MakeRequest, new_where: MakeWhere) -> None:
    with Ledger.open(place_of(new_where())) as other:
        grant = other.reserve(make_request("elsewhere"), caps=CAPS)
    for use in (lambda: ledger.commit(grant, outputs={}), lambda: ledger.entry(grant)):
        with pytest.raises(BudgetError) as caught:
            use()
        assert code_of(caught) == "NDL-B016"


def test_nothing_is_charged_for_nothing(ledger: Ledger, make_request: MakeRequest) -> None:
    request = make_request()
    free = type(request)(
        **{name: getattr(request, name) for name in request.__slots__ if name != "charges"},
        charges=(("2019/20", PrivacyLoss.zero()),),
    )
    ledger.reserve(free, caps=CAPS)
    assert ledger.balances()[0].spent == 0


def test_raising_a_cap_is_a_recorded_decision(ledger: Ledger, make_request: MakeRequest) -> None:
    ledger.reserve(make_request("d1"), caps={"2019/20": Caps(Fraction(1, 10))})
    wider = {"2019/20": Caps(Fraction(1, 5))}
    with pytest.raises(BudgetError) as caught:
        ledger.reserve(make_request("d2"), caps=wider)
    assert code_of(caught) == "NDL-B005"
    ledger.set_cap("2019/20", Fraction(1, 5), reason="board minute 12")
    ledger.reserve(make_request("d2"), caps=wider)
    assert ledger.history("2019/20")[1]["reason"] == "board minute 12"


@pytest.mark.parametrize(("cap", "reason"), [(Fraction(-1), "why"), (Fraction(1), "  ")])
def test_a_cap_needs_sense_and_a_reason(ledger: Ledger, cap: Fraction, reason: str) -> None:
    with pytest.raises(BudgetError) as caught:
        ledger.set_cap("2019/20", cap, reason=reason)
    assert code_of(caught) == "NDL-B017"


def test_history_of_a_cohort_has_its_commits(ledger: Ledger, make_request: MakeRequest) -> None:
    one = ledger.reserve(make_request("d1"), caps=CAPS)
    two = ledger.reserve(make_request("d2", cohorts=("2020/21",), version="2"), caps=CAPS)
    ledger.set_cap("2020/21", Fraction(1, 4), reason="r")
    ledger.commit(two, outputs={})
    ledger.commit(one, outputs={})
    kinds = {cohort: [e["kind"] for e in ledger.history(cohort)] for cohort in ("2019/20", "2020/21", "x")}
    assert kinds == {"2019/20": ["reserve", "commit"], "2020/21": ["reserve", "set_cap", "commit"], "x": []}
    assert ledger.history()[0]["at"] == "2026-04-01T09:30:00+00:00"


def test_the_exported_entry_is_complete_and_says_nothing_more(ledger: Ledger, make_request: MakeRequest) -> None:
    entry = ledger.entry(ledger.reserve(make_request(), caps=CAPS))
    assert entry["losses"] == [
        {
            "cohort": "2019/20",
            "rho": "1/10",
            "epsilon": "0/1",
            "rho_decimal": "0.1",
            "spent_with_this": "1/10",
            "spent_with_this_decimal": "0.1",
        }
    ]
    assert entry["queries"][0]["sigma2"] == "5/1"
    assert {"adjacency", "code_version", "entry_hash", "query_set_hash", "key_fingerprint"} <= set(entry)
    text = json.dumps(entry)
    assert "a statistician" not in text
    assert "2026-04-01" not in text


def test_the_exported_entry_is_the_same_in_a_fresh_ledger_but_for_what_was_spent_before(
    ledger: Ledger, make_request: MakeRequest, new_where: MakeWhere
) -> None:
    ledger.reserve(make_request("d0", version="0"), caps=CAPS)
    here = ledger.entry(ledger.reserve(make_request(), caps=CAPS))
    with Ledger.open(place_of(new_where())) as fresh:
        there = fresh.entry(fresh.reserve(make_request(actor="another"), caps=CAPS))
    assert [loss.pop("spent_with_this") for loss in (*here["losses"], *there["losses"])] == ["1/5", "1/10"]
    assert [loss.pop("spent_with_this_decimal") for loss in (*here["losses"], *there["losses"])] == ["0.2", "0.1"]
    assert json.dumps(here) == json.dumps(there)


def test_the_exported_entry_does_not_change_when_more_is_spent(ledger: Ledger, make_request: MakeRequest) -> None:
    grant = ledger.reserve(make_request(), caps=CAPS)
    before = ledger.entry(grant)
    ledger.reserve(make_request("d2", version="2"), caps=CAPS)
    assert ledger.entry(grant) == before


def test_what_was_written_is_there_after_reopening(place: Place, make_request: MakeRequest) -> None:
    with Ledger.open(place) as first:
        first.commit(first.reserve(make_request(), caps=CAPS), outputs={"a": "1"})
        before = (first.balances(), first.history())
    with Ledger.open(place, must_exist=True) as second:
        assert (second.balances(), second.history()) == before
        assert second.verify() == ()


def tamper(place: Place, *statements: str) -> None:
    """Do what the owner of the file or of the table can do."""
    if isinstance(place, Path):
        with closing(sqlite3.connect(place, isolation_level=None)) as connection:
            connection.execute("DROP TRIGGER entries_never_change")
            connection.execute("DROP TRIGGER entries_never_go")
            for statement in statements:
                connection.execute(statement)
        return
    store = PostgresStore(place, must_exist=True)
    store._run(f'SET search_path = "{place.schema}"')
    store._run("ALTER TABLE entries DISABLE TRIGGER USER")
    for statement in statements:
        store._run(statement)
    store.close()


@pytest.mark.parametrize(
    "statement",
    [
        'UPDATE entries SET body = replace(body, \'"rho":"1/10"\', \'"rho":"1/99"\') WHERE id = 2',
        "UPDATE entries SET actor = 'nobody' WHERE id = 1",
        "DELETE FROM entries WHERE id = 1",
        "DELETE FROM entries WHERE id = 2",
    ],
)
def test_tampering_is_found_and_stops_spending(place: Place, make_request: MakeRequest, statement: str) -> None:
    with Ledger.open(place) as ledger:
        for number in range(3):
            ledger.reserve(make_request(f"d{number}", version=str(number)), caps=CAPS)
    tamper(place, statement)
    with Ledger.open(place) as ledger:
        assert ledger.verify()
        with pytest.raises(BudgetError) as caught:
            ledger.reserve(make_request("d9", version="9"), caps=CAPS)
        assert code_of(caught) == "NDL-B006"


def test_a_cut_off_end_is_found_by_what_was_published(place: Place, make_request: MakeRequest) -> None:
    with Ledger.open(place) as ledger:
        grants = [ledger.reserve(make_request(f"d{k}", version=str(k)), caps=CAPS) for k in range(2)]
        published = [ledger.entry(grant)["entry_hash"] for grant in grants]
        assert ledger.verify(published=published) == ()
    tamper(place, "DELETE FROM entries WHERE id = 2")
    with Ledger.open(place) as ledger:
        assert ledger.verify() == ()
        (problem,) = ledger.verify(published=published)
        assert published[1] in problem


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.fractions(min_value=Fraction(1, 1000), max_value=Fraction(1, 4)), max_size=12))
def test_spending_is_exact_and_never_passes_the_cap(
    make_request: MakeRequest, tmp_path_factory: pytest.TempPathFactory, asked: list[Fraction]
) -> None:
    expected = Fraction(0)
    with Ledger.open(tmp_path_factory.mktemp("l") / "l") as ledger:
        for number, rho in enumerate(asked):
            fits = expected + rho <= HALF
            try:
                ledger.reserve(make_request(f"d{number}", rho=str(rho)), caps=CAPS)
            except BudgetError:
                assert not fits
            else:
                assert fits
                expected += rho
        assert sum((balance.spent for balance in ledger.balances()), Fraction(0)) == expected
