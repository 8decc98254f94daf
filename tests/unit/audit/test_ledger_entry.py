"""The privacy statement against the figures: recomputed, and each planted lie found."""

import copy
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import polars as pl
import pytest

from ndl_publish.audit.ledger_entry import ledger_entry_findings
from tests.unit.audit.conftest import Clean, Plant


def _codes(clean: Clean, statement: dict[str, Any], tables: dict[str, pl.DataFrame] | None = None) -> set[str]:
    found = ledger_entry_findings(clean.made.spec, clean.made.layout, tables or clean.tables, statement)
    assert all(finding.severity == "error" for finding in found)
    return {finding.code for finding in found}


def test_a_clean_build_passes(noisy: Clean) -> None:
    assert _codes(noisy, noisy.statement) == set()


def _smaller_loss(said: dict[str, Any]) -> None:
    said["queries"][0]["rho"] = "1/1000000"


def _less_noise_than_paid_for(said: dict[str, Any]) -> None:
    query = said["queries"][1]
    query["sigma2"] = str(Fraction(query["sigma2"]) / 4)
    query["rho"] = str(Fraction(query["rho"]) * 4)


def _one_query_left_out(said: dict[str, Any]) -> None:
    said["queries"].pop(3)


def _smaller_total(said: dict[str, Any]) -> None:
    said["rho"]["fraction"] = "1/100"


def _mean_with_sensitivity_one(said: dict[str, Any]) -> None:
    query = next(query for query in said["queries"] if query["quantity"] == "score")
    query["rho"] = str(Fraction(query["rho"]) / 36)


@pytest.mark.parametrize(
    "lie",
    [_smaller_loss, _less_noise_than_paid_for, _one_query_left_out, _smaller_total, _mean_with_sensitivity_one],
)
def test_losses_that_do_not_follow_are_found(noisy: Clean, lie: Callable[[dict[str, Any]], None]) -> None:
    said = copy.deepcopy(noisy.statement)
    lie(said)
    assert "NDL-D030" in _codes(noisy, said)


@pytest.mark.parametrize(("key", "value"), [("release_id", "another"), ("version", "9.9.9")])
def test_the_entry_of_another_release_is_found(noisy: Clean, key: str, value: str) -> None:
    said = copy.deepcopy(noisy.statement)
    said["ledger_entry"][key] = value
    assert _codes(noisy, said) == {"NDL-D031"}


def test_queries_other_than_those_charged_are_found(noisy: Clean) -> None:
    said = copy.deepcopy(noisy.statement)
    said["ledger_entry"]["queries"][0]["label"] = "children/elsewhere/all"
    assert _codes(noisy, said) == {"NDL-D031"}


def test_a_count_that_is_no_whole_number_is_found(noisy: Clean, plant: Plant) -> None:
    row = noisy.tables["small"].filter(measure="gld_count", status="published").row(0, named=True)
    where = {name: row[name] for name in ("geographic_level", "area_code", "sex", "measure")}
    assert _codes(noisy, noisy.statement, plant(noisy, "small", where, value=row["value"] + 0.5)) == {"NDL-D033"}


@pytest.mark.parametrize("factor", [0.2, 6.0])
def test_intervals_that_do_not_fit_the_noise_are_found(noisy: Clean, factor: float) -> None:
    middle = (pl.col("lower") + pl.col("upper")) / 2
    half = (pl.col("upper") - pl.col("lower")) / 2 * factor
    tables = {
        name: table.with_columns(lower=middle - half, upper=middle + half) for name, table in noisy.tables.items()
    }
    assert "NDL-D032" in _codes(noisy, noisy.statement, tables)


def test_findings_name_no_figure(noisy: Clean, plant: Plant) -> None:
    tables = plant(noisy, "small", {"measure": "gld_count", "status": "published"}, value=87654.5)
    found = ledger_entry_findings(noisy.made.spec, noisy.made.layout, tables, noisy.statement)
    assert "87654" not in " ".join(str(finding) for finding in found)
