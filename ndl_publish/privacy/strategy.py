"""What is measured, with how much noise: the residual queries of a release and the split of its privacy loss.

For each level l of the area tree and each attribute set S in the closure of what is published there, the query

    Q = (kron over i in S of (n_i I - J)) M_S x_v    for every node v of the level

is measured with discrete Gaussian noise of variance s2 * prod n_i^2. One child changes Q at one node by a column of
squared length prod n_i (n_i - 1), times the square of the bound of what is summed (1 for a count of children), so

    rho_{l,S} = bound^2 * prod (1 - 1/n_i) / (2 s2).

The split minimises the sum over published tables of weight * mean cell variance, subject to the total rho. It is
convex; the multiplicative update rho <- rho * sqrt(-dV/drho) converges in a few dozen rounds. It reads public numbers
only: fan-out of the areas, numbers of categories, and the expected number of children.

Source:
    Xiao, He, Zhang and Kifer, "An optimal and scalable matrix mechanism for noisy marginals" (arXiv 2305.08175);
    Canonne, Kamath and Steinke (arXiv 2004.00010) for the multivariate discrete Gaussian.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import combinations
from math import ceil, prod

import numpy as np
import numpy.typing as npt

from ndl_publish.columns import TOTAL_LEVEL
from ndl_publish.cube.grid import CellGrid
from ndl_publish.privacy.area_tree import AreaTree
from ndl_publish.privacy.events import GaussianQuery

FloatArray = npt.NDArray[np.float64]
Subset = frozenset[int]

ROUNDS = 200
SMALLEST_SHARE = 0.02
"""No query gets less than this part of an even share: a query measured with next to nothing helps nobody."""
LARGE_CELL = 50
"""Cells expected to hold fewer children than this all weigh alike."""
FINE_SIGMA2 = 1000
"""Noise variances below this are rounded up to a thousandth, above it to a whole number."""


@dataclass(frozen=True, slots=True)
class Quantity:
    """Something that is added up over children: one each, or a whole number within bounds.

    Attributes:
        name: ``children``, or the mean measure whose sum it is.
        bound: Largest absolute contribution of one child.
        grid: Blocks whose cells are published from it.
    """

    name: str
    bound: int
    grid: CellGrid = field(repr=False)


@dataclass(frozen=True, slots=True)
class ResidualQuery:
    """One measurement: a quantity's residual of an attribute set at a level.

    Attributes:
        quantity: Name of the quantity.
        level: Area level of the tree.
        subset: Dimensions of the grid whose interaction is measured.
        sizes: Number of categories of each of them, in order.
        event: What it costs; holds the noise variance.
    """

    quantity: str
    level: str
    subset: Subset
    sizes: tuple[int, ...]
    event: GaussianQuery

    @property
    def s2(self) -> float:
        """Noise variance per unit of the residual projection."""
        return float(self.event.sigma2) / prod(n * n for n in self.sizes)


def published_sets(grid: CellGrid, tree: AreaTree) -> dict[str, set[Subset]]:
    """Return, for each tree level, the attribute sets published there or at a level that is summed from it."""
    found: dict[str, set[Subset]] = {level: set() for level in tree.levels}
    for block in grid.blocks:
        level = block.levels[0]
        carrier = tree.sums[level].carrier if level in tree.sums else level
        found[carrier].add(attributes(block.levels))
    return found


def attributes(levels: tuple[str, ...]) -> Subset:
    """Return the dimensions, other than the area, that a block does not total."""
    return frozenset(i for i, name in enumerate(levels) if i > 0 and name != TOTAL_LEVEL)


def closure_of(sets: set[Subset]) -> list[Subset]:
    """Return all subsets of the sets, smallest first, in one fixed order."""
    subsets = {frozenset(part) for s in sets for k in range(len(s) + 1) for part in combinations(sorted(s), k)}
    return sorted(subsets, key=lambda s: (len(s), sorted(s)))


def plan_queries(
    quantities: tuple[Quantity, ...],
    tree: AreaTree,
    *,
    rho: Fraction,
    expected_count: int,
    cohort: str,
    level_weights: Mapping[str, float],
) -> tuple[ResidualQuery, ...]:
    """Return every measurement of a release with its noise variance, costing at most ``rho`` in total.

    Args:
        quantities: What is summed, and the published blocks of each.
        tree: The area levels.
        rho: Privacy loss to spend.
        expected_count: Public expectation of the number of children, for weights only.
        cohort: The ledger's cohort.
        level_weights: Weight of a level's tables, 1 where not named.
    """
    slots = [slot for quantity in quantities for slot in _slots(quantity, tree, expected_count, level_weights)]
    shares = _split(slots)
    even = 1 / sum(len(slot.levels) for slot in slots)
    queries = []
    for slot, share in zip(slots, shares, strict=True):
        for k, level in enumerate(slot.levels):
            part = Fraction(round(max(share[k], SMALLEST_SHARE * even) * 10**9), 10**9)
            queries.append((slot, level, part))
    total = sum((part for _, _, part in queries), Fraction(0))
    return tuple(_query(slot, level, rho * part / total, cohort, tree) for slot, level, part in queries)


@dataclass(frozen=True, slots=True)
class _Slot:
    """One subspace of one quantity: its levels, fan-outs, and how much its variance matters at each level."""

    quantity: Quantity
    subset: Subset
    sizes: tuple[int, ...]
    levels: tuple[str, ...]
    n_nodes: tuple[int, ...]
    importance: tuple[float, ...]

    @property
    def cost(self) -> Fraction:
        """2 * rho * s2: squared sensitivity in units of the projection."""
        return self.quantity.bound**2 * prod((1 - Fraction(1, n) for n in self.sizes), start=Fraction(1))


def _slots(quantity: Quantity, tree: AreaTree, expected_count: int, level_weights: Mapping[str, float]) -> list[_Slot]:
    sizes = [len(dimension.codes) for dimension in quantity.grid.dimensions]
    sets = published_sets(quantity.grid, tree)
    importance: dict[Subset, dict[str, float]] = {}
    for level in tree.levels:
        for subset in closure_of(sets[level]):
            importance.setdefault(subset, {})[level] = 0.0
        for table in sorted(sets[level], key=sorted):
            n_cells = tree.n_nodes[level] * prod(sizes[i] for i in table)
            weight = level_weights.get(level, 1.0) * max(expected_count / n_cells, LARGE_CELL) ** -0.5
            for subset in closure_of({table}):
                shrink = prod((1 - 1 / sizes[i]) for i in subset) / prod(sizes[i] ** 2 for i in table - subset)
                importance[subset][level] += weight * shrink / quantity.bound**2
    return [
        _Slot(
            quantity,
            subset,
            tuple(sizes[i] for i in sorted(subset)),
            tuple(by_level),
            tuple(tree.n_nodes[level] for level in by_level),
            tuple(by_level.values()),
        )
        for subset, by_level in importance.items()
    ]


def _split(slots: list[_Slot]) -> list[FloatArray]:
    """Return each slot's shares of the privacy loss by level; all shares add up to 1."""
    depth = max(len(slot.levels) for slot in slots)
    rho = np.zeros((len(slots), depth))
    nodes = np.ones((len(slots), depth))
    weight = np.zeros((len(slots), depth))
    for i, slot in enumerate(slots):
        rho[i, : len(slot.levels)] = 1.0
        nodes[i, : len(slot.levels)] = slot.n_nodes
        nodes[i, len(slot.levels) :] = slot.n_nodes[-1]
        weight[i, : len(slot.levels)] = slot.importance
    used = rho > 0
    rho /= rho.sum()
    cost = np.array([float(slot.cost) for slot in slots])
    for _ in range(ROUNDS):
        slope = _slopes(rho, nodes, weight, cost, used)
        rho = np.where(used, rho * np.sqrt(slope), 0.0)
        rho = np.where(used, np.maximum(rho / rho.sum(), 1e-12), 0.0)
        rho /= rho.sum()
    return [rho[i, : len(slot.levels)] for i, slot in enumerate(slots)]


def _objective(
    rho: FloatArray, nodes: FloatArray, weight: FloatArray, cost: FloatArray, used: npt.NDArray[np.bool_]
) -> FloatArray:
    """Return each slot's weighted variance on a tree with equal fan-outs; levels a slot does not use pass through."""
    depth = rho.shape[1]
    precision = np.where(used, 2 * rho / cost[:, None], 0.0)
    fan = np.ones_like(nodes)
    fan[:, 1:] = nodes[:, 1:] / nodes[:, :-1]
    up = np.full(rho.shape, np.inf)
    below = np.zeros(rho.shape[0])
    for k in range(depth - 1, -1, -1):
        information = precision[:, k] + below
        up[:, k] = 1 / np.maximum(information, 1e-300)
        below = information / fan[:, k]
    variance = up[:, 0]
    total = weight[:, 0] * variance
    for k in range(1, depth):
        gain = 1 / fan[:, k]
        variance = np.where(used[:, k], up[:, k] * (1 - gain) + gain**2 * variance, variance)
        total = total + weight[:, k] * variance
    return np.asarray(total, np.float64)


def _slopes(
    rho: FloatArray, nodes: FloatArray, weight: FloatArray, cost: FloatArray, used: npt.NDArray[np.bool_]
) -> FloatArray:
    """Return -dV/drho of every slot and level, by differences: a slot's variance depends on its own shares only."""
    here = _objective(rho, nodes, weight, cost, used)
    slopes = np.zeros_like(rho)
    for k in range(rho.shape[1]):
        moved = rho.copy()
        step = rho[:, k] * 1e-6
        moved[:, k] += step
        drop = here - _objective(moved, nodes, weight, cost, used)
        slopes[:, k] = np.where(used[:, k] & (step > 0), drop / np.where(step > 0, step, 1.0), 0.0)
    return np.asarray(np.maximum(slopes, 0.0), np.float64)


def _query(slot: _Slot, level: str, rho: Fraction, cohort: str, tree: AreaTree) -> ResidualQuery:
    scale = prod(n * n for n in slot.sizes)
    sensitivity = slot.quantity.bound**2 * prod(n * (n - 1) for n in slot.sizes)
    exact = slot.cost / (2 * rho) * scale
    sigma2 = Fraction(ceil(exact)) if exact > FINE_SIGMA2 else Fraction(ceil(exact * 1000), 1000)
    names = [slot.quantity.grid.dimensions[i].name for i in sorted(slot.subset)]
    label = "/".join([slot.quantity.name, level, "*".join(names) or "all"])
    n_cells = tree.n_nodes[level] * prod(slot.sizes)
    event = GaussianQuery(label, cohort, sigma2, Fraction(sensitivity), n_cells)
    return ResidualQuery(slot.quantity.name, level, slot.subset, slot.sizes, event)
