"""Where noise is drawn: only against payment, and never the same noise for two different things."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from ndl_publish.cube.grid import IntArray
from ndl_publish.cube.model import Cube
from ndl_publish.errors import BudgetError
from ndl_publish.ledger.book import Ledger
from ndl_publish.ledger.grant import Grant
from ndl_publish.privacy.events import GaussianQuery
from ndl_publish.privacy.randomness import KeyedRandomSource, Words
from ndl_publish.privacy.strategy import ResidualQuery
from ndl_publish.protect.measure import ExactTables, measure, request_digest
from ndl_publish.protect.tree_residuals import TreeResidualPlan, plan_tree_residuals
from tests.unit.cube.small_release import World, chains, children, exact_answers, key, pay

IDENTITY = ("tiny-release", "1.0.0", "tiny")


class Listening:
    """A source that remembers what it was asked for."""

    def __init__(self, number: int = 1) -> None:
        self.labels: set[str] = set()
        self._source = KeyedRandomSource(key(number))

    def words(self, label: str, n: int, *, start: int = 0) -> Words:
        self.labels.add(label)
        return self._source.words(label, n, start=start)


@pytest.fixture(scope="module")
def plan(small: World) -> TreeResidualPlan:
    return plan_tree_residuals(small.spec, small.layout)


def _grant(ledger: Ledger, plan: TreeResidualPlan, cube: Cube, number: int = 1) -> Grant:
    return pay(ledger, plan.events, plan.digest(key(number), plan.exact(cube.rows), identity=IDENTITY))


def _noise(plan: TreeResidualPlan, cube: Cube, noisy: dict[str, IntArray]) -> dict[str, IntArray]:
    exact = exact_answers(plan, plan.exact(cube.rows))
    return {label: values - exact[label] for label, values in noisy.items()}


def _drawn(ledger: Ledger, plan: TreeResidualPlan, cube: Cube, number: int = 1) -> dict[str, IntArray]:
    grant = _grant(ledger, plan, cube, number)
    source = KeyedRandomSource(key(number))
    noisy = measure(plan.exact(cube.rows), chains(plan), plan.queries, grant=grant, source=source)
    return _noise(plan, cube, noisy)


def _share_equal(one: dict[str, IntArray], other: dict[str, IntArray]) -> float:
    pairs = [(a, other[label]) for label, a in one.items() if len(a) == len(other[label])]
    return float(np.mean(np.concatenate([a == b for a, b in pairs])))


def _redone(plan: TreeResidualPlan, queries: tuple[ResidualQuery, ...]) -> TreeResidualPlan:
    return replace(plan, queries=queries)


def test_every_query_is_answered_with_noise_of_its_own_size(ledger: Ledger, plan: TreeResidualPlan, cube: Cube) -> None:
    noise = _drawn(ledger, plan, cube)
    assert list(noise) == [query.event.label for query in plan.queries]
    for query in plan.queries:
        drawn = noise[query.event.label]
        assert drawn.shape == (query.event.n_cells,)
        if len(drawn) >= 50:
            assert 0.5 < drawn.astype(float).var() / float(query.gaussian.sigma2) < 1.7


def test_cells_without_children_get_noise_too(ledger: Ledger, plan: TreeResidualPlan, small: World) -> None:
    one_place = small.cube(children(50).filter(place="s1"))
    noise = _drawn(ledger, plan, one_place)
    wide = [q.event.label for q in plan.queries if q.gaussian.sigma2 > 100]
    assert all(np.count_nonzero(noise[label]) > 0.7 * len(noise[label]) for label in wide)


def test_the_same_request_draws_the_same_noise(ledger: Ledger, plan: TreeResidualPlan, cube: Cube) -> None:
    one, other = _drawn(ledger, plan, cube), _drawn(ledger, plan, cube)
    assert all(np.array_equal(one[label], other[label]) for label in one)


@pytest.mark.parametrize("change", ["child", "key", "sigma2", "identity"])
def test_anything_else_draws_unrelated_noise(
    ledger: Ledger, plan: TreeResidualPlan, small: World, cube: Cube, change: str
) -> None:
    before = _drawn(ledger, plan, cube)
    if change == "child":  # one child's outcome is another
        frame = children(2500)
        first = frame[:1].with_columns(is_all=~frame["is_all"][:1], is_gld=True, is_comm=True)
        other_cube = small.cube(frame[1:].vstack(first.select(frame.columns)))
        assert not np.array_equal(other_cube.counts, cube.counts)
        after = _drawn(ledger, plan, other_cube)
    elif change == "key":
        after = _drawn(ledger, plan, cube, number=2)
    elif change == "sigma2":
        event = plan.queries[0].gaussian
        dearer = replace(plan.queries[0], event=replace(event, sigma2=event.sigma2 + Fraction(1, 1000)))
        after = _drawn(ledger, _redone(plan, (dearer, *plan.queries[1:])), cube)
    else:
        tables = plan.exact(cube.rows)
        grant = pay(ledger, plan.events, plan.digest(key(), tables, identity=("tiny-release", "1.0.1", "tiny")))
        source = KeyedRandomSource(key())
        after = _noise(plan, cube, measure(tables, chains(plan), plan.queries, grant=grant, source=source))
    assert _share_equal(before, after) < 0.15
    small_noise = [q.event.label for q in plan.queries if q.event.n_cells >= 8]
    assert not any(np.array_equal(before[label], after[label]) for label in small_noise)


def test_the_digest_covers_everything_the_noise_depends_on(plan: TreeResidualPlan, cube: Cube, small: World) -> None:
    tables = plan.exact(cube.rows)
    event = plan.queries[-1].gaussian
    dearer = replace(plan.queries[-1], event=replace(event, sigma2=event.sigma2 + 1))
    moved = dict(tables)
    values = tables["score"].values.copy()
    values[0] += 1
    moved["score"] = ExactTables(tables["score"].grid, values)
    digests = [
        request_digest(key(), tables, plan.queries, identity=IDENTITY),
        request_digest(key(2), tables, plan.queries, identity=IDENTITY),
        request_digest(key(), tables, plan.queries, identity=("other-release", "1.0.0", "tiny")),
        request_digest(key(), tables, plan.queries, identity=("tiny-release", "1.0.1", "tiny")),
        request_digest(key(), tables, plan.queries, identity=("tiny-release", "1.0.0", "other")),
        request_digest(key(), tables, plan.queries[:-1], identity=IDENTITY),
        request_digest(key(), tables, (*plan.queries[:-1], dearer), identity=IDENTITY),
        request_digest(key(), moved, plan.queries, identity=IDENTITY),
        request_digest(key(), plan.exact(small.cube(children(2499)).rows), plan.queries, identity=IDENTITY),
    ]
    assert len(set(digests)) == len(digests)
    assert request_digest(key(), plan.exact(cube.rows), plan.queries, identity=IDENTITY) == digests[0]


def test_the_order_of_the_children_does_not_change_the_digest(plan: TreeResidualPlan, cube: Cube, small: World) -> None:
    shuffled = small.cube(children(2500).sample(fraction=1.0, shuffle=True, seed=9))
    assert plan.digest(key(), plan.exact(shuffled.rows), identity=IDENTITY) == plan.digest(
        key(), plan.exact(cube.rows), identity=IDENTITY
    )


def test_no_two_queries_share_a_stream_and_all_carry_the_digest(
    ledger: Ledger, plan: TreeResidualPlan, cube: Cube
) -> None:
    grant = _grant(ledger, plan, cube)
    source = Listening()
    measure(plan.exact(cube.rows), chains(plan), plan.queries, grant=grant, source=source)
    streams = {label for label in source.labels if not label.endswith("|ties")}
    assert len(streams) == len(plan.queries)
    assert all(label.startswith(f"{grant.request_digest}/") for label in streams)


def test_noise_that_is_not_paid_for_is_not_drawn(ledger: Ledger, plan: TreeResidualPlan, cube: Cube) -> None:
    grant = pay(ledger, plan.events[:-1], "one query short")
    source = Listening()
    with pytest.raises(BudgetError) as caught:
        measure(plan.exact(cube.rows), chains(plan), plan.queries, grant=grant, source=source)
    assert caught.value.code == "NDL-B012"
    assert source.labels == set()


def test_payment_for_another_cohort_does_not_count(ledger: Ledger, plan: TreeResidualPlan, cube: Cube) -> None:
    events = tuple(
        replace(event, cohorts=("somebody else",)) for event in plan.events if isinstance(event, GaussianQuery)
    )
    grant = pay(ledger, events, "another cohort")
    with pytest.raises(BudgetError):
        measure(plan.exact(cube.rows), chains(plan), plan.queries, grant=grant, source=Listening())


def test_a_grant_cannot_be_forged(ledger: Ledger, plan: TreeResidualPlan, cube: Cube) -> None:
    real = _grant(ledger, plan, cube)
    with pytest.raises(BudgetError) as caught:
        Grant(real.entry_id, "another digest", real.losses, is_replay=False, proof=None)
    assert caught.value.code == "NDL-B011"


def test_two_queries_of_one_label_are_refused(ledger: Ledger, plan: TreeResidualPlan, cube: Cube) -> None:
    grant = _grant(ledger, plan, cube)
    twice = (plan.queries[0], plan.queries[0])
    with pytest.raises(Exception, match="share their noise"):
        measure(plan.exact(cube.rows), chains(plan), twice, grant=grant, source=Listening())


def test_exact_tables_do_not_print(plan: TreeResidualPlan, cube: Cube) -> None:
    assert "array" not in repr(plan.exact(cube.rows)["children"])


class Recording:
    """A source that remembers every word it gave, by the query it was for."""

    def __init__(self) -> None:
        self.given: dict[str, list[int]] = {}
        self._source = KeyedRandomSource(key())

    def words(self, label: str, n: int, *, start: int = 0) -> Words:
        words = self._source.words(label, n, start=start)
        self.given.setdefault(label.split("/", 1)[1].split("|", maxsplit=1)[0], []).extend(words.tolist())
        return words


def test_one_outcome_flipped_and_every_noise_word_is_another(
    ledger: Ledger, plan: TreeResidualPlan, small: World
) -> None:
    frame = children(2500)
    flipped = frame[:1].with_columns(is_all=~frame["is_all"][:1], is_gld=True, is_comm=True).select(frame.columns)
    given = []
    for made in (frame, frame, flipped.vstack(frame[1:])):
        cube, source = small.cube(made), Recording()
        measure(plan.exact(cube.rows), chains(plan), plan.queries, grant=_grant(ledger, plan, cube), source=source)
        given.append(source.given)
    assert given[0] == given[1]
    assert given[0].keys() == given[2].keys()
    for label, words in given[0].items():
        assert not any(a == b for a, b in zip(words, given[2][label], strict=False)), label
