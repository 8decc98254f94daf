import numpy as np
import pytest

from ndl_publish.errors import RuleError
from ndl_publish.protect.primary.threshold import threshold_rule


def test_marks_one_to_minimum_minus_one() -> None:
    counts = np.arange(7).reshape(1, 7)
    assert threshold_rule(counts, minimum_count=5).tolist() == [[False, True, True, True, True, False, False]]


def test_minimum_of_one_withholds_nothing() -> None:
    assert not threshold_rule(np.arange(10), minimum_count=1).any()


def test_no_cells() -> None:
    assert threshold_rule(np.zeros(0, np.int64), minimum_count=5).shape == (0,)


@pytest.mark.parametrize("minimum_count", [0, -1])
def test_refuses_minimum_below_one(minimum_count: int) -> None:
    with pytest.raises(RuleError) as error:
        threshold_rule(np.array([4711]), minimum_count=minimum_count)
    assert error.value.code == "NDL-R030"
    assert "4711" not in str(error.value)
