import gzip
from pathlib import Path

import pytest

from ndl_publish.engines import text_file
from ndl_publish.engines.text_file import inspect_text, text_header
from ndl_publish.errors import InputError


def write(folder: Path, content: bytes) -> Path:
    path = folder / "a.csv"
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    "content",
    [
        b"x,y\n1,2\n",
        b"x,y\n1,2",
        b"x,y\r\n1,2\r\n",
        b'x,y\n"1,5",2\n',
        b"x,y\n1,2\n\n",
        b"x\n1\n",
        b"x,y\n\xc3\xa9,2\n",
    ],
)
def test_whole_files_pass(tmp_path: Path, content: bytes) -> None:
    inspect_text(write(tmp_path, content))


@pytest.mark.parametrize(
    ("content", "lines"),
    [
        (b"x,y\n1\n", "see 2."),
        (b"x,y\n1,2\n1,2,3\n", "see 3."),
        (b'x,y\n"1",2\n1\n', "see 3."),
        (b'x,y\n"1,2\n3,4\n', "see 3."),
        (b"x,y\n1\n1\n1\n1\n", "see 2, 3, 4 and more."),
    ],
)
def test_lines_that_do_not_fit_are_named(tmp_path: Path, content: bytes, lines: str) -> None:
    with pytest.raises(InputError, match="as many fields") as caught:
        inspect_text(write(tmp_path, content))
    assert caught.value.code == "NDL-V008"
    assert lines in caught.value.message
    assert "Or a quotation mark is not closed, at or before that line." in caught.value.message


def test_encoding_is_checked_across_chunks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text_file, "_CHUNK", 3)
    inspect_text(write(tmp_path, "x,y\né,ü\nß,2\n".encode()))
    with pytest.raises(InputError, match="line 3") as caught:
        inspect_text(write(tmp_path, b"x,y\n1,2\n1,\xff\n"))
    assert caught.value.code == "NDL-V004"


def test_gzip(tmp_path: Path) -> None:
    path = tmp_path / "a.csv.gz"
    path.write_bytes(gzip.compress(b"x,y\n1,2\n"))
    inspect_text(path)
    assert text_header(path) == ("x", "y")
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(InputError) as caught:
        inspect_text(path)
    assert caught.value.code == "NDL-V004"


def test_header_of_nothing_and_of_no_file(tmp_path: Path) -> None:
    assert text_header(write(tmp_path, b"")) == ()
    with pytest.raises(InputError) as caught:
        text_header(tmp_path / "none.csv")
    assert caught.value.code == "NDL-V001"
    with pytest.raises(InputError) as caught:
        text_header(tmp_path)
    assert caught.value.code == "NDL-V004"
