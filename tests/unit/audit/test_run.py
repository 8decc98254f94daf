"""All checks together: clean builds pass, and every planted fault stops the release."""

import copy
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from ndl_publish.audit.certified import certificate_checks, insider_check
from ndl_publish.audit.from_tables import published_cells
from ndl_publish.audit.judge import Required
from ndl_publish.audit.run import audit_cube, audit_tables
from ndl_publish.cube.protected import ProtectedCube
from ndl_publish.errors import DisclosureError
from tests.unit.audit.conftest import Clean, Plant


def _with_tables(clean: Clean, tables: dict[str, pl.DataFrame]) -> ProtectedCube:
    changed = tuple(replace(table, figures=tables[table.name]) for table in clean.protected.tables)
    return replace(clean.protected, tables=changed)


def _failed(clean: Clean, protected: ProtectedCube, required: Required | None = None) -> set[str]:
    with pytest.raises(DisclosureError) as caught:
        audit_cube(protected, clean.made.spec, clean.made.layout, required or clean.required)
    return {finding.code for finding in caught.value.findings} or {caught.value.code}


def test_clean_builds_pass_every_check_of_their_mode(clean: Clean) -> None:
    audited = audit_cube(clean.protected, clean.made.spec, clean.made.layout, clean.required)
    names = {check.name for check in audited.checks}
    assert {"masks", "additivity", "propagation"} < names
    assert ("ledger_entry" in names) == (clean.protected.mode == "dp")
    assert ("linear_programme" in names) == (clean.protected.mode == "classic")
    assert all(check.is_passed for check in audited.checks)


def test_a_published_package_passes_without_the_masks(clean: Clean) -> None:
    checks = audit_tables(clean.made.spec, clean.made.layout, clean.tables, clean.statement, None)
    assert all(check.is_passed for check in checks)


def test_progress_is_told_in_order(exact: Clean) -> None:
    said: list[tuple[str, int, int]] = []

    def tell(stage: str, done: int, of: int) -> None:
        said.append((stage, done, of))

    audit_cube(exact.protected, exact.made.spec, exact.made.layout, exact.required, progress=tell)
    assert [done for _, done, _ in said] == list(range(len(said)))


def test_one_shown_blank_too_many_is_found(clean: Clean, plant: Plant) -> None:
    """Show one withheld figure of two that protect one another: the other follows."""
    spec, layout = clean.made.spec, clean.made.layout
    blanks = clean.tables["small"].filter(pl.col("status") == "suppressed", pl.col("unit") == "children")
    assert blanks.height > 0
    caught = 0
    blanks = blanks.gather_every(max(1, blanks.height // 6))
    for row in blanks.iter_rows(named=True):
        where = {name: row[name] for name in ("geographic_level", "area_code", "sex", "measure")}
        tables = plant(clean, "small", where, value=3.0, lower=0.0, upper=9.0, status="published")
        try:
            audit_cube(_with_tables(clean, tables), spec, layout, clean.required)
        except DisclosureError:
            caught += 1
    assert caught > 0
    if clean.protected.mode == "classic":
        assert caught == blanks.height, "an exact count of three must be found wherever it is printed"


def test_a_wrong_sum_is_found(clean: Clean) -> None:
    row = clean.tables["small"].filter(geographic_level="local_authority", sex="Total", measure="children_count")
    value = row["value"][0]
    at = (pl.col("geographic_level") == "local_authority") & (pl.col("area_code") == row["area_code"][0])
    at &= (pl.col("sex") == "Total") & (pl.col("measure") == "children_count")
    tables = {
        name: table.with_columns(value=pl.when(at).then(value + 1).otherwise(pl.col("value")))
        if name in {"small", "again"} else table
        for name, table in clean.tables.items()
    }  # fmt: skip
    assert "NDL-D014" in _failed(clean, _with_tables(clean, tables))


def test_tables_that_disagree_stop_it(clean: Clean, plant: Plant) -> None:
    where = {"measure": "children_count", "geographic_level": "local_authority", "status": "published"}
    assert _failed(clean, _with_tables(clean, plant(clean, "again", where, value=1.0))) == {"NDL-D011"}


def test_a_lie_about_the_loss_stops_it(noisy: Clean) -> None:
    said = copy.deepcopy(noisy.statement)
    said["rho"]["fraction"] = "1/100"
    assert "NDL-D030" in _failed(noisy, replace(noisy.protected, privacy=said))


def test_a_number_in_a_withheld_row_stops_it(clean: Clean, plant: Plant) -> None:
    tables = plant(clean, "small", {"status": "suppressed", "unit": "percent"}, value=50.0)
    assert "NDL-D012" in _failed(clean, _with_tables(clean, tables))


def test_the_reasons_for_blanks_may_be_unknown(exact: Clean) -> None:
    """The audit reads the tables, not the mask: with another reason for each blank the same figures pass."""
    shown = exact.protected.is_shown
    nothing = np.zeros_like(shown)
    audited = audit_cube(
        exact.protected, exact.made.spec, exact.made.layout, Required(exact.protected.grid, nothing, ~shown)
    )
    assert all(check.is_passed for check in audited.checks)


def test_a_certificate_is_checked_before_anything_is_attacked(exact: Clean) -> None:
    told: list[str] = []
    spec, layout = exact.made.spec, exact.made.layout

    def tell(stage: str, _done: int, _of: int) -> None:
        told.append(stage)

    audited = audit_cube(
        exact.protected, spec, layout, exact.required, certificate=exact.certificate, progress=tell
    )  # fmt: skip
    names = [check.name for check in audited.checks]
    assert {"certificate", "certificate_figures", "certificate_tables", "certificate_intervals"} <= set(names)
    assert told[0] == "certificate"
    assert exact.certificate is not None
    spoilt = replace(exact.certificate, amounts=exact.certificate.amounts * 2)
    told.clear()
    with pytest.raises(DisclosureError) as caught:
        audit_cube(exact.protected, spec, layout, exact.required, certificate=spoilt, progress=tell)
    assert {finding.code[:7] for finding in caught.value.findings} == {"NDL-D05"}
    assert told == ["certificate", "propagation", "linear_programme"], "attacks say what a broken proof leaves open"


def test_a_small_count_that_the_certificate_leaves_out(exact: Clean) -> None:
    assert exact.certificate is not None
    required = replace(exact.required, is_primary=np.zeros_like(exact.required.is_primary))
    with pytest.raises(DisclosureError) as caught:
        audit_cube(
            exact.protected, exact.made.spec, exact.made.layout, required, certificate=exact.certificate
        )  # fmt: skip
    assert "NDL-D058" in {finding.code for finding in caught.value.findings}


def test_children_alone_in_a_cell_are_thought_of_where_the_rules_say_so(exact: Clean) -> None:
    assert exact.certificate is not None
    seen = published_cells(exact.made.spec, exact.made.layout, exact.tables)
    for has_insiders in (True, False):
        required = replace(exact.required, has_insiders=has_insiders)
        checks = certificate_checks(seen, exact.certificate, required, minimum_count=5)
        assert ("certificate_insiders" in {check.name for check in checks}) == has_insiders
    alone = insider_check(seen, exact.certificate, exact.required, seconds=60)
    assert alone.name == "insiders"
    assert {finding.code for finding in alone.findings} <= {"NDL-D008"}
