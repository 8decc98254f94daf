"""A certificate written and read back is the same; every kind of damage is refused, with its own message."""

import hashlib
import json
import shutil
import stat
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from ndl_publish.audit.certificate import check_certificate
from ndl_publish.certificate_files import read_certificate, remove_certificate, write_certificate
from ndl_publish.certificate_pack import CELLS, CHANGES, FINEST, WITNESSES
from ndl_publish.errors import InputError, TargetError
from tests.certified_cases import square
from tests.suppression_cases import table

PROOF = square()
PUBLIC = {"safe.csv": "ab12"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_certificate(tmp_path / "proof", PROOF.certificate, PROOF.required, PUBLIC)
    return tmp_path / "proof"


def refused(folder: Path) -> str:
    with pytest.raises(InputError) as caught:
        read_certificate(folder, PROOF.case.grid, PUBLIC)
    return caught.value.code


def sign(folder: Path) -> None:
    """Write the checksums of the files as they are, as somebody who tampers well would."""
    results = json.loads((folder / "results.json").read_text(encoding="utf-8"))
    results["internal_files"] = {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.glob("*.parquet")
    }
    (folder / "results.json").write_text(json.dumps(results), encoding="utf-8")


def edit(folder: Path, name: str, change: Callable[[pl.DataFrame], pl.DataFrame]) -> None:
    path = folder / f"{name}.parquet"
    change(pl.read_parquet(path)).write_parquet(path)
    sign(folder)


def test_what_is_written_is_read_back(folder: Path) -> None:
    for place in (folder, folder / "results.json", folder / f"{CELLS}.parquet"):
        proof, required = read_certificate(place, PROOF.case.grid, PUBLIC)
        assert check_certificate(PROOF.published, proof, required) == ()
        for name in ("codes", "children", "cell", "change", "start", "rows", "amounts"):
            assert np.array_equal(getattr(proof, name), getattr(PROOF.certificate, name)), name
        assert np.array_equal(required.is_primary, PROOF.required.is_primary)
        assert np.array_equal(required.is_secondary, PROOF.required.is_secondary)


def test_a_package_or_its_public_folder_leads_to_the_internal_one(folder: Path, tmp_path: Path) -> None:
    package = tmp_path / "package"
    (package / "public").mkdir(parents=True)
    shutil.copytree(folder, package / "internal")
    for place in (package, package / "public", package / "internal"):
        assert len(read_certificate(place, PROOF.case.grid, PUBLIC)[0].cell) == 2


def test_only_the_owner_may_look(folder: Path) -> None:
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}


def test_an_earlier_certificate_is_neither_replaced_nor_removed(folder: Path) -> None:
    with pytest.raises(TargetError) as caught:
        write_certificate(folder, PROOF.certificate, PROOF.required, PUBLIC)
    assert caught.value.code == "NDL-T003"
    assert len(list(folder.iterdir())) == 6


def test_removal_leaves_what_is_not_its_own(folder: Path) -> None:
    (folder / "mine.txt").write_text("mine", encoding="utf-8")
    remove_certificate(folder)
    assert [path.name for path in folder.iterdir()] == ["mine.txt"]


@pytest.mark.parametrize("name", [CELLS, FINEST, WITNESSES, CHANGES])
def test_a_missing_file(folder: Path, name: str) -> None:
    (folder / f"{name}.parquet").unlink()
    assert refused(folder) == "NDL-V083"


@pytest.mark.parametrize("content", [None, "", "{", "[]", "null"])
def test_results_that_are_none(folder: Path, content: str | None) -> None:
    path = folder / "results.json"
    path.unlink() if content is None else path.write_text(content, encoding="utf-8")
    assert refused(folder) == "NDL-V083"
    assert refused(folder / "nowhere" / "at all") == "NDL-V083"


@pytest.mark.parametrize("name", [CELLS, FINEST, WITNESSES, CHANGES])
def test_a_truncated_file(folder: Path, name: str) -> None:
    path = folder / f"{name}.parquet"
    path.write_bytes(path.read_bytes()[:-20])
    assert refused(folder) == "NDL-V085"
    sign(folder)
    assert refused(folder) == "NDL-V083"


def test_checksums_that_are_gone(folder: Path) -> None:
    for content in ({"public_files": PUBLIC}, {"public_files": PUBLIC, "internal_files": []}):
        (folder / "results.json").write_text(json.dumps(content), encoding="utf-8")
        assert refused(folder) == "NDL-V085"


def test_another_build(folder: Path) -> None:
    with pytest.raises(InputError) as caught:
        read_certificate(folder, PROOF.case.grid, {"safe.csv": "cd34"})
    assert caught.value.code == "NDL-V084"


def test_other_tables(folder: Path) -> None:
    other = table(np.ones((3, 2), np.int64))
    with pytest.raises(InputError) as caught:
        read_certificate(folder, other.grid, PUBLIC)
    assert caught.value.code == "NDL-V084"


@pytest.mark.parametrize(
    ("name", "column", "code"),
    [(CELLS, "label", "NDL-V083"), (WITNESSES, "change", "NDL-V083"), (CHANGES, "amount", "NDL-V083"),
     (FINEST, "children", "NDL-V083"), (FINEST, "d1", "NDL-V083"), (CELLS, "is_primary", "NDL-V083")],
)  # fmt: skip
def test_columns_that_are_gone_empty_or_of_another_kind(folder: Path, name: str, column: str, code: str) -> None:
    whole = pl.read_parquet(folder / f"{name}.parquet")
    edit(folder, name, lambda _: whole.drop(column))
    assert refused(folder) == code
    edit(folder, name, lambda _: whole.with_columns(pl.lit(None, whole.schema[column]).alias(column)))
    assert refused(folder) == code
    edit(folder, name, lambda _: whole.with_columns(pl.Series(column, [b"x"] * whole.height, dtype=pl.Binary)))
    assert refused(folder) == code


@pytest.mark.parametrize(
    ("name", "change"),
    [
        (CELLS, pl.col("label").reverse()),
        (CELLS, pl.col("cell") + 1),
        (CELLS, pl.col("cell") + 1000),
        (CELLS, pl.lit(7).alias("cell")),
        (FINEST, pl.col("label").reverse()),
        (FINEST, pl.col("d0") + 7),
        (FINEST, pl.col("d0").reverse()),
    ],
)
def test_numbers_and_words_that_do_not_agree(folder: Path, name: str, change: pl.Expr) -> None:
    edit(folder, name, lambda frame: frame.with_columns(change))
    assert refused(folder) == "NDL-V084"


@pytest.mark.parametrize(
    ("name", "change", "code"),
    [
        (FINEST, pl.col("children") + 1, "NDL-D051"),
        (WITNESSES, pl.col("change") + 1, "NDL-D054"),
        (WITNESSES, pl.col("cell") * 0 + 99, "NDL-D050"),
        (WITNESSES, pl.col("n_changes").cast(pl.Int64) - 1, "NDL-D050"),
        (CHANGES, pl.col("amount") * 2, "NDL-D052"),
        (CHANGES, pl.col("finest") * 0, "NDL-D054"),
        (CHANGES, pl.col("finest") + 99, "NDL-D050"),
    ],
)
def test_changes_that_are_well_hidden_do_not_add_up(folder: Path, name: str, change: pl.Expr, code: str) -> None:
    edit(folder, name, lambda frame: frame.with_columns(change))
    proof, required = read_certificate(folder, PROOF.case.grid, PUBLIC)
    assert code in {finding.code for finding in check_certificate(PROOF.published, proof, required)}
