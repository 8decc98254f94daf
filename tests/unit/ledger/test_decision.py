"""Refusals: what is refused, and what the message tells."""

import re
from collections.abc import Callable
from fractions import Fraction

import pytest

from ndl_publish.errors import BudgetError
from ndl_publish.ledger import ChargeRequest
from ndl_publish.ledger.caps import Caps
from ndl_publish.ledger.decision import decimal_text, require_affordable
from ndl_publish.ledger.state import State
from ndl_publish.privacy.events import PrivacyLoss

MakeRequest = Callable[..., ChargeRequest]

CAPS = {"2019/20": Caps(Fraction(1, 2))}
YEAR = "2026"


def spent(rho: str, cap: str = "1/2") -> State:
    return State(caps={"2019/20": Fraction(cap)}, spent={"2019/20": PrivacyLoss(Fraction(rho))})


def test_the_last_drop_may_be_spent_and_not_one_more(make_request: MakeRequest) -> None:
    require_affordable(spent("2/5"), make_request(rho="1/10"), caps=CAPS, year=YEAR)
    with pytest.raises(BudgetError) as caught:
        require_affordable(
            spent("2/5"), make_request(rho="100000000000000001/1000000000000000000"), caps=CAPS, year=YEAR
        )
    assert caught.value.code == "NDL-B001"


def test_the_refusal_names_cohort_figures_and_remedies(make_request: MakeRequest) -> None:
    with pytest.raises(BudgetError) as caught:
        require_affordable(spent("9/20"), make_request(rho="1/10"), caps=CAPS, year=YEAR)
    figures = "asked rho 0.1, left 0.05 (cap 0.5, spent 0.45)"
    for part in ("2019/20", figures, "nothing was charged", "Lower rho in the rule book"):
        assert part in caught.value.message
    assert "lifetime_cap" not in caught.value.message


def test_a_refusal_prints_decimals_only(make_request: MakeRequest) -> None:
    third = f"{10**60}/{3 * 10**60 + 1}"
    with pytest.raises(BudgetError) as caught:
        require_affordable(spent(third), make_request(rho=third), caps=CAPS, year=YEAR)
    assert "asked rho 0.333333, left 0.166667 (cap 0.5, spent 0.333333)" in caught.value.message
    assert not re.search(r"\d/\d", caught.value.message.replace("2019/20", ""))
    assert max(map(len, re.findall(r"\d+", caught.value.message))) <= 6


def test_a_cohort_without_cap_is_refused(make_request: MakeRequest) -> None:
    with pytest.raises(BudgetError) as caught:
        require_affordable(State(), make_request(), caps={}, year=YEAR)
    assert caught.value.code == "NDL-B004"


def test_a_larger_cap_than_remembered_is_refused(make_request: MakeRequest) -> None:
    with pytest.raises(BudgetError) as caught:
        require_affordable(spent("0", cap="1/4"), make_request(), caps=CAPS, year=YEAR)
    assert "a cap of rho 0.5, and the ledger holds it to 0.25." in caught.value.message
    assert caught.value.message.endswith('ndl-publish ledger set-cap 2019/20 0.5 --reason "..."')
    assert caught.value.code == "NDL-B005"


def test_a_smaller_cap_binds_its_own_rules(make_request: MakeRequest) -> None:
    with pytest.raises(BudgetError) as caught:
        require_affordable(spent("1/10"), make_request(), caps={"2019/20": Caps(Fraction(3, 20))}, year=YEAR)
    assert caught.value.code == "NDL-B001"
    told = "The rule book's lifetime_cap (0.15) is smaller than the ledger's (0.5): the smaller holds."
    assert caught.value.message.endswith(told)


def this_year(rho: str, *, yearly: str | None) -> State:
    state = spent("1/4", cap="1")
    state.spent_in = {("2019/20", YEAR): Fraction(rho), ("2019/20", "2025"): Fraction(1, 10)}
    state.yearly_caps = {} if yearly is None else {"2019/20": Fraction(yearly)}
    return state


def capped(yearly: str | None) -> dict[str, Caps]:
    return {"2019/20": Caps(Fraction(1), None if yearly is None else Fraction(yearly))}


@pytest.mark.parametrize(
    ("remembered", "asked"), [(None, "1/5"), ("1/5", "1/5"), ("1/5", None), ("1/4", "1/5")], ids=str
)
def test_the_yearly_cap_may_be_spent_and_not_one_drop_more(
    make_request: MakeRequest, remembered: str | None, asked: str | None
) -> None:
    state, caps = this_year("1/10", yearly=remembered), capped(asked)
    require_affordable(state, make_request(rho="1/10"), caps=caps, year=YEAR)
    with pytest.raises(BudgetError) as caught:
        require_affordable(state, make_request(rho="100000000000000001/1000000000000000000"), caps=caps, year=YEAR)
    assert caught.value.code == "NDL-B020"
    require_affordable(state, make_request(rho="1/5"), caps=caps, year="2027")


def test_the_yearly_refusal_says_asked_left_and_cap(make_request: MakeRequest) -> None:
    with pytest.raises(BudgetError) as caught:
        require_affordable(this_year("3/20", yearly="1/4"), make_request(), caps=capped("1/5"), year=YEAR)
    told = "asked rho 0.1, left this year 0.05 (yearly cap 0.2, spent in 2026 0.15; years in UTC)"
    for part in ("2019/20", told, "nothing was charged", "Publish next year"):
        assert part in caught.value.message
    smaller = "The rule book's yearly_cap (0.2) is smaller than the ledger's (0.25): the smaller holds."
    assert caught.value.message.endswith(smaller)


def test_a_larger_yearly_cap_than_remembered_is_refused(make_request: MakeRequest) -> None:
    with pytest.raises(BudgetError) as caught:
        require_affordable(this_year("0", yearly="1/10"), make_request(), caps=capped("1/5"), year=YEAR)
    assert caught.value.code == "NDL-B021"
    assert "rho 0.2 a year, and the ledger holds it to 0.1." in caught.value.message
    assert caught.value.message.endswith('ndl-publish ledger set-cap 2019/20 0.2 --yearly --reason "..."')


def test_without_any_yearly_cap_a_year_has_no_limit(make_request: MakeRequest) -> None:
    require_affordable(this_year("1/4", yearly=None), make_request(rho="3/4"), caps=capped(None), year=YEAR)


def test_the_lifetime_cap_holds_within_the_yearly_one(make_request: MakeRequest) -> None:
    state = this_year("0", yearly="1/5")
    state.spent["2019/20"] = PrivacyLoss(Fraction(19, 20))
    with pytest.raises(BudgetError) as caught:
        require_affordable(state, make_request(), caps=capped("1/5"), year=YEAR)
    assert caught.value.code == "NDL-B001"


def test_a_committed_version_is_refused(make_request: MakeRequest) -> None:
    state = State(committed={("early-years", "1.0.0"): "other"})
    with pytest.raises(BudgetError, match="Raise the version") as caught:
        require_affordable(state, make_request(), caps=CAPS, year=YEAR)
    assert caught.value.code == "NDL-B003"
    require_affordable(state, make_request(version="1.0.1"), caps=CAPS, year=YEAR)


def test_decimals_come_from_the_fraction() -> None:
    assert decimal_text(Fraction(1, 10)) == "0.1"
    assert decimal_text(Fraction(2, 3)) == "0.666667"
    assert decimal_text(Fraction(5)) == "5"
