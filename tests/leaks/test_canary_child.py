"""A child that stands out, looked for in everything a build says and publishes."""

import io
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import polars as pl
import pytest

from ndl_publish.cube.tabulate import tabulate
from ndl_publish.engines.polars import PolarsEngine
from ndl_publish.home import Home
from ndl_publish.pipeline import Built as PipelineBuilt
from ndl_publish.pipeline import build, prepare, validated
from tests.conftest import Built, Run
from tests.small_pilot import change, put, read
from tests.truth import measures, tables, with_truth

CHILD = "Pcanary0042"
VISITS, CARE = "Hcanary0042", "Ccanary0042"
CANARIES = (CHILD, VISITS, CARE, "canary")
IDS = {"health_visiting": ("hv_id", VISITS), "childcare": ("childcare_id", CARE)}


@pytest.fixture
def planted(small: Path) -> Path:
    """Give the small pilot with one Irish Traveller child, alone in a small area, under ids that catch the eye."""
    profile = pl.read_csv(small / "data/profile.csv", infer_schema=False)
    links = pl.read_csv(small / "data/links.csv", infer_schema=False)
    both = links.group_by("pupil_id").agg(pl.col("source").n_unique()).filter(pl.col("source") == 2)
    child = profile.filter(pl.col("pupil_id").is_in(both["pupil_id"].implode()))["pupil_id"][0]
    is_child = pl.col("pupil_id") == child
    change(
        small,
        "profile",
        lambda table: table.with_columns(
            pl.when(is_child).then(pl.lit("WIRT")).otherwise("FSP_ETHNICITY").alias("FSP_ETHNICITY"),
            pl.when(is_child).then(pl.lit(CHILD)).otherwise("pupil_id").alias("pupil_id"),
        ),
    )
    for source, (key, name) in IDS.items():
        old = links.filter(is_child, pl.col("source") == source)["linked_id"][0]
        path = small / "data" / f"{source}.csv"
        read(path).with_columns(pl.col(key).replace(old, name)).write_csv(path)
        links = links.with_columns(pl.col("linked_id").replace(old, name))
    links.with_columns(pl.col("pupil_id").replace(child, CHILD)).write_csv(small / "data/links.csv")
    return small


def readable(path: Path) -> str:
    """Return what can be read in a file: its bytes and, for Parquet, its values and metadata."""
    content = path.read_bytes()
    text = content.decode("utf-8", errors="replace")
    if path.suffix == ".parquet":
        text += pl.read_parquet(io.BytesIO(content)).write_csv()
        text += str(pl.read_parquet_metadata(io.BytesIO(content)))
    return text


def holds_canary(text: str) -> bool:
    return any(canary in text for canary in CANARIES)


@pytest.mark.parametrize("name", ["release", "classic"])
def test_nothing_that_is_said_or_public_names_the_child(run: Run, planted: Path, home: Path, name: str) -> None:
    answers = [
        run("check", planted / f"{name}.yaml"),
        run("build", planted / f"{name}.yaml", "--out", planted / "out", "--json"),
    ]
    assert [answer.code for answer in answers] == [0, 0], answers[1].told
    folder = next((planted / "out").iterdir())
    answers += [run("audit", folder, "--json"), run("ledger", "history", "--json")]
    for answer in answers:
        assert not holds_canary(answer.told)
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert len(files) > 12
    for path in files:
        assert not holds_canary(str(path.relative_to(planted)))
        assert not holds_canary(readable(path)), f"{path.name}: not even the output checker needs a pseudonym"
    if (home / "ledger.sqlite").exists():
        assert b"canary" not in (home / "ledger.sqlite").read_bytes()


def test_the_search_would_find_the_child(planted: Path) -> None:
    for source in ("profile", "links", "health_visiting", "childcare"):
        assert holds_canary(readable(planted / "data" / f"{source}.csv")), source


def pipeline_types(folder: Path, home: Path, release: str) -> Iterator[object]:
    prepared = prepare(folder / release)
    yield prepared
    records = validated(prepared, progress=lambda *_: None)
    yield records
    yield tabulate(records, prepared.spec, prepared.geography, engine=PolarsEngine())
    own = Home.locate(key_file=None, ledger=None, notify=lambda _: None, environ={"NDL_PUBLISH_HOME": str(home)})
    done: PipelineBuilt = build(prepared, out=folder / "out", home=own, actor="a tester", progress=lambda *_: None)
    yield from (own, own.open_key(), done, done.audited, done.audited.protected, done.package, done.grant)


@pytest.mark.parametrize("release", ["release.yaml", "classic.yaml"])
def test_no_repr_shows_a_record_a_count_or_the_key(planted: Path, home: Path, release: str) -> None:
    exact = 1305  # children in Halton: a count that a frame or an array would print
    for value in pipeline_types(planted, home, release):
        for text in (repr(value), str(value)):
            assert not holds_canary(text), type(value).__name__
            assert not re.search(rf"\b{exact}\b|\b1770\b", text), type(value).__name__
            assert "shape: (" not in text, f"{type(value).__name__} prints a frame"
            assert "array(" not in text, f"{type(value).__name__} prints an array"
            assert (home / "key").exists() is False or (home / "key").read_text().strip() not in text


COLUMNS = {
    "profile": [
        "pupil_id", "FSP_ACADYR", "FSP_RETURN_SEQUENCE", "FSP_LA_9CODE", "FSP_URN", "FSP_LLSOA21", "FSP_HOME_LA_9CODE",
        "FSP_SEX", "FSP_BIRTH_MONTH", "FSP_FSM", "FSP_ETHNICITY", "FSP_LANGUAGE", "FSP_SEN", "FSP_IDACIRANK",
        "FSP_COM_E01", "FSP_PSE_E05", "FSP_EXP_E17",
    ],
    "health_visiting": ["hv_id", "review_type", "review_month", "age_months", "asq3_months", "asq3_communication"],
    "childcare": ["childcare_id", "term_start", "provider_urn", "provider_type", "entitlement_type", "funded_hours"],
    "links": ["pupil_id", "source", "linked_id", "match_weight"],
}  # fmt: skip


@pytest.mark.parametrize("as_json", [False, True])
def test_a_canary_in_every_column_is_never_quoted(run: Run, small: Path, as_json: bool) -> None:
    row = 0
    for source, columns in COLUMNS.items():
        for column in columns:
            change(small, source, put(column, f"canary{row}", row=row))
            row += 1
    told = run("build", small / "release.yaml", "--out", small / "out", *(["--json"] if as_json else []))
    assert told.code == 3
    assert not holds_canary(told.told)
    assert told.told.count("NDL-V0") > 15


@pytest.mark.parametrize("source", ["profile", "links", "childcare"])
def test_a_broken_line_is_never_quoted(run: Run, small: Path, source: str) -> None:
    path = small / "data" / f"{source}.csv"
    lines = path.read_text(encoding="utf-8").splitlines()
    path.write_text("\n".join([*lines[:9], lines[9] + ",canary,canary", '"canary', *lines[10:]]), encoding="utf-8")
    told = run("build", small / "release.yaml", "--out", small / "out")
    assert told.code == 3, told.told
    assert not holds_canary(told.told)
    assert "unforeseen" not in told.told


def test_the_message_of_a_library_is_never_shown(monkeypatch: pytest.MonkeyPatch, run: Run, small: Path) -> None:
    def stop(*_: object, **__: object) -> None:
        raise pl.exceptions.ComputeError(f"conversion failed for {CHILD}")

    for place in ("tabulate", "read_records", "validate_records", "protect_classic", "cube_checks", "build_package"):
        with monkeypatch.context() as patch:
            patch.setattr(f"ndl_publish.pipeline.{place}", stop)
            told = run("build", small / "classic.yaml", "--out", small / "out")
        assert (told.code, CHILD in told.told) == (1, False)
        assert "Traceback" not in told.told


@pytest.mark.parametrize(
    "name", ["pilot", "pilot_classic", "census", pytest.param("census_classic", marks=pytest.mark.slow)]
)
def test_a_withheld_count_stands_nowhere_in_its_public_row(built: Callable[[str], Built], name: str) -> None:
    package = built(name)
    exact = pl.read_parquet(package.internal / "cells.parquet")
    named = measures(json.loads((package.public / "specification.json").read_text(encoding="utf-8")))
    withheld = 0
    for table in tables(package.public).values():
        rows = with_truth(table, exact, {k: v for k, v in named.items() if k in table["measure"].unique()})
        hidden = rows.filter(pl.col("reason") != "shown", pl.col("is_possible"))
        assert hidden.select(pl.all_horizontal(pl.col("value", "lower", "upper").is_null()).all()).item()
        assert not hidden["status"].is_in(["published"]).any()
        withheld += hidden.height
    assert withheld > 20


@pytest.mark.parametrize("name", ["pilot_classic", pytest.param("census_classic", marks=pytest.mark.slow)])
def test_no_small_count_is_shown_or_follows_from_its_percentage(built: Callable[[str], Built], name: str) -> None:
    for table in tables(built(name).public).values():
        shown = table.filter(pl.col("unit").is_in(["children", "persons"]), pl.col("value").is_not_null())
        assert shown.height > 0
        assert not shown["value"].is_between(1, 4).any()
        keys = [x for x in table.columns if x not in {"measure", "unit", "value", "lower", "upper", "status"}]
        hidden = table.filter(pl.col("measure").str.ends_with("_count"), pl.col("value").is_null())
        hidden = hidden.select(*keys, measure=pl.col("measure").str.replace("_count$", "_percent"))
        rates = table.join(hidden, on=[*keys, "measure"], how="semi")
        assert rates["value"].is_null().all(), "a rate is withheld with its count"


@pytest.mark.parametrize("name", ["pilot", pytest.param("census_classic", marks=pytest.mark.slow)])
def test_the_true_counts_stand_in_no_public_file(built: Callable[[str], Built], name: str) -> None:
    for path in built(name).public.rglob("*"):
        if path.is_file():
            text = readable(path)
            for word in ("true_count", "count_before_withholding", "secondary_suppressed", "noisy_measurements"):
                if path.suffix in {".csv", ".parquet", ".json"}:
                    assert word not in text, (path.name, word)


@pytest.mark.parametrize("name", ["pilot", "pilot_classic"])
def test_public_files_tell_nothing_of_the_machine(built: Callable[[str], Built], name: str) -> None:
    import getpass  # noqa: PLC0415 - this test only
    import platform  # noqa: PLC0415

    package = built(name)
    words = [str(package.home), str(package.folder.parent), "/home/", "/tmp/"]  # noqa: S108
    # A machine may be called "vm", which compressed bytes hold by chance: its name counts as a word, in text.
    machine = re.compile(rf"(?<!\w){re.escape(platform.node() or 'no name')}(?!\w)")
    user = getpass.getuser()
    for path in package.public.rglob("*"):
        if path.is_file():
            text = readable(path)
            assert not [word for word in words if word in text], path.name
            assert path.suffix == ".parquet" or not machine.search(text), path.name
            if path.suffix == ".json":
                assert f'"{user}"' not in text, path.name


@pytest.mark.parametrize("name", ["pilot", "pilot_classic"])
def test_internal_is_for_its_owner_only(built: Callable[[str], Built], name: str) -> None:
    package = built(name)
    assert package.internal.stat().st_mode & 0o777 == 0o700
    for path in package.internal.rglob("*"):
        assert path.stat().st_mode & 0o077 == 0, path.name
    assert package.home.stat().st_mode & 0o077 == 0
    for path in package.home.iterdir():
        assert path.stat().st_mode & 0o077 == 0, path.name
