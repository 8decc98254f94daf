"""Does one mask serve every figure? A withheld figure must be blank, and nothing computed from it may be shown."""

from collections.abc import Iterator, Mapping

import polars as pl

from ndl_publish import columns as c
from ndl_publish.errors import Finding
from ndl_publish.spec.dataset import MeanMeasure, ShareMeasure
from ndl_publish.spec.load import ReleaseSpec


def mask_findings(spec: ReleaseSpec, tables: Mapping[str, pl.DataFrame]) -> tuple[Finding, ...]:
    """Return where masks of the published tables contradict one another.

    Returns:
        ``NDL-D012`` a withheld figure carries a number or a shown one none, ``NDL-D013`` a percentage or mean is shown
        although a count it gives away is withheld.
    """
    return tuple(finding for name, table in tables.items() for finding in _table_findings(spec, name, table))


def _table_findings(spec: ReleaseSpec, name: str, table: pl.DataFrame) -> Iterator[Finding]:
    is_shown = pl.col(c.STATUS) == c.PUBLISHED
    numbers = [column for column in table.columns if column in (c.VALUE, c.LOWER, c.UPPER, c.BEST_NONNEG)]
    has_number = pl.any_horizontal(pl.col(numbers).is_not_null())
    wrong = table.filter((is_shown & pl.col(c.VALUE).is_null()) | (~is_shown & has_number)).height
    if wrong:
        yield Finding("NDL-D012", "error", name, f"in {wrong} rows number and status contradict each other.")
    keys = [column for column in table.columns if column not in c.OF_FIGURES]
    shown = table.filter(is_shown).select(*keys, c.MEASURE)
    for ratio, counts in _given_away(spec).items():
        for count in counts & set(table[c.MEASURE].unique()):
            ratios = shown.filter(pl.col(c.MEASURE) == ratio).select(keys)
            alone = ratios.join(shown.filter(pl.col(c.MEASURE) == count).select(keys), on=keys, how="anti").height
            if alone:
                message = f"{ratio} is shown in {alone} rows where {count} is withheld."
                yield Finding("NDL-D013", "error", name, message)


def _given_away(spec: ReleaseSpec) -> dict[str, set[str]]:
    """Return, for every percentage and mean, the counts it is made of."""
    measures = spec.dataset.measures
    counts = {name: measure.count_name for name, measure in measures.items() if not isinstance(measure, MeanMeasure)}
    found = {}
    for name, measure in measures.items():
        if isinstance(measure, ShareMeasure):
            found[measure.percent_name] = {counts[name], counts[measure.of]}
        elif isinstance(measure, MeanMeasure):
            found[measure.mean_name] = {counts[spec.dataset.count_measure]}
    return found
