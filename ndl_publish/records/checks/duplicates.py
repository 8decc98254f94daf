"""Several rows with the same id must be ones that the declared rule can choose between.

Rows that tie are collapsed when all declared columns are alike; when they differ somebody has to say which is right.
"""

from collections.abc import Iterator
from typing import Final

import narwhals as nw

from ndl_publish.engines.protocol import ROW, Engine, Frame
from ndl_publish.errors import Finding
from ndl_publish.geography.lookup import Geography
from ndl_publish.records.checks.probe import in_words, lines
from ndl_publish.records.model import ID, Extract, Records
from ndl_publish.records.one_row import repeated_ids, repeated_rows, top_rows
from ndl_publish.records.prepare import latest_column, prepare

_SHOWN: Final = 3


def duplicates(records: Records, geography: Geography, *, engine: Engine) -> tuple[Finding, ...]:
    """Return what became of ids with several rows in each source that is to have one row per id.

    ``NDL-V022`` rows the rule cannot order and that differ, ``NDL-V023`` identical rows collapsed, ``NDL-V024`` rows
    left out by the rule.
    """
    findings: list[Finding] = []
    for name, source in records.spec.dataset.sources.items():
        if source.one_row is not None or not source.sums:
            findings += _of_source(records, name, geography, engine)
    return tuple(findings)


def _of_source(records: Records, name: str, geography: Geography, engine: Engine) -> Iterator[Finding]:
    source = records.spec.dataset.sources[name]
    as_read = repeated_rows(records.sources[name])
    latest = latest_column(records, name)
    also = () if latest is None else (latest,)
    frame = engine.keep(prepare(as_read, source, geography, engine=engine, also=also))
    if engine.collect(repeated_ids(frame).select(nw.len())).item() == 0:
        return
    repeated = repeated_rows(frame)
    alike = top_rows(repeated, source.one_row, latest=latest).group_by(ID, *source.columns)
    different = alike.agg(nw.len().cast(nw.Int64).alias("alike"), nw.col(ROW).min())
    ids = different.group_by(ID).agg(
        nw.len().cast(nw.Int64).alias("different"), nw.col("alike").sum(), nw.col(ROW).min()
    )
    ids = engine.keep(ids.join(repeated_ids(frame), on=ID, how="left").drop(ID))
    yield from _told(name, engine, ids, records.extracts[name])


def _told(name: str, engine: Engine, ids: Frame, extract: Extract) -> Iterator[Finding]:
    tied = nw.col("different") > 1
    beaten = nw.col("rows").cast(nw.Int64) - nw.col("alike")
    counts = engine.collect(
        ids.select(
            nw.when(tied).then(nw.col("alike")).sum().alias("tied"),
            nw.when(~tied).then(nw.col("alike") - 1).sum().alias("collapsed"),
            beaten.sum().alias("beaten"),
        )
    ).row(0, named=True)
    if counts["tied"]:
        found = engine.collect(ids.filter(tied).select(ROW).sort(ROW).head(_SHOWN + 1))[ROW].to_list()
        message = f"the same id in {in_words(counts['tied'])} that differ, and no rule says which to keep. Mend them."
        message += lines(found[:_SHOWN], extract, more=len(found) > _SHOWN)
        yield Finding("NDL-V022", "error", name, message)
    if counts["collapsed"]:
        message = f"{in_words(counts['collapsed'])} repeated another row in every declared column: left out."
        yield Finding("NDL-V023", "note", name, message)
    if counts["beaten"]:
        message = f"{in_words(counts['beaten'])} left out by the one_row rule, which kept another row of the same id."
        yield Finding("NDL-V024", "note", name, message)
