"""Identifiers of childcare providers, looked for in everything a build says and writes under rules about providers."""

from pathlib import Path

import polars as pl
import pytest

from ndl_publish.cube.tabulate import tabulate
from ndl_publish.engines.polars import PolarsEngine
from ndl_publish.pipeline import prepare, validated
from tests.conftest import Run
from tests.leaks.test_canary_child import readable
from tests.small_pilot import change, read, set_key

PROVIDER = "URNcanary0042"


@pytest.fixture
def planted(small: Path) -> Path:
    """Give the small pilot under strict rules, with one busy provider under an identifier that catches the eye."""
    busy = read(small / "data/childcare.csv")["provider_urn"].mode().sort()[0]
    change(small, "childcare", lambda table: table.with_columns(pl.col("provider_urn").replace(busy, PROVIDER)))
    set_key(small / "classic.yaml", "rules", "classic_strict")
    return small


def test_no_identifier_of_a_provider_is_said_or_written(run: Run, planted: Path, home: Path) -> None:
    del home
    answers = [run("check", planted / "classic.yaml"), run("build", planted / "classic.yaml", "--out", planted / "out")]
    assert [answer.code for answer in answers] == [0, 0], answers[1].told
    folder = next((planted / "out").iterdir())
    answers.append(run("audit", folder))
    assert not any("canary" in answer.told for answer in answers)
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert len(files) > 12
    for path in files:
        text = readable(path)
        assert "canary" not in text, path.name
        assert "_by_provider" not in text, path.name
    said = (folder / "public/methodology.md").read_text(encoding="utf-8")
    assert "fewer than 3 contributors" in said


def test_a_wrong_column_of_providers_is_told_without_a_value(run: Run, planted: Path, home: Path) -> None:
    del home
    change(planted, "childcare", lambda table: table.rename({"provider_urn": "provider"}))
    answer = run("check", planted / "classic.yaml")
    assert answer.code == 3
    assert "the column provider_urn is not there" in " ".join(answer.told.split())
    assert "canary" not in answer.told


def test_no_repr_shows_a_provider(planted: Path) -> None:
    prepared = prepare(planted / "classic.yaml")
    records = validated(prepared, progress=lambda *_: None)
    cube = tabulate(records, prepared.spec, prepared.geography, engine=PolarsEngine())
    assert len(cube.contributions["provider"].children) > 100
    assert records.contributions.keys() == {"provider"}
    for value in (records, cube, cube.contributions["provider"]):
        assert "canary" not in repr(value)
        assert "array(" not in repr(value)
