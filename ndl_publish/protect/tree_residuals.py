"""Discrete Gaussian or Laplace noise through the tree residual planner: the default mechanism of mode ``dp``."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import polars as pl

from ndl_publish.cube.grid import Block, IntArray
from ndl_publish.cube.layout import CubeLayout, blocks_of
from ndl_publish.cube.model import FinestRows
from ndl_publish.errors import InputError, RuleError
from ndl_publish.geography.levels import level_label
from ndl_publish.ledger.grant import Grant
from ndl_publish.privacy.area_tree import AreaTree, area_tree
from ndl_publish.privacy.companion import CompanionPlan, companion_cells
from ndl_publish.privacy.estimator import ROUNDING_VARIANCE, Estimator, WholeTables
from ndl_publish.privacy.events import LaplaceQuery, PrivacyLoss, Query, fraction_text, total_loss
from ndl_publish.privacy.least_squares import FloatArray
from ndl_publish.privacy.randomness import PublicRandomSource, RandomSource
from ndl_publish.privacy.replace_one import replace_one_rho
from ndl_publish.privacy.secret_key import SecretKey
from ndl_publish.privacy.strategy import Quantity, ResidualQuery, plan_queries
from ndl_publish.protect.dp import NoisyCells
from ndl_publish.protect.figures import Vectors
from ndl_publish.protect.intervals import Z_95, Z_95_LAPLACE
from ndl_publish.protect.measure import (
    ExactTables,
    Measurements,
    measure,
    measurement_rows,
    measurements_seed,
    request_digest,
)
from ndl_publish.protect.public_figures import PublicFigures
from ndl_publish.spec.dataset import MeanMeasure
from ndl_publish.spec.load import ReleaseSpec
from ndl_publish.spec.rules import DiscreteLaplace, DpRules, Geometric, loss_of

CHILDREN_QUANTITY = "children"
FARTHEST = 6.0
"""Headcounts so many standard deviations from the measurements are refused: by chance alone once in 500 million."""
FARTHEST_LAPLACE = 14.2
"""The same chance for discrete Laplace noise, whose tails are heavier: that of a single draw, the worst of all sums."""
SHOWN_AREAS = 5
MECHANISM = "discrete {noise} on residual queries, least squares on the area tree, lattice rounding"
BEST_NONNEG = (
    "a second estimate of the same noisy measurements below the level {below}: never negative, whole, additive among "
    "itself; nearer to the truth on average and biased, towards what is usual around; not for sums of chosen areas"
)


@dataclass(frozen=True, slots=True)
class TreeResidualPlan:
    """The queries of a release and the estimators that turn their noisy answers into tables.

    Attributes:
        tree: The area levels.
        queries: Everything that is measured.
        estimators: Quantity -> estimator.
        known: Children already public, which the estimate keeps to; none by default.
        companion: What the second, non-negative estimate is made of; none by default.
    """

    tree: AreaTree = field(repr=False)
    queries: tuple[ResidualQuery, ...]
    estimators: dict[str, Estimator] = field(repr=False)
    known: PublicFigures | None = field(repr=False, default=None)
    companion: CompanionPlan | None = field(repr=False, default=None)

    @property
    def events(self) -> tuple[Query, ...]:
        """What the ledger is asked to pay for."""
        return tuple(query.event for query in self.queries)

    @property
    def replace_one(self) -> PrivacyLoss:
        """The loss when one child is replaced by another, at most."""
        if self.is_pure:  # each query moves at most twice as far
            loss = total_loss(self.events)
            return PrivacyLoss(4 * loss.rho, 2 * loss.epsilon)
        chains = {name: estimator.chains for name, estimator in self.estimators.items()}
        ranges = {
            name: (estimator.quantity.least, estimator.quantity.bound) for name, estimator in self.estimators.items()
        }
        single_root = self.tree.n_nodes[self.tree.levels[0]] == 1
        rho = replace_one_rho(
            self.queries, chains=chains, levels=self.tree.levels, ranges=ranges, single_root=single_root
        )
        return PrivacyLoss(rho)

    @property
    def z_95(self) -> float:
        """Half-width of a 95% interval in standard deviations; the wider of normal and Laplace for pure noise."""
        return Z_95_LAPLACE if self.is_pure else Z_95

    @property
    def farthest(self) -> float:
        """Standard deviations up to which noise explains that headcounts differ from measurements."""
        return FARTHEST_LAPLACE if self.is_pure else FARTHEST

    @property
    def is_pure(self) -> bool:
        """Say whether the noise is discrete Laplace."""
        return any(isinstance(event, LaplaceQuery) for event in self.events)

    def covariance(self, quantity: str, block: Block, left: Vectors, right: Vectors) -> FloatArray:
        """Return the covariance of two sums of cells at every area, with the rounding's share on a variance.

        What follows from figures already public has no variance, and none from rounding either.
        """
        value = self.estimators[quantity].covariance(block, left, right)
        is_variance = all((a == b).all() for a, b in zip(left, right, strict=True))
        return value + ROUNDING_VARIANCE * (value > 0) if is_variance else value

    def digest(self, key: SecretKey, exact: Mapping[str, ExactTables], *, identity: tuple[str, ...]) -> str:
        """Return the keyed digest of identity, queries, method and exact tables: all that measurements depend on."""
        return request_digest(key, exact, self.queries, identity=identity)

    def measure(self, exact: Mapping[str, ExactTables], *, grant: Grant, source: RandomSource) -> Measurements:
        """Return every query's noisy integers.

        Raises:
            BudgetError: ``NDL-B012`` when the grant does not cover the queries.
        """
        chains = {name: estimator.chains for name, estimator in self.estimators.items()}
        return measure(exact, chains, self.queries, grant=grant, source=source)

    def estimate(self, measurements: Measurements) -> NoisyCells:
        """Return noisy integers for every cell that add up everywhere; reads the measurements only."""
        source = PublicRandomSource(measurements_seed(measurements))
        whole: dict[str, WholeTables] = {}
        for name, estimator in self.estimators.items():
            known = self.known.children if self.known is not None and name == CHILDREN_QUANTITY else None
            whole[name] = estimator.whole_tables(measurements, source, label=f"rounding/{name}", known=known)
        children = whole.pop(CHILDREN_QUANTITY)
        companion = None if self.companion is None else companion_cells(children, self.companion, source)
        return NoisyCells(children.cells(), {name: tables.cells() for name, tables in whole.items()}, companion)

    def refuse_contradicted(self, measurements: Measurements) -> None:
        """Refuse headcounts already public that what was measured below their level cannot agree with.

        This reads noisy measurements only, so it costs nothing and tells nothing exact.

        Raises:
            InputError: ``NDL-V097`` naming the areas.
        """
        if self.known is None:
            return
        estimator = self.estimators[CHILDREN_QUANTITY]
        misfit = estimator.known_misfit(measurements, self.known.children)
        areas = estimator.grid.dimensions[0].level(self.known.level).groups
        apart = [area for area, z in zip(areas, misfit, strict=True) if z > self.farthest]
        if apart:
            raise InputError(
                "NDL-V097",
                "public_figures: headcounts are farther from what was measured than noise explains, in "
                f"{len(apart)} of {len(areas)} areas: {', '.join(apart[:SHOWN_AREAS])}"
                f"{', ...' if len(apart) > SHOWN_AREAS else ''}. Correct them (the same version can be built at no "
                "further cost), or take figures about the same children, or leave the invariant out.",
            )

    def labelled(self, measurements: Measurements) -> pl.DataFrame:
        """Return the measurements as rows, figures already public after them."""
        frames = [self._rows(query, measurements[query.event.label]) for query in self.queries]
        if self.known is not None:
            frames.append(self.known.as_rows(self.estimators[CHILDREN_QUANTITY].grid))
        return pl.concat(frames)

    def _rows(self, query: ResidualQuery, values: IntArray) -> pl.DataFrame:
        estimator = self.estimators[query.quantity]
        dimensions = estimator.grid.dimensions
        groups = [dimensions[i].level(estimator.chains[i].levels[k - 1]).groups for i, k in sorted(query.part)]
        return measurement_rows(query.event.label, dimensions[0].level(query.level).groups, groups, values)

    def describe(self) -> dict[str, Any]:
        """Return the mechanism's part of the public privacy statement."""
        below = None if self.companion is None else level_label(self.companion.levels[0])
        return {
            "mechanism": MECHANISM.format(noise="Laplace" if self.is_pure else "Gaussian"),
            "additive": True,
            "rounding_variance": ROUNDING_VARIANCE,
            **({} if below is None else {"best_nonneg": BEST_NONNEG.format(below=below)}),
            "queries": [self._described(query) for query in self.queries],
            **({} if self.known is None else {"invariants": [self.known.level]}),
        }

    def _described(self, query: ResidualQuery) -> dict[str, Any]:
        """Return one query; ``within`` names the coarser level of those measured as differences from it."""
        chains = self.estimators[query.quantity].chains
        within = {chains[i].levels[k - 1]: chains[i].levels[k - 2] for i, k in sorted(query.part) if k > 1}
        return {
            "label": query.event.label,
            "quantity": query.quantity,
            "level": query.level,
            "attributes": [chains[i].levels[k - 1] for i, k in sorted(query.part)],
            **({"within": within} if within else {}),
            **_noise(query.event),
        }

    def exact(self, rows: FinestRows) -> dict[str, ExactTables]:
        """Return the exact tables of every query. Confidential."""
        weights = {CHILDREN_QUANTITY: rows.children, **rows.sums}
        return {
            name: ExactTables.tabulate(
                estimator.grid,
                estimator.chains,
                tuple(q for q in self.queries if q.quantity == name),
                codes=rows.codes,
                weights=weights[name],
            )
            for name, estimator in self.estimators.items()
        }


def _noise(event: Query) -> dict[str, str]:
    if isinstance(event, LaplaceQuery):
        names: dict[str, Fraction] = {"scale": event.scale, "sensitivity": event.sensitivity, "epsilon": event.epsilon}
    else:
        names = {"sigma2": event.sigma2, "squared_sensitivity": event.squared_sensitivity, "rho": event.rho}
    return {name: fraction_text(value) for name, value in names.items()}


def plan_tree_residuals(spec: ReleaseSpec, layout: CubeLayout, known: PublicFigures | None = None) -> TreeResidualPlan:
    """Return the measurements of a release under rules for planned noise; reads no record.

    Args:
        spec: The release.
        layout: Its cells.
        known: Children already public that the rules name as invariants.

    Raises:
        RuleError: ``NDL-R060`` when the rules are not of mode ``dp`` with discrete Gaussian or Laplace noise.
    """
    rules = spec.rules
    if not isinstance(rules, DpRules) or isinstance(rules.noise, Geometric):
        raise RuleError(
            "NDL-R060", f"{rules.rules_id}: these rules do not name noise that measurements are planned for."
        )
    return tree_residual_plan(
        (Quantity(CHILDREN_QUANTITY, 1, layout.grid, None if known is None else known.known), *_sums(spec, layout)),
        loss=loss_of(rules.noise).fraction,
        is_pure=isinstance(rules.noise, DiscreteLaplace),
        cohorts=spec.cohorts,
        expected_count=spec.release.expected_count,
        weights=block_weights(spec, layout),
        known=known,
        below=None if rules.best_nonneg is None else rules.best_nonneg.below,
    )


def tree_residual_plan(  # noqa: PLR0913 - what a plan depends on
    quantities: tuple[Quantity, ...],
    *,
    loss: Fraction,
    is_pure: bool = False,
    cohorts: tuple[str, ...],
    expected_count: int,
    weights: Mapping[tuple[str, ...], float],
    known: PublicFigures | None = None,
    below: str | None = None,
) -> TreeResidualPlan:
    """Return the measurements of some quantities over the same areas, the children's grid first.

    Args:
        quantities: What is summed; the first one's areas make the tree.
        loss: Privacy loss to spend: rho, or epsilon where it is to be pure.
        is_pure: Discrete Laplace noise under pure epsilon.
        cohorts: The ledger's cohorts.
        expected_count: Public expectation of the number of children, for weights; 0 weighs all tables alike.
        weights: Weight of the table of each block, by the block's levels, 1 where not named.
        known: Children already public.
        below: Level below which a non-negative estimate is made, too.

    Raises:
        RuleError: ``NDL-R070`` when that cannot be made.
    """
    tree = area_tree(quantities[0].grid)
    queries = plan_queries(
        quantities, tree, loss=loss, is_pure=is_pure, expected_count=expected_count, cohorts=cohorts, weights=weights
    )
    estimators = {
        q.name: Estimator.build(q, tree, tuple(x for x in queries if x.quantity == q.name)) for q in quantities
    }
    children = estimators[quantities[0].name]
    companion = None if below is None else CompanionPlan.of(children, below=below)
    return TreeResidualPlan(tree, queries, estimators, known, companion)


def block_weights(spec: ReleaseSpec, layout: CubeLayout) -> dict[tuple[str, ...], float]:
    """Return what the tables of each block weigh: the weight of their level times that of the table, 1 by default.

    Rule books name either by its name. A block that stands in several tables weighs as much as the weightiest.
    """
    named = (
        {name: float(weight.value) for name, weight in spec.rules.weights.items()} if spec.rules.mode == "dp" else {}
    )
    weights: dict[tuple[str, ...], float] = {}
    if not named:
        return weights
    for table in spec.release.tables:
        for levels in blocks_of(table, spec, layout):
            weight = named.get(levels[0], 1.0) * named.get(table.name, 1.0)
            weights[levels] = max(weights.get(levels, 0.0), weight)
    return weights


def _sums(spec: ReleaseSpec, layout: CubeLayout) -> tuple[Quantity, ...]:
    used = {name for table in spec.release.tables for name in table.measures}
    return tuple(
        Quantity(name, max(abs(measure.minimum), abs(measure.maximum)), layout.base, least=measure.minimum)
        for name, measure in spec.dataset.measures.items()
        if name in used and isinstance(measure, MeanMeasure)
    )
