"""The pack of the output checker: every cell with its exact count and its reason, and nothing of it in public types."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from ndl_publish.audit.model import AuditCheck, AuditedCube
from ndl_publish.checker_pack import REASONS, checker_pack, rules_of_cells
from ndl_publish.columns import Mask
from ndl_publish.cube.model import Cube
from ndl_publish.cube.protected import ProtectedCube
from ndl_publish.cube.tabulate import tabulate
from ndl_publish.engines.polars import PolarsEngine
from ndl_publish.package.model import InternalPack
from ndl_publish.pipeline import Prepared, prepare, validated
from ndl_publish.protect.classic import protect_classic
from ndl_publish.protect.primary.sensitive import Sensitive
from ndl_publish.protect.withhold import Withheld


@pytest.fixture
def prepared(small: Path) -> Prepared:
    return prepare(small / "classic.yaml")


@pytest.fixture
def cube(prepared: Prepared) -> Cube:
    records = validated(prepared, progress=lambda *_: None)
    return tabulate(records, prepared.spec, prepared.geography, engine=PolarsEngine())


@pytest.fixture
def pack(prepared: Prepared, cube: Cube) -> Callable[..., InternalPack]:
    n_cells = cube.layout.grid.n_cells
    mask = np.full(n_cells, Mask.SHOWN)
    mask[3], mask[5] = Mask.PRIMARY_SUPPRESSED, Mask.SECONDARY_SUPPRESSED
    withheld = Withheld(mask, np.ones(n_cells, bool))
    shown = np.asarray(mask == Mask.SHOWN)
    protected = ProtectedCube("classic", cube.layout.grid, cube.counts * shown, shown, (), (), {"mode": "classic"})
    audited = AuditedCube(protected, (AuditCheck("rank", "Combinations", (), "some cells"),))
    return lambda **more: checker_pack(prepared.spec, cube, audited, withheld, values=cube.counts + 1, **more)


def test_every_mask_has_a_reason() -> None:
    assert set(REASONS) == set(Mask)
    assert len(set(REASONS.values())) == len(REASONS)


def test_every_cell_has_its_exact_count_and_reason(cube: Cube, pack: Callable[..., InternalPack]) -> None:
    cells = pack().frames["cells"]
    assert np.array_equal(cells["true_count"], cube.counts)
    assert np.array_equal(cells["count_before_withholding"], cube.counts + 1)
    assert cells["reason"][3] == "primary_suppressed"
    assert cells["reason"][5] == "secondary_suppressed"
    assert (cells["reason"] == "shown").sum() == cells.height - 2


def test_measurements_are_there_only_when_there_is_noise(pack: Callable[..., InternalPack]) -> None:
    assert set(pack().frames) == {"cells", "linkage"}
    rows = pl.DataFrame({"query": ["a", "a"], "position": [0, 1], "value": [5, -1]})
    assert pack(measurements=rows).frames["noisy_measurements"].equals(rows)


def test_documents_hold_audit_statement_and_configuration(pack: Callable[..., InternalPack]) -> None:
    documents = pack().documents
    assert documents["audit"][0]["status"] == "pass"
    assert documents["statement"] == {"mode": "classic"}
    assert documents["configuration"]["release"]["release_id"] == "early-years-pilot-classic"


def test_cells_add_up_by_area(pack: Callable[..., InternalPack]) -> None:
    cells = pack().frames["cells"]
    levels = [name for name in cells.columns if name.endswith("_level") and name != "geographic_level"]
    totals = cells.filter(pl.col(name) == "total" for name in levels)
    sums = dict(totals.group_by("geographic_level").agg(pl.col("true_count").sum()).iter_rows())
    assert sums["ward"] == sums["local_authority"] == 1305 + 1770


def test_every_cell_names_the_rules_that_mark_it() -> None:
    none = np.zeros(4, np.int64)
    marked_by = np.array([0, 1, 3, 2], np.uint32)
    sensitive = Sensitive(("threshold", "p_percent (provider)"), marked_by, none, none)
    assert rules_of_cells(sensitive).tolist() == [
        "", "threshold", "threshold, p_percent (provider)", "p_percent (provider)",
    ]  # fmt: skip


def test_cells_of_exact_counts_have_their_rules_and_noisy_ones_none(
    prepared: Prepared, cube: Cube, pack: Callable[..., InternalPack]
) -> None:
    assert "rules" not in pack().frames["cells"].columns
    result = protect_classic(cube, prepared.spec, tie_break=b"t")
    audited = AuditedCube(result.protected, (AuditCheck("rank", "Combinations", (), "some cells"),))
    cells = checker_pack(prepared.spec, cube, audited, result.withheld, values=cube.counts).frames["cells"]
    assert ((cells["rules"] != "") == (cells["reason"] == "primary_suppressed")).all()
    assert (cells["rules"] != "").any()
