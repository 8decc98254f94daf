"""What a person sees, and on which of the two streams."""

import io
import json
import sys

import pytest

from ndl_publish.errors import Finding, InputError
from ndl_publish.terminal import (
    Bar,
    findings_json,
    progress_bar,
    say,
    show,
    show_bars,
    show_error,
    show_json,
    show_table,
    show_text,
)

FINDING = Finding("NDL-V012", "error", "profile, column SEX", "codes are not declared, in 3 rows.")


def test_results_go_to_stdout_and_talk_to_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    show("result")
    say("talk")
    assert tuple(capsys.readouterr()) == ("result\n", "talk\n")


def test_a_table_is_aligned(capsys: pytest.CaptureFixture[str]) -> None:
    show_table("Title:", ("name", "n"), [("a", "1,000"), ("long name", "2")])
    assert capsys.readouterr().out == (
        "Title:\n  name           n\n  ---------  -----\n  a          1,000\n  long name      2\n\n"
    )


def test_a_table_without_rows_has_its_header(capsys: pytest.CaptureFixture[str]) -> None:
    show_table("Title:", ("name", "n"), [])
    assert capsys.readouterr().out == "Title:\n  name  n\n  ----  -\n\n"


def test_json_is_sorted_and_keeps_letters(capsys: pytest.CaptureFixture[str]) -> None:
    show_json({"b": "½", "a": 1})
    assert capsys.readouterr().out == '{\n  "a": 1,\n  "b": "½"\n}\n'


def test_an_error_is_told_with_findings_and_where_to_read_more(capsys: pytest.CaptureFixture[str]) -> None:
    show_error(InputError("NDL-V000", "Wrong.", findings=(FINDING,)), as_json=False)
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines() == ["NDL-V000: Wrong.", f"  {FINDING}", "More: ndl-publish explain NDL-V000"]


def test_an_error_as_json_is_a_result(capsys: pytest.CaptureFixture[str]) -> None:
    show_error(InputError("NDL-V000", "Wrong.", findings=(FINDING,)), as_json=True)
    out, err = capsys.readouterr()
    assert err == ""
    assert json.loads(out) == {
        "status": "error",
        "code": "NDL-V000",
        "message": "Wrong.",
        "findings": findings_json((FINDING,)),
    }
    assert findings_json((FINDING,))[0]["where"] == "profile, column SEX"


def test_progress_says_nothing_in_a_pipe(capsys: pytest.CaptureFixture[str]) -> None:
    with progress_bar() as progress:
        progress("Counting", 1, 2)
        progress("Adding noise", 0, 0)
    assert tuple(capsys.readouterr()) == ("", "")


def test_progress_shows_on_a_terminal_and_only_on_stderr(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm")
    with progress_bar() as progress:
        progress("linear_programme", 1, 2)
        progress("files", 0, 0)
    out, err = capsys.readouterr()
    assert out == ""
    assert err


def test_an_error_inside_a_bar_is_passed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    with pytest.raises(InputError), progress_bar():
        raise InputError("NDL-V000", "Wrong.")


def test_bars_are_aligned_and_as_long_as_they_should_be(capsys: pytest.CaptureFixture[str]) -> None:
    show_bars(
        "Chart:", [Bar("Region", 1.0, "± 4"), Bar("Ward", 0.5, "± 2"), Bar("LSOA", 0.0, "0"), Bar("X", 0.01, "1")]
    )
    title, region, ward, lsoa, tiny, *rest = capsys.readouterr().out.split("\n")
    assert (title, rest) == ("Chart:", ["", ""])
    assert len(region) == 80
    assert region.count("█") == 2 * ward.count("█")
    assert region.index("█") == ward.index("█") == lsoa.index("0") == tiny.index("█")
    assert tiny.count("█") == 1, "little is not nothing"


def test_bars_are_plain_where_there_are_no_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    written = io.BytesIO()
    plain = io.TextIOWrapper(written, encoding="cp1252")
    monkeypatch.setattr("sys.stdout", plain)
    show_bars("Chart:", [Bar("Region", 1.0, "4")])
    plain.flush()
    assert b"  Region  #####" in written.getvalue()


def test_sentences_are_broken_into_lines_that_fit(capsys: pytest.CaptureFixture[str]) -> None:
    show_text("word " * 40, mark="- ")
    first, *later = capsys.readouterr().out.splitlines()
    assert first.startswith("- word")
    assert later
    assert all(line.startswith("  word") and len(line) <= 80 for line in later)
