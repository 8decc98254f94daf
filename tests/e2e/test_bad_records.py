"""Records that break the contract: told at once, with code and remedy, with exit code 3; nothing written or charged."""

from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from tests.conftest import Run
from tests.small_pilot import change, put

Edit = Callable[[Path], object]
CANARY = "canary4711"


def edit(source: str, how: Callable[[pl.DataFrame], pl.DataFrame]) -> Edit:
    return lambda folder: change(folder, source, how)


def semicolons(folder: Path) -> None:
    path = folder / "data/profile.csv"
    path.write_text(path.read_text(encoding="utf-8").replace(",", ";"), encoding="utf-8")


def twice(folder: Path) -> None:
    change(folder, "profile", lambda table: pl.concat([table, put("FSP_SEX", other(table))(table).head(1)]))


def other(table: pl.DataFrame) -> str:
    return "M" if table["FSP_SEX"][0] == "F" else "F"


def nobody(column: str) -> Callable[[pl.DataFrame], pl.DataFrame]:
    return lambda table: table.with_columns(pl.format(CANARY + "{}", pl.int_range(pl.len())).alias(column))


def empty(folder: Path) -> None:
    (folder / "data/childcare.csv").write_bytes(b"")


def binary(folder: Path) -> None:
    (folder / "data/childcare.csv").write_bytes(bytes(range(256)) * 40)


def cut_gzip(folder: Path) -> None:
    import gzip  # noqa: PLC0415 - this case only

    path = folder / "data/profile.csv"
    content = gzip.compress(path.read_bytes())
    path.write_bytes(content[: len(content) // 2])
    path.rename(folder / "data/profile.csv.gz")
    text = (folder / "release.yaml").read_text(encoding="utf-8")
    (folder / "release.yaml").write_text(text.replace("profile.csv", "profile.csv.gz"), encoding="utf-8")


VALUES: list[tuple[str, str, str, str]] = [
    ("profile", "FSP_SEX", CANARY, "NDL-V012"),
    ("profile", "FSP_ETHNICITY", CANARY, "NDL-V012"),
    ("profile", "FSP_MAT_E11", "3", "NDL-V012"),
    ("profile", "FSP_EXP_E17", CANARY, "NDL-V012"),
    ("profile", "FSP_FSM", CANARY, "NDL-V012"),
    ("profile", "FSP_LANGUAGE", CANARY, "NDL-V012"),
    ("profile", "FSP_SEN", CANARY, "NDL-V012"),
    ("profile", "FSP_RETURN_SEQUENCE", CANARY, "NDL-V013"),
    ("profile", "FSP_IDACIRANK", CANARY, "NDL-V013"),
    ("health_visiting", "asq3_gross_motor", "61", "NDL-V014"),
    ("profile", "FSP_BIRTH_MONTH", "2020-13", "NDL-V015"),
    ("health_visiting", "review_month", CANARY, "NDL-V015"),
    ("profile", "FSP_LLSOA21", "E01999999", "NDL-V016"),
    ("profile", "FSP_LA_9CODE", CANARY, "NDL-V016"),
    ("profile", "FSP_HOME_LA_9CODE", "E12000001", "NDL-V016"),
    ("profile", "pupil_id", "", "NDL-V021"),
    ("links", "match_weight", "1.5", "NDL-V025"),
    ("links", "source", CANARY, "NDL-V028"),
]
CASES: dict[str, tuple[Edit, str, str]] = {
    "missing file": (lambda folder: (folder / "data/childcare.csv").unlink(), "NDL-V001", "childcare"),
    "empty file": (empty, "NDL-V002", "childcare"),
    "semicolons": (semicolons, "NDL-V003", "comma"),
    "column missing": (edit("profile", lambda table: table.drop("FSP_SEX")), "NDL-V006", "FSP_SEX"),
    "column named like an identifier": (
        edit("profile", lambda table: table.with_columns(NHS_NUMBER=pl.lit("x"))),
        "NDL-V010",
        "NHS_NUMBER",
    ),
    "one goal outside 1, 2, A": (edit("profile", put("FSP_MAT_E11", "3")), "NDL-V012", "FSP_MAT_E11"),
    "area of another level": (edit("profile", put("FSP_LLSOA21", "E08000011")), "NDL-V016", "FSP_LLSOA21"),
    "child twice, not alike": (twice, "NDL-V022", "profile"),
    "links from nobody": (edit("links", nobody("pupil_id")), "NDL-V026", "links"),
    "links to nobody": (edit("links", nobody("linked_id")), "NDL-V027", "links"),
    "spine without rows": (edit("profile", pl.DataFrame.clear), "NDL-V031", "profile"),
    "linked source without rows": (edit("childcare", pl.DataFrame.clear), "NDL-V031", "childcare"),
    "another year": (
        edit("profile", lambda table: table.with_columns(FSP_ACADYR=pl.lit("201819"))),
        "NDL-V032",
        "profile",
    ),
    "nobody in the areas": (
        edit("profile", lambda table: table.with_columns(FSP_LLSOA21=pl.lit("E01000001"))),
        "NDL-V034",
        "areas",
    ),
    "bytes": (binary, "NDL-V0", "childcare"),
    "gzip cut short": (cut_gzip, "NDL-V0", "profile"),
}


@pytest.mark.parametrize("case", CASES)
def test_bad_records_are_refused(run: Run, small: Path, home: Path, case: str) -> None:
    spoil, code, place = CASES[case]
    spoil(small)
    told = run("build", small / "release.yaml", "--out", small / "out")
    assert told.code == 3, told.told
    assert code in told.err
    assert place in told.err
    assert "More: ndl-publish explain NDL-V0" in told.err
    assert CANARY not in told.told
    assert "Traceback" not in told.told
    assert told.out == ""
    assert not (small / "out").exists()
    assert not home.exists(), "neither a key nor a ledger was made, nothing was charged"


def test_every_bad_value_is_found_at_once_and_told_as_json(run: Run, small: Path, home: Path) -> None:
    for row, (source, column, value, _) in enumerate(VALUES):
        change(small, source, put(column, value, row=row))
    told = run("build", small / "release.yaml", "--out", small / "out", "--json")
    assert (told.code, told.err) == (3, "")
    assert CANARY not in told.told
    errors = [finding for finding in told.json()["findings"] if finding["severity"] == "error"]
    found = {(finding["code"], finding["where"].split(",")[0]) for finding in errors}
    for source, column, _, code in VALUES:
        assert any(f["code"] == code and f["where"] == f"{source}, column {column}" for f in errors), (column, errors)
    assert found <= {(code, source) for source, _, _, code in VALUES}
    assert not (small / "out").exists()
    assert not home.exists()


def test_rows_are_named_so_that_they_can_be_found(run: Run, small: Path) -> None:
    change(small, "profile", put("FSP_SEX", CANARY, row=41))
    assert "43" in run("check", small / "release.yaml").err, "line of the file: header and 41 rows come before"


def test_codes_of_an_older_vintage_with_one_successor_are_replaced_and_noted(run: Run, small: Path) -> None:
    change(small, "profile", put("FSP_HOME_LA_9CODE", "E08000016"))
    told = run("check", small / "release.yaml", "--json")
    assert told.code == 0, told.told
    assert "NDL-V018" in {finding["code"] for finding in told.json()["findings"]}


def test_a_record_that_several_children_claim_is_a_warning(run: Run, small: Path) -> None:
    change(small, "links", lambda table: table.with_columns(linked_id=pl.col("linked_id").first().over("source")))
    told = run("check", small / "release.yaml", "--json")
    assert told.code == 0, "each child keeps its link, so that no child's data depend on another's"
    assert ("NDL-V029", "warning") in {(f["code"], f["severity"]) for f in told.json()["findings"]}


def test_a_few_links_to_nobody_do_not_stop_a_build(run: Run, small: Path) -> None:
    change(small, "links", put("linked_id", CANARY))
    told = run("check", small / "release.yaml")
    assert told.code == 0, told.told
    assert "NDL-V027" in told.err
    assert CANARY not in told.told


def test_exact_copies_of_a_row_are_left_out_and_noted(run: Run, small: Path) -> None:
    change(small, "profile", lambda table: pl.concat([table, table.head(3)]))
    told = run("check", small / "release.yaml")
    assert told.code == 0, told.told
    assert "NDL-V023" in told.err


def test_columns_that_are_not_declared_are_named_but_not_used(run: Run, small: Path) -> None:
    change(small, "profile", lambda table: table.with_columns(something_else=pl.lit(CANARY)))
    told = run("check", small / "release.yaml")
    assert told.code == 0
    assert "something_else" in told.err
    assert CANARY not in told.told
