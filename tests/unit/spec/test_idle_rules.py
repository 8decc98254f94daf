"""A threshold that withholds nothing is told; one that does, and the rules that ship, are not."""

from pathlib import Path

import pytest

from ndl_publish.spec.idle_rules import idle_rules
from ndl_publish.spec.load import load_rules
from tests.command import ROOT
from tests.rule_books import book, group_disclosure, threshold


def test_a_threshold_of_one_is_told_with_its_place() -> None:
    (finding,) = idle_rules(book(threshold(1), group_disclosure(3)))
    assert (finding.code, finding.severity) == ("NDL-R007", "warning")
    assert finding.where.endswith("primary.0 (threshold)")
    assert "a threshold of 1 withholds nothing." in finding.message


def test_a_threshold_of_one_for_some_measures_names_them() -> None:
    (finding,) = idle_rules(book(threshold(5), threshold(1, "gld")))
    assert finding.where.endswith("primary.1 (threshold)")
    assert "withholds nothing for gld" in finding.message


def test_a_threshold_of_two_withholds_ones() -> None:
    assert list(idle_rules(book(threshold(2)))) == []


@pytest.mark.parametrize("path", sorted((ROOT / "disclosure_rules").glob("*.yaml")), ids=lambda path: path.stem)
def test_no_rule_that_ships_is_idle(path: Path) -> None:
    assert list(idle_rules(load_rules(path))) == []
