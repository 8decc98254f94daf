"""Discrete Gaussian noise through the tree residual planner: the default mechanism of mode ``dp``."""

from dataclasses import dataclass, field
from typing import Any

from ndl_publish.cube.grid import Block
from ndl_publish.cube.layout import CubeLayout
from ndl_publish.cube.model import Cube
from ndl_publish.errors import RuleError
from ndl_publish.ledger.grant import Grant
from ndl_publish.privacy.area_tree import AreaTree, area_tree
from ndl_publish.privacy.estimator import ROUNDING_VARIANCE, Estimator
from ndl_publish.privacy.events import Query
from ndl_publish.privacy.least_squares import FloatArray
from ndl_publish.privacy.randomness import RandomSource
from ndl_publish.privacy.secret_key import SecretKey
from ndl_publish.privacy.strategy import Quantity, ResidualQuery, plan_queries
from ndl_publish.protect.dp import NoisyCells
from ndl_publish.protect.figures import Vectors
from ndl_publish.protect.measure import ExactTables, measure, request_digest
from ndl_publish.spec.dataset import MeanMeasure
from ndl_publish.spec.load import ReleaseSpec
from ndl_publish.spec.rules import DiscreteGaussian, DpRules

CHILDREN_QUANTITY = "children"


@dataclass(frozen=True, slots=True)
class TreeResidualPlan:
    """The queries of a release and the estimators that turn their noisy answers into tables.

    Attributes:
        tree: The area levels.
        queries: Everything that is measured.
        estimators: Quantity -> estimator.
    """

    tree: AreaTree = field(repr=False)
    queries: tuple[ResidualQuery, ...]
    estimators: dict[str, Estimator] = field(repr=False)

    @property
    def events(self) -> tuple[Query, ...]:
        """What the ledger is asked to pay for."""
        return tuple(query.event for query in self.queries)

    def covariance(self, quantity: str, block: Block, left: Vectors, right: Vectors) -> FloatArray:
        """Return the covariance of two sums of cells at every area, with the rounding's share on a variance."""
        value = self.estimators[quantity].covariance(block, left, right)
        is_variance = all((a == b).all() for a, b in zip(left, right, strict=True))
        return value + ROUNDING_VARIANCE if is_variance else value

    def digest(self, key: SecretKey, cube: Cube, *, identity: tuple[str, ...]) -> str:
        """Return the keyed digest of identity, queries, method and exact tables."""
        return request_digest(key, self._exact(cube), self.queries, identity=identity)

    def draw(self, cube: Cube, *, grant: Grant, source: RandomSource) -> NoisyCells:
        """Return noisy integers for every cell that add up everywhere.

        Raises:
            BudgetError: ``NDL-B012`` when the grant does not cover the queries.
        """
        noisy = measure(self._exact(cube), self.tree, self.queries, grant=grant, source=source)
        tables = {
            name: estimator.tables(noisy, source, label=f"{grant.request_digest}/rounding/{name}")
            for name, estimator in self.estimators.items()
        }
        children = tables.pop(CHILDREN_QUANTITY)
        return NoisyCells(children, tables, noisy)

    def describe(self) -> dict[str, Any]:
        """Return the mechanism's part of the public privacy statement."""
        queries = [
            {
                "label": q.event.label,
                "quantity": q.quantity,
                "level": q.level,
                "attributes": [self.estimators[q.quantity].grid.dimensions[i].name for i in sorted(q.subset)],
                "sigma2": str(q.event.sigma2),
                "squared_sensitivity": str(q.event.squared_sensitivity),
                "rho": str(q.event.rho),
            }
            for q in self.queries
        ]
        return {
            "mechanism": "discrete Gaussian on residual queries, least squares on the area tree, lattice rounding",
            "additive": True,
            "rounding_variance": ROUNDING_VARIANCE,
            "queries": queries,
        }

    def _exact(self, cube: Cube) -> dict[str, ExactTables]:
        weights = {CHILDREN_QUANTITY: cube.children, **cube.row_sums}
        return {
            name: ExactTables.tabulate(
                estimator.grid,
                tuple(q for q in self.queries if q.quantity == name),
                codes=cube.codes,
                weights=weights[name],
            )
            for name, estimator in self.estimators.items()
        }


def plan_tree_residuals(spec: ReleaseSpec, layout: CubeLayout) -> TreeResidualPlan:
    """Return the measurements of a release under discrete Gaussian rules; reads no record.

    Raises:
        RuleError: ``NDL-R060`` when the rules are not of mode ``dp`` with discrete Gaussian noise.
    """
    rules = spec.rules
    if not isinstance(rules, DpRules) or not isinstance(rules.noise, DiscreteGaussian):
        raise RuleError("NDL-R060", f"{rules.rules_id}: measurements are planned for discrete Gaussian noise only.")
    tree = area_tree(layout.grid)
    quantities = (Quantity(CHILDREN_QUANTITY, 1, layout.grid), *_sums(spec, layout))
    queries = plan_queries(
        quantities,
        tree,
        rho=rules.noise.rho.fraction,
        expected_count=spec.release.expected_count,
        cohort=spec.cohort,
        level_weights={level: float(weight.value) for level, weight in rules.weights.items()},
    )
    estimators = {
        q.name: Estimator.build(q.grid, tree, tuple(x for x in queries if x.quantity == q.name)) for q in quantities
    }
    return TreeResidualPlan(tree, queries, estimators)


def _sums(spec: ReleaseSpec, layout: CubeLayout) -> tuple[Quantity, ...]:
    used = {name for table in spec.release.tables for name in table.measures}
    return tuple(
        Quantity(name, max(abs(measure.minimum), abs(measure.maximum)), layout.base)
        for name, measure in spec.dataset.measures.items()
        if name in used and isinstance(measure, MeanMeasure)
    )
