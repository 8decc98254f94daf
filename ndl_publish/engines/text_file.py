"""Header and wholeness of a comma-separated file, plain or gzipped, read with the standard library.

A polars scan renames a repeated column, fills a line that was cut short with nulls, and checks the encoding only of
the columns it is asked for. Each of these would lose children without a word, so the bytes are looked through once:
when a file holds no quotation mark its commas and line ends must tally, otherwise the lines are read one by one.
"""

import codecs
import csv
import gzip
import zlib
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import BinaryIO, TypeVar, cast

from ndl_publish.errors import InputError

_CHUNK = 1 << 20
_SHOWN = 3
Result = TypeVar("Result")


def text_header(file: Path) -> tuple[str, ...]:
    """Return the names in the first line; empty when the file holds nothing.

    Raises:
        InputError: ``NDL-V001`` when there is no such file, ``NDL-V004`` when it is not gzip or not UTF-8.
    """

    def first_line() -> tuple[str, ...]:
        with _open(file) as stream:
            lines = (line.decode("utf-8-sig" if i == 0 else "utf-8") for i, line in enumerate(stream))
            return tuple(next(csv.reader(lines), ()))

    return _told(file, first_line)


def inspect_text(file: Path) -> None:
    """Return when the whole file is UTF-8 and every line has as many fields as the header.

    Raises:
        InputError: ``NDL-V004`` when it is not UTF-8 or not gzip, ``NDL-V008`` naming the first lines that do not fit.
    """
    if _told(file, lambda: _tallies(file)):
        return
    lines = _told(file, lambda: list(islice(_misfits(file), _SHOWN + 1)))
    if lines:
        shown = ", ".join(str(line) for line in lines[:_SHOWN]) + (" and more" if len(lines) > _SHOWN else "")
        message = f"some lines do not have as many fields as the header: see {shown}."
        quote = "Or a quotation mark is not closed, at or before that line."
        raise InputError("NDL-V008", f"{message} {quote} Export the file again.")


def _tallies(file: Path) -> bool:
    """Check the encoding of the whole file; say whether commas and line ends tally with the header."""
    fields = len(text_header(file))
    decoder = codecs.getincrementaldecoder("utf-8")()
    commas = lines = quotes = 0
    last = b"\n"
    with _open(file) as stream:
        while True:
            chunk = stream.read(_CHUNK)
            try:
                decoder.decode(chunk, final=not chunk)
            except UnicodeDecodeError as error:
                line = lines + chunk.count(b"\n", 0, max(error.start, 0)) + 1
                raise InputError("NDL-V004", f"is not UTF-8 text: see line {line}. Export it as UTF-8.") from None
            commas, lines, quotes = (n + chunk.count(c) for n, c in zip((commas, lines, quotes), _MARKS, strict=True))
            if not chunk:
                break
            last = chunk[-1:]
    lines += last != b"\n"
    return quotes == 0 and commas == (fields - 1) * lines


_MARKS = (b",", b"\n", b'"')


def _misfits(file: Path) -> Iterator[int]:
    """Yield the number of each line whose fields are not as many as the header's; blank lines pass."""
    with _open(file) as stream:
        reader = csv.reader(line.decode("utf-8") for line in stream)
        width = len(next(reader, ()))
        for fields in reader:
            if fields and len(fields) != width:
                yield reader.line_num


def _open(file: Path) -> BinaryIO:
    return cast("BinaryIO", gzip.open(file, "rb")) if file.suffix == ".gz" else file.open("rb")


def _told(file: Path, read: Callable[[], Result]) -> Result:
    """Return what ``read`` returns, its exceptions told without a word of the file's content."""
    try:
        return read()
    except FileNotFoundError:
        raise InputError("NDL-V001", "there is no such file. Check the path in the release file.") from None
    except UnicodeDecodeError:
        raise InputError("NDL-V004", "is not UTF-8 text. Export it as UTF-8.") from None
    except (gzip.BadGzipFile, zlib.error, EOFError):
        raise InputError("NDL-V004", "is not a whole gzip file. Copy it again.") from None
    except csv.Error:
        raise InputError("NDL-V008", "is not a comma-separated file. Export it as CSV.") from None
    except OSError as error:
        raise InputError("NDL-V004", f"{file.name} cannot be opened ({type(error).__name__}).") from None
