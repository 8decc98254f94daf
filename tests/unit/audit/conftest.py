"""A clean build in each mode, to plant faults into."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import polars as pl
import pytest

from ndl_publish.audit.certificate import Certificate
from ndl_publish.audit.judge import Required
from ndl_publish.checker_pack import certificate_of_cube, required_of
from ndl_publish.columns import Mask
from ndl_publish.cube.protected import ProtectedCube
from ndl_publish.ledger.book import Ledger
from ndl_publish.protect.classic import protect_classic
from ndl_publish.protect.withhold import Withheld
from tests.unit.cube.small_release import MEANS_BY_SEX, SMALL, World, children, protect, world

TABLES = (
    {**SMALL, "measures": ["children", "comm", "gld", "all_goals"]},
    SMALL | {"name": "again", "levels": ["region", "local_authority"]},
)


@dataclass(frozen=True)
class Clean:
    made: World
    protected: ProtectedCube = field(repr=False)
    required: Required = field(repr=False)
    certificate: Certificate | None = field(repr=False, default=None)

    @property
    def tables(self) -> dict[str, pl.DataFrame]:
        return {table.name: table.figures for table in self.protected.tables}

    @property
    def statement(self) -> dict[str, Any]:
        return dict(self.protected.privacy)


def _required(made: World, withheld: Withheld) -> Required:
    mask, grid = withheld.mask, made.layout.grid
    return Required(grid, np.asarray(mask == Mask.PRIMARY_SUPPRESSED), np.asarray(mask == Mask.SECONDARY_SUPPRESSED))


@pytest.fixture(scope="session")
def noisy(tmp_path_factory: pytest.TempPathFactory) -> Clean:
    made = world(tmp_path_factory.mktemp("noisy"), tables=(*TABLES, MEANS_BY_SEX))
    with Ledger.open(tmp_path_factory.mktemp("accounts") / "ledger.sqlite") as opened:
        result = protect(made, made.cube(children(1200)), opened).result
    return Clean(made, result.protected, _required(made, result.withheld))


@pytest.fixture(scope="session")
def exact(tmp_path_factory: pytest.TempPathFactory) -> Clean:
    made = world(tmp_path_factory.mktemp("exact"), "classic", tables=TABLES, minimum_count=5)
    cube = made.cube(children(1200))
    result = protect_classic(cube, made.spec, tie_break=b"t")
    required = replace(required_of(made.spec, made.layout, result.withheld), has_insiders=False)
    return Clean(made, result.protected, required, certificate_of_cube(cube, result.withheld))


@pytest.fixture(params=["noisy", "exact"])
def clean(request: pytest.FixtureRequest) -> Clean:
    found = request.getfixturevalue(request.param)
    assert isinstance(found, Clean)
    return found


Plant = Callable[..., dict[str, pl.DataFrame]]


@pytest.fixture(scope="session")
def plant() -> Plant:
    """Give a function that changes columns of the first row of a table that fits a description."""

    def change(clean: Clean, table: str, where: dict[str, str], **columns: object) -> dict[str, pl.DataFrame]:
        tables = clean.tables
        rows = tables[table].with_row_index("_row")
        chosen = rows.filter(*(pl.col(name) == value for name, value in where.items()))["_row"][0]
        tables[table] = rows.with_columns(
            pl.when(pl.col("_row") == chosen)
            .then(pl.lit(value))
            .otherwise(pl.col(name))
            .cast(rows.schema[name])
            .alias(name)
            for name, value in columns.items()
        ).drop("_row")
        return tables

    return change
