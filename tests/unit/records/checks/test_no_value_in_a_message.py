"""Canary values: whatever a record holds, no message shows it."""

from typing import Any

import pytest

from ndl_publish.errors import PublishError
from ndl_publish.records.checks.registry import ROW_CHECKS, WHOLE_CHECKS

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


def everything_said(world: Any) -> str:
    try:
        return "\n".join(str(finding) for finding in world.validate().findings)
    except PublishError as error:
        assert error.__cause__ is None
        assert error.__suppress_context__ or error.__context__ is None
        return str(error)


@pytest.mark.parametrize(("source", "column"), COLUMNS)
@pytest.mark.parametrize("canary", CANARIES)
def test_a_canary_in_any_column_is_never_shown(world: Any, source: str, column: str, canary: str) -> None:
    world.bend(source, column, [canary, canary])
    assert canary not in everything_said(world)


@pytest.mark.parametrize(("source", "column"), COLUMNS)
def test_no_id_is_shown_when_a_column_is_empty(world: Any, source: str, column: str) -> None:
    world.rows[source] = [{**row, column: ""} for row in world.rows[source]]
    said = everything_said(world)
    assert not any(f"{prefix}000" in said for prefix in "PHC")


def test_canaries_in_a_broken_file(world: Any) -> None:
    world.text("profile", "CANARY;CANARY7\n" * 3)
    assert "CANARY" not in everything_said(world)


def test_every_check_is_in_the_registry() -> None:
    assert set(ROW_CHECKS) == {"ids", "category_codes", "integers", "months", "area_codes", "link_rows"}
    assert len(WHOLE_CHECKS) == 6
    assert all(name == check.__name__ for name, check in ROW_CHECKS.items())
