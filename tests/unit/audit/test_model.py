"""An audited cube is a proof: it cannot exist without checks, nor with a failed one."""

import dataclasses

import pytest

from ndl_publish.audit.model import AuditCheck, AuditedCube
from ndl_publish.errors import DisclosureError, Finding
from tests.unit.audit.conftest import Clean

NOTE = Finding("NDL-D004", "note", "somewhere", "words")
WARNING = Finding("NDL-D003", "warning", "somewhere", "words")
ERROR = Finding("NDL-D001", "error", "somewhere", "words")


def _check(*findings: Finding) -> AuditCheck:
    return AuditCheck("rank", "Title", findings, "detail")


def test_no_check_no_cube(exact: Clean) -> None:
    with pytest.raises(DisclosureError) as caught:
        AuditedCube(exact.protected, ())
    assert caught.value.code == "NDL-D010"


def test_a_failed_check_among_passed_ones_no_cube(exact: Clean) -> None:
    with pytest.raises(DisclosureError) as caught:
        AuditedCube(exact.protected, (_check(), _check(NOTE, ERROR), _check(WARNING)))
    assert caught.value.code == "NDL-D010"
    assert caught.value.findings == (ERROR,)
    assert caught.value.exit_code == 4


def test_notes_and_warnings_do_not_stop_it(exact: Clean) -> None:
    assert len(AuditedCube(exact.protected, (_check(NOTE), _check(WARNING))).checks) == 2


def test_it_cannot_be_turned_into_another(exact: Clean) -> None:
    audited = AuditedCube(exact.protected, (_check(),))
    with pytest.raises(DisclosureError):
        dataclasses.replace(audited, checks=())
    with pytest.raises(dataclasses.FrozenInstanceError):
        audited.checks = ()  # type: ignore[misc]


def test_a_check_says_how_it_went() -> None:
    assert _check(NOTE).is_passed
    assert not _check(ERROR).is_passed
    assert _check(ERROR).as_json() == {
        "name": "rank",
        "title": "Title",
        "status": "fail",
        "detail": "detail",
        "findings": [str(ERROR)],
    }
    assert _check().as_json()["status"] == "pass"


def test_the_cells_that_were_found_are_never_told() -> None:
    found = AuditCheck("rank", "Title", (ERROR,), "detail", (4711,))
    assert found.recovered == (4711,)
    assert "4711" not in repr(found)
    assert found.as_json() == _check(ERROR).as_json()
