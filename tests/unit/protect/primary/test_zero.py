import numpy as np
import pytest

from ndl_publish.errors import RuleError
from ndl_publish.protect.primary.zero import zero_rule

COUNTS = np.array([0, 1, 0, 9])


def test_show_marks_none() -> None:
    assert not zero_rule(COUNTS, policy="show").any()


def test_protect_marks_observed_zeros_only() -> None:
    assert zero_rule(COUNTS, policy="protect").tolist() == [True, False, True, False]
    structural = np.array([True, False, False, False])
    assert zero_rule(COUNTS, policy="protect", structural=structural).tolist() == [False, False, True, False]


def test_unknown_policy_is_refused() -> None:
    with pytest.raises(RuleError) as error:
        zero_rule(COUNTS, policy="hide")  # type: ignore[arg-type]
    assert error.value.code == "NDL-R031"
