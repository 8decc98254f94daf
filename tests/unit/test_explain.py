import re
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ndl_publish.columns import STATUS_SYMBOLS
from ndl_publish.errors import RuleError
from ndl_publish.explain import WIDTH, _read, explain

CODES = sorted(code for code in _read() if code.startswith("NDL-"))
EXIT_CODES = {"R": 2, "V": 3, "D": 4, "B": 5, "T": 6}


@pytest.mark.parametrize("code", CODES)
def test_every_code_is_explained(code: str) -> None:
    text = explain(code)
    assert text.startswith(f"{code}: ")
    assert f"the exit code is {EXIT_CODES[code[4]]}: " in text
    assert len(text) > 150
    assert all(len(line) <= WIDTH for line in text.splitlines()[1:-1])
    assert text.endswith("\n")


@pytest.mark.parametrize(("status", "symbol"), STATUS_SYMBOLS.items())
def test_every_status_is_explained_by_name_and_by_symbol(status: str, symbol: str) -> None:
    text = explain(status)
    assert text.startswith(f"{status} ({symbol}): " if symbol else f"{status}: ")
    assert "exit code" not in text
    assert f"symbol is {symbol}." in text.replace("\n", " ") or not symbol
    if symbol:
        assert explain(symbol) == text


@pytest.mark.parametrize("spelling", ["NDL-R003", "ndl-r003", " NDL-R003\n", "R003", "r003"])
def test_a_code_may_be_written_short_or_small(spelling: str) -> None:
    assert explain(spelling) == explain("NDL-R003")


@pytest.mark.parametrize("spelling", ["low_reliability", "Low reliability", "LOW-RELIABILITY", "U", " u "])
def test_a_status_may_be_written_as_it_is_said(spelling: str) -> None:
    assert explain(spelling).startswith("low_reliability (u): ")


@pytest.mark.parametrize(
    ("code", "near"),
    [("NDL-R0003", "NDL-R0"), ("NDL-V999", "NDL-V0"), ("supressed", "suppressed"), ("not_avialable", "not_available")],
)
def test_an_unknown_code_names_the_nearest(code: str, near: str) -> None:
    with pytest.raises(RuleError) as caught:
        explain(code)
    assert caught.value.code == "NDL-R090"
    assert f'did you mean "{near}' in caught.value.message


@pytest.mark.parametrize("code", ["", " ", "q", "NDL-", "R", "help", "§", "NDL-R003 NDL-R004", "\x1b[31m"])
def test_nonsense_is_refused(code: str) -> None:
    with pytest.raises(RuleError) as caught:
        explain(code)
    assert caught.value.code == "NDL-R090"
    assert "\x1b" not in str(caught.value)


@given(code=st.text(max_size=12))
def test_any_text_is_explained_or_refused(code: str) -> None:
    try:
        assert explain(code)
    except RuleError as error:
        assert error.code == "NDL-R090"  # noqa: PT017 - either outcome is right


def test_the_refusal_is_itself_explained() -> None:
    assert "nearest" in explain("NDL-R090")


def test_help_speaks_to_people() -> None:
    for code in CODES:
        text = explain(code)
        assert not re.search(r"\b(TODO|FIXME|lorem|traceback|None)\b", text), code
        assert "  " not in text, code


def test_nothing_is_read_until_it_is_asked_for() -> None:
    code = "import sys, ndl_publish.explain; sys.exit('yaml' in sys.modules or 'pydantic' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
