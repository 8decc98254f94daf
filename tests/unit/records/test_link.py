import polars as pl
import pytest

from ndl_publish.engines.polars import PolarsEngine
from ndl_publish.engines.protocol import Frame
from ndl_publish.records.link import best_links, has_record, join_linked
from ndl_publish.records.model import CHILD, ID, LINKED, SOURCE, WEIGHT

ENGINE = PolarsEngine()


def links(*rows: tuple[str, str, str, str | None]) -> Frame:
    return ENGINE.lift(
        pl.DataFrame(rows, schema=dict.fromkeys((CHILD, SOURCE, LINKED, WEIGHT), pl.String), orient="row")
    )


def best(*rows: tuple[str, str, str, str | None]) -> list[tuple[object, ...]]:
    return sorted(ENGINE.collect(best_links(links(*rows), source="s", minimum_weight=0.85)).rows())


def test_highest_weight_wins() -> None:
    assert best(("p", "s", "b", "0.9"), ("p", "s", "a", "0.95"), ("q", "s", "c", "1")) == [("p", "a"), ("q", "c")]


def test_weights_are_compared_as_numbers() -> None:
    assert best(("p", "s", "a", ".9"), ("p", "s", "b", "9.1e-1")) == [("p", "b")]


@pytest.mark.parametrize("order", [1, -1])
def test_of_equal_weights_the_smallest_id_wins(order: int) -> None:
    assert best(*[("p", "s", "b", "0.90"), ("p", "s", "a", "0.9")][::order]) == [("p", "a")]


def test_weak_links_and_those_of_other_sources_do_not_count() -> None:
    assert best(("p", "s", "a", "0.849"), ("p", "t", "b", "1"), ("q", "s", "c", "0.85")) == [("q", "c")]


def test_weight_that_is_no_number_does_not_count() -> None:
    assert best(("p", "s", "a", "x"), ("q", "s", "a", None)) == []


def test_children_without_a_record_are_kept_and_flagged() -> None:
    spine = ENGINE.lift(pl.DataFrame({ID: ["p", "q", "r"]}))
    table = ENGINE.lift(pl.DataFrame({ID: ["a"], "v": [7]}))
    all_links = links(("p", "s", "a", "1"), ("q", "s", "gone", "1"))
    joined = ENGINE.collect(join_linked(spine, all_links, {"s": table}, minimum_weight=0.5)).sort(ID)
    assert joined.select(ID, "v", has_record("s")).rows() == [("p", 7, True), ("q", None, False), ("r", None, False)]


def test_a_record_claimed_twice_stays_with_both() -> None:
    spine = ENGINE.lift(pl.DataFrame({ID: ["p", "q"]}))
    table = ENGINE.lift(pl.DataFrame({ID: ["a"], "v": [7]}))
    both = links(("p", "s", "a", "1"), ("q", "s", "a", "0.9"))
    assert ENGINE.collect(join_linked(spine, both, {"s": table}, minimum_weight=0.5))["v"].to_list() == [7, 7]
