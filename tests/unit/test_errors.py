import pickle

import pytest

from ndl_publish.errors import (
    BudgetError,
    DisclosureError,
    Finding,
    InputError,
    PublishError,
    RuleError,
    TargetError,
)

FAMILIES = {RuleError: 2, InputError: 3, DisclosureError: 4, BudgetError: 5, TargetError: 6}


def test_a_finding_is_one_line() -> None:
    finding = Finding("NDL-V012", "warning", "profile, column sex", "a code the metadata does not declare.")
    assert str(finding) == "NDL-V012 warning: profile, column sex: a code the metadata does not declare."


def test_a_finding_is_a_value() -> None:
    finding = Finding("NDL-V012", "error", "here", "wrong")
    assert finding == Finding("NDL-V012", "error", "here", "wrong")
    assert len({finding, Finding("NDL-V012", "error", "here", "wrong")}) == 1
    with pytest.raises(AttributeError):
        finding.code = "NDL-V013"  # type: ignore[misc]
    assert not hasattr(finding, "__dict__")


@pytest.mark.parametrize(("family", "exit_code"), FAMILIES.items())
def test_each_family_has_its_exit_code(family: type[PublishError], exit_code: int) -> None:
    error = family("NDL-X001", "It is so. Do this.")
    assert error.exit_code == exit_code
    assert isinstance(error, PublishError)
    assert str(error) == "NDL-X001: It is so. Do this."
    assert (error.code, error.message, error.findings) == ("NDL-X001", "It is so. Do this.", ())


def test_exit_codes_are_told_apart_and_leave_success_and_usage_alone() -> None:
    codes = [family.exit_code for family in FAMILIES]
    assert len(set(codes)) == len(codes)
    assert not set(codes) & {0, PublishError.exit_code}
    assert set(PublishError.__subclasses__()) == set(FAMILIES)


def test_findings_follow_the_message_one_a_line() -> None:
    findings = tuple(Finding("NDL-V012", "error", f"row {i}", "wrong") for i in range(3))
    error = InputError("NDL-V000", "the records break the contract", findings=findings)
    assert str(error).splitlines() == [
        "NDL-V000: the records break the contract",
        "  NDL-V012 error: row 0: wrong",
        "  NDL-V012 error: row 1: wrong",
        "  NDL-V012 error: row 2: wrong",
    ]
    assert error.findings is findings


def test_findings_are_named_only_by_keyword() -> None:
    with pytest.raises(TypeError):
        InputError("NDL-V000", "wrong", ())  # type: ignore[call-arg]


def test_catching_one_family_lets_the_others_pass() -> None:
    def refuse() -> None:
        try:
            raise BudgetError("NDL-B001", "no")
        except (RuleError, InputError, DisclosureError, TargetError):
            pytest.fail("caught by another family")

    with pytest.raises(BudgetError):
        refuse()


def test_a_finding_travels_between_processes() -> None:
    finding = Finding("NDL-V012", "note", "here", "so")
    assert pickle.loads(pickle.dumps(finding)) == finding  # noqa: S301 - our own bytes
