"""Draw the noise: the only place where exact tables and noise meet. It needs a grant from the ledger.

What leaves this module is the noisy measurements; everything after it is post-processing and reads no exact count.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import product

import numpy as np
import polars as pl

from ndl_publish.columns import AREA_CODE
from ndl_publish.cube.grid import CellGrid, IntArray
from ndl_publish.ledger.grant import Grant
from ndl_publish.privacy.chains import Chain
from ndl_publish.privacy.events import GaussianQuery, Query
from ndl_publish.privacy.randomness import RandomSource
from ndl_publish.privacy.residuals import exact_residual, query_blocks, query_levels
from ndl_publish.privacy.secret_key import SecretKey
from ndl_publish.privacy.strategy import ResidualQuery
from ndl_publish.protect.noise.discrete_gaussian import draw_discrete_gaussian
from ndl_publish.protect.noise.discrete_laplace import draw_discrete_laplace

METHOD_VERSION = "tree-residual-planner-2"
"""Changes whenever the same measurements would be drawn or used differently."""
Measurements = dict[str, IntArray]
"""Query label -> noisy integers."""


@dataclass(frozen=True, slots=True)
class ExactTables:
    """The exact tables that queries are made from. Confidential.

    Attributes:
        grid: One block per query table.
        values: Integer array over that grid.
    """

    grid: CellGrid = field(repr=False)
    values: IntArray = field(repr=False)

    @classmethod
    def tabulate(
        cls,
        grid: CellGrid,
        chains: tuple[Chain, ...],
        queries: tuple[ResidualQuery, ...],
        *,
        codes: IntArray,
        weights: IntArray,
    ) -> "ExactTables":
        """Return the tables of one quantity's queries from the finest rows."""
        blocks = query_blocks(grid, chains, queries)
        return cls(blocks, blocks.tabulate(codes, weights))


def request_digest(
    key: SecretKey, tables: Mapping[str, ExactTables], queries: tuple[ResidualQuery, ...], *, identity: tuple[str, ...]
) -> str:
    """Return the keyed digest of everything the noise may depend on: identity, queries, method and exact tables."""
    parts = [
        *identity,
        METHOD_VERSION,
        *(f"{q.event.label}={q.event.to_json()['mechanism']}:{q.event.noise}" for q in queries),
    ]
    blocks = ("\x1f".join(parts).encode(), *(tables[name].values.tobytes() for name in sorted(tables)))
    return key.keyed_digest("release", blocks)


def measure(
    tables: Mapping[str, ExactTables],
    chains: Mapping[str, tuple[Chain, ...]],
    queries: tuple[ResidualQuery, ...],
    *,
    grant: Grant,
    source: RandomSource,
) -> Measurements:
    """Return every query's noisy integers, by query label.

    Args:
        tables: Exact tables of each quantity.
        chains: Chain of each dimension, for each quantity.
        queries: What is measured; the grant must pay for all of them.
        grant: Proof that the ledger has been charged.
        source: Keyed randomness.

    Raises:
        BudgetError: ``NDL-B012`` when the grant does not cover the queries.
    """
    grant.require(query.event for query in queries)
    noisy = {}
    for query in queries:
        own = chains[query.quantity]
        exact = exact_residual(_table(tables[query.quantity], own, query), own, query.part).ravel()
        label = f"{grant.request_digest}/{query.event.label}"
        noisy[query.event.label] = exact + _draw(source, query.event, label=label, n=len(exact))
    return noisy


def _draw(source: RandomSource, event: Query, *, label: str, n: int) -> IntArray:
    if isinstance(event, GaussianQuery):
        return draw_discrete_gaussian(source, label=label, sigma2=event.sigma2, n=n)
    return draw_discrete_laplace(source, label=label, scale=event.scale, n=n)


def measurement_rows(
    label: str, area_codes: tuple[str, ...], groups: list[tuple[str, ...]], values: IntArray
) -> pl.DataFrame:
    """Return one query's noisy integers as rows, areas first, the last characteristic fastest."""
    areas = pl.DataFrame({AREA_CODE: area_codes})
    names = pl.DataFrame({"categories": [" | ".join(x) or None for x in product(*groups)]}, {"categories": pl.String})
    frame = areas.join(names, how="cross", maintain_order="left_right")
    return frame.select(
        pl.lit(label).alias("query"),
        pl.int_range(pl.len(), dtype=pl.Int64).alias("position"),
        AREA_CODE,
        "categories",
        pl.Series("value", values),
    )


def measurements_of(rows: pl.DataFrame) -> Measurements:
    """Return the noisy integers of every query from rows as ``measurement_rows`` makes them."""
    ordered = rows.sort("query", "position")
    parts = ordered.partition_by("query", maintain_order=True)
    return {part["query"][0]: part["value"].cast(pl.Int64).to_numpy() for part in parts}


def measurements_seed(measurements: Measurements) -> bytes:
    """Return the SHA-256 of noisy measurements: the seed of everything that is decided by lot after them.

    Rounding and the choice between equally good suppressions need chance, but no secret: they are post-processing of
    the measurements, and whoever has those must be able to repeat them (``replay``).
    """
    digest = hashlib.sha256(METHOD_VERSION.encode())
    for label in sorted(measurements):
        values = np.ascontiguousarray(measurements[label], "<i8")
        digest.update(f"{label}={len(values)};".encode())
        digest.update(values.tobytes())
    return digest.digest()


def _table(tables: ExactTables, chains: tuple[Chain, ...], query: ResidualQuery) -> IntArray:
    block = tables.grid.block(query_levels(tables.grid, chains, query))
    return tables.values[block.cells].reshape(block.shape[0], *query.sizes)
