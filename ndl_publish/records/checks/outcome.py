"""What is checked once the children of the population are known: places, labels, means, and what must contain what.

These checks look at derived columns, so they run only on records that passed all others.
"""

from collections.abc import Iterator
from itertools import pairwise

import narwhals as nw

from ndl_publish.engines.protocol import Engine, Frame
from ndl_publish.errors import Finding
from ndl_publish.records.checks.probe import in_words
from ndl_publish.records.children import IS_COVERED, IS_OF_COHORT, breakdown_columns, mean_columns
from ndl_publish.spec.dataset import Dataset, ShareMeasure


def outcome(frame: Frame, dataset: Dataset, *, engine: Engine) -> tuple[int, tuple[Finding, ...]]:
    """Return how many children are counted, and what is wrong or worth knowing about them.

    ``NDL-V019`` children outside the release's areas, ``NDL-V020`` without a place and ``NDL-V041`` of another birth
    cohort, all left out; ``NDL-V034``
    nobody is left; ``NDL-V035`` a breakdown without a category; ``NDL-V036`` a mean without a number; ``NDL-V039`` a
    narrower measure that does not lie in the wider one.

    Args:
        frame: What ``children`` returns.
        dataset: Says what must hold.
        engine: Counts.
    """
    never_null = (*breakdown_columns(dataset), *mean_columns(dataset))
    here = nw.col(IS_COVERED).fill_null(value=False) & nw.col(IS_OF_COHORT)
    tests = {
        "here": here,
        "outside": ~nw.col(IS_COVERED),
        "nowhere": nw.col(IS_COVERED).is_null(),
        "other_cohort": nw.col(IS_COVERED).fill_null(value=False) & ~nw.col(IS_OF_COHORT),
        **{f"null_{name}": here & nw.col(name).is_null() for name in never_null},
        **{f"chain_{a}_{b}": here & nw.col(a) & ~nw.col(b) for a, b in _contained(dataset)},
    }
    sums = [test.cast(nw.Int64).sum().alias(name) for name, test in tests.items()]
    counts: dict[str, int] = engine.collect(frame.select(*sums)).row(0, named=True)
    return counts["here"], (*_place_findings(dataset, counts), *_value_findings(dataset, counts))


def _contained(dataset: Dataset) -> list[tuple[str, str]]:
    """Return the columns of shares that must lie in another share's: narrower, wider."""
    shares = {name: m for name, m in dataset.measures.items() if isinstance(m, ShareMeasure)}
    pairs = [(shares[b].column, shares[a].column) for o in dataset.outcomes.values() for a, b in pairwise(o.measures)]
    pairs += [(share.column, shares[share.of].column) for share in shares.values() if share.of in shares]
    return list(dict.fromkeys(pairs))


def _place_findings(dataset: Dataset, counts: dict[str, int]) -> Iterator[Finding]:
    where = f"column {dataset.place.column}"
    if counts["outside"]:
        message = f"a place outside the release's areas in {in_words(counts['outside'])}: left out."
        yield Finding("NDL-V019", "note", where, message)
    if counts["nowhere"]:
        message = f"no place in {in_words(counts['nowhere'])}: left out."
        yield Finding("NDL-V020", "note", where, message)
    if counts["other_cohort"]:
        message = f"a birth cohort that the release does not charge in {in_words(counts['other_cohort'])}: left out."
        yield Finding("NDL-V041", "note", "cohort.birth_month", message)
    if not counts["here"]:
        message = "nobody of the population lives in the release's areas. Check geography.areas and the files."
        yield Finding("NDL-V034", "error", where, message)


def _value_findings(dataset: Dataset, counts: dict[str, int]) -> Iterator[Finding]:
    for name in breakdown_columns(dataset):
        rows = counts[f"null_{name}"]
        if rows:
            message = f"no category in {in_words(rows)}. Declare a category for what is missing or in no band."
            yield Finding("NDL-V035", "error", f"column {name}", message)
    for name in mean_columns(dataset):
        rows = counts[f"null_{name}"]
        if rows:
            message = f"no number in {in_words(rows)}. Every child of the population must have one."
            yield Finding("NDL-V036", "error", f"column {name}", message)
    for narrow, wide in _contained(dataset):
        rows = counts[f"chain_{narrow}_{wide}"]
        if rows:
            message = f"true where {wide} is not, in {in_words(rows)}. Mend the rules or the order of the outcome."
            yield Finding("NDL-V039", "error", f"column {narrow}", message)
