"""Every row must have its id."""

import narwhals as nw

from ndl_publish.geography.lookup import Geography
from ndl_publish.records.checks.probe import Probe
from ndl_publish.records.model import CHILD, ID, LINKED, LINKS
from ndl_publish.spec.load import ReleaseSpec


def ids(name: str, spec: ReleaseSpec, geography: Geography) -> tuple[Probe, ...]:
    """Return a probe per id column: ``NDL-V021`` for rows without an id."""
    del spec, geography
    message = "no id in {rows}. Mend the extract or leave the rows out."
    columns = (CHILD, LINKED) if name == LINKS else (ID,)
    return tuple(Probe("NDL-V021", "error", column, nw.col(column).is_null(), message) for column in columns)
