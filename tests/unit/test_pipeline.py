"""The arrows in their order, and what each refuses."""

from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from ndl_publish import pipeline
from ndl_publish.errors import BudgetError, DisclosureError, RuleError, TargetError
from ndl_publish.home import Home
from ndl_publish.pipeline import Built, build, mechanism_of, prepare, refuse_other_content, validated
from ndl_publish.protect.finest_geometric import FinestGeometric
from ndl_publish.protect.tree_residuals import TreeResidualPlan
from tests.command import PILOT
from tests.small_pilot import set_key


def silent(_stage: str, _done: int, _of: int) -> None:
    """Tell nobody."""


@pytest.fixture
def own_home(home: Path) -> Home:
    return Home.locate(key_file=None, ledger=None, notify=lambda _: None, environ={"NDL_PUBLISH_HOME": str(home)})


@pytest.fixture
def make(small: Path, own_home: Home) -> Callable[..., Built]:
    def run(release: str = "release.yaml", out: str = "out") -> Built:
        return build(prepare(small / release), out=small / out, home=own_home, actor="tester", progress=silent)

    return run


def test_prepare_reads_no_record(tmp_path: Path) -> None:
    (tmp_path / "release.yaml").write_text((PILOT / "release.yaml").read_text(encoding="utf-8"), encoding="utf-8")
    prepared = prepare(tmp_path / "release.yaml")
    assert prepared.layout.grid.n_cells > 5_000
    assert prepared.layout.area_level == "lsoa"


def test_every_share_without_its_base_is_found(small: Path) -> None:
    for i in (0, 2):
        set_key(small / "release.yaml", f"tables.{i}.measures", ["gld"])
    with pytest.raises(RuleError) as caught:
        prepare(small / "release.yaml")
    assert [finding.code for finding in caught.value.findings] == ["NDL-R012", "NDL-R012"]
    assert all("children" in finding.message for finding in caught.value.findings)


def test_records_have_one_row_per_child(small: Path) -> None:
    records = validated(prepare(small / "release.yaml"), progress=silent)
    assert records.n_children == 1305 + 1770


def test_the_mechanism_is_that_of_the_rules(small: Path, tmp_path: Path) -> None:
    assert isinstance(mechanism_of(prepare(small / "release.yaml")), TreeResidualPlan)
    rules = (PILOT.parents[1] / "disclosure_rules/ndl_default.yaml").read_text(encoding="utf-8")
    head, tail = rules.split("noise:", 1)
    noise = """noise:
  method: geometric
  epsilon:
    value: 0.5
    unit: epsilon
    valid_from: 2026-04-01
    reference: {title: "A reference", href: "https://example.org"}
lifetime_cap:"""
    book = tmp_path / "geometric.yaml"
    book.write_text(head + noise + tail.split("lifetime_cap:", 1)[1], encoding="utf-8")
    set_key(small / "release.yaml", "rules", str(book))
    set_key(small / "release.yaml", "tables", [
        {"name": "headline", "title": "T", "levels": ["local_authority"], "measures": ["children", "gld"]}
    ])  # fmt: skip
    assert isinstance(mechanism_of(prepare(small / "release.yaml")), FinestGeometric)


def test_stages_are_told_in_order(small: Path, own_home: Home) -> None:
    told: list[str] = []
    build(
        prepare(small / "release.yaml"),
        out=small / "out",
        home=own_home,
        actor="t",
        progress=lambda *x: told.append(x[0]),
    )
    wanted = ["Counting", "Measuring", "Adding noise", "Attacking the result", "validate"]
    assert [stage for stage in dict.fromkeys(told) if stage in wanted] == wanted


def test_the_audit_comes_between_noise_and_package(
    monkeypatch: pytest.MonkeyPatch, make: Callable[..., Built], small: Path
) -> None:
    def recovered(*_: object, **__: object) -> None:
        raise DisclosureError("NDL-D010", "recovered")

    monkeypatch.setattr(pipeline, "audit_cube", recovered)
    monkeypatch.setattr(pipeline, "cube_checks", recovered)
    for release in ("release.yaml", "classic.yaml"):
        with pytest.raises(DisclosureError, match="recovered"):
            make(release)
    assert not (small / "out").exists()


def test_a_destination_with_other_content_is_refused_before_the_ledger_is_opened(
    make: Callable[..., Built], small: Path, own_home: Home
) -> None:
    (small / "out/early-years-pilot-1.0.0/public").mkdir(parents=True)
    with pytest.raises(TargetError) as caught:
        make()
    assert caught.value.code == "NDL-T001"
    assert not own_home.has_ledger()


@pytest.mark.parametrize(
    "content", ["", "null", "[]", '{"ledger_entry": 3}', '{"ledger_entry": {"request_digest": "x"}}']
)
def test_a_statement_that_is_not_ours_is_other_content(small: Path, content: str) -> None:
    spec = prepare(small / "release.yaml").spec
    public = small / "out/early-years-pilot-1.0.0/public"
    public.mkdir(parents=True)
    (public / "privacy.json").write_text(content, encoding="utf-8")
    with pytest.raises(TargetError):
        refuse_other_content(small / "out", spec, digest="0" * 64)


def test_a_finished_build_says_what_it_was_paid_with(make: Callable[..., Built]) -> None:
    first = make()
    assert first.grant is not None
    assert not first.grant.is_replay
    assert [cohort for cohort, _ in first.grant.losses] == ["synthetic-2019-20"]
    assert {finding.severity for finding in first.findings} <= {"note", "warning"}
    assert first.package.folder.name == "early-years-pilot-1.0.0"
    classic = make("classic.yaml")
    assert classic.grant is None
    assert "rho" not in classic.audited.protected.privacy


def test_the_pack_of_the_checker_holds_every_cell_with_its_reason(make: Callable[..., Built]) -> None:
    done = make("classic.yaml")
    cells = pl.read_parquet(done.package.folder / "internal/cells.parquet")
    assert cells.height == done.prepared.layout.grid.n_cells
    assert set(cells["reason"]) == {"shown", "primary_suppressed", "secondary_suppressed"}
    primary = cells.filter(pl.col("reason") == "primary_suppressed")
    assert primary["true_count"].is_between(1, 4).all()
    assert (cells["true_count"] == cells["count_before_withholding"]).all()
    linkage = pl.read_parquet(done.package.folder / "internal/linkage.parquet")
    assert (linkage["linked"] <= linkage["children"]).all()


def test_the_pack_of_a_noisy_build_holds_the_measurements(make: Callable[..., Built]) -> None:
    internal = make().package.folder / "internal"
    cells = pl.read_parquet(internal / "cells.parquet")
    assert (cells["true_count"] != cells["count_before_withholding"]).mean() > 0.5  # type: ignore[operator]
    noisy = pl.read_parquet(internal / "noisy_measurements.parquet")
    assert set(noisy.columns) == {"query", "position", "area_code", "categories", "value"}
    assert noisy["query"].n_unique() > 5


def test_another_version_with_the_same_name_is_refused_by_the_ledger(make: Callable[..., Built], small: Path) -> None:
    make()
    set_key(small / "release.yaml", "tables.1.breakdowns", [["sex"]])
    with pytest.raises(BudgetError) as caught:
        make(out="two")
    assert caught.value.code == "NDL-B003"
