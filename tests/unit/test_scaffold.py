"""What ``init`` writes: a release for any data set that can be checked and built as it stands."""

import shutil
from pathlib import Path

import polars as pl
import pytest

from ndl_publish.errors import RuleError, TargetError
from ndl_publish.pipeline import prepare
from ndl_publish.scaffold import N_PLACEHOLDERS, scaffold
from ndl_publish.spec.locations import shipped
from tests.conftest import Run

DATASETS = sorted(path.stem for path in shipped("metadata").glob("*.yaml"))


@pytest.mark.parametrize("dataset", DATASETS)
def test_what_was_made_can_be_checked_and_built(run: Run, tmp_path: Path, dataset: str) -> None:
    folder = tmp_path / "mine"
    made = run("init", folder, "--dataset", dataset)
    assert made.code == 0, made.told
    assert f"ndl-publish check {folder}/release.yaml" in made.out
    assert run("check", folder / "release.yaml").code == 0
    built = run("build", folder / "release.yaml", "--out", tmp_path / "out", "--json")
    assert built.code == 0, built.told
    assert run("audit", Path(built.json()["public"])).code == 0


@pytest.mark.parametrize("dataset", DATASETS)
def test_every_source_has_its_columns_and_rows(tmp_path: Path, dataset: str) -> None:
    files = scaffold(tmp_path / "mine", dataset=dataset, metadata=None, rules=None)
    spec = prepare(tmp_path / "mine/release.yaml").spec
    assert {path.stem for path in files if path.suffix == ".csv"} == set(spec.release.sources)
    for name, source in spec.dataset.sources.items():
        table = pl.read_csv(tmp_path / "mine/data" / f"{name}.csv", infer_schema=False)
        assert table.height == N_PLACEHOLDERS
        assert table[source.id].n_unique() == N_PLACEHOLDERS
        assert {column.source for column in source.columns.values()} <= set(table.columns)


def test_the_same_words_make_the_same_bytes(tmp_path: Path) -> None:
    made = [scaffold(tmp_path / name, dataset="early_years", metadata=None, rules=None) for name in ("a", "b")]
    for one, other in zip(*made, strict=True):
        assert one.read_bytes() == other.read_bytes()


def test_a_folder_that_is_not_empty_is_left_alone(run: Run, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("keep", encoding="utf-8")
    with pytest.raises(TargetError) as caught:
        scaffold(tmp_path, dataset="early_years", metadata=None, rules=None)
    assert caught.value.code == "NDL-T010"
    told = run("init", tmp_path)
    assert (told.code, "is not empty" in told.err) == (6, True)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_a_folder_below_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(TargetError) as caught:
        scaffold(tmp_path / "file/mine", dataset="early_years", metadata=None, rules=None)
    assert caught.value.code == "NDL-T010"


def test_a_slip_in_the_name_gets_the_nearest(run: Run, tmp_path: Path) -> None:
    with pytest.raises(RuleError, match="early_years") as caught:
        scaffold(tmp_path / "mine", dataset="early_year", metadata=None, rules=None)
    assert caught.value.code == "NDL-R080"
    assert run("init", tmp_path / "mine", "--dataset", "early_year").code == 2
    assert not (tmp_path / "mine").exists()


def test_no_vintage_fits(tmp_path: Path) -> None:
    metadata = tmp_path / "metadata"
    shutil.copytree(shipped("metadata"), metadata)
    shutil.rmtree(metadata / "geography/2025")
    with pytest.raises(RuleError, match="boundary vintage") as caught:
        scaffold(tmp_path / "mine", dataset="early_years", metadata=metadata, rules=None)
    assert caught.value.code == "NDL-R080"
    assert not (tmp_path / "mine").exists()


def test_metadata_and_rules_of_ones_own(run: Run, tmp_path: Path) -> None:
    shutil.copytree(shipped("metadata"), tmp_path / "m")
    shutil.copytree(shipped("disclosure_rules"), tmp_path / "r")
    (tmp_path / "m/early_years.yaml").rename(tmp_path / "m/own_years.yaml")
    (tmp_path / "r/classic_threshold.yaml").rename(tmp_path / "r/our_rules.yaml")
    own = ("--metadata", tmp_path / "m", "--rules", tmp_path / "r")
    assert run("init", tmp_path / "mine", "--dataset", "own_years", *own).code == 0
    assert "our_rules" in (tmp_path / "mine/release.yaml").read_text(encoding="utf-8")
    assert run("check", tmp_path / "mine/release.yaml", *own).code == 0
