"""Losses are exact fractions read off the queries."""

import json
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ndl_publish.errors import RuleError
from ndl_publish.privacy.events import (
    GaussianQuery,
    LaplaceQuery,
    PrivacyLoss,
    fraction_text,
    losses_by_cohort,
    total_loss,
)

amounts = st.fractions(min_value=0, max_value=100)
losses = st.builds(PrivacyLoss, amounts, amounts)


def gaussian(label: str = "t", cohort: str = "2019/20", sigma2: Fraction = Fraction(269)) -> GaussianQuery:
    return GaussianQuery(label, (cohort,), sigma2, Fraction(2), 10)


def test_gaussian_cost_is_exact() -> None:
    assert GaussianQuery("t", ("c",), Fraction(1, 3), Fraction(5, 7), 1).rho == Fraction(15, 14)


def test_laplace_cost_is_exact_and_enters_rho_as_half_its_square() -> None:
    query = LaplaceQuery("t", ("c",), Fraction(54), Fraction(2), 1)
    assert query.epsilon == Fraction(1, 27)
    assert query.loss == PrivacyLoss(Fraction(1, 1458), Fraction(1, 27))


def test_pure_queries_add_half_squares_not_the_square_of_the_sum() -> None:
    queries = [LaplaceQuery(name, ("c",), Fraction(1), Fraction(1), 1) for name in "ab"]
    assert total_loss(queries) == PrivacyLoss(Fraction(1), Fraction(2))


def test_nothing_measured_costs_nothing() -> None:
    assert total_loss([]) == PrivacyLoss.zero() == PrivacyLoss()


def test_cohorts_pay_for_themselves() -> None:
    queries = [gaussian("a", "2020/21"), gaussian("b", "2019/20"), gaussian("c", "2020/21")]
    assert losses_by_cohort(queries) == (
        ("2019/20", PrivacyLoss(Fraction(1, 269))),
        ("2020/21", PrivacyLoss(Fraction(2, 269))),
    )
    assert total_loss(queries) == PrivacyLoss(Fraction(2, 269))


def test_each_cohort_of_a_query_pays_the_whole_of_it_and_a_child_is_of_one() -> None:
    both = GaussianQuery("both", ("2019/20", "2020/21"), Fraction(269), Fraction(2), 10)
    assert losses_by_cohort([both]) == tuple((c, PrivacyLoss(Fraction(1, 269))) for c in ("2019/20", "2020/21"))
    assert total_loss([both]) == PrivacyLoss(Fraction(1, 269))
    assert total_loss([both, gaussian("one", "2020/21")]) == PrivacyLoss(Fraction(2, 269))


@pytest.mark.parametrize("cohorts", ["2019/20", (), ["2019/20"]])
def test_a_query_names_its_cohorts_as_a_tuple(cohorts: object) -> None:
    with pytest.raises(TypeError, match="cohorts"):
        GaussianQuery("t", cohorts, Fraction(1), Fraction(1), 1)  # type: ignore[arg-type]


def test_a_repeated_label_is_refused_in_one_cohort_only() -> None:
    with pytest.raises(RuleError, match="share their noise") as caught:
        losses_by_cohort([gaussian(), gaussian(sigma2=Fraction(1))])
    assert caught.value.code == "NDL-R046"
    assert len(losses_by_cohort([gaussian(cohort="2018/19"), gaussian(cohort="2019/20")])) == 2


@pytest.mark.parametrize("sigma2", [Fraction(0), Fraction(-1)])
def test_no_noise_is_refused(sigma2: Fraction) -> None:
    with pytest.raises(RuleError) as caught:
        gaussian(sigma2=sigma2)
    assert caught.value.code == "NDL-R045"
    with pytest.raises(RuleError):
        LaplaceQuery("t", ("c",), sigma2, Fraction(1), 1)


def test_negative_losses_are_refused() -> None:
    with pytest.raises(RuleError):
        PrivacyLoss(Fraction(-1))


@pytest.mark.parametrize("value", [0.5, 1])
def test_floats_and_integers_are_refused(value: float) -> None:
    with pytest.raises(TypeError, match="Fraction"):
        PrivacyLoss(value)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="Fraction"):
        GaussianQuery("t", ("c",), value, Fraction(1), 1)  # type: ignore[arg-type]


@given(losses, losses, losses)
def test_addition_is_exact_in_any_order(a: PrivacyLoss, b: PrivacyLoss, c: PrivacyLoss) -> None:
    assert (a + b) + c == c + (b + a)
    assert a + PrivacyLoss.zero() == a
    assert a <= a + b


@given(losses)
def test_json_keeps_every_digit(loss: PrivacyLoss) -> None:
    assert PrivacyLoss.from_json(json.loads(json.dumps(loss.to_json()))) == loss


def test_order_needs_both_parts() -> None:
    a, b = PrivacyLoss(Fraction(1), Fraction(0)), PrivacyLoss(Fraction(0), Fraction(1))
    assert not a <= b
    assert not b <= a


def test_queries_are_written_as_exact_text() -> None:
    written = GaussianQuery("t", ("c",), Fraction(807, 3), Fraction(1, 2), 4).to_json()
    assert (written["sigma2"], written["squared_sensitivity"], written["n_cells"]) == ("269/1", "1/2", 4)
    laplace = LaplaceQuery("t", ("c",), Fraction(1, 2), Fraction(1), 4).to_json()
    assert (laplace["mechanism"], laplace["scale"], laplace["sensitivity"]) == ("discrete_laplace", "1/2", "1/1")
    assert fraction_text(Fraction(-3, 6)) == "-1/2"
