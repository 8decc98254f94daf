"""Canary values: whatever a record holds, no message shows it."""

import traceback

import pytest

from ndl_publish.errors import PublishError
from ndl_publish.records.checks.registry import ROW_CHECKS, WHOLE_CHECKS
from tests.unit.records.conftest import World

CANARIES = ("CANARY", "Canary7@example.org", "ZZ99 9ZZ", "2011-11-11", "98765432101234", "E0100000", "NaN", "-1e309")
COLUMNS = [
    (source, column)
    for source, columns in {
        "profile": ("pupil_id", "YEAR", "SEQ", "LSOA", "LA", "SEX", "MONTH", "E1", "E2"),
        "health": ("hv_id", "TYPE", "REVIEWED", "ASQ", "SCORE"),
        "childcare": ("cc_id", "HOURS"),
        "links": ("pupil_id", "source", "linked_id", "weight"),
    }.items()
    for column in columns
]


def everything_said(world: World) -> str:
    try:
        return "\n".join(str(finding) for finding in world.validate().findings)
    except PublishError as error:
        return "".join(traceback.format_exception(error))


@pytest.mark.parametrize(("source", "column"), COLUMNS)
def test_a_canary_in_any_column_is_never_shown(world: World, source: str, column: str) -> None:
    world.rows[source] = [dict(row) for row in world.rows[source] * 3]
    world.bend(source, column, CANARIES)
    said = everything_said(world)
    assert [canary for canary in CANARIES if canary in said] == []


@pytest.mark.parametrize(("source", "column"), COLUMNS)
def test_no_id_is_shown_when_a_column_is_empty(world: World, source: str, column: str) -> None:
    world.rows[source] = [{**row, column: ""} for row in world.rows[source]]
    said = everything_said(world)
    assert not any(f"{prefix}000" in said for prefix in "PHC")


def test_canaries_in_a_broken_file(world: World) -> None:
    world.text("profile", "CANARY;CANARY7\n" * 3)
    assert "CANARY" not in everything_said(world)


def test_every_check_is_in_the_registry() -> None:
    assert set(ROW_CHECKS) == {"ids", "category_codes", "integers", "months", "area_codes", "link_rows"}
    assert len(WHOLE_CHECKS) == 7
    assert all(name == check.__name__ for name, check in ROW_CHECKS.items())
