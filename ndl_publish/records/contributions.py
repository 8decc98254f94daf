"""Which contributor (provider, household) stands behind which child, and how much of a sum came from it.

Identifiers of contributors go no further than this file: each is replaced by its place in the sorted list of all, and
the list is dropped.
"""

import narwhals as nw
import polars as pl

from ndl_publish.columns import PLACE
from ndl_publish.engines.protocol import ROW, Engine, Frame
from ndl_publish.geography.lookup import Geography
from ndl_publish.records.children import breakdown_columns, mean_columns, share_columns
from ndl_publish.records.link import best_links
from ndl_publish.records.model import (
    CHILD,
    CONTRIBUTOR,
    ID,
    IS_FIRST,
    LINKED,
    LINKS,
    Records,
    amount_column,
    contributor_column,
)
from ndl_publish.records.one_row import repeated_ids, repeated_rows, top_rows
from ndl_publish.records.prepare import prepare
from ndl_publish.spec.dataset import Dataset

_NAME = "_name"


def contributions(records: Records, children: Frame, geography: Geography, *, engine: Engine) -> dict[str, Frame]:
    """Return for each contributor that the rules look at a row per child and contributor.

    A child with two providers has two rows, and counts for each; one without any has none. A sum over a child's rows
    of the contributor's source is divided by contributor, before it is held between its bounds; any other number of
    the child is that of each of its contributors.

    Args:
        records: As read, and checked.
        children: One row per child with ``ID``, ``place`` and the columns of breakdowns, shares and means.
        geography: The areas of the release.
        engine: Reads and counts.

    Returns:
        Frames as ``ValidatedRecords.contributions`` describes them.
    """
    return {name: _of(name, records, children, geography, engine) for name in records.spec.contributors}


def _of(name: str, records: Records, children: Frame, geography: Geography, engine: Engine) -> Frame:
    dataset = records.spec.dataset
    sums = {measure: dataset.column_of(measure) for measure in records.spec.contributed_sums(name)}
    in_rows = dataset.sources[dataset.contributors[name].source].sums
    divided = {measure: in_rows[column].column for measure, column in sums.items() if column in in_rows}
    own = _by_child(records, name, divided, geography, engine)
    bounds = mean_columns(dataset)
    whole = [
        nw.col(column).clip(bounds[column].minimum, bounds[column].maximum).alias(amount_column(measure))
        for measure, column in sums.items()
        if measure not in divided
    ]
    labels = dict.fromkeys([PLACE, *breakdown_columns(dataset), *share_columns(dataset)])
    joined = children.select(ID, *labels, *whole).join(_numbered(own, engine), left_on=ID, right_on=CHILD, how="inner")
    is_first = nw.col(CONTRIBUTOR) == nw.col(CONTRIBUTOR).min().over(ID)
    return joined.with_columns(is_first.alias(IS_FIRST)).drop(ID)


def _by_child(records: Records, name: str, divided: dict[str, str], geography: Geography, engine: Engine) -> Frame:
    """Return ``CHILD``, the identifier as ``_NAME``, and what is divided: mean -> the column that is added up."""
    dataset = records.spec.dataset
    source_name, column = dataset.contributors[name].source, contributor_column(name)
    source = dataset.sources[source_name]
    rows = prepare(records.sources[source_name], source, geography, engine=engine, also=(column,))
    if not source.sums:
        tops = top_rows(repeated_rows(rows), source.one_row)
        rows = nw.concat([rows.join(repeated_ids(rows), on=ID, how="anti"), tops])
    amounts = [nw.col(summed).sum().alias(amount_column(measure)) for measure, summed in divided.items()]
    named = rows.drop(ROW).filter(~nw.col(column).is_null()).rename({column: _NAME})
    own = named.group_by(ID, _NAME).agg(*amounts) if amounts else named.select(ID, _NAME).unique()
    if source_name == dataset.spine:
        return own.rename({ID: CHILD})
    minimum = _minimum_weight(dataset)
    links = best_links(records.sources[LINKS], source=source_name, minimum_weight=minimum)
    return links.join(own, left_on=LINKED, right_on=ID, how="inner").drop(LINKED)


def _minimum_weight(dataset: Dataset) -> float:
    if dataset.links is None:
        raise TypeError("a source beside the spine is checked to have links")
    return dataset.links.minimum_weight


def _numbered(own: Frame, engine: Engine) -> Frame:
    """Replace each identifier by its place in the sorted list of all."""
    own = engine.keep(own)
    names = engine.collect(own.select(_NAME).unique())[_NAME].sort()
    numbers = pl.DataFrame({_NAME: names, CONTRIBUTOR: pl.int_range(len(names), eager=True)})
    return own.join(engine.lift(numbers), on=_NAME, how="inner").drop(_NAME)
