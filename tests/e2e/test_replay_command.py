"""``replay``: everything published follows from the noisy measurements, and a package that does not is found."""

import hashlib
import json
import shutil
from pathlib import Path

import polars as pl
import pytest

from ndl_publish.package.validate import package_findings
from tests.tiny_project import PUBLIC, RECORDS, TABLES, YEARS, Tiny, headcounts, hold_exact, records, tiny_project

MEASUREMENTS = "noisy_measurements.parquet"


@pytest.fixture(scope="module", params=["plain", "published", "invariant", "invariant by year", "geometric"])
def built(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Tiny:
    folder = tmp_path_factory.mktemp(request.param.replace(" ", "_"))
    by_year = request.param == "invariant by year"
    years = YEARS if by_year else YEARS[-1:]
    tables = TABLES[:1] if request.param == "geometric" else tuple({**t, "periods": "both"} for t in TABLES)
    made = tiny_project(folder, "geometric" if request.param == "geometric" else "dp", years=years, tables=tables)
    if request.param != "plain":
        made.edit("small_rules", {"publish": ["noisy_measurements"]})
    if "invariant" in request.param:
        hold_exact(made, "local_authority", headcounts(records(3000, years=years), by_year=by_year))
    outcome = made.build()
    assert outcome.code == 0, outcome.told
    (folder / RECORDS).unlink()
    if (folder / PUBLIC).exists():
        (folder / PUBLIC).unlink()
    return made


def _bytes(public: Path) -> dict[str, bytes]:
    return {str(path.relative_to(public)): path.read_bytes() for path in sorted(public.rglob("*")) if path.is_file()}


def test_the_package_is_made_again_to_the_byte_without_records_ledger_or_key(built: Tiny, tmp_path: Path) -> None:
    moved = Tiny(tmp_path)
    outcome = moved.run("replay", built.package, "--metadata", built.folder, "--out", tmp_path / "again")
    assert outcome.code == 0, outcome.told
    (again,) = (path for path in (tmp_path / "again").iterdir() if path.is_dir())
    assert _bytes(again / "public") == _bytes(built.public)
    assert not (tmp_path / "home").exists()


def test_without_out_nothing_is_kept(built: Tiny) -> None:
    before = sorted(path.name for path in built.out.iterdir())
    assert built.replay().code == 0
    assert sorted(path.name for path in built.out.iterdir()) == before


@pytest.fixture
def copy(built: Tiny, tmp_path: Path) -> Path:
    return Path(shutil.copytree(built.package, tmp_path / built.package.name))


def test_a_changed_measurement_is_noticed(built: Tiny, copy: Path) -> None:
    file = copy / "internal" / MEASUREMENTS
    frame = pl.read_parquet(file)
    first = pl.int_range(pl.len()) == 0
    frame.with_columns(pl.when(first).then(pl.col("value") + 40).otherwise("value").alias("value")).write_parquet(file)
    outcome = built.replay(package=copy)
    assert (outcome.code, "NDL-D041" in outcome.told) == (4, True) or "NDL-V097" in outcome.told


def test_a_changed_public_file_is_noticed(built: Tiny, copy: Path) -> None:
    data = copy / "public" / "data" / "small.csv"
    data.write_bytes(data.read_bytes().replace(b"published", b"suppressed", 1))
    outcome = built.replay(package=copy)
    assert outcome.code == 3
    assert "NDL-V081" in outcome.told


def test_measurements_that_are_not_there_are_asked_for_unless_they_are_published(built: Tiny, copy: Path) -> None:
    shutil.rmtree(copy / "internal")
    is_published = (copy / "public" / "data" / MEASUREMENTS).exists()
    outcome = built.replay(package=copy)
    assert outcome.code == (0 if is_published else 3), outcome.told
    assert ("NDL-V087" in outcome.told) != is_published


def test_measurements_of_something_else_are_refused(built: Tiny, copy: Path, tmp_path: Path) -> None:
    frame = pl.read_parquet(copy / "internal" / MEASUREMENTS)
    for name, wrong in {"short": frame.head(frame.height - 1), "other": frame.with_columns(query=pl.lit("q"))}.items():
        wrong.write_parquet(tmp_path / f"{name}.parquet")
        outcome = built.replay("--measurements", tmp_path / f"{name}.parquet", package=copy)
        assert (outcome.code, "NDL-V087" in outcome.told) == (3, True), outcome.told
    (tmp_path / "broken.parquet").write_bytes(b"no table")
    outcome = built.replay("--measurements", tmp_path / "broken.parquet", package=copy)
    assert (outcome.code, "NDL-V087" in outcome.told) == (3, True)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("rules_id", "others"),
        ("adjacency", "replace_one"),
        ("code_version", "z"),
        ("query_set_hash", "0" * 64),
        ("losses", []),
    ],
)
def test_a_ledger_entry_that_did_not_pay_for_this_is_noticed(built: Tiny, copy: Path, key: str, value: object) -> None:
    """Statement and manifest were changed together, so only what the entry says can tell."""
    said = json.loads((copy / "public" / "privacy.json").read_text(encoding="utf-8"))
    said["ledger_entry"][key] = value
    (copy / "public" / "privacy.json").write_text(json.dumps(said), encoding="utf-8")
    manifest = copy / "public" / "manifest-sha256.txt"
    digest = hashlib.sha256((copy / "public" / "privacy.json").read_bytes()).hexdigest()
    lines = manifest.read_text(encoding="utf-8").splitlines()
    changed = [f"{digest}{line[64:]}" if line.endswith("privacy.json") else line for line in lines]
    manifest.write_text("\n".join(changed) + "\n", encoding="utf-8")
    outcome = built.replay(package=copy)
    assert outcome.code in {3, 4}, outcome.told
    assert "NDL-D041" in outcome.told or "NDL-V087" in outcome.told


def test_a_taken_folder_is_left_alone(built: Tiny) -> None:
    outcome = built.replay("--out", built.out)
    assert "NDL-T001" in outcome.told
    assert outcome.code == 6


def test_what_is_published_of_the_measurements_fits_its_description(built: Tiny) -> None:
    published = built.public / "data" / "noisy_measurements.csv"
    descriptor = json.loads((built.public / "datapackage.json").read_text(encoding="utf-8"))
    names = {resource["name"] for resource in descriptor["resources"]}
    assert package_findings(built.public) == ()
    assert any("noisy_measurements" in name.replace("-", "_") for name in names) == published.exists()
    if published.exists():
        rows = pl.read_csv(published)
        assert rows.columns == ["query", "position", "area_code", "categories", "value"]
        assert rows.equals(pl.read_csv(published).unique(["query", "position"], maintain_order=True))
        inside = pl.read_parquet(built.package / "internal" / MEASUREMENTS)
        assert rows["value"].to_list() == inside["value"].to_list()


def test_exact_counts_have_nothing_to_replay(tmp_path: Path) -> None:
    made = tiny_project(tmp_path, "classic", tables=TABLES[:1])
    assert made.build().code == 0
    outcome = made.replay()
    assert "NDL-R069" in outcome.told
    assert outcome.code == 2


def test_headcounts_held_exact_stand_in_the_tables_without_a_margin(built: Tiny) -> None:
    rows = built.table("small").filter(pl.col("measure") == "children_count", pl.col("area_code").str.starts_with("la"))
    if "invariants" not in built.privacy():
        assert (rows["lower"].drop_nulls() < rows["upper"].drop_nulls()).all()
        return
    totals = rows.filter(pl.col("sex") == "Total")
    years = YEARS if len(set(rows["time_period"])) > 1 else YEARS[-1:]
    known = headcounts(records(3000, years=years), by_year=len(years) > 1)
    if len(years) > 1:
        totals = totals.filter(pl.col("time_period").is_in(list(YEARS)))
    keys = ["area_code", *(["time_period"] if len(years) > 1 else [])]
    both = totals.join(known, on=keys, suffix="_known")
    assert both.height == known.height
    assert (both["value"] == both["value_known"]).all()
    assert (both["lower"] == both["upper"]).all()
    assert built.audit() == []
