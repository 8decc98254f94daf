"""Every check, by name. A row check gives probes that share one pass; a whole check looks for itself."""

from collections.abc import Callable
from typing import Final, Protocol

from ndl_publish.engines.protocol import Engine
from ndl_publish.errors import Finding
from ndl_publish.geography.lookup import Geography
from ndl_publish.records.checks.alike_ids import alike_ids
from ndl_publish.records.checks.area_codes import area_codes
from ndl_publish.records.checks.category_codes import category_codes
from ndl_publish.records.checks.direct_identifiers import direct_identifiers
from ndl_publish.records.checks.duplicates import duplicates
from ndl_publish.records.checks.empty_source import empty_source
from ndl_publish.records.checks.ids import ids
from ndl_publish.records.checks.integers import integers
from ndl_publish.records.checks.link_claims import link_claims
from ndl_publish.records.checks.link_rows import link_rows
from ndl_publish.records.checks.link_targets import link_targets
from ndl_publish.records.checks.months import months
from ndl_publish.records.checks.period import period
from ndl_publish.records.checks.probe import Probe
from ndl_publish.records.model import Records
from ndl_publish.spec.load import ReleaseSpec

RowCheck = Callable[[str, ReleaseSpec, Geography], tuple[Probe, ...]]
"""Given the name of a source (or ``links``), returns the probes to run over its rows."""


class WholeCheck(Protocol):
    """Looks at the records as a whole and returns everything it found."""

    def __call__(self, records: Records, geography: Geography, *, engine: Engine) -> tuple[Finding, ...]:
        """Return the findings of this check."""


ROW_CHECKS: Final[dict[str, RowCheck]] = {
    "ids": ids,
    "category_codes": category_codes,
    "integers": integers,
    "months": months,
    "area_codes": area_codes,
    "link_rows": link_rows,
}

WHOLE_CHECKS: Final[dict[str, WholeCheck]] = {
    "direct_identifiers": direct_identifiers,
    "empty_source": empty_source,
    "period": period,
    "alike_ids": alike_ids,
    "duplicates": duplicates,
    "link_targets": link_targets,
    "link_claims": link_claims,
}
