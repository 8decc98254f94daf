"""Links to other sources: the best link of each child, and what it leads to."""

from collections.abc import Mapping

import narwhals as nw

from ndl_publish.engines.protocol import Frame
from ndl_publish.records.model import CHILD, ID, LINKED, SOURCE, WEIGHT

WEIGHT_PATTERN = r"^([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][-+]?[0-9]+)?$"


def has_record(source: str) -> str:
    """Return the name of the column that is true when the child has a linked record in ``source``."""
    return f"_has_{source}"


def weight() -> nw.Expr:
    """Return the match weight as a number; null where it is not one."""
    value = nw.col(WEIGHT)
    return nw.when(value.str.contains(WEIGHT_PATTERN)).then(value).cast(nw.Float64)


def best_links(links: Frame, *, source: str, minimum_weight: float) -> Frame:
    """Return at most one link per child to ``source``: ``CHILD``, ``LINKED``.

    The link with the highest weight, at least ``minimum_weight``; of equal ones that with the smallest linked id, which
    depends on that child's links alone.
    """
    weighed = links.filter(nw.col(SOURCE) == source).select(CHILD, LINKED, weight().alias(WEIGHT))
    strong = weighed.filter(nw.col(WEIGHT) >= minimum_weight)
    best = strong.with_columns(nw.col(WEIGHT).max().over(CHILD).alias("_best"))
    return best.filter(nw.col(WEIGHT) == nw.col("_best")).group_by(CHILD).agg(nw.col(LINKED).min())


def join_linked(spine: Frame, links: Frame, linked: Mapping[str, Frame], *, minimum_weight: float) -> Frame:
    """Return the spine with the columns of every linked source and ``has_record`` for each.

    Args:
        spine: One row per child.
        links: The link table.
        linked: Source -> one row per id of that source.
        minimum_weight: Links below it are not used.
    """
    for name, table in linked.items():
        best = best_links(links, source=name, minimum_weight=minimum_weight)
        led_to = best.join(table, left_on=LINKED, right_on=ID, how="inner").drop(LINKED)
        led_to = led_to.with_columns(nw.lit(value=True).alias(has_record(name)))
        spine = spine.join(led_to, left_on=ID, right_on=CHILD, how="left")
        spine = spine.with_columns(nw.col(has_record(name)).fill_null(value=False))
    return spine
