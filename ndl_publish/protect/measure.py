"""Draw the noise: the only place where exact tables and noise meet. It needs a grant from the ledger.

What leaves this module is the noisy measurements; everything after it is post-processing and reads no exact count.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from ndl_publish.columns import TOTAL_LEVEL
from ndl_publish.cube.grid import CellGrid, IntArray
from ndl_publish.ledger.grant import Grant
from ndl_publish.privacy.area_tree import AreaTree
from ndl_publish.privacy.randomness import RandomSource
from ndl_publish.privacy.residuals import exact_residual, query_blocks
from ndl_publish.privacy.secret_key import SecretKey
from ndl_publish.privacy.strategy import ResidualQuery
from ndl_publish.protect.noise.discrete_gaussian import draw_discrete_gaussian

METHOD_VERSION = "tree-residual-planner-1"
"""Changes whenever the same measurements would be drawn or used differently."""


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
        cls, grid: CellGrid, queries: tuple[ResidualQuery, ...], *, codes: IntArray, weights: IntArray
    ) -> "ExactTables":
        """Return the tables of one quantity's queries from the finest rows."""
        blocks = query_blocks(grid, queries)
        return cls(blocks, blocks.tabulate(codes, weights))


def request_digest(
    key: SecretKey, tables: Mapping[str, ExactTables], queries: tuple[ResidualQuery, ...], *, identity: tuple[str, ...]
) -> str:
    """Return the keyed digest of everything the noise may depend on: identity, queries, method and exact tables."""
    parts = [*identity, METHOD_VERSION, *(f"{q.event.label}={q.event.sigma2}" for q in queries)]
    blocks = ("\x1f".join(parts).encode(), *(tables[name].values.tobytes() for name in sorted(tables)))
    return key.keyed_digest("release", blocks)


def measure(
    tables: Mapping[str, ExactTables],
    tree: AreaTree,
    queries: tuple[ResidualQuery, ...],
    *,
    grant: Grant,
    source: RandomSource,
) -> dict[str, IntArray]:
    """Return every query's noisy integers, by query label.

    Args:
        tables: Exact tables of each quantity.
        tree: The area levels.
        queries: What is measured; the grant must pay for all of them.
        grant: Proof that the ledger has been charged.
        source: Keyed randomness.

    Raises:
        BudgetError: ``NDL-B012`` when the grant does not cover the queries.
    """
    grant.require(query.event for query in queries)
    noisy = {}
    for query in queries:
        exact = exact_residual(_table(tables[query.quantity], tree, query)).ravel()
        label = f"{grant.request_digest}/{query.event.label}"
        noisy[query.event.label] = exact + draw_discrete_gaussian(
            source, label=label, sigma2=query.event.sigma2, n=len(exact)
        )
    return noisy


def _table(tables: ExactTables, tree: AreaTree, query: ResidualQuery) -> IntArray:
    dimensions = tables.grid.dimensions
    levels = [TOTAL_LEVEL] * len(dimensions)
    levels[0] = query.level
    for i in query.subset:
        levels[i] = dimensions[i].finest_level
    block = tables.grid.block(tuple(levels))
    return tables.values[block.cells].reshape(tree.n_nodes[query.level], *query.sizes)
