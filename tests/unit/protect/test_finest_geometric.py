"""Pure epsilon on the finest crossing: margins are sums, variances are counted cells, and limits are kept."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from ndl_publish.audit.additivity import additivity
from ndl_publish.audit.published import PublishedCells
from ndl_publish.cube.model import Cube
from ndl_publish.errors import BudgetError, RuleError
from ndl_publish.ledger.book import Ledger
from ndl_publish.privacy.randomness import KeyedRandomSource
from ndl_publish.protect.finest_geometric import LABEL, FinestGeometric, plan_finest_geometric
from tests.unit.cube.small_release import BANDS, MAIN, SMALL, TABLES, World, children, key, pay, world


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> World:
    return world(tmp_path_factory.mktemp("geometric"), "geometric", tables=(MAIN, SMALL), rho="0.5")


@pytest.fixture(scope="module")
def plan(made: World) -> FinestGeometric:
    return plan_finest_geometric(made.spec, made.layout)


@pytest.fixture(scope="module")
def counted(made: World) -> Cube:
    return made.cube(children(500))


def test_one_query_pays_for_everything(plan: FinestGeometric) -> None:
    (event,) = plan.events
    assert event.epsilon == Fraction(1, 2)
    assert event.n_cells == 8 * 2 * 4 * 4
    assert event.loss.rho == Fraction(1, 8)


def test_every_child_is_in_exactly_one_finest_cell(plan: FinestGeometric, counted: Cube) -> None:
    table = plan.exact(counted.rows)["children"].values
    assert table.sum() == 500
    assert len(plan.finest.blocks) == 1
    assert plan.finest.blocks[0].shape == (8, 2, 4, 4)


def test_noisy_cells_add_up_everywhere(ledger: Ledger, plan: FinestGeometric, counted: Cube, made: World) -> None:
    source = KeyedRandomSource(key())
    measurements = plan.measure(plan.exact(counted.rows), grant=pay(ledger, plan.events, "d"), source=source)
    drawn = plan.estimate(measurements)
    grid = made.layout.grid
    shown = np.ones(grid.n_cells, bool)
    assert additivity(PublishedCells(grid, drawn.values, shown, is_count=False)) == ()
    assert drawn.values[grid.block(("national", "total", "total", "total")).offset] == measurements[LABEL].sum()
    noise = measurements[LABEL] - plan.exact(counted.rows)["children"].values
    assert np.count_nonzero(noise) > 100
    assert (measurements[LABEL] < 0).any()


def test_a_covariance_is_the_number_of_shared_cells(plan: FinestGeometric, made: World) -> None:
    grid = made.layout.grid
    alpha = float(np.exp(-0.5))
    one_cell = 2 * alpha / (1 - alpha) ** 2
    codes = np.stack(np.unravel_index(np.arange(256), (8, 2, 4, 4)), axis=1)
    for levels in [("combined_authority", "sex", "ethnic_minor", "gld"), ("lsoa", "total", "total", "total")]:
        block = grid.block(levels)
        cells = grid.members(block, codes)
        axes = [i for i in range(1, 4) if levels[i] != "total"]
        groups = [(grid.dimensions[i].level(levels[i]).group_of == 0).astype(float) for i in axes]
        found = plan.covariance("children", block, tuple(groups), tuple(groups))
        first = np.arange(block.shape[0]) * (block.n_cells // block.shape[0]) + block.offset
        assert np.allclose(found, [one_cell * (cells == cell).sum() for cell in first])


def test_the_variance_is_that_of_the_draws(ledger: Ledger, plan: FinestGeometric, counted: Cube, made: World) -> None:
    exact = plan.exact(counted.rows)
    grant = pay(ledger, plan.events, "d")
    block = made.layout.grid.block(("lsoa", "sex", "total", "total"))
    drawn = [plan.measure(exact, grant=grant, source=KeyedRandomSource(key(k))) for k in range(60)]
    errors = np.array([plan.estimate(one).values[block.cells] for one in drawn]) - counted.counts[block.cells]
    stated = plan.covariance("children", block, (np.array([1.0, 0.0]),), (np.array([1.0, 0.0]),))[0]
    assert 0.8 < errors.astype(float).var() / stated < 1.2


def test_noise_depends_on_digest_and_grant(ledger: Ledger, plan: FinestGeometric, counted: Cube, made: World) -> None:
    exact = plan.exact(counted.rows)
    other = plan.exact(made.cube(children(501)).rows)
    identity = ("r", "1.0.0", "tiny")
    dearer = FinestGeometric(plan.grid, plan.finest, Fraction(1), ("tiny",))
    digests = {
        plan.digest(key(), exact, identity=identity),
        plan.digest(key(), other, identity=identity),
        plan.digest(key(2), exact, identity=identity),
        plan.digest(key(), exact, identity=("r", "1.0.1", "tiny")),
        dearer.digest(key(), exact, identity=identity),
    }
    assert len(digests) == 5
    source = KeyedRandomSource(key())
    one = plan.measure(exact, grant=pay(ledger, plan.events, "one"), source=source)[LABEL]
    two = plan.measure(exact, grant=pay(ledger, plan.events, "two"), source=source)[LABEL]
    assert (one == two).mean() < 0.4


def test_what_is_not_paid_for_is_not_drawn(ledger: Ledger, plan: FinestGeometric, counted: Cube) -> None:
    cheaper = FinestGeometric(plan.grid, plan.finest, Fraction(1, 4), ("tiny",))
    with pytest.raises(BudgetError):
        plan.measure(plan.exact(counted.rows), grant=pay(ledger, cheaper.events, "d"), source=KeyedRandomSource(key()))


def test_means_and_large_releases_and_other_rules_are_refused(tmp_path: Path) -> None:
    with_mean = world(tmp_path / "mean", "geometric", tables=TABLES)
    gaussian = world(tmp_path / "dp", "dp", tables=(MAIN,))
    for made, code in ((with_mean, "NDL-R061"), (gaussian, "NDL-R060")):
        with pytest.raises(RuleError) as caught:
            plan_finest_geometric(made.spec, made.layout)
        assert caught.value.code == code


def test_a_release_of_too_many_finest_cells_is_refused(made: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ndl_publish.protect.finest_geometric.MOST_CELLS", 255)
    with pytest.raises(RuleError, match="discrete_gaussian"):
        plan_finest_geometric(made.spec, made.layout)


def test_it_works_where_the_area_decides_a_breakdown(tmp_path: Path, ledger: Ledger) -> None:
    made = world(tmp_path, "geometric", tables=(BANDS,))
    plan = plan_finest_geometric(made.spec, made.layout)
    exact = plan.exact(made.cube(children(300)).rows)
    drawn = plan.estimate(plan.measure(exact, grant=pay(ledger, plan.events, "d"), source=KeyedRandomSource(key())))
    assert drawn.values.shape == (made.layout.grid.n_cells,)


def test_it_says_what_it_is(plan: FinestGeometric) -> None:
    said = plan.describe()
    assert said["queries"][0]["epsilon"] == "1/2"
    assert said["queries"][0]["attributes"] == ["sex", "ethnic_minor", "profile"]
    assert "diffprivlib" in said["mechanism"]
