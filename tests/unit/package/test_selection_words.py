"""Figures kept or preferred, in sentences and in the table of numbers."""

from ndl_publish.package.protection_words import rule_numbers
from ndl_publish.package.selection_words import figures_words, selection_sentences
from tests.rule_books import book, selection, threshold
from tests.unit.cube.small_release import number

TWICE = number("2", "times")


def test_nothing_is_said_of_nothing() -> None:
    assert list(selection_sentences(book())) == []


def test_one_sentence_for_each_kind() -> None:
    kept = [selection("region", "sex"), selection("national", measures=("gld",))]
    rules = book(keep=kept, prefer=[selection("region", factor=TWICE)])
    keep, prefer = selection_sentences(rules)
    assert keep == "Never withheld: children by sex, region; gld, national. Others are withheld in their stead."
    assert prefer.endswith("counts more or less than another (children, region: 2 times).")


def test_levels_are_words() -> None:
    rules = book(keep=[selection("local_authority", "sex", "band", measures=("children", "gld"))])
    assert figures_words(rules.keep[0]) == "children, gld by sex by band, local authority"


def test_numbers_say_what_they_are_of() -> None:
    rules = book(threshold(5), threshold(9, "gld"), prefer=[selection("region", "sex", factor=TWICE)])
    names = [number.name for number in rule_numbers(rules)]
    assert "prefer (children by sex, region).factor" in names
    assert "primary.threshold.minimum_count" in names
    assert "primary.threshold (gld).minimum_count" in names
