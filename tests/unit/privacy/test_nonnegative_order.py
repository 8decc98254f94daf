"""The order of tables: running intersection where there is one, refusal where there is none."""

from itertools import combinations

import pytest

from ndl_publish.privacy.nonnegative_order import Axes, Step, facets, junction_order, steps_of
from tests.unit.privacy.noisy_family import closed

CIRCLE: list[Axes] = [(1, 2), (2, 3), (1, 3)]


def _order(own: list[Axes], above: list[Axes]) -> list[tuple[Axes, tuple[Axes, ...], bool]]:
    return [(s.axes, s.margins, s.is_bound_above) for s in steps_of(closed(own), closed(above) if above else [])]


def test_facets_lie_in_no_other() -> None:
    assert facets(closed([(1, 2, 3), (3, 4), (5,)])) == [(1, 2, 3), (3, 4), (5,)]
    assert facets([()]) == [()]


def test_a_chain_is_followed_link_by_link() -> None:
    chain: list[Axes] = [(1, 2), (3, 4), (2, 3)]
    assert junction_order(chain) == [((1, 2), ()), ((2, 3), (2,)), ((3, 4), (3,))]
    assert junction_order([]) == []


def test_every_junction_order_has_running_intersection() -> None:
    sets: list[Axes] = [(1, 2, 9), (2, 3, 9), (3, 4), (5,), (2, 6)]
    order = junction_order(sets)
    for k, (axes, separator) in enumerate(order):
        seen = {i for other, _ in order[:k] for i in other}
        assert set(separator) == set(axes) & seen
        assert not k or any(set(separator) <= set(other) for other, _ in order[:k])


@pytest.mark.parametrize("sets", [CIRCLE, [(1, 2), (2, 3), (3, 4), (1, 4)], list(combinations(range(4), 3))])
def test_circles_are_refused_by_name(sets: list[Axes]) -> None:
    with pytest.raises(ValueError, match=r"not decomposable: \("):
        junction_order(sets)
    with pytest.raises(ValueError, match="not decomposable"):
        steps_of(closed(sets), closed(sets))


def test_what_all_share_is_made_first() -> None:
    star: list[Axes] = [(1, 9), (2, 9), (3, 9)]
    assert _order(star, star) == [
        ((), (), True),
        ((9,), ((),), True),
        ((1, 9), ((9,),), True),
        ((2, 9), ((9,),), True),
        ((3, 9), ((9,),), True),
    ]


def test_separators_within_separators_are_made_from_small_to_large() -> None:
    sets: list[Axes] = [(1, 2, 9), (1, 3, 9), (4, 9)]
    made = [axes for axes, _, _ in _order(sets, sets)]
    assert made == [(), (9,), (1, 9), (1, 2, 9), (1, 3, 9), (4, 9)]


def test_at_the_base_all_pairs_can_be_made_because_no_table_meets_more_than_two_margins() -> None:
    pairs: list[Axes] = [(a, b, 9) for a, b in combinations(range(4), 2)]
    steps = _order(pairs, [])
    assert not any(bound for _, _, bound in steps)
    assert steps[:3] == [((), (), False), ((9,), ((),), False), ((0, 9), ((9,),), False)]
    assert ((0, 1, 9), ((0, 9), (1, 9)), False) in steps


def test_at_the_base_a_table_with_three_knotted_margins_is_refused() -> None:
    knotted = list(combinations(range(4), 3))
    with pytest.raises(ValueError, match=r"characteristics \(0, 1, 2\) has margins .* \(0, 1\), \(0, 2\), \(1, 2\)"):
        steps_of(closed(knotted), [])


def test_margins_that_hang_together_like_a_chain_are_joined_two_by_two() -> None:
    steps = _order([(1, 2, 3), (1, 4), (2, 4), (3, 4)], [])
    assert steps[-1] == ((1, 2, 3), ((1, 2), (3,)), False)
    assert ((1, 2), ((1,), (2,)), False) in steps


def test_a_table_that_is_not_above_is_bound_by_those_that_are() -> None:
    steps = _order([(1, 9)], [(1,), (9,)])
    assert steps == [
        ((), (), True),
        ((1,), ((),), True),
        ((9,), ((),), True),
        ((1, 9), ((1,), (9,)), False),
    ]
    assert Step((9,), ((),), is_bound_above=True) in steps_of(closed([(1, 9)]), closed([(9,)]))
