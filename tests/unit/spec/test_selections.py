import pytest
from pydantic import ValidationError

from ndl_publish.spec.selections import Preferred, Selection
from tests.rule_books import selection
from tests.unit.cube.small_release import number


def test_figures_of_a_selection() -> None:
    found = Selection.model_validate(selection("region", "sex", "band", measures=("children", "gld")))
    crossing = frozenset({"sex", "band"})
    assert list(found.figures()) == [("region", crossing, "children"), ("region", crossing, "gld")]


def test_no_breakdowns_means_all_children_of_the_area() -> None:
    found = Selection.model_validate({"level": "region", "measures": ["children"]})
    assert list(found.figures()) == [("region", frozenset(), "children")]


@pytest.mark.parametrize(
    "wrong",
    [{"level": "region"}, {"level": "region", "measures": []}, selection("region", factor=number("2", "times"))],
)
def test_what_is_no_selection(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Selection.model_validate(wrong)


@pytest.mark.parametrize(("value", "unit"), [("0", "times"), ("-1", "times"), ("1001", "times"), ("2", "children")])
def test_factors_that_mean_nothing(value: str, unit: str) -> None:
    with pytest.raises(ValidationError):
        Preferred.model_validate(selection("region", factor=number(value, unit)))


def test_a_factor_below_one_makes_a_figure_cheap() -> None:
    assert Preferred.model_validate(selection("region", factor=number("0.5", "times"))).factor.value < 1
