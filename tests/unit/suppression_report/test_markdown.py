"""The Markdown says what the JSON says: the same numbers, long tables cut."""

import json
import re
from dataclasses import replace

import pytest

from ndl_publish.package.json_text import json_bytes
from ndl_publish.protect.posed import Posed
from ndl_publish.protect.secondary.problem import Suppression
from ndl_publish.spec.rules import ClassicRules
from ndl_publish.suppression_report.make import make_report
from ndl_publish.suppression_report.markdown import LONGEST, report_markdown
from ndl_publish.suppression_report.model import Alternative, Section, SuppressionReport, Tally, WhatIf
from ndl_publish.suppression_report.sections import Naming

TRIED = WhatIf(
    3.0,
    4,
    (
        Alternative("threshold 10 instead of 5", 1216, 1212, 0),
        Alternative("observed zeros shown", 3, -1, 0),
        Alternative("without insiders", 4, 0, 0),
        Alternative("without the rule dominance", 5, 1, 2),
        Alternative("threshold 3 instead of 5", None, None, 0),
    ),
)


@pytest.fixture
def report(posed: Posed, answer: Suppression, rules: ClassicRules, naming: Naming) -> SuppressionReport:
    return make_report("Te|st", posed=posed, answer=answer, rules=rules, naming=naming, what_if=TRIED)


def text_of(report: SuppressionReport) -> str:
    return report_markdown(json.loads(json_bytes(report.as_json()))).decode()


def test_it_begins_with_a_warning(report: SuppressionReport) -> None:
    assert text_of(report).startswith("CONFIDENTIAL")


def test_every_number_of_a_row_is_that_of_the_json(report: SuppressionReport) -> None:
    text = text_of(report)
    for section in report.as_json()["sections"]:
        part = text.split(f"### {section['title']}\n")[1].split("\n#")[0]
        lines = [[cell.strip() for cell in line.strip("|").split("|")] for line in part.splitlines() if line[:1] == "|"]
        assert len(lines) == len(section["rows"]) + 2
        for cells, row in zip(lines[2:], section["rows"], strict=True):
            assert cells[0] == row["name"]
            numbers = [int(cells[i].replace(",", "")) for i in (1, 2, 3, 4, 6, 9)]
            keys = ("cells", "shown", "primary", "secondary", "zeros_withheld", "large_secondary")
            assert numbers == [row[key] for key in keys]
            assert cells[5] == f"{100 * row['share_withheld']:.1f}%"


def test_totals_have_thousands_separators(report: SuppressionReport) -> None:
    many = replace(report, total=Tally("all cells", 1234567, 1000, 2000, 0, 0, 9, 3))
    text = text_of(many)
    assert "1,234,567 cells: 1,231,567 shown, 3,000 withheld (0.2%)." in text
    assert "| primary: withheld for what they are | 1,000 |" in text


def test_costs_of_rules_in_words(report: SuppressionReport) -> None:
    text = text_of(report)
    assert "- threshold 10 instead of 5 would blank 1,212 more cells.\n" in text
    assert "- observed zeros shown would blank 1 fewer cell.\n" in text
    assert "- without insiders would blank as many cells.\n" in text
    assert "would blank 1 more cell, and 2 small counts could not be protected: the release would be refused." in text
    assert "- threshold 3 instead of 5 would withhold cells that must be shown.\n" in text
    assert "--what-if" in text_of(replace(report, what_if=None))


def test_a_long_section_is_cut_to_the_most_withheld(report: SuppressionReport) -> None:
    rows = tuple(Tally(f"ward {i:03}", 9, i % 7, 0, 0, 0, 10, 0) for i in range(50))
    text = text_of(replace(report, sections=(Section("By area", rows), Section("Empty", ()))))
    shown = re.findall(r"^\| (ward \d+) \| 9 \| (\d)", text, flags=re.MULTILINE)
    assert len(shown) == LONGEST
    assert [int(left) for _, left in shown] == sorted(int(left) for _, left in shown)
    assert f"{LONGEST} of 50, those with most cells withheld" in text
    assert "Empty" not in text


def test_rows_without_anything_withheld_are_cut_first(report: SuppressionReport) -> None:
    rows = tuple(Tally(f"ward {i}", 9, int(i < 3), 0, 0, 0, 10, 0) for i in range(30))
    text = text_of(replace(report, sections=(Section("By area", rows),)))
    assert "3 of 30, those with most" in text


def test_opened_cells_are_listed_to_a_limit(report: SuppressionReport) -> None:
    assert "- ward A x kind y\n" in text_of(report)
    many = text_of(replace(report, opened=tuple(f"ward {i}" for i in range(1500))))
    assert f"{LONGEST} of 1,500; the JSON has all." in many
    assert many.count("\n- ward") == LONGEST
    assert "Opened" not in text_of(replace(report, opened=()))


def test_bars_in_names_do_not_break_tables(report: SuppressionReport) -> None:
    text = text_of(replace(report, sections=(Section("By area", (Tally("a|b", 1, 0, 0, 0, 0, 0, 0),)),)))
    assert "| a\\|b | 1 | 1 |" in text
    assert "| - | - | 0 |" in text, "no ratio of nothing"


def test_out_of_time_is_said(report: SuppressionReport) -> None:
    assert "ran out of time" not in text_of(report)
    assert "ran out of time" in text_of(replace(report, is_cut_short=True))


def test_percentages_are_rounded_once_half_up(report: SuppressionReport) -> None:
    odd = replace(report, total=Tally("all cells", 27, 4, 10, 0, 0, 8, 1))
    assert "27 cells: 13 shown, 14 withheld (51.9%)." in text_of(odd)
    assert odd.total.as_json()["share_withheld"] == 0.519
    assert "in secondaries: 12.5%" in text_of(odd)
    assert [Tally("", 2000, n, 0, 0, 0, 0, 0).as_json()["share_withheld"] for n in (1, 3, 5)] == [0.001, 0.002, 0.003]


def test_each_rule_says_what_must_remain_possible(report: SuppressionReport) -> None:
    text = text_of(report)
    assert "| threshold | 1 | 1 | 0 in one such table, and 5 or more in another |" in text
    assert "| zero | 0 | 0 | - |" in text


def test_what_may_puzzle_is_explained(report: SuppressionReport) -> None:
    text = text_of(report)
    assert text.count("these rows can add up to more than all cells") == 1
    assert "a few cells more or fewer are chance" in text
    assert "no table prints" not in text
    assert "include 1 complement that no table prints" in text_of(replace(report, underivable=1))
    assert "include 1,200 complements that no table prints" in text_of(replace(report, underivable=1200))
