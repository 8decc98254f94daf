"""Every month must be written YYYY-MM; a full date identifies and is refused elsewhere."""

from typing import Final

import narwhals as nw

from ndl_publish.geography.lookup import Geography
from ndl_publish.records.checks.probe import Probe
from ndl_publish.records.model import LINKS
from ndl_publish.spec.columns import MonthColumn
from ndl_publish.spec.load import ReleaseSpec

MONTH_PATTERN: Final = r"^(19|20)[0-9]{2}-(0[1-9]|1[0-2])$"


def months(name: str, spec: ReleaseSpec, geography: Geography) -> tuple[Probe, ...]:
    """Return a probe per month column: ``NDL-V015`` for anything but YYYY-MM of the years 1900 to 2099."""
    del geography
    if name == LINKS:
        return ()
    message = "not a month written YYYY-MM, in {rows}. Write the month only, YYYY-MM."
    return tuple(
        Probe("NDL-V015", "error", column, ~nw.col(column).str.contains(MONTH_PATTERN), message)
        for column, declared in spec.dataset.sources[name].columns.items()
        if isinstance(declared, MonthColumn)
    )
