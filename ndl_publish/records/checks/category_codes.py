"""Every code of a category column must be declared in the metadata."""

import narwhals as nw

from ndl_publish.geography.lookup import Geography
from ndl_publish.records.checks.probe import Probe
from ndl_publish.records.model import LINKS
from ndl_publish.spec.columns import CategoryColumn
from ndl_publish.spec.load import ReleaseSpec


def category_codes(name: str, spec: ReleaseSpec, geography: Geography) -> tuple[Probe, ...]:
    """Return a probe per category column: ``NDL-V012`` for codes that are neither declared nor missing values."""
    del geography
    if name == LINKS:
        return ()
    message = "a code the metadata does not declare, in {rows}. Declare it, list it as missing, or mend the extract."
    return tuple(
        Probe("NDL-V012", "error", column, ~nw.col(column).is_in(list(declared.codes)), message)
        for column, declared in spec.dataset.sources[name].columns.items()
        if isinstance(declared, CategoryColumn)
    )
