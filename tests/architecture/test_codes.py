"""Every code that a message can carry has its long help, and no help stands for a code that is gone."""

import re
from pathlib import Path

import pytest

from ndl_publish import errors
from ndl_publish.columns import STATUS_SYMBOLS
from ndl_publish.spec.yaml_source import read_yaml
from tests.architecture.conftest import SourceFile

CODE = re.compile(r"NDL-[RVDBT]\d{3}(?!\d)")
ANY_CODE = re.compile(r"NDL-\w+")
FAMILY = {
    "RuleError": "R",
    "InputError": "V",
    "DisclosureError": "D",
    "BudgetError": "B",
    "TargetError": "T",
}


@pytest.fixture(scope="module")
def texts(root: Path) -> dict[str, dict[str, str]]:
    return read_yaml(root / "ndl_publish" / "error_codes.yaml").content


@pytest.fixture(scope="module")
def used(sources: dict[str, SourceFile]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for where, source in sources.items():
        for code in CODE.findall(source.text):
            found.setdefault(code, []).append(where)
    return found


def test_every_code_used_has_help(used: dict[str, list[str]], texts: dict[str, dict[str, str]]) -> None:
    assert {code: files for code, files in used.items() if code not in texts} == {}


def test_every_help_is_of_a_code_in_use_or_a_status(
    used: dict[str, list[str]], texts: dict[str, dict[str, str]]
) -> None:
    assert set(texts) - set(used) == set(STATUS_SYMBOLS)


def test_every_help_says_enough(texts: dict[str, dict[str, str]]) -> None:
    for code, text in texts.items():
        assert set(text) == {"title", "help"}, code
        assert 8 < len(text["title"]) < 90, code
        assert not text["title"].endswith("."), code
        assert text["title"][0].isupper(), code
        assert 2 <= len(re.findall(r"[.?](?: |$)", text["help"])) <= 9, code
        assert text["help"].endswith("."), code


def test_codes_stand_in_order(texts: dict[str, dict[str, str]]) -> None:
    codes = [code for code in texts if code.startswith("NDL-")]
    by_family = {letter: [code for code in codes if code[4] == letter] for letter in "RVDBT"}
    assert all(family == sorted(family) and family for family in by_family.values())
    assert sorted(code for family in by_family.values() for code in family) == sorted(codes)


def test_no_code_is_of_an_unknown_family(sources: dict[str, SourceFile]) -> None:
    odd = {
        code
        for source in sources.values()
        for code in ANY_CODE.findall(source.text)
        if not CODE.fullmatch(code) and code not in {"NDL-Xnnn", *(f"NDL-{letter}nnn" for letter in "RVDBT")}
    }
    assert odd == set()


def test_an_error_is_raised_with_a_code_of_its_own_family(sources: dict[str, SourceFile]) -> None:
    raised = re.compile(r"\b(\w+Error)\(\s*\"NDL-(\w)\d{3}\"")
    found = [pair for source in sources.values() for pair in raised.findall(source.text)]
    assert len(found) > 40
    assert {pair for pair in found if FAMILY.get(pair[0]) != pair[1]} == set()


def test_each_family_is_an_error_with_its_own_exit_code() -> None:
    exit_codes = [getattr(errors, name).exit_code for name in FAMILY]
    assert exit_codes == [2, 3, 4, 5, 6]
