"""Tallies by table, crossing, area and characteristic: every way of cutting adds up to the whole."""

import numpy as np

from ndl_publish.protect.posed import Posed
from ndl_publish.protect.secondary.problem import Suppression
from ndl_publish.suppression_report.model import Section, Tally
from ndl_publish.suppression_report.sections import Naming, Pattern, cell_words, tally_sections


def sections(posed: Posed, answer: Suppression, naming: Naming) -> dict[str, Section]:
    pattern = Pattern(posed.problem.grid, posed.problem.values, answer.mask, 100)
    return {section.title: section for section in tally_sections(pattern, naming)}


def row(section: Section, name: str) -> Tally:
    return next(row for row in section.rows if row.name == name)


def test_tables_hold_their_blocks(posed: Posed, answer: Suppression, naming: Naming) -> None:
    tables = sections(posed, answer, naming)["By table"]
    assert [(row.name, row.cells, row.secondary) for row in tables.rows] == [("all", 20, 3), ("wards", 4, 0)]


def test_crossings_add_up_to_all(posed: Posed, answer: Suppression, naming: Naming) -> None:
    crossings = sections(posed, answer, naming)["By crossing"]
    assert [row.name for row in crossings.rows] == ["Total", "ward", "kind", "ward x kind"]
    assert sum(row.cells for row in crossings.rows) == 20
    assert sum(row.primary for row in crossings.rows) == 1
    assert sum(row.children for row in crossings.rows) == int(posed.problem.values.sum())


def test_areas_have_names_where_known(posed: Posed, answer: Suppression, naming: Naming) -> None:
    found = sections(posed, answer, naming)
    assert [row.name for row in found["By area"].rows] == ["ward A Ashby", "ward B", "ward C", "ward D"]
    ashby = row(found["By area"], "ward A Ashby")
    assert (ashby.cells, ashby.primary, ashby.secondary) == (4, 1, 1)
    assert (ashby.children, ashby.children_secondary) == (2 * 242, 40)
    assert [(row.name, row.cells) for row in found["By area level"].rows] == [("total", 4), ("ward", 16)]


def test_characteristics_have_a_row_for_every_category(posed: Posed, answer: Suppression, naming: Naming) -> None:
    rows = sections(posed, answer, naming)["By characteristic"].rows
    assert [(row.name, row.cells, row.primary, row.secondary) for row in rows] == [
        ("kind x", 5, 1, 1), ("kind y", 5, 0, 0), ("kind z", 5, 0, 2),
    ]  # fmt: skip
    assert [row.zeros_withheld for row in rows] == [0, 0, 1]


def test_cells_are_named_in_the_order_of_the_grid(posed: Posed) -> None:
    grid = posed.problem.grid
    assert cell_words(grid, np.array([8, 0, 4])) == ("Total", "ward D", "ward A x kind x")
    assert cell_words(grid, np.zeros(0, np.int64)) == ()
