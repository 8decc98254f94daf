"""Every source must have rows."""

import narwhals as nw

from ndl_publish.engines.protocol import Engine
from ndl_publish.errors import Finding
from ndl_publish.geography.lookup import Geography
from ndl_publish.records.model import Records


def empty_source(records: Records, geography: Geography, *, engine: Engine) -> tuple[Finding, ...]:
    """Return ``NDL-V031`` for each source, the link table too, that has a header and no row."""
    del geography
    findings = []
    for name, frame in {**records.sources, records.spec.dataset.spine: records.all_periods}.items():
        if engine.collect(frame.select(nw.len())).item() == 0:
            message = "has a header and no row. Check that the extract ran to its end."
            findings.append(Finding("NDL-V031", "error", name, message))
    return tuple(findings)
