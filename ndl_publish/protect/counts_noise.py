"""The noisy protection of a table of counts on its own: the same planner, with public defaults for its weights."""

from dataclasses import dataclass, field

import numpy as np

from ndl_publish.columns import TOTAL_LEVEL
from ndl_publish.cube.grid import Block, CellGrid, IntArray
from ndl_publish.cube.model import FinestRows
from ndl_publish.errors import RuleError
from ndl_publish.ledger.caps import Caps
from ndl_publish.ledger.grant import Grant
from ndl_publish.ledger.request import ChargeRequest
from ndl_publish.privacy.least_squares import FloatArray
from ndl_publish.privacy.randomness import KeyedRandomSource
from ndl_publish.privacy.strategy import Quantity
from ndl_publish.protect.counts import Counts
from ndl_publish.protect.dp import ADJACENCY, Payment, Progress
from ndl_publish.protect.give_back import Recoverable
from ndl_publish.protect.intervals import count_ends
from ndl_publish.protect.measure import METHOD_VERSION, measurements_seed
from ndl_publish.protect.primary.noisy_threshold import noisy_threshold_rule
from ndl_publish.protect.secondary.problem import MaskArray, SuppressionProblem
from ndl_publish.protect.secondary.refuse import suppress_or_refuse
from ndl_publish.protect.tree_residuals import CHILDREN_QUANTITY, TreeResidualPlan, tree_residual_plan
from ndl_publish.spec.rules import DiscreteLaplace, DpRules, Geometric, loss_of


@dataclass(frozen=True, slots=True)
class Identity:
    """What a table of counts is called in the ledger: release, version and cohort."""

    release_id: str
    version: str
    cohort: str


@dataclass(frozen=True, slots=True)
class NoisyCounts:
    """Noisy counts that add up, their masks and intervals, and what was charged."""

    values: IntArray = field(repr=False)
    mask: MaskArray = field(repr=False)
    lower: IntArray = field(repr=False)
    upper: IntArray = field(repr=False)
    grant: Grant


def protect_dp_counts(
    counts: Counts,
    rules: DpRules,
    identity: Identity,
    *,
    payment: Payment,
    recoverable: Recoverable,
    progress: Progress | None = None,
) -> NoisyCounts:
    """Return the noisy counts of every cell; charges the ledger before any noise is drawn.

    Each child must stand in exactly one row of the counts: the privacy loss is stated for one child in one cell.

    Raises:
        RuleError: ``NDL-R062`` when the rules name another noise, or a dimension has no finest column.
        BudgetError: When the ledger cannot pay.
        DisclosureError: ``NDL-D020`` when a withheld count cannot be kept from being computed.
    """
    plan = _plan(counts.grid, rules, identity)
    rows = FinestRows(counts.codes, counts.counts)
    exact = plan.exact(rows)
    named = (identity.release_id, identity.version, identity.cohort)
    request = ChargeRequest.for_queries(
        plan.events,
        release_id=identity.release_id,
        version=identity.version,
        rules_id=rules.rules_id,
        request_digest=plan.digest(payment.key, exact, identity=named),
        adjacency=ADJACENCY,
        code_version=METHOD_VERSION,
        actor=payment.actor,
        key_fingerprint=payment.key.fingerprint(),
    )
    grant = payment.ledger.reserve(request, caps={identity.cohort: Caps.of(rules)})
    payment.noted(payment.ledger)
    measurements = plan.measure(exact, grant=grant, source=KeyedRandomSource(payment.key))
    values = plan.estimate(measurements).values
    minimum_count = int(rules.withhold.minimum_count.value)
    primary = noisy_threshold_rule(values, minimum_count=minimum_count)
    problem = SuppressionProblem(
        grid=counts.grid,
        values=values,
        primary=primary,
        demanded=recoverable(counts.grid, values, ~primary, ()),
        signed=True,
        tie_break=measurements_seed(measurements),
    )
    found = suppress_or_refuse(problem, progress=progress)
    lower, upper = count_ends(values.astype(np.float64), _variances(counts.grid, plan), z=plan.z_95)
    return NoisyCounts(values, found.mask, lower.astype(np.int64), upper.astype(np.int64), grant)


def _plan(grid: CellGrid, rules: DpRules, identity: Identity) -> TreeResidualPlan:
    if isinstance(rules.noise, Geometric):
        message = "a table of counts is protected with discrete_gaussian or discrete_laplace noise."
        raise RuleError("NDL-R062", f"{rules.rules_id}: {message}")
    try:
        for dimension in grid.dimensions:
            _ = dimension.finest_level
    except ValueError:
        raise RuleError(
            "NDL-R062",
            f"{dimension.name}: no single column tells all its codes apart. Name the finest column among its levels.",
        ) from None
    quantity = Quantity(CHILDREN_QUANTITY, 1, grid)
    return tree_residual_plan(
        (quantity,),
        loss=loss_of(rules.noise).fraction,
        is_pure=isinstance(rules.noise, DiscreteLaplace),
        cohorts=(identity.cohort,),
        expected_count=0,
        weights={},
    )


def _variances(grid: CellGrid, plan: TreeResidualPlan) -> FloatArray:
    """Return the noise variance of every cell, ``n_cells``."""
    out = np.empty(grid.n_cells)
    for block in grid.blocks:
        out[block.cells] = _block_variances(grid, block, plan).ravel()
    return out


def _block_variances(grid: CellGrid, block: Block, plan: TreeResidualPlan) -> FloatArray:
    axes = [i for i, level in enumerate(block.levels) if i > 0 and level != TOTAL_LEVEL]
    columns = []
    for group in np.ndindex(*(block.shape[i] for i in axes)):
        inside = tuple(
            (grid.dimensions[i].level(block.levels[i]).group_of == g).astype(np.float64)
            for i, g in zip(axes, group, strict=True)
        )
        columns.append(plan.covariance(CHILDREN_QUANTITY, block, inside, inside))
    return np.column_stack(columns)
