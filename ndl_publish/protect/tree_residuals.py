"""Discrete Gaussian noise through the tree residual planner: the default mechanism of mode ``dp``."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from ndl_publish.cube.grid import Block
from ndl_publish.cube.layout import CubeLayout
from ndl_publish.cube.model import FinestRows
from ndl_publish.errors import RuleError
from ndl_publish.ledger.grant import Grant
from ndl_publish.privacy.area_tree import AreaTree, area_tree
from ndl_publish.privacy.estimator import ROUNDING_VARIANCE, Estimator
from ndl_publish.privacy.events import Query, fraction_text
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

    def digest(self, key: SecretKey, exact: Mapping[str, ExactTables], *, identity: tuple[str, ...]) -> str:
        """Return the keyed digest of identity, queries, method and exact tables."""
        return request_digest(key, exact, self.queries, identity=identity)

    def draw(self, exact: Mapping[str, ExactTables], *, grant: Grant, source: RandomSource) -> NoisyCells:
        """Return noisy integers for every cell that add up everywhere.

        Raises:
            BudgetError: ``NDL-B012`` when the grant does not cover the queries.
        """
        noisy = measure(exact, self.tree, self.queries, grant=grant, source=source)
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
                "sigma2": fraction_text(q.event.sigma2),
                "squared_sensitivity": fraction_text(q.event.squared_sensitivity),
                "rho": fraction_text(q.event.rho),
            }
            for q in self.queries
        ]
        return {
            "mechanism": "discrete Gaussian on residual queries, least squares on the area tree, lattice rounding",
            "additive": True,
            "rounding_variance": ROUNDING_VARIANCE,
            "queries": queries,
        }

    def exact(self, rows: FinestRows) -> dict[str, ExactTables]:
        """Return the exact tables of every query. Confidential."""
        weights = {CHILDREN_QUANTITY: rows.children, **rows.sums}
        return {
            name: ExactTables.tabulate(
                estimator.grid,
                tuple(q for q in self.queries if q.quantity == name),
                codes=rows.codes,
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
    weights = {level: float(weight.value) for level, weight in rules.weights.items()}
    return tree_residual_plan(
        (Quantity(CHILDREN_QUANTITY, 1, layout.grid), *_sums(spec, layout)),
        rho=rules.noise.rho.fraction,
        cohort=spec.cohort,
        expected_count=spec.release.expected_count,
        level_weights=weights,
    )


def tree_residual_plan(
    quantities: tuple[Quantity, ...],
    *,
    rho: Fraction,
    cohort: str,
    expected_count: int,
    level_weights: Mapping[str, float],
) -> TreeResidualPlan:
    """Return the measurements of some quantities over the same areas, the children's grid first.

    Args:
        quantities: What is summed; the first one's areas make the tree.
        rho: Privacy loss to spend.
        cohort: The ledger's cohort.
        expected_count: Public expectation of the number of children, for weights; 0 weighs all tables alike.
        level_weights: Weight of a level's tables, 1 where not named.
    """
    tree = area_tree(quantities[0].grid)
    queries = plan_queries(
        quantities, tree, rho=rho, expected_count=expected_count, cohort=cohort, level_weights=level_weights
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
