"""A charge request checks itself and writes itself down without floats."""

import hashlib
import json
from collections.abc import Callable
from fractions import Fraction

import pytest

from ndl_publish.errors import BudgetError
from ndl_publish.ledger import ChargeRequest
from ndl_publish.ledger.request import canonical_json, charges_of, hash_queries
from ndl_publish.privacy.events import PrivacyLoss

MakeRequest = Callable[..., ChargeRequest]


def test_charges_are_the_sum_of_the_queries_in_order_of_cohorts(make_request: MakeRequest) -> None:
    request = make_request(cohorts=("2020/21", "2019/20"))
    loss = PrivacyLoss(Fraction(1, 10))
    assert request.charges == (("2019/20", loss), ("2020/21", loss))


@pytest.mark.parametrize("changes", [{"release_id": ""}, {"version": ""}, {"request_digest": ""}])
def test_nameless_requests_are_refused(make_request: MakeRequest, changes: dict[str, str]) -> None:
    with pytest.raises(BudgetError) as caught:
        make_request(**changes)
    assert caught.value.code == "NDL-B010"


def test_a_request_without_charges_is_refused(make_request: MakeRequest) -> None:
    with pytest.raises(BudgetError, match="each cohort exactly once"):
        make_request(cohorts=())


def test_written_down_and_read_again(make_request: MakeRequest) -> None:
    request = make_request()
    body = json.loads(canonical_json(request.to_json()))
    assert charges_of(body) == request.charges
    assert body["queries"][0]["sigma2"] == "5/1"


def test_the_actor_is_not_part_of_the_content(make_request: MakeRequest) -> None:
    assert "a statistician" not in canonical_json(make_request().to_json())


def test_the_query_hash_is_over_canonical_json(make_request: MakeRequest) -> None:
    request = make_request()
    text = json.dumps(list(request.queries), sort_keys=True, separators=(",", ":"))
    assert request.query_set_hash == hashlib.sha256(text.encode()).hexdigest()
    assert hash_queries([]) != request.query_set_hash


@pytest.mark.parametrize("value", [0.1, {"a": [1, 0.5]}, ({"b": 1.0},)])
def test_floats_never_enter(value: object) -> None:
    with pytest.raises(TypeError, match="no floats"):
        canonical_json(value)


def test_canonical_json_sorts_keys_and_keeps_letters() -> None:
    assert canonical_json({"b": 1, "a": "Ynys Môn"}) == '{"a":"Ynys Môn","b":1}'
