"""The public package says how much is withheld and never which of it is primary; the confidential report does."""

import json
import re
from typing import Any, Protocol

import polars as pl

from ndl_publish.package.layout import METHODOLOGY
from tests.conftest import Built
from tests.truth import tables

WORDS = ("primary_suppressed", "secondary_suppressed", "primaries", "secondaries", "suppression_report", "marked_by")
METHOD = {
    "methodology.md": 3,
    "privacy.json": 1,
    "specification.json": 2,
    "datapackage.json": 0,
    "README.md": 0,
}
"""Files that name the method as such, and how often: "secondary suppression", keys of the rule book."""


class Build(Protocol):
    def __call__(self, name: str) -> Built: ...


def report(package: Built) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((package.internal / "suppression_report.json").read_text(encoding="utf-8"))
    return content


def test_no_public_file_tells_primary_from_secondary(built: Build) -> None:
    package = built("pilot_classic")
    for path in sorted(package.public.rglob("*")):
        if path.suffix == ".parquet":
            text = pl.read_parquet(path).write_csv()
        elif path.is_file():
            text = path.read_text(encoding="utf-8")
        else:
            continue
        assert not [word for word in WORDS if word in text], path.name
        named = re.findall(r"primary(?!Key)|secondary", text, flags=re.IGNORECASE)
        assert len(named) <= METHOD.get(path.name, 0) + text.count("primary.threshold"), path.name


def test_the_words_would_be_found(built: Build) -> None:
    package = built("pilot_classic")
    found = [path.name for path in package.internal.glob("suppression_report.*") if "secondaries" in path.read_text()]
    assert sorted(found) == ["suppression_report.json", "suppression_report.md"]


def test_the_public_section_counts_what_anybody_can_count(built: Build) -> None:
    package = built("pilot_classic")
    text = (package.public / METHODOLOGY).read_text(encoding="utf-8")
    part = text.split("### Why figures are withheld, and how many\n")[1].split("\n#")[0]
    rows = re.findall(r"^\| `(\w+)` \| ([\w ]+) \| ([\d,]+) \| ([\d,]+) \|", part, flags=re.MULTILINE)
    found = tables(package.public)
    assert {name for name, *_ in rows} == set(found)
    for name, level, figures, withheld in rows:
        here = found[name].filter(pl.col("geographic_level") == level)
        blank = here.filter(pl.col("status").is_in(["suppressed", "low_reliability"]))
        assert (int(figures.replace(",", "")), int(withheld.replace(",", ""))) == (here.height, blank.height)
    assert "has every figure shown and the numbers of the rules" in " ".join(part.split())
    assert "Zeros may be blank" in part


def test_the_numbers_of_primaries_stand_in_no_public_text(built: Build) -> None:
    package = built("pilot_classic")
    total = report(package)["total"]
    for name in ("README.md", METHODOLOGY, "privacy.json"):
        text = (package.public / name).read_text(encoding="utf-8")
        for kind in ("primary", "secondary"):
            assert not re.search(rf"\b{total[kind]:,} (small )?(cells|counts|figures)", text), name


def test_report_and_audit_count_the_same_cells(built: Build) -> None:
    package = built("pilot_classic")
    total = report(package)["total"]
    checks = json.loads((package.internal / "audit.json").read_text(encoding="utf-8"))
    seen = next(check["detail"] for check in checks if check["name"] == "additivity")
    assert seen == f"{total['shown']:,} of {total['cells']:,} cells can be seen"
