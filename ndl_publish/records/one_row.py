"""One row per child, by rules that read only that child's rows.

Ids with several rows are split off and only they are looked at again: sorting or ranking everything would cost
gigabytes at ten million rows. Which of two rows stands first in a file never matters.
"""

from collections.abc import Mapping

import narwhals as nw

from ndl_publish.engines.protocol import ROW, Frame
from ndl_publish.records.model import ID
from ndl_publish.spec.columns import KeepRow, Source, SumColumn


def one_row(frame: Frame, source: Source, *, latest: str | None = None) -> Frame:
    """Return one row per id: all columns but ``ROW`` by the ``one_row`` rule, and the sums.

    A source with sums and no ``one_row`` rule gives the sums only: its other columns differ from row to row. Where the
    rule cannot choose, rows must be alike (``NDL-V022`` otherwise), and any of them is taken.

    Args:
        frame: Rows of a source.
        source: Says what is kept.
        latest: Column of which an id's largest value is kept before the rule is asked: a child of several time periods
            is counted once, in the latest.
    """
    if source.sums and source.one_row is None:
        return add_up(frame, source.sums)
    tops = top_rows(repeated_rows(frame), source.one_row, latest=latest).unique(subset=[ID], keep="any")
    single = frame.join(repeated_ids(frame), on=ID, how="anti")
    kept = nw.concat([single.drop(ROW), tops.drop(ROW)])
    return kept.join(add_up(frame, source.sums), on=ID, how="left") if source.sums else kept


def repeated_ids(frame: Frame) -> Frame:
    """Return the ids that have several rows, with the number of rows: ``ID``, ``rows``."""
    return frame.group_by(ID).agg(nw.len().alias("rows")).filter((nw.col("rows") > 1) & ~nw.col(ID).is_null())


def repeated_rows(frame: Frame) -> Frame:
    """Return the rows of ids that have several."""
    return frame.join(repeated_ids(frame), on=ID, how="semi")


def top_rows(frame: Frame, rule: KeepRow | None, *, latest: str | None = None) -> Frame:
    """Return, for each id, the rows that no other row of the same id beats: one, unless the rule leaves a tie.

    Columns are compared in the order of the rule; a missing value is beaten by any other. Without a rule all rows tie.
    """
    if latest is not None:
        frame = frame.filter(nw.col(latest) == nw.col(latest).max().over(ID))
    if rule is None:
        return frame
    for name in rule.by:
        best = nw.col(name).max() if rule.keep == "last" else nw.col(name).min()
        frame = frame.with_columns(best.over(ID).alias("_best"))
        is_top = (nw.col(name) == nw.col("_best")) | nw.col("_best").is_null()
        frame = frame.filter(is_top).drop("_best")
    return frame


def add_up(frame: Frame, sums: Mapping[str, SumColumn]) -> Frame:
    """Return each id's sums, held between their bounds; a missing number counts as 0."""
    added = frame.group_by(ID).agg(*[nw.col(rule.column).sum().alias(name) for name, rule in sums.items()])
    return added.select(ID, *[nw.col(name).clip(rule.minimum, rule.maximum) for name, rule in sums.items()])
