"""Rows of the transparency report."""

from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from fractions import Fraction

from ndl_publish.ledger import ChargeRequest, Ledger
from ndl_publish.ledger.caps import Caps
from ndl_publish.privacy.events import LaplaceQuery
from tests.unit.ledger.conftest import Clock

MakeRequest = Callable[..., ChargeRequest]
CAPS = {"2019/20": Caps(Fraction(1, 2)), "2020/21": Caps(Fraction(1))}


def test_one_row_for_each_charge_and_cohort(ledger: Ledger, make_request: MakeRequest, clock: Clock) -> None:
    both = ("2020/21", "2019/20")
    ledger.commit(ledger.reserve(make_request("d1", cohorts=both), caps=CAPS), outputs={})
    ledger.set_cap("2019/20", Fraction(2, 5), reason="Dr Example asked for it")
    clock.now = datetime(2027, 1, 2, tzinfo=UTC)
    ledger.reserve(make_request("d2", version="1.0.1"), caps={"2019/20": Caps(Fraction(2, 5))})
    rows = ledger.export()
    assert [(row.date, row.cohort, row.version, row.status) for row in rows] == [
        ("2026-04-01", "2019/20", "1.0.0", "committed"),
        ("2026-04-01", "2020/21", "1.0.0", "committed"),
        ("2027-01-02", "2019/20", "1.0.1", "reserved"),
    ]
    first, _, last = rows
    assert (first.cumulative_rho, first.lifetime_cap, first.remaining) == (
        Fraction(1, 10),
        Fraction(1, 2),
        Fraction(2, 5),
    )
    assert (last.cumulative_rho, last.lifetime_cap, last.remaining) == (Fraction(1, 5), Fraction(2, 5), Fraction(1, 5))
    assert (first.epsilon, first.pure_epsilon) == (2.3484, None)


def test_a_year_keeps_what_earlier_years_had_cost(ledger: Ledger, make_request: MakeRequest, clock: Clock) -> None:
    ledger.reserve(make_request("d1"), caps=CAPS)
    clock.now = datetime(2027, 1, 2, tzinfo=UTC)
    ledger.reserve(make_request("d2", version="1.0.1"), caps=CAPS)
    (row,) = ledger.export(year=2027)
    assert (row.version, row.rho, row.cumulative_rho) == ("1.0.1", Fraction(1, 10), Fraction(1, 5))
    assert ledger.export(year=2028) == ()


def test_nothing_names_a_person_a_digest_or_a_key(ledger: Ledger, make_request: MakeRequest) -> None:
    ledger.reserve(make_request("digest-1"), caps=CAPS)
    ledger.resolve(1, reason="Dr Example stopped it", actor="Dr Example")
    text = repr([asdict(row) for row in ledger.export()])
    for secret in ("statistician", "Example", "digest-1", "0123456789abcdef"):
        assert secret not in text


def test_pure_losses_have_their_epsilon(ledger: Ledger, make_request: MakeRequest) -> None:
    query = LaplaceQuery("gld", ("2019/20",), scale=Fraction(4), sensitivity=Fraction(1), n_cells=3)
    details = {
        name: getattr(make_request("d1"), name)
        for name in ("release_id", "version", "rules_id", "request_digest", "adjacency", "code_version", "actor",
                     "key_fingerprint")
    }  # fmt: skip
    ledger.reserve(ChargeRequest.for_queries([query], **details), caps=CAPS)
    (row,) = ledger.export()
    assert (row.pure_epsilon, row.rho) == (Fraction(1, 4), Fraction(1, 32))


def test_an_empty_ledger_has_no_rows(ledger: Ledger) -> None:
    assert ledger.export() == ()
