"""The public statement: exact fractions, nothing understated, nothing secret."""

import json
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

from ndl_publish.ledger.book import Ledger
from ndl_publish.privacy.conversion import epsilon_of_rho
from ndl_publish.protect.finest_geometric import plan_finest_geometric
from ndl_publish.protect.privacy_statement import classic_statement
from ndl_publish.spec.columns import Contributor
from tests.rule_books import book, dominance, group_disclosure, minimum_contributors, threshold
from tests.unit.cube.small_release import SMALL, children, key, protect, rules, world
from tests.unit.protect.conftest import ClassicBuild, DpBuild


def test_it_names_the_loss_exactly(dp_build: DpBuild) -> None:
    said = dp_build.result.protected.privacy
    charged = sum((loss.rho for _, loss in dp_build.grant.losses), Fraction(0))
    assert Fraction(said["rho"]["fraction"]) == charged
    assert abs(said["rho"]["decimal"] - float(charged)) < 1e-8
    assert sum((Fraction(query["rho"]) for query in said["queries"]), Fraction(0)) == charged
    assert said["cohorts"] == ["tiny"]
    assert said["unit"] == "child"
    assert said["adjacency"] == "add or remove one child"


@pytest.mark.parametrize("rho", ["0.013", "0.1", "0.31", "0.5", "0.77", "1"])
def test_epsilon_is_never_understated(tmp_path: Path, ledger: Ledger, rho: str) -> None:
    made = world(tmp_path, tables=(SMALL,), rho=rho)
    said = protect(made, made.cube(children(50)), ledger).result.protected.privacy
    true = epsilon_of_rho(Fraction(said["rho"]["fraction"]), delta=said["delta"])
    assert true <= said["epsilon"] <= true + 1e-4 + 1e-12
    assert said["delta"] == 1e-7


def test_pure_noise_is_stated_with_its_epsilon(tmp_path: Path, ledger: Ledger) -> None:
    made = world(tmp_path, "geometric", tables=(SMALL,), rho="0.5")
    cube = made.cube(children(50))
    plan = plan_finest_geometric(made.spec, made.layout)
    said = protect(made, cube, ledger, mechanism=plan).result.protected.privacy
    assert said["epsilon"] == 0.5
    assert said["delta"] == 0.0
    assert Fraction(said["rho"]["fraction"]) == Fraction(1, 8)


def test_it_can_be_written_and_holds_no_secret(dp_build: DpBuild) -> None:
    text = json.dumps(dict(dp_build.result.protected.privacy))
    assert key().noise_key().hex() not in text
    assert "a tester" not in text
    assert "actor" not in text


def test_it_says_what_was_withheld_by_which_rule(dp_build: DpBuild) -> None:
    said = dp_build.result.protected.privacy
    assert said["minimum_count"] == 10
    assert said["maximum_margin"] == 10.0
    assert said["confidence"] == 0.95
    assert said["lifetime_cap_rho"] == "1000/1"


def test_the_ledger_entry_in_it_is_the_one_that_was_charged(dp_build: DpBuild) -> None:
    entry = dp_build.result.protected.privacy["ledger_entry"]
    assert entry["request_digest"] == dp_build.grant.request_digest
    assert (entry["release_id"], entry["version"]) == ("tiny-release", "1.0.0")


@pytest.mark.parametrize(("policy", "said"), [("show", "shown"), ("protect", "protected")])
def test_the_classic_statement_names_rules_only(classic_build: ClassicBuild, policy: str, said: str) -> None:
    book = rules("classic", minimum_count=7)
    book["primary"][1]["policy"] = policy
    made_rules = type(classic_build.made.spec.rules).model_validate(book)
    assert made_rules is not None
    statement = classic_statement(classic_build.made.spec, made_rules)  # type: ignore[arg-type]
    assert statement["minimum_count"] == 7
    assert statement["zeros"] == said
    assert "threshold" in statement["methods"]


def test_the_classic_statement_names_every_rule_with_its_numbers(tmp_path: Path) -> None:
    spec = world(tmp_path, "classic").spec
    provider = {"title": "Childcare provider", "source": "profile", "column": "URN"}
    dataset = spec.dataset.model_copy(update={"contributors": {"provider": Contributor.model_validate(provider)}})
    made_rules = book(
        threshold(5),
        threshold(10, "gld"),
        group_disclosure(3),
        minimum_contributors(3),
        dominance(2, "82.5", of="score"),
        attacker={"insiders": False},
    )
    said = classic_statement(replace(spec, dataset=dataset), made_rules)
    assert said["rules"] == [
        {"method": "threshold", "minimum_count": 5},
        {"method": "threshold", "minimum_count": 10, "measures": ["gld_count"]},
        {"method": "group_disclosure", "uncertainty": 3},
        {"method": "minimum_contributors", "contributor": "Childcare provider", "minimum_count": 3},
        {"method": "dominance", "contributor": "Childcare provider", "of": "score_mean", "largest": 2, "percent": 82.5},
    ]
    assert said["methods"] == ["threshold", "group_disclosure", "minimum_contributors", "dominance", "witness_circuits"]
    assert (said["minimum_count"], said["insiders"]) == (5, False)
    assert json.loads(json.dumps(said)) == said
