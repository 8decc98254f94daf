"""Mode dp: pay first, draw second, and from then on see nothing exact."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from ndl_publish.audit.recoverable import recoverable_cells
from ndl_publish.cube.grid import Block
from ndl_publish.cube.model import Cube, FinestRows
from ndl_publish.errors import BudgetError, RuleError
from ndl_publish.ledger.book import Ledger
from ndl_publish.ledger.grant import Grant
from ndl_publish.privacy.events import PrivacyLoss, Query
from ndl_publish.privacy.least_squares import FloatArray
from ndl_publish.privacy.randomness import RandomSource
from ndl_publish.privacy.secret_key import SecretKey
from ndl_publish.protect.dp import DpResult, NoisyCells, Order, Payment, measure_dp, place_order, protect_dp
from ndl_publish.protect.figures import Vectors
from ndl_publish.protect.measure import ExactTables, Measurements
from ndl_publish.protect.tree_residuals import plan_tree_residuals
from ndl_publish.spec.rules import DpRules
from tests.unit.cube.small_release import MEANS, SMALL, World, children, key, protect, rules, with_version, world
from tests.unit.protect.conftest import ClassicBuild, DpBuild


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> World:
    return world(tmp_path_factory.mktemp("smaller"), tables=(SMALL, MEANS))


@pytest.fixture(scope="module")
def cube(small: World) -> Cube:
    return small.cube(children(2500))


@dataclass
class Fixed:
    """A mechanism that ignores the exact tables and gives the same cells to everybody."""

    made: World
    cells: NoisyCells = field(repr=False)
    fails: bool = False
    draws: int = 0

    def __post_init__(self) -> None:
        self.plan = plan_tree_residuals(self.made.spec, self.made.layout)

    @property
    def events(self) -> tuple[Query, ...]:
        return self.plan.events

    @property
    def z_95(self) -> float:
        return self.plan.z_95

    def covariance(self, quantity: str, block: Block, left: Vectors, right: Vectors) -> FloatArray:
        return self.plan.covariance(quantity, block, left, right)

    def exact(self, rows: FinestRows) -> Mapping[str, ExactTables]:
        return self.plan.exact(rows)

    def digest(self, key: SecretKey, exact: Mapping[str, ExactTables], *, identity: tuple[str, ...]) -> str:  # noqa: ARG002
        return "the same for everybody"

    @property
    def replace_one(self) -> PrivacyLoss:
        return self.plan.replace_one

    def measure(self, exact: Mapping[str, ExactTables], *, grant: Grant, source: RandomSource) -> Measurements:  # noqa: ARG002
        self.draws += 1
        if self.fails:
            raise MemoryError
        return {"the same for everybody": np.arange(3)}

    def estimate(self, measurements: Measurements) -> NoisyCells:  # noqa: ARG002
        return self.cells

    def labelled(self, measurements: Measurements) -> pl.DataFrame:
        return pl.DataFrame({"value": measurements["the same for everybody"]})

    def describe(self) -> dict[str, Any]:
        return self.plan.describe()


def _fixed(made: World, n: int = 2500) -> Fixed:
    cube = made.cube(children(n, seed=77))
    return Fixed(made, NoisyCells(cube.counts, cube.sums))


def _run(made: World, cube: Cube, mechanism: Fixed, ledger: Ledger) -> DpResult:
    return protect(made, cube, ledger, mechanism=mechanism).result


def _same(one: DpResult, other: DpResult) -> bool:
    return (
        one.protected.values.tobytes() == other.protected.values.tobytes()
        and one.withheld.mask.tobytes() == other.withheld.mask.tobytes()
        and all(a.figures.equals(b.figures) for a, b in zip(one.protected.tables, other.protected.tables, strict=True))
    )


def test_nothing_public_depends_on_an_exact_count_but_through_the_noise(small: World, ledger: Ledger) -> None:
    """The mutant to catch: any exact count used after the draw, for a mask, an interval, a status or a word."""
    mechanism = _fixed(small)
    results = [_run(small, small.cube(children(n, seed=seed)), mechanism, ledger) for n, seed in ((3, 1), (5000, 2))]
    assert _same(*results)
    assert results[0].protected.privacy == results[1].protected.privacy


def test_small_exact_counts_are_shown_where_the_noisy_ones_are_large(small: World, ledger: Ledger) -> None:
    few = small.cube(children(20))
    result = _run(small, few, _fixed(small), ledger)
    tiny = (few.counts > 0) & (few.counts < 10)
    assert result.withheld.is_shown[tiny].mean() > 0.5


def test_the_ledger_is_charged_before_anything_is_drawn_and_whatever_happens_then(small: World, ledger: Ledger) -> None:
    mechanism = _fixed(small)
    mechanism.fails = True
    with pytest.raises(MemoryError):
        _run(small, small.cube(children(5)), mechanism, ledger)
    (balance,) = ledger.balances()
    assert balance.spent == sum((query.loss.rho for query in mechanism.events), Fraction(0))


def test_what_the_cap_does_not_allow_is_never_drawn(tmp_path: Path, ledger: Ledger) -> None:
    made = world(tmp_path, rho="0.4", tables=(SMALL,))
    book = made.spec.rules.model_copy(update={"lifetime_cap": _number("0.5", "rho")})
    made = replace(made, spec=replace(made.spec, rules=book))
    cube = made.cube(children(100))
    protect(made, cube, ledger)
    mechanism = _fixed(made)
    with pytest.raises(BudgetError) as caught:
        _run(made, cube, mechanism, ledger)
    assert caught.value.code == "NDL-B001"
    assert mechanism.draws == 0


def _number(value: str, unit: str) -> object:
    book = rules("dp")
    book["lifetime_cap"] = {**book["lifetime_cap"], "value": value, "unit": unit}
    return DpRules.model_validate(book).lifetime_cap


def test_the_same_input_gives_the_same_output_for_one_charge(small: World, cube: Cube, ledger: Ledger) -> None:
    one, other = protect(small, cube, ledger), protect(small, cube, ledger, actor="somebody else")
    assert _same(one.result, other.result)
    assert one.result.protected.privacy == other.result.protected.privacy
    assert not one.grant.is_replay
    assert other.grant.is_replay
    assert ledger.balances()[0].spent == sum((loss.rho for _, loss in one.grant.losses), Fraction(0))


def test_a_shuffled_file_is_the_same_input(small: World, cube: Cube, ledger: Ledger) -> None:
    shuffled = small.cube(children(2500).sample(fraction=1.0, shuffle=True, seed=3))
    assert _same(protect(small, cube, ledger).result, protect(small, shuffled, ledger).result)


@pytest.mark.parametrize("change", ["child", "version", "key"])
def test_any_other_input_is_charged_and_draws_afresh(small: World, cube: Cube, ledger: Ledger, change: str) -> None:
    before = protect(small, cube, ledger)
    made, other, number = small, cube, 1
    if change == "child":
        other = small.cube(children(2500)[1:])
    elif change == "version":
        made = with_version(small, "1.0.1")
    else:
        number = 2
    after = protect(made, other, ledger, number_=number)
    assert not after.grant.is_replay
    assert ledger.balances()[0].spent == 2 * sum((loss.rho for _, loss in before.grant.losses), Fraction(0))
    equal = np.concatenate([before.measurements[name] == after.measurements[name] for name in before.measurements])
    assert equal.mean() < 0.15


def test_the_digest_is_bound_to_release_and_version(small: World, cube: Cube) -> None:
    plan = plan_tree_residuals(small.spec, small.layout)
    one = place_order(cube, small.spec, plan, key=key())
    assert one.digest == place_order(cube, small.spec, plan, key=key()).digest
    assert one.digest != place_order(cube, with_version(small, "2.0.0").spec, plan, key=key()).digest
    assert one.digest != place_order(cube, small.spec, plan, key=key(2)).digest
    assert "array" not in repr(one)


def test_withheld_cells_carry_nothing(dp_build: DpBuild) -> None:
    protected = dp_build.result.protected
    assert not protected.values[~protected.is_shown].any()
    assert np.array_equal(protected.values[protected.is_shown], dp_build.result.values[protected.is_shown])
    assert protected.mode == "dp"
    for table in protected.tables:
        blank = table.figures.filter(table.figures["status"] != "published").select("value", "lower", "upper")
        assert blank.null_count().row(0) == (blank.height,) * 3


def test_noise_is_in_what_is_published(dp_build: DpBuild) -> None:
    shown = dp_build.result.protected.is_shown
    assert (dp_build.result.protected.values[shown] != dp_build.cube.counts[shown]).mean() > 0.6


def test_rules_of_another_mode_are_refused(classic_build: ClassicBuild, small: World, ledger: Ledger) -> None:
    mechanism, exact = _fixed(small), classic_build.made
    with pytest.raises(RuleError) as caught:
        measure_dp(exact.spec, Order(mechanism, {}, "d"), payment=Payment(key(), ledger, "a"))
    assert caught.value.code == "NDL-R060"
    assert not ledger.balances()
    assert mechanism.draws == 0
    with pytest.raises(RuleError) as caught:
        protect_dp(exact.spec, exact.layout, mechanism, {}, entry={}, recoverable=recoverable_cells)
    assert caught.value.code == "NDL-R060"


def test_results_do_not_print_a_count(dp_build: DpBuild) -> None:
    assert "array" not in repr(dp_build.result)
    assert "SecretKey" not in repr(Payment(key(), None, "a"))  # type: ignore[arg-type]
