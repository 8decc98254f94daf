"""Whole releases drawn many times: what a child costs, and intervals that hold as often as they say."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from ndl_publish.audit.additivity import additivity
from ndl_publish.audit.published import PublishedCells
from ndl_publish.cube.grid import Block, CellGrid, IntArray, make_dimension
from ndl_publish.cube.model import FinestRows
from ndl_publish.ledger.book import Ledger
from ndl_publish.privacy.least_squares import FloatArray
from ndl_publish.privacy.randomness import KeyedRandomSource
from ndl_publish.privacy.strategy import Quantity
from ndl_publish.protect.intervals import Z_95, fieller_ends
from ndl_publish.protect.noise.discrete_gaussian import draw_discrete_gaussian
from ndl_publish.protect.tree_residuals import TreeResidualPlan, plan_tree_residuals, tree_residual_plan
from tests.unit.cube.small_release import MEANS_BY_SEX, SMALL, children, dearest_child, exact_answers, key, pay, world

pytestmark = pytest.mark.statistical
RUNS = 20_000


@pytest.mark.parametrize("error", [1.0, 1.05], ids=["as charged", "noise 5% too large"])
def test_the_likelihood_ratio_of_one_child_more_is_twice_rho(
    tmp_path: Path, source: KeyedRandomSource, error: float
) -> None:
    """Over all measured queries, D against D and one child: mean shift^2 / variance = 2 rho within 3%.

    The logarithm of the ratio of the two densities has variance 2 rho under D, and its mean under D and under D + one
    child lie 2 rho apart. Noise of another size than the charge says, in either direction, is noticed.
    """
    made = world(tmp_path, tables=(SMALL, MEANS_BY_SEX), rho="0.1")
    plan = plan_tree_residuals(made.spec, made.layout)
    rows = made.cube(children(500)).rows
    moved = exact_answers(plan, plan.exact(dearest_child(plan, rows)))
    without, with_child = np.zeros(RUNS), np.zeros(RUNS)
    for query in plan.queries:
        column = moved[query.event.label]
        column = column[column != 0].astype(float)
        stated, drawn_with = float(query.gaussian.sigma2), query.gaussian.sigma2 * Fraction(error) ** 2
        noise = draw_discrete_gaussian(
            source, label=f"{query.event.label} {error}", sigma2=drawn_with, n=RUNS * len(column)
        )
        away = noise.reshape(RUNS, -1) @ column
        length = column @ column
        without += (2 * away - length) / (2 * stated)
        with_child += (2 * away + length) / (2 * stated)
    rho = float(sum((query.gaussian.rho for query in plan.queries), Fraction(0)))
    shift = float(with_child.mean() - without.mean())
    seen = shift**2 / float(without.var())
    within = abs(seen / (2 * rho) - 1) < 0.03
    assert within == (error == 1.0), seen / (2 * rho)


N_LEAVES, N_LA, N_REGIONS = 240, 24, 4
DRAWS = 90


def _grid() -> CellGrid:
    leaf = tuple(f"s{i:03d}" for i in range(N_LEAVES))
    la = tuple(f"a{i * N_LA // N_LEAVES:02d}" for i in range(N_LEAVES))
    region = tuple(f"r{i * N_REGIONS // N_LEAVES}" for i in range(N_LEAVES))
    area = make_dimension("area", leaf, {"all": ("E",) * N_LEAVES, "region": region, "la": la, "leaf": leaf})
    minor = tuple(f"m{i}" for i in range(12))
    major = tuple(f"M{[0, 0, 0, 0, 0, 1, 1, 1, 2, 2, 3, 4][i]}" for i in range(12))
    eth = make_dimension("eth", minor, {"major": major, "minor": minor})
    band = make_dimension("band", tuple("abcdefgh"), {"band": tuple("abcdefgh")})
    goal = make_dimension("goal", ("0", "1", "2"), {"gld": ("no", "yes", "yes"), "gld+all": ("0", "1", "2")})
    blocks: list[tuple[str, ...]] = [
        *(("all", *c) for c in [("minor", "band", "gld+all"), ("minor", "band", "gld")]),
        *(("region", *c) for c in [("minor", "band", "gld"), ("major", "band", "gld+all")]),
        *(("la", *c) for c in [("minor", "total", "gld"), ("total", "band", "gld"), ("major", "total", "total")]),
        *(("leaf", *c) for c in [("major", "total", "gld"), ("total", "total", "total")]),
    ]
    return CellGrid.build((area, eth, band, goal), blocks)


@dataclass(frozen=True)
class Country:
    plan: TreeResidualPlan
    grid: CellGrid
    truth: IntArray = field(repr=False)
    drawn: npt.NDArray[np.int64] = field(repr=False)

    @property
    def errors(self) -> FloatArray:
        return (self.drawn - self.truth).astype(np.float64)


@pytest.fixture(scope="module")
def country(tmp_path_factory: pytest.TempPathFactory) -> Country:
    """Give 620,000 children of uneven groups, and their release drawn many times."""
    grid = _grid()
    plan = tree_residual_plan(
        (Quantity("children", 1, grid),), loss=Fraction(1, 50), cohorts=("c",), expected_count=620_000, weights={}
    )
    rng = np.random.default_rng(3)
    shape = tuple(len(dim.codes) for dim in grid.dimensions)
    size = rng.gamma(6, 1, shape[0])[:, None, None, None]
    share = rng.gamma(0.7, 1, (1, *shape[1:3], 1)) * rng.dirichlet((3, 1, 6), (shape[0], *shape[1:3]))
    mean = size * share
    counts = rng.poisson(mean * 620_000 / mean.sum()).ravel().astype(np.int64)
    codes = np.stack([axis.ravel() for axis in np.indices(shape)], axis=1).astype(np.int64)
    exact = plan.exact(FinestRows(codes, counts))
    with Ledger.open(tmp_path_factory.mktemp("accounts") / "ledger.sqlite") as ledger:
        grant = pay(ledger, plan.events, "coverage")
    drawn = [
        plan.estimate(plan.measure(exact, grant=grant, source=KeyedRandomSource(key(k)))).values for k in range(DRAWS)
    ]
    return Country(plan, grid, grid.tabulate(codes, counts), np.array(drawn))


def _finest(level: str, country: Country) -> Block:
    crossing = {"all": ("minor", "band"), "region": ("minor", "band"), "la": ("minor", "total")}
    return country.grid.block((level, *crossing.get(level, ("major", "total")), "gld"))


def _cells(block: Block, country: Country) -> Iterator[tuple[tuple[int, int], tuple[FloatArray, ...]]]:
    dims = country.grid.dimensions
    for a, b in np.ndindex(block.shape[1], block.shape[2]):
        weights = [
            (dims[i].level(block.levels[i]).group_of == g).astype(float)
            for i, g in ((1, a), (2, b))
            if block.levels[i] != "total"
        ]
        yield (a, b), tuple(weights)


def _within(error: FloatArray, margin: FloatArray) -> FloatArray:
    """Return how far whole errors lie within a margin: between two whole numbers it counts in proportion."""
    whole = np.floor(margin)
    inner, outer = (error <= whole).astype(np.float64), (error <= whole + 1).astype(np.float64)
    return np.asarray(inner + (margin - whole) * (outer - inner), np.float64)


def _held(level: str, country: Country) -> tuple[float, float, float]:
    """Return how often the intervals of counts and of rates hold, and the share of bounded ones."""
    block = _finest(level, country)
    values = country.drawn[:, block.cells].reshape(DRAWS, *block.shape).astype(float)
    true = country.truth[block.cells].reshape(block.shape).astype(float)
    yes = (country.grid.dimensions[3].level("gld").group_of == 1).astype(float)
    held_counts, held_rates, bounded = [], [], []
    for (a, b), inside in _cells(block, country):
        reached, everybody = (*inside, yes), (*inside, np.ones(3))
        top, bottom = values[:, :, a, b, 1], values[:, :, a, b].sum(axis=2)
        pairs = ((reached, reached), (everybody, everybody), (reached, everybody))
        variances = [np.broadcast_to(country.plan.covariance("children", block, x, y), top.shape) for x, y in pairs]
        held_counts.append(_within(np.abs(top - true[:, a, b, 1]), Z_95 * np.sqrt(variances[0])))
        _, lower, upper = fieller_ends(top, bottom, variances, scale=1.0)
        total = true[:, a, b].sum(axis=1)
        use = (total > 0) & np.ones_like(top, bool)
        rate = true[:, a, b, 1] / np.maximum(total, 1)
        is_bounded = np.isfinite(lower) & np.isfinite(upper) & use
        bounded.append(is_bounded)
        held_rates.append(((lower <= rate) & (rate <= upper))[use & (total >= 50)])
    return (
        float(np.mean(np.concatenate([x.ravel() for x in held_counts]))),
        float(np.mean(np.concatenate([x.ravel() for x in held_rates]))),
        float(np.mean(np.concatenate([x.ravel() for x in bounded]))),
    )


@pytest.mark.parametrize("level", ["all", "region", "la", "leaf"])
def test_95_of_100_intervals_hold_at_every_level(country: Country, level: str) -> None:
    """Counts and rates; rates of cells with 50 children and more, where a rate is worth publishing."""
    counts, rates, _ = _held(level, country)
    assert 0.945 <= counts <= 0.955
    assert 0.945 <= rates <= 0.955


def test_everything_is_whole_and_adds_up_in_every_draw(country: Country) -> None:
    assert country.drawn.dtype == np.int64
    shown = np.ones(country.grid.n_cells, bool)
    for values in country.drawn[:40]:
        assert additivity(PublishedCells(country.grid, values, shown, is_count=False)) == ()


def test_the_mean_error_is_nothing_in_every_size_band(country: Country) -> None:
    edges = [0, 1, 10, 50, 250, 1000, 5000, 10**9]
    for low, high in pairwise(edges):
        band = (country.truth >= low) & (country.truth < high)
        means = country.errors[:, band].mean(axis=1)
        assert abs(means.mean()) < 4 * means.std(ddof=1) / DRAWS**0.5, (low, int(band.sum()))
