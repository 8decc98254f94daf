import gzip
from datetime import date
from pathlib import Path

import narwhals as nw
import polars as pl
import pytest

from ndl_publish.engines.polars import PolarsEngine
from ndl_publish.engines.protocol import ROW, ROWS_PER_FILE, Engine
from ndl_publish.errors import InputError

ENGINE: Engine = PolarsEngine()


def csv(path: Path, text: str) -> Path:
    path.write_bytes(gzip.compress(text.encode()) if path.suffix == ".gz" else text.encode())
    return path


@pytest.mark.parametrize("name", ["a.csv", "a.csv.gz"])
def test_scan_gives_strings_and_lines(tmp_path: Path, name: str) -> None:
    file = csv(tmp_path / name, "x,y\n01,2\n,3.50\n")
    frame = ENGINE.collect(ENGINE.scan((file,), columns=("y", "x")))
    assert frame.rows() == [(2, "2", "01"), (3, "3.50", None)]
    assert frame.columns == [ROW, "y", "x"]


def test_scan_of_several_files_counts_lines_within_each(tmp_path: Path) -> None:
    files = (csv(tmp_path / "a.csv", "x,y\n1,2\n"), csv(tmp_path / "b.csv.gz", "y,x\n3,4\n"))
    frame = ENGINE.collect(ENGINE.scan(files, columns=("x",)))
    assert frame.rows() == [(2, "1"), (ROWS_PER_FILE + 2, "4")]


def test_file_names_are_not_patterns(tmp_path: Path) -> None:
    file = csv(tmp_path / "a[1].csv", "x\n1\n")
    assert ENGINE.collect(ENGINE.scan((file,), columns=("x",)))["x"].to_list() == ["1"]


def test_parquet_becomes_the_text_a_csv_would_hold(tmp_path: Path) -> None:
    file = tmp_path / "a.parquet"
    frame = pl.DataFrame(
        {
            "whole": [1, None],
            "float": [1.0, float("nan")],
            "part": [0.25, 2.0],
            "truth": [True, False],
            "day": [date(2019, 10, 4), None],
            "text": ["01", ""],
            "kind": pl.Series(["a", None], dtype=pl.Categorical),
            "exact": pl.Series(["1.50", "3"]).cast(pl.Decimal(10, 2)),
        }
    )
    frame.write_parquet(file)
    got = ENGINE.collect(ENGINE.scan((file,), columns=tuple(frame.columns)))
    assert got.rows() == [
        (1, "1", "1", "0.25", "true", "2019-10-04", "01", "a", "1.5"),
        (2, None, None, "2", "false", None, "", None, "3"),
    ]


def test_parquet_lists_are_refused(tmp_path: Path) -> None:
    pl.DataFrame({"x": [[1]]}).write_parquet(tmp_path / "a.parquet")
    with pytest.raises(InputError, match="column x holds lists") as caught:
        ENGINE.scan((tmp_path / "a.parquet",), columns=("x",))
    assert caught.value.code == "NDL-V004"


def test_header_keeps_repeats(tmp_path: Path) -> None:
    assert ENGINE.header(csv(tmp_path / "a.csv", 'x,"y z",x\n')) == ("x", "y z", "x")
    pl.DataFrame({"p": [1]}).write_parquet(tmp_path / "a.parquet")
    assert ENGINE.header(tmp_path / "a.parquet") == ("p",)


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("none.csv", None, "NDL-V001"),
        ("a.csv", b"", "NDL-V002"),
        ("a.csv.gz", gzip.compress(b"", mtime=0), "NDL-V002"),
        ("a.txt", b"x", "NDL-V004"),
        ("a.csv", b"x,\xff\n", "NDL-V004"),
        ("a.parquet", b"PAR1", "NDL-V004"),
        ("a.csv.gz", b"x,y\n", "NDL-V004"),
    ],
)
def test_headers_that_cannot_be_read(tmp_path: Path, name: str, content: bytes | None, code: str) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError) as caught:
        ENGINE.header(tmp_path / name)
    assert caught.value.code == code


def test_inspection_leaves_parquet_alone(tmp_path: Path) -> None:
    ENGINE.inspect(tmp_path / "none.parquet")


def test_aggregate_counts_and_sums_integers() -> None:
    frame = ENGINE.lift(pl.DataFrame({"k": ["b", "a", "b"], "t": [True, None, True], "n": [2, 3, None]}))
    got = ENGINE.aggregate(frame, keys=("k",), sums=("t", "n"))
    assert got.rows() == [("a", 1, 0, 3), ("b", 2, 2, 2)]
    assert set(got.dtypes[1:]) == {pl.Int64}


def test_aggregate_without_keys_gives_one_row() -> None:
    frame = ENGINE.lift(pl.DataFrame({"n": [2, 3]}))
    assert ENGINE.aggregate(frame, keys=(), sums=("n",)).rows() == [(2, 5)]


def test_kept_frames_are_read_once_and_stay_as_they_were(tmp_path: Path) -> None:
    file = csv(tmp_path / "a.csv", "x,y\n1,a\n,b\n")
    scanned = ENGINE.scan((file,), columns=("x", "y"))
    before = ENGINE.collect(scanned)
    kept = ENGINE.keep(scanned)
    file.unlink()
    assert ENGINE.collect(kept).equals(before)
    assert ENGINE.collect(ENGINE.keep(ENGINE.lift(pl.DataFrame({"n": [1]})))).rows() == [(1,)]


def test_engine_exceptions_show_no_value(tmp_path: Path) -> None:
    file = csv(tmp_path / "a.csv", "x\nCANARY\n")
    broken = ENGINE.scan((file,), columns=("x",)).select(nw.col("x").cast(nw.Int64))
    for run in (ENGINE.collect, ENGINE.keep):
        with pytest.raises(InputError) as caught:
            run(broken)
        assert "CANARY" not in str(caught.value)
        assert caught.value.__suppress_context__
        assert caught.value.code == "NDL-V008"
