import numpy as np
import pytest

from ndl_publish.errors import RuleError
from ndl_publish.protect.primary.minimum_contributors import minimum_contributors_rule


def test_marks_one_to_minimum_minus_one() -> None:
    assert minimum_contributors_rule(np.arange(5)[None], minimum_count=3).tolist() == [
        [False, True, True, False, False]
    ]


def test_no_cells() -> None:
    assert minimum_contributors_rule(np.zeros(0, np.int64), minimum_count=3).shape == (0,)


@pytest.mark.parametrize("minimum_count", [1, 0, -1])
def test_refuses_a_minimum_that_marks_nothing(minimum_count: int) -> None:
    with pytest.raises(RuleError) as error:
        minimum_contributors_rule(np.array([1]), minimum_count=minimum_count)
    assert error.value.code == "NDL-R030"
