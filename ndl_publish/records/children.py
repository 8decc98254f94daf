"""One row per child of the population: linked, derived, and cut down to the columns that tables need."""

import narwhals as nw
import polars as pl

from ndl_publish.columns import PLACE
from ndl_publish.engines.protocol import Engine, Frame
from ndl_publish.geography.lookup import Geography
from ndl_publish.records.derive import derive, spine_rules, with_characteristics
from ndl_publish.records.link import has_record, join_linked
from ndl_publish.records.model import ID, LINKS, Records
from ndl_publish.records.one_row import one_row
from ndl_publish.records.prepare import prepared
from ndl_publish.spec.dataset import Dataset, MeanMeasure, ShareMeasure

IS_COVERED = "_is_covered"
"""True for a child whose place lies in the release's geography; false outside it; null where there is no place."""

_UNKNOWN = "Unknown"


def linked_sources(dataset: Dataset) -> tuple[str, ...]:
    """Return the names of the sources that are linked to the spine."""
    return tuple(name for name, source in dataset.sources.items() if source.role == "linked")


def children(records: Records, geography: Geography, *, engine: Engine) -> Frame:
    """Return the children of the population, wherever they live.

    Columns: ``place``, ``IS_COVERED``, ``has_record`` of each linked source, every breakdown's column, every share's
    as true or false, every mean's as it is; ``ID`` where rules look at contributors, who are joined by it. A null is
    left where a breakdown or a mean has no value.
    """
    dataset = records.spec.dataset
    early = spine_rules(dataset)
    rows = derive(prepared(records, dataset.spine, geography, engine=engine), dataset, early)
    frame = one_row(rows, dataset.sources[dataset.spine])
    if dataset.links is not None:
        tables = {
            name: one_row(prepared(records, name, geography, engine=engine), dataset.sources[name])
            for name in linked_sources(dataset)
        }
        frame = join_linked(frame, records.sources[LINKS], tables, minimum_weight=dataset.links.minimum_weight)
    frame = with_characteristics(frame, dataset, geography, engine=engine)
    frame = derive(frame, dataset, [name for name in dataset.derived if name not in early])
    if dataset.population.column is not None:
        frame = frame.filter(nw.col(dataset.population.column))
    ids = (ID,) if records.spec.contributors else ()
    return _for_tables(_with_coverage(frame, dataset, geography, engine), dataset, ids)


def breakdown_columns(dataset: Dataset) -> tuple[str, ...]:
    """Return the columns the breakdowns read, each once."""
    return tuple(dict.fromkeys(breakdown.column for breakdown in dataset.breakdowns.values()))


def share_columns(dataset: Dataset) -> tuple[str, ...]:
    """Return the columns the shares read, each once."""
    return tuple(dict.fromkeys(m.column for m in dataset.measures.values() if isinstance(m, ShareMeasure)))


def mean_columns(dataset: Dataset) -> dict[str, MeanMeasure]:
    """Return the columns the means read, with their measure."""
    return {m.column: m for m in dataset.measures.values() if isinstance(m, MeanMeasure)}


def _with_coverage(frame: Frame, dataset: Dataset, geography: Geography, engine: Engine) -> Frame:
    table = engine.lift(pl.DataFrame({"code": geography.codes(geography.finest)}))
    table = table.with_columns(nw.lit(value=True).alias("_here"))
    place = dataset.place.column
    frame = frame.join(table, left_on=place, right_on="code", how="left")
    here = nw.when(~nw.col(place).is_null()).then(nw.col("_here").fill_null(value=False))
    return frame.with_columns(here.alias(IS_COVERED))


def _for_tables(frame: Frame, dataset: Dataset, ids: tuple[str, ...]) -> Frame:
    labels = []
    for column in breakdown_columns(dataset):
        has_unknown = column not in dataset.derived and _UNKNOWN in (dataset.categories(column) or ())
        labels.append(nw.col(column).fill_null(_UNKNOWN) if has_unknown else nw.col(column))
    return frame.select(
        nw.col(dataset.place.column).alias(PLACE),
        IS_COVERED,
        *(has_record(name) for name in linked_sources(dataset)),
        *labels,
        *(nw.col(column).fill_null(value=False) for column in share_columns(dataset)),
        *mean_columns(dataset),
        *ids,
    )
