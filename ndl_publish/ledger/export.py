"""The ledger as a yearly transparency report prints it: what each release cost which cohort, and nobody's name.

Left out: who charged, digests, the fingerprint of the key, and reasons, which may name people.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from ndl_publish.ledger.chain import Entry
from ndl_publish.ledger.request import charges_of
from ndl_publish.ledger.state import NOTHING, State, Status, fold, year_of
from ndl_publish.privacy.conversion import epsilon_of_rho

DELTA = 1e-7


@dataclass(frozen=True, slots=True)
class ExportRow:
    """One charge to one cohort.

    Attributes:
        date: Day of the charge (UTC).
        release_id: Name of the release.
        version: Its version.
        rules: The rule book.
        cohort: Who was charged.
        status: What has become of the charge by now.
        adjacency: Which neighbours the loss compares.
        rho: The loss (zCDP).
        epsilon: An epsilon that ``rho`` implies at ``DELTA``, rounded up.
        pure_epsilon: The pure epsilon, where all queries of the charge are pure; else none.
        cumulative_rho: What the cohort had lost in all, this charge included.
        lifetime_cap: The cohort's cap in the ledger at that time.
        remaining: What was left of it then.
    """

    date: str
    release_id: str
    version: str
    rules: str
    cohort: str
    status: Status
    adjacency: str
    rho: Fraction
    epsilon: float
    pure_epsilon: Fraction | None
    cumulative_rho: Fraction
    lifetime_cap: Fraction
    remaining: Fraction


def export_rows(entries: Iterable[Entry], *, year: int | None) -> tuple[ExportRow, ...]:
    """Return one row for each charge and cohort, oldest first; those recorded in ``year`` (UTC) when one is named."""
    chain = tuple(entries)
    today, state = fold(chain), State()
    rows: list[ExportRow] = []
    for entry in chain:
        state.add(entry)
        if entry.kind == "reserve" and (year is None or year_of(entry.recorded_at) == f"{year:04d}"):
            rows += _rows_of(entry, state, today.status(entry.content()["request_digest"]))
    return tuple(rows)


def _rows_of(entry: Entry, state: State, status: Status) -> Iterable[ExportRow]:
    body = entry.content()
    for cohort, loss in charges_of(body):
        cap, spent = state.caps[cohort], state.spent[cohort].rho
        yield ExportRow(
            date=entry.recorded_at[:10],
            release_id=body["release_id"],
            version=body["version"],
            rules=body["rules_id"],
            cohort=cohort,
            status=status,
            adjacency=body["adjacency"],
            rho=loss.rho,
            epsilon=rounded_epsilon(loss.rho),
            pure_epsilon=loss.epsilon if _is_pure(body, cohort) else None,
            cumulative_rho=spent,
            lifetime_cap=cap,
            remaining=max(NOTHING, cap - spent),
        )


def rounded_epsilon(rho: Fraction) -> float:
    """Return an epsilon that rho implies at ``DELTA``, rounded up to four decimals.

    Example:
        >>> rounded_epsilon(Fraction(1, 10))
        2.3484
    """
    return math.ceil(epsilon_of_rho(rho, delta=DELTA) * 10_000) / 10_000


def _is_pure(body: dict[str, Any], cohort: str) -> bool:
    kinds = {query["mechanism"] for query in body["queries"] if cohort in query["cohorts"]}
    return kinds == {"discrete_laplace"}
