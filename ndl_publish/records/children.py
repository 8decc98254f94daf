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
from ndl_publish.records.prepare import latest_column, prepared
from ndl_publish.spec.dataset import BirthCohort, Dataset, MeanMeasure, ShareMeasure
from ndl_publish.spec.load import ReleaseSpec

IS_COVERED = "_is_covered"
"""True for a child whose place lies in the release's geography; false outside it; null where there is no place."""
IS_OF_COHORT = "_is_of_cohort"
"""True for a child of a birth cohort that the release charges."""

SEPTEMBER = 9
"""An academic year of birth begins in September."""

_UNKNOWN = "Unknown"


def linked_sources(dataset: Dataset) -> tuple[str, ...]:
    """Return the names of the sources that are linked to the spine."""
    return tuple(name for name, source in dataset.sources.items() if source.role == "linked")


def children(records: Records, geography: Geography, *, engine: Engine) -> Frame:
    """Return the children of the population, wherever they live.

    Columns: ``place``, ``IS_COVERED``, ``IS_OF_COHORT``, ``has_record`` of each linked source, every breakdown's
    column, every share's as true or false, every mean's as it is; ``ID`` where rules look at contributors, who are
    joined by it; ``PERIOD`` where there are several. A null is left where a breakdown or a mean has no value.
    """
    dataset = records.spec.dataset
    early = spine_rules(dataset)
    rows = derive(prepared(records, dataset.spine, geography, engine=engine), dataset, early)
    period = latest_column(records, dataset.spine)
    frame = one_row(rows, dataset.sources[dataset.spine], latest=period)
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
    also = (*((ID,) if records.spec.contributors else ()), *(() if period is None else (period,)))
    frame = frame.with_columns(_of_cohort(records.spec).alias(IS_OF_COHORT))
    return _for_tables(_with_coverage(frame, dataset, geography, engine), dataset, also)


def _of_cohort(spec: ReleaseSpec) -> nw.Expr:
    """Return whether a child is of a birth cohort that the release charges; everybody where nothing says otherwise."""
    cohort = spec.dataset.cohort
    if not isinstance(cohort, BirthCohort) or cohort.birth_month is None:
        return nw.lit(value=True)
    months = nw.col(cohort.birth_month)
    first = [f"{year}-{month:02d}" for year in spec.birth_years for month in range(SEPTEMBER, 13)]
    second = [f"{year + 1}-{month:02d}" for year in spec.birth_years for month in range(1, SEPTEMBER)]
    return months.is_in([*first, *second]).fill_null(value=False)


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


def _for_tables(frame: Frame, dataset: Dataset, also: tuple[str, ...]) -> Frame:
    labels = []
    for column in breakdown_columns(dataset):
        has_unknown = column not in dataset.derived and _UNKNOWN in (dataset.categories(column) or ())
        labels.append(nw.col(column).fill_null(_UNKNOWN) if has_unknown else nw.col(column))
    return frame.select(
        nw.col(dataset.place.column).alias(PLACE),
        IS_COVERED,
        IS_OF_COHORT,
        *(has_record(name) for name in linked_sources(dataset)),
        *labels,
        *(nw.col(column).fill_null(value=False) for column in share_columns(dataset)),
        *mean_columns(dataset),
        *also,
    )
