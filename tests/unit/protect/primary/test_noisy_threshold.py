import numpy as np
import pytest

from ndl_publish.errors import RuleError
from ndl_publish.protect.primary.noisy_threshold import noisy_threshold_rule


def test_marks_everything_below_zeros_and_negatives_included() -> None:
    assert noisy_threshold_rule(np.array([-7, -1, 0, 4, 5]), minimum_count=5).tolist() == [True] * 4 + [False]


def test_refuses_minimum_below_one() -> None:
    with pytest.raises(RuleError, match="at least 1"):
        noisy_threshold_rule(np.array([1]), minimum_count=0)
