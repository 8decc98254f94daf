"""The pilot release cut down to two local authorities and three tables, for tests that build often."""

import gzip
import shutil
from collections.abc import Callable
from pathlib import Path

import polars as pl
import yaml

from ndl_publish.spec.locations import shipped
from tests.command import PILOT

AREAS = ["E06000006", "E08000011"]
TABLES = ["headline", "characteristics", "wards"]
BREAKDOWNS = [["sex"], ["ethnicity_major"], ["sex", "fsm"]]
SOURCES = ("profile", "health_visiting", "childcare", "links")
IDS = {"health_visiting": "hv_id", "childcare": "childcare_id"}


def cut_down(folder: Path) -> None:
    """Write release.yaml, classic.yaml and the records of two areas into a folder."""
    (folder / "data").mkdir(parents=True)
    whole = {name: read(PILOT / "data/pilot" / f"{name}.csv.gz") for name in SOURCES}
    profile = whole["profile"].filter(pl.col("FSP_HOME_LA_9CODE").is_in(AREAS))
    links = whole["links"].join(profile.select("pupil_id").unique(), on="pupil_id", how="semi")
    tables = {"profile": profile, "links": links}
    for name, key in IDS.items():
        tables[name] = whole[name].join(links, left_on=key, right_on="linked_id", how="semi")
    for name, table in tables.items():
        table.write_csv(folder / "data" / f"{name}.csv")
    for name, source in {"release": "release", "classic": "release_classic"}.items():
        content = yaml.safe_load((PILOT / f"{source}.yaml").read_text(encoding="utf-8"))
        content["expected_count"] = 3500
        content["sources"] = {source: f"data/{source}.csv" for source in SOURCES}
        content["geography"]["areas"] = AREAS
        content["tables"] = [table for table in content["tables"] if table["name"] in TABLES]
        for table in content["tables"]:
            table["levels"] = [level for level in table["levels"] if level != "combined_authority"]
            if "breakdowns" in table:
                table["breakdowns"] = BREAKDOWNS
        (folder / f"{name}.yaml").write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")


def read(path: Path) -> pl.DataFrame:
    """Return a table of records, every value a string."""
    content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    return pl.read_csv(content, infer_schema=False)


def change(folder: Path, source: str, edit: Callable[[pl.DataFrame], pl.DataFrame]) -> None:
    """Change the records of one source."""
    path = folder / "data" / f"{source}.csv"
    edit(read(path)).write_csv(path)


def put(column: str, value: str, *, row: int = 0) -> Callable[[pl.DataFrame], pl.DataFrame]:
    """Return an edit that writes one value into one row."""
    at = pl.int_range(pl.len()) == row
    return lambda table: table.with_columns(pl.when(at).then(pl.lit(value)).otherwise(column).alias(column))


def set_key(path: Path, place: str, value: object) -> None:
    """Change one key of a release file; ``place`` is its path with dots."""
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    *parents, last = place.split(".")
    inner = content
    for key in parents:
        inner = inner[int(key)] if isinstance(inner, list) else inner[key]
    inner[last] = value
    path.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")


def cut_cap(folder: Path, cap: float) -> Path:
    """Return a folder of rule books whose default allows only this much privacy loss."""
    rules = Path(shutil.copytree(shipped("disclosure_rules"), folder / "rules"))
    path = rules / "ndl_default.yaml"
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    content["lifetime_cap"]["value"] = cap
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    return rules
