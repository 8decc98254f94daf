"""What a plan costs each cohort, and what the ledger says to that."""

from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from ndl_publish.pipeline import prepare
from ndl_publish.plan_cost import Account, cost_of
from ndl_publish.plan_words import account_words, cost_words, meaning_words
from ndl_publish.spec.rules import DpRules
from tests.command import EXAMPLES, PILOT
from tests.conftest import Run
from tests.plans import home_in

TENTH = Fraction(1, 10)
ACCOUNT = Account("2019-20", Fraction(1, 2), Fraction(1, 5), TENTH, is_charged=False)


def test_what_is_left_is_exact() -> None:
    assert (ACCOUNT.remaining, ACCOUNT.remaining_after, ACCOUNT.n_fitting) == (Fraction(3, 10), Fraction(1, 5), 3)
    assert not ACCOUNT.is_refused
    (words,) = account_words(ACCOUNT, is_alone=True)
    assert words.startswith("Ledger: 0.2 spent, 0.3 left of 0.5 before this release, 0.2 after it. 3 releases at this")
    last = replace(ACCOUNT, spent=Fraction(2, 5))
    assert account_words(last, is_alone=False)[0].startswith("Ledger, cohort 2019-20: 0.4 spent")
    assert account_words(last, is_alone=True)[0].endswith("No other release at this cost fits.")


def test_what_is_refused_or_charged_already_takes_nothing() -> None:
    poor = replace(ACCOUNT, spent=Fraction(9, 20))
    assert poor.is_refused
    assert (poor.remaining_after, poor.n_fitting) == (Fraction(1, 20), 0)
    assert "would be refused" in account_words(poor, is_alone=True)[1]
    paid = replace(poor, is_charged=True)
    assert not paid.is_refused
    assert paid.remaining_after == paid.remaining
    assert "charged already" in account_words(paid, is_alone=True)[1]
    assert replace(ACCOUNT, cap=Fraction(1, 10)).remaining == 0, "never below nothing"


def test_each_of_several_cohorts_has_its_account(run: Run, small: Path, home: Path) -> None:
    assert run("build", small / "release.yaml", "--out", small / "out").code == 0
    prepared = prepare(small / "release.yaml")
    rules = prepared.spec.rules
    assert isinstance(rules, DpRules)
    names = (prepared.spec.cohorts[0], "synthetic-2020-21")
    periods = prepared.spec.release.model_copy(update={"time_period": ("202425", "202526")})
    several = replace(prepared, spec=replace(prepared.spec, release=periods))
    found = cost_of(several, rules, replace(home_in(home), ledger=home / "ledger.sqlite"))
    assert [(x.cohort, x.spent > 0, x.is_charged) for x in found.accounts] == [
        (names[0], True, True),
        (names[1], False, False),
    ]
    assert cost_words(found).startswith(f"Cost: rho 0.1 of each of the cohorts {names[0]}, {names[1]}, which implies")


@pytest.mark.parametrize(
    ("release", "words", "often"),
    [
        (PILOT / "release.yaml", "rho 0.1 of cohort synthetic-2019-20, which implies epsilon 2.35 at delta 1e-07.",
         "at most about 58.8 times out of 100"),
        (EXAMPLES / "census_2011/release_epsilon.yaml", "rho 0.5 of cohort census_2011, epsilon 1.",
         "no more than 73.1 times out of 100"),
    ],
)  # fmt: skip
def test_the_cost_and_what_it_means(release: Path, words: str, often: str, tmp_path: Path) -> None:
    prepared = prepare(release)
    rules: Any = prepared.spec.rules
    found = cost_of(prepared, rules, home_in(tmp_path))
    assert cost_words(found) == f"Cost: {words}"
    meaning = meaning_words(found, prepared.spec.dataset.privacy_unit)
    assert often in meaning
    assert f"one particular {prepared.spec.dataset.privacy_unit.singular} " in meaning
