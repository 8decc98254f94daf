"""The same build twice is the same bytes for one charge; anything else is new noise and a new charge."""

import json
import shutil
import signal
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from ndl_publish.ledger.book import Ledger
from tests.command import ended, start_main
from tests.small_pilot import put
from tests.tiny_project import RECORDS, TABLES, Tiny, tiny_project

DIES = """
import os, signal
import ndl_publish.pipeline as pipeline
real = pipeline.measure_dp
def measure_and_die(*arguments, **more):
    real(*arguments, **more)
    os.kill(os.getpid(), signal.SIGKILL)
pipeline.measure_dp = measure_and_die
"""


@pytest.fixture
def made(tmp_path: Path) -> Tiny:
    return tiny_project(tmp_path / "tiny", tables=TABLES, rho="0.5")


def _spent(made: Tiny) -> Fraction:
    with Ledger.open(made.folder / "home" / "ledger.sqlite") as ledger:
        return sum((balance.spent for balance in ledger.balances()), Fraction(0))


def _kinds(made: Tiny) -> list[str]:
    with Ledger.open(made.folder / "home" / "ledger.sqlite") as ledger:
        return [entry["kind"] for entry in ledger.history()]


def _public(made: Tiny) -> dict[str, bytes]:
    return {str(p.relative_to(made.public)): p.read_bytes() for p in sorted(made.public.rglob("*")) if p.is_file()}


def _measured(made: Tiny) -> dict[str, Any]:
    frame = pl.read_parquet(made.package / "internal" / "noisy_measurements.parquet")
    return {name[0]: part["value"].to_numpy() for name, part in frame.group_by("query")}


def _built(made: Tiny) -> tuple[dict[str, bytes], dict[str, Any], Fraction]:
    outcome = made.build()
    assert outcome.code == 0, outcome.told
    found = _public(made), _measured(made), _spent(made)
    shutil.rmtree(made.out)
    return found


def test_the_same_build_twice_is_the_same_bytes_and_costs_nothing_more(made: Tiny) -> None:
    first, _, spent = _built(made)
    frame = pl.read_csv(made.folder / RECORDS, infer_schema=False)
    made.write(frame.sample(fraction=1.0, shuffle=True, seed=8))
    second, _, after = _built(made)
    assert first == second
    assert 0 < spent == after <= Fraction(1, 2)
    assert _kinds(made).count("reserve") == 1


@pytest.mark.parametrize("change", ["one outcome", "rho", "version"])
def test_anything_else_draws_afresh_and_is_charged(made: Tiny, change: str) -> None:
    _, before, spent = _built(made)
    made.edit("release", {"version": "1.0.1"})
    if change == "one outcome":
        frame = pl.read_csv(made.folder / RECORDS, infer_schema=False)
        other = "3" if frame["STAGE"][0] != "3" else "0"
        made.write(put("STAGE", other)(frame))
    elif change == "rho":
        made.edit("small_rules", {"noise": {"rho": {"value": 0.499}}})
    _, after, total = _built(made)
    assert total - spent == pytest.approx(float(spent), rel=0.01)
    assert _kinds(made).count("reserve") == 2
    wide = [name for name, values in before.items() if len(values) >= 8]
    equal = np.concatenate([before[name] == after[name] for name in wide])
    assert equal.mean() < 0.15


def test_the_same_version_with_other_content_is_refused_before_anything_is_drawn(made: Tiny) -> None:
    _, _, spent = _built(made)
    frame = pl.read_csv(made.folder / RECORDS, infer_schema=False)
    made.write(frame[1:])
    outcome = made.build()
    assert outcome.code == 5
    assert "NDL-B003" in outcome.told
    assert _spent(made) == spent
    assert not any(made.out.iterdir()) if made.out.exists() else True


def test_killed_between_draw_and_write_it_is_charged_and_the_next_run_pays_nothing_more(made: Tiny) -> None:
    where = ("--metadata", made.folder, "--rules", made.folder, "--out", made.out)
    process = start_main("build", made.folder / "release.yaml", *where, home=made.folder / "home", before=DIES)
    assert ended(process).code == -signal.SIGKILL
    spent = _spent(made)
    assert spent > 0
    assert _kinds(made) == [kind for kind in _kinds(made) if kind != "commit"]
    assert not made.out.exists() or not [path for path in made.out.iterdir() if not path.name.startswith(".")]
    _, _, after = _built(made)
    assert after == spent
    assert _kinds(made).count("reserve") == 1
    assert _kinds(made)[-1] == "commit"


def test_the_loss_in_the_package_is_the_one_in_the_ledger(made: Tiny) -> None:
    public, _, spent = _built(made)
    said = json.loads(public["privacy.json"])
    assert Fraction(said["rho"]["fraction"]) == spent
