"""The report of a release stands in the pack of the output checker."""

import json
from pathlib import Path

import polars as pl
import pytest

from ndl_publish.audit.from_tables import published_cells
from ndl_publish.cube.tabulate import tabulate
from ndl_publish.engines.polars import PolarsEngine
from ndl_publish.package.json_text import json_bytes
from ndl_publish.package.model import InternalPack
from ndl_publish.pipeline import prepare, validated
from ndl_publish.protect.classic import protect_classic
from ndl_publish.protect.withhold import Withheld, withhold_exact
from ndl_publish.spec.rules import ClassicRules
from ndl_publish.suppression_report import release as module
from ndl_publish.suppression_report.release import release_report, with_report


def test_the_pack_gets_both_forms_and_keeps_what_it_had(small: Path) -> None:
    prepared = prepare(small / "classic.yaml")
    cube = tabulate(
        validated(prepared, progress=lambda *_: None), prepared.spec, prepared.geography, engine=PolarsEngine()
    )
    rules = prepared.spec.rules
    assert isinstance(rules, ClassicRules)
    withheld = withhold_exact(cube, rules, tie_break=b"t")
    report = release_report(prepared.spec, prepared.geography, cube, withheld, tie_break=b"t", is_asked=False)
    assert report.total.primary == int((withheld.mask == 1).sum())
    assert report.total.secondary == int((withheld.mask == 2).sum()) + report.underivable
    assert report.without_interval == 0
    protected = protect_classic(cube, prepared.spec, tie_break=b"t").protected
    seen = published_cells(prepared.spec, cube.layout, {table.name: table.figures for table in protected.tables})
    assert report.total.as_json()["shown"] == int(seen.is_shown.sum()), "report and audit count alike"
    assert report.what_if is not None
    pack = with_report(InternalPack({"cells": pl.DataFrame()}, {"audit": {}}, {"other": b"x"}), report)
    assert set(pack.documents) == {"audit", "suppression_report"}
    assert set(pack.texts) == {"other", "suppression_report"}
    assert json.loads(json_bytes(pack.documents["suppression_report"])) == report.as_json()
    with pytest.raises(TypeError):
        release_report(
            prepared.spec, prepared.geography, cube, Withheld(withheld.mask, withheld.is_possible),
            tie_break=b"t", is_asked=False,
        )  # fmt: skip


def test_names_of_texts_are_plain() -> None:
    with pytest.raises(ValueError, match="plain"):
        InternalPack({}, {}, {"../a": b""})
    assert module.NAME == "suppression_report"
