"""Refusals: what is refused, and what the message tells."""

import re
from collections.abc import Callable
from fractions import Fraction

import pytest

from ndl_publish.errors import BudgetError
from ndl_publish.ledger import ChargeRequest
from ndl_publish.ledger.decision import decimal_text, require_affordable
from ndl_publish.ledger.state import State
from ndl_publish.privacy.events import PrivacyLoss

MakeRequest = Callable[..., ChargeRequest]

CAPS = {"2019/20": Fraction(1, 2)}


def spent(rho: str, cap: str = "1/2") -> State:
    return State(caps={"2019/20": Fraction(cap)}, spent={"2019/20": PrivacyLoss(Fraction(rho))})


def test_the_last_drop_may_be_spent_and_not_one_more(make_request: MakeRequest) -> None:
    require_affordable(spent("2/5"), make_request(rho="1/10"), caps=CAPS)
    with pytest.raises(BudgetError) as caught:
        require_affordable(spent("2/5"), make_request(rho="100000000000000001/1000000000000000000"), caps=CAPS)
    assert caught.value.code == "NDL-B001"


def test_the_refusal_names_cohort_figures_and_remedies(make_request: MakeRequest) -> None:
    with pytest.raises(BudgetError) as caught:
        require_affordable(spent("9/20"), make_request(rho="1/10"), caps=CAPS)
    figures = "asked rho 0.1, left 0.05 (cap 0.5, spent 0.45)"
    for part in ("2019/20", figures, "nothing was charged", "Lower rho in the rule book"):
        assert part in caught.value.message
    assert "lifetime_cap" not in caught.value.message


def test_a_refusal_prints_decimals_only(make_request: MakeRequest) -> None:
    third = f"{10**60}/{3 * 10**60 + 1}"
    with pytest.raises(BudgetError) as caught:
        require_affordable(spent(third), make_request(rho=third), caps=CAPS)
    assert "asked rho 0.333333, left 0.166667 (cap 0.5, spent 0.333333)" in caught.value.message
    assert not re.search(r"\d/\d", caught.value.message.replace("2019/20", ""))
    assert max(map(len, re.findall(r"\d+", caught.value.message))) <= 6


def test_a_cohort_without_cap_is_refused(make_request: MakeRequest) -> None:
    for caps in ({}, {"2019/20": Fraction(-1)}):
        with pytest.raises(BudgetError) as caught:
            require_affordable(State(), make_request(), caps=caps)
        assert caught.value.code == "NDL-B004"


def test_a_larger_cap_than_remembered_is_refused(make_request: MakeRequest) -> None:
    with pytest.raises(BudgetError) as caught:
        require_affordable(spent("0", cap="1/4"), make_request(), caps=CAPS)
    assert "a cap of rho 0.5, and the ledger holds it to 0.25." in caught.value.message
    assert caught.value.message.endswith('ndl-publish ledger set-cap 2019/20 0.5 --reason "..."')
    assert caught.value.code == "NDL-B005"


def test_a_smaller_cap_binds_its_own_rules(make_request: MakeRequest) -> None:
    with pytest.raises(BudgetError) as caught:
        require_affordable(spent("1/10"), make_request(), caps={"2019/20": Fraction(3, 20)})
    assert caught.value.code == "NDL-B001"
    told = "The rule book's lifetime_cap (0.15) is smaller than the ledger's (0.5): the smaller holds."
    assert caught.value.message.endswith(told)


def test_a_committed_version_is_refused(make_request: MakeRequest) -> None:
    state = State(committed={("early-years", "1.0.0"): "other"})
    with pytest.raises(BudgetError, match="Raise the version") as caught:
        require_affordable(state, make_request(), caps=CAPS)
    assert caught.value.code == "NDL-B003"
    require_affordable(state, make_request(version="1.0.1"), caps=CAPS)


def test_decimals_come_from_the_fraction() -> None:
    assert decimal_text(Fraction(1, 10)) == "0.1"
    assert decimal_text(Fraction(2, 3)) == "0.666667"
    assert decimal_text(Fraction(5)) == "5"
