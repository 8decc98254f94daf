"""Caps make sense, and come from the rule book."""

from fractions import Fraction
from typing import Any

import pytest

from ndl_publish.errors import BudgetError
from ndl_publish.ledger.caps import Caps
from ndl_publish.spec.load import load_rules
from ndl_publish.spec.rules import DpRules
from tests.command import ROOT


@pytest.mark.parametrize(("lifetime", "yearly"), [(0, None), (0, 0), (1, 0), (1, 1)])
def test_caps_that_make_sense(lifetime: int, yearly: int | None) -> None:
    caps = Caps(Fraction(lifetime), None if yearly is None else Fraction(yearly))
    assert caps.lifetime == lifetime


@pytest.mark.parametrize(("lifetime", "yearly"), [(-1, None), (1, -1), (1, 2)])
def test_caps_that_make_none(lifetime: int, yearly: int | None) -> None:
    with pytest.raises(BudgetError) as caught:
        Caps(Fraction(lifetime), None if yearly is None else Fraction(yearly))
    assert caught.value.code == "NDL-B022"


def test_a_rule_book_sets_them() -> None:
    rules: Any = load_rules(ROOT / "disclosure_rules/ndl_default.yaml")
    assert isinstance(rules, DpRules)
    assert Caps.of(rules) == Caps(Fraction(1, 2))
    yearly = rules.lifetime_cap.model_copy(update={"value": rules.lifetime_cap.value / 5})
    assert Caps.of(rules.model_copy(update={"yearly_cap": yearly})) == Caps(Fraction(1, 2), Fraction(1, 10))
