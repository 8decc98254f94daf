"""One source as the later steps see it: typed, old area codes translated, rows that do not take part left out.

The frame is only right once the checks have passed; a value that breaks its declaration is null here, so that no
cast can fail and quote it.
"""

import narwhals as nw

from ndl_publish.engines.protocol import ROW, Engine, Frame
from ndl_publish.geography.lookup import Geography
from ndl_publish.records.areas import now, resolve_areas
from ndl_publish.records.model import ID, PERIOD, Records
from ndl_publish.spec.columns import AreaColumn, CategoryColumn, Column, IntegerColumn, RowFilter, Source

INTEGER_PATTERN = r"^-?[0-9]{1,15}$"


def prepared(records: Records, name: str, geography: Geography, *, engine: Engine) -> Frame:
    """Return the rows of a source that take part: ``ROW``, ``ID`` and the declared columns, typed.

    Categories hold canonical codes, integers are ``Int64``, months stay ``YYYY-MM``, areas hold current codes.
    """
    also = () if latest_column(records, name) is None else (PERIOD,)
    return prepare(records.sources[name], records.spec.dataset.sources[name], geography, engine=engine, also=also)


def latest_column(records: Records, name: str) -> str | None:
    """Return the column of a source that says of which time period a row is; none where the release has only one."""
    is_spine = name == records.spec.dataset.spine
    return PERIOD if is_spine and len(records.spec.release.time_periods) > 1 else None


def prepare(frame: Frame, source: Source, geography: Geography, *, engine: Engine, also: tuple[str, ...] = ()) -> Frame:
    """Return ``prepared`` for some rows of a source, as read, with the columns ``also`` as they stand."""
    frame = resolve_areas(frame, source.columns, geography, engine=engine)
    typed = [_typed(column, declared).alias(column) for column, declared in source.columns.items()]
    return _taking_part(frame.select(ROW, ID, *typed, *also), source.where)


def _typed(name: str, column: Column) -> nw.Expr:
    value = nw.col(name)
    if isinstance(column, CategoryColumn):
        codes = column.codes
        if all(code == canonical for code, canonical in codes.items()):
            return value
        return value.replace_strict(list(codes), list(codes.values()), default=None, return_dtype=nw.String)
    if isinstance(column, IntegerColumn):
        return whole_number(name)
    return nw.coalesce(nw.col(now(name)), value) if isinstance(column, AreaColumn) else value


def whole_number(name: str) -> nw.Expr:
    """Return a column of text as integers; null where it is not a whole number."""
    value = nw.col(name)
    return nw.when(value.str.contains(INTEGER_PATTERN)).then(value).cast(nw.Int64)


def _taking_part(frame: Frame, where: RowFilter | None) -> Frame:
    return frame if where is None else frame.filter(nw.col(where.column).is_in(list(where.values)))
