"""A planned quantity with the same queries as dense matrices, for tests that compare the two."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import reduce
from itertools import product

import numpy as np

from ndl_publish.cube.grid import Block, CellGrid, IntArray
from ndl_publish.privacy.area_tree import AreaTree, area_tree
from ndl_publish.privacy.chains import Chain, chains_of
from ndl_publish.privacy.estimator import Estimator
from ndl_publish.privacy.least_squares import FloatArray
from ndl_publish.privacy.residuals import exact_residual, query_blocks
from ndl_publish.privacy.strategy import Known, Quantity, ResidualQuery, plan_queries

Amounts = tuple[int, ...]


def flat(n: int) -> Chain:
    """Return the chain of a characteristic with one level of ``n`` categories."""
    return Chain(("own",), (np.arange(n),), (np.zeros(n, np.int64),), {"own": 1})


@dataclass(frozen=True)
class Planned:
    """One quantity on one grid with its queries."""

    quantity: Quantity
    queries: tuple[ResidualQuery, ...] = field(repr=False)

    @classmethod
    def of(
        cls,
        grid: CellGrid,
        *,
        bound: int = 1,
        rho: Fraction = Fraction(1, 10),
        expected_count: int = 500,
        cohorts: tuple[str, ...] = ("c",),
        weights: Mapping[tuple[str, ...], float] | None = None,
        known: Known | None = None,
    ) -> "Planned":
        quantity = Quantity("children", bound, grid, known)
        queries = plan_queries(
            (quantity,),
            area_tree(grid),
            loss=rho,
            expected_count=expected_count,
            cohorts=cohorts,
            weights=weights or {},
        )
        return cls(quantity, queries)

    @property
    def grid(self) -> CellGrid:
        return self.quantity.grid

    @property
    def tree(self) -> AreaTree:
        return area_tree(self.grid)

    @property
    def chains(self) -> tuple[Chain, ...]:
        return chains_of(self.grid)

    @property
    def charged(self) -> Fraction:
        return sum((query.gaussian.rho for query in self.queries), Fraction(0))

    @property
    def estimator(self) -> Estimator:
        return Estimator.build(self.quantity, self.tree, self.queries)

    @property
    def finest(self) -> IntArray:
        """Every combination of finest codes, a row each."""
        shape = tuple(len(dim.codes) for dim in self.grid.dimensions)
        return np.stack([axis.ravel() for axis in np.indices(shape)], axis=1).astype(np.int64)

    def exact(self, codes: IntArray, weights: IntArray) -> dict[str, IntArray]:
        """Return every query's exact answer."""
        blocks = query_blocks(self.grid, self.chains, self.queries)
        values = blocks.tabulate(codes, weights)
        found = {}
        for query, block in zip(self.queries, blocks.blocks, strict=True):
            table = values[block.cells].reshape(self.tree.n_nodes[query.level], *query.sizes)
            found[query.event.label] = exact_residual(table, self.chains, query.part).ravel()
        return found

    def costs(self) -> dict[Amounts, Fraction]:
        """Return what every kind of child costs that adds as much as it can: sum of |Q e|^2 / (2 sigma2)."""
        chains, tree = self.chains, self.tree
        found = {}
        for child in self.finest:
            moved = Fraction(0)
            for query in self.queries:
                column = reduce(
                    np.kron, [differences(chains[i], k)[:, child[i]] for i, k in sorted(query.part)], np.ones(1, int)
                )
                assert tree.node_of_code[query.level][child[0]] >= 0
                moved += Fraction(int((column**2).sum()) * self.quantity.bound**2) / (2 * query.gaussian.sigma2)
            found[tuple(int(x) for x in child)] = moved
        return found

    def noisy(self, counts: IntArray, seed: int) -> dict[str, IntArray]:
        """Return the queries' answers for counts of every finest cell, with rounded normal noise."""
        rng = np.random.default_rng(seed)
        exact = self.exact(self.finest, counts)
        sigma = {q.event.label: float(q.gaussian.sigma2) ** 0.5 for q in self.queries}
        return {
            label: values + np.rint(rng.normal(0, sigma[label], len(values))).astype(np.int64)
            for label, values in exact.items()
        }

    def incidence(self, block: Block) -> FloatArray:
        """Return which finest cells each cell of a block is the sum of."""
        cells = CellGrid.build(self.grid.dimensions, [block.levels])
        own = cells.blocks[0]
        members = cells.members(own, self.finest)
        out = np.zeros((own.n_cells, len(self.finest)))
        out[members[members >= 0], np.flatnonzero(members >= 0)] = 1
        return out

    def designs(self) -> list[FloatArray]:
        """Return each query as a matrix over the finest cells, built from Kronecker products."""
        chains, tree = self.chains, self.tree
        out = []
        for query in self.queries:
            areas = np.eye(tree.n_nodes[query.level])[:, tree.node_of_code[query.level]]
            parts: list[FloatArray] = [areas]
            depth = dict(query.part)
            for i in range(1, len(self.grid.dimensions)):
                n = len(self.grid.dimensions[i].codes)
                parts.append(differences(chains[i], depth[i]).astype(float) if i in depth else np.ones((1, n)))
            out.append(reduce(lambda a, b: np.asarray(np.kron(a, b), np.float64), parts))
        return out

    def dense(self, *, exact: FloatArray | None = None) -> tuple[list[FloatArray], FloatArray]:
        """Return the queries as matrices, and the covariance of the best estimates of the finest cells.

        Args:
            exact: Sums of finest cells that are known, a row each.
        """
        designs = self.designs()
        information = sum(x.T @ x / float(q.gaussian.sigma2) for x, q in zip(designs, self.queries, strict=True))
        whole = np.asarray(information, np.float64)
        if exact is None:
            return designs, np.asarray(np.linalg.pinv(whole, rcond=1e-11, hermitian=True), np.float64)
        free = _null_space(exact)
        inner = np.linalg.pinv(free.T @ whole @ free, rcond=1e-11, hermitian=True)
        return designs, np.asarray(free @ inner @ free.T, np.float64)

    def indicators(self, block: Block) -> list[tuple[tuple[int, ...], tuple[FloatArray, ...]]]:
        """Return, for each crossing of groups of a block, the cells' index and its weights over finest codes."""
        dims = self.grid.dimensions
        axes = [i for i in range(1, len(dims)) if block.levels[i] != "total"]
        levels = [dims[i].level(block.levels[i]) for i in axes]
        out = []
        for groups in product(*(range(len(level.groups)) for level in levels)):
            index = [0] * (len(dims) - 1)
            for i, group in zip(axes, groups, strict=True):
                index[i - 1] = group
            weights = tuple((level.group_of == g).astype(float) for level, g in zip(levels, groups, strict=True))
            out.append((tuple(index), weights))
        return out


def differences(chain: Chain, depth: int) -> IntArray:
    """Return the differences of a depth as a matrix over finest codes: m times a group less its m siblings' sum."""
    group_of, parent = chain.group_of[depth - 1], chain.parent[depth - 1]
    siblings = np.array([(parent == above).sum() for above in parent])
    rows = np.diag(siblings) - (parent[:, None] == parent[None, :])
    return np.asarray(rows[:, group_of], np.int64)


def _null_space(rows: FloatArray) -> FloatArray:
    _, sizes, right = np.linalg.svd(rows)
    return np.asarray(right[int((sizes > 1e-9).sum()) :].T, np.float64)
