"""Pure epsilon through diffprivlib's ``Geometric``: noise on the finest crossing, everything else summed from it.

Meant for small one-off tables. One child stands in exactly one finest cell, so the sensitivity is 1 and the whole
release costs epsilon once; all margins are sums of the same noisy cells and so add up.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from math import prod
from typing import Any

import numpy as np
import polars as pl

from ndl_publish.columns import CHILDREN, TOTAL_LEVEL
from ndl_publish.cube.grid import Block, CellGrid
from ndl_publish.cube.layout import CubeLayout
from ndl_publish.cube.model import FinestRows
from ndl_publish.errors import RuleError
from ndl_publish.ledger.grant import Grant
from ndl_publish.privacy.events import LaplaceQuery, PrivacyLoss, fraction_text
from ndl_publish.privacy.least_squares import FloatArray
from ndl_publish.privacy.randomness import RandomSource
from ndl_publish.privacy.secret_key import SecretKey
from ndl_publish.protect.dp import NoisyCells
from ndl_publish.protect.figures import Vectors
from ndl_publish.protect.intervals import Z_95_LAPLACE
from ndl_publish.protect.measure import METHOD_VERSION, ExactTables, Measurements, measurement_rows
from ndl_publish.protect.noise.geometric import draw_geometric
from ndl_publish.spec.dataset import MeanMeasure
from ndl_publish.spec.load import ReleaseSpec
from ndl_publish.spec.rules import DpRules, Geometric

MOST_CELLS = 10_000
LABEL = "children/finest"


@dataclass(frozen=True, slots=True)
class FinestGeometric:
    """Geometric noise on every finest cell.

    Attributes:
        grid: All published cells.
        finest: The finest crossing, one block.
        epsilon: Pure privacy loss.
        cohorts: The ledger's cohorts.
    """

    grid: CellGrid = field(repr=False)
    finest: CellGrid = field(repr=False)
    epsilon: Fraction
    cohorts: tuple[str, ...]

    @property
    def events(self) -> tuple[LaplaceQuery, ...]:
        """What the ledger is asked to pay for."""
        return (LaplaceQuery(LABEL, self.cohorts, 1 / self.epsilon, Fraction(1), self.finest.n_cells),)

    @property
    def z_95(self) -> float:
        """Half-width of a 95% interval in standard deviations: that of one cell's noise, wide enough for sums."""
        return Z_95_LAPLACE

    @property
    def replace_one(self) -> PrivacyLoss:
        """The loss when one child is replaced by another: two cells change."""
        return PrivacyLoss.pure(2 * self.epsilon)

    def covariance(self, quantity: str, block: Block, left: Vectors, right: Vectors) -> FloatArray:  # noqa: ARG002 - children only
        """Return the number of finest cells that two sums share, times the variance of one, at every area."""
        alpha = float(np.exp(-float(self.epsilon)))
        one_cell = 2 * alpha / (1 - alpha) ** 2
        weights = iter(zip(left, right, strict=True))
        shared = 1.0
        for dimension, level in zip(self.grid.dimensions[1:], block.levels[1:], strict=True):
            if level == TOTAL_LEVEL:
                shared *= len(dimension.codes)
            else:
                a, b = next(weights)
                shared *= float(a @ b)
        group_of = self.grid.dimensions[0].level(block.levels[0]).group_of
        areas = np.bincount(group_of[group_of >= 0], minlength=block.shape[0])
        return np.asarray(areas * shared * one_cell, np.float64)

    def digest(self, key: SecretKey, exact: Mapping[str, ExactTables], *, identity: tuple[str, ...]) -> str:
        """Return the keyed digest of identity, query, method and exact table."""
        words = "\x1f".join([*identity, METHOD_VERSION, LABEL, str(self.epsilon)])
        return key.keyed_digest("release", (words.encode(), exact[CHILDREN].values.tobytes()))

    def measure(self, exact: Mapping[str, ExactTables], *, grant: Grant, source: RandomSource) -> Measurements:
        """Return the noisy finest cells.

        Raises:
            BudgetError: ``NDL-B012`` when the grant does not cover the query.
        """
        grant.require(self.events)
        values = exact[CHILDREN].values
        label = f"{grant.request_digest}/{LABEL}"
        return {LABEL: values + draw_geometric(source, label=label, epsilon=self.epsilon, sensitivity=1, n=len(values))}

    def estimate(self, measurements: Measurements) -> NoisyCells:
        """Return noisy cells, each the sum of its finest ones."""
        noisy = measurements[LABEL]
        codes = np.stack(np.unravel_index(np.arange(len(noisy)), self.finest.blocks[0].shape), axis=1)
        return NoisyCells(self.grid.tabulate(codes.astype(np.int64), noisy), {})

    def labelled(self, measurements: Measurements) -> pl.DataFrame:
        """Return the noisy finest cells as rows."""
        areas, *rest = (dimension.codes for dimension in self.grid.dimensions)
        return measurement_rows(LABEL, areas, rest, measurements[LABEL])

    def describe(self) -> dict[str, Any]:
        """Return the mechanism's part of the public privacy statement."""
        return {
            "mechanism": "geometric (two-sided) on the finest crossing, by diffprivlib; margins are sums",
            "additive": True,
            "rounding_variance": 0.0,
            "queries": [
                {
                    "label": LABEL,
                    "quantity": "children",
                    "level": self.finest.blocks[0].levels[0],
                    "attributes": [dimension.name for dimension in self.grid.dimensions[1:]],
                    "epsilon": fraction_text(self.epsilon),
                }
            ],
        }

    def exact(self, rows: FinestRows) -> dict[str, ExactTables]:
        """Return the exact finest table. Confidential."""
        return {CHILDREN: ExactTables(self.finest, self.finest.tabulate(rows.codes, rows.children))}


def plan_finest_geometric(spec: ReleaseSpec, layout: CubeLayout) -> FinestGeometric:
    """Return the mechanism for a small release under geometric rules; reads no record.

    Raises:
        RuleError: ``NDL-R060`` for other rules, ``NDL-R061`` when the finest crossing is too large or a mean is asked.
    """
    rules = spec.rules
    if not isinstance(rules, DpRules) or not isinstance(rules.noise, Geometric):
        raise RuleError("NDL-R060", f"{rules.rules_id}: geometric noise is not what these rules name.")
    dimensions = layout.grid.dimensions
    n_cells = prod(len(dimension.codes) for dimension in dimensions)
    used = {name for table in spec.release.tables for name in table.measures}
    has_mean = any(isinstance(spec.dataset.measures[name], MeanMeasure) for name in used)
    if n_cells > MOST_CELLS or has_mean:
        raise RuleError(
            "NDL-R061",
            f"{rules.rules_id}: geometric noise is for counts with at most {MOST_CELLS:,} finest cells; this release "
            f"has {n_cells:,}{' and asks for a mean' if has_mean else ''}. Use method: discrete_laplace, or "
            "discrete_gaussian.",
        )
    finest = CellGrid.build(dimensions, [tuple(dimension.finest_level for dimension in dimensions)])
    return FinestGeometric(layout.grid, finest, rules.noise.epsilon.fraction, spec.cohorts)
