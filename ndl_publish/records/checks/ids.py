"""Every row must have its id, written in one way."""

from typing import Final

import narwhals as nw

from ndl_publish.geography.lookup import Geography
from ndl_publish.records.checks.probe import Probe
from ndl_publish.records.model import CHILD, ID, LINKED, LINKS
from ndl_publish.spec.load import ReleaseSpec

AROUND: Final = r"^[\s\u00a0\u200b-\u200d\ufeff]|[\s\u00a0\u200b-\u200d\ufeff]$"


def ids(name: str, spec: ReleaseSpec, geography: Geography) -> tuple[Probe, ...]:
    """Return two probes per id column: ``NDL-V021`` for rows without an id, ``NDL-V042`` for white space around it."""
    del spec, geography
    columns = (CHILD, LINKED) if name == LINKS else (ID,)
    without = "no id in {rows}. Mend the extract or leave the rows out."
    spaced = "white space or invisible signs around the id in {rows}: two spellings of one id would be two. Trim them."
    return tuple(
        probe
        for column in columns
        for probe in (
            Probe("NDL-V021", "error", column, nw.col(column).is_null(), without),
            Probe("NDL-V042", "error", column, nw.col(column).str.contains(AROUND), spaced),
        )
    )
