"""Every number must be a whole number within its declared bounds."""

import narwhals as nw

from ndl_publish.geography.lookup import Geography
from ndl_publish.records.checks.probe import Probe
from ndl_publish.records.model import LINKS
from ndl_publish.records.prepare import INTEGER_PATTERN, whole_number
from ndl_publish.spec.columns import IntegerColumn
from ndl_publish.spec.load import ReleaseSpec


def integers(name: str, spec: ReleaseSpec, geography: Geography) -> tuple[Probe, ...]:
    """Return two probes per integer column: ``NDL-V013`` for no whole number, ``NDL-V014`` for one out of bounds."""
    del geography
    if name == LINKS:
        return ()
    probes: list[Probe] = []
    for column, declared in spec.dataset.sources[name].columns.items():
        if isinstance(declared, IntegerColumn):
            message = "not a whole number, in {rows}. Write digits only, without point or space."
            probes.append(Probe("NDL-V013", "error", column, ~nw.col(column).str.contains(INTEGER_PATTERN), message))
            bounds = f"{declared.minimum} to {declared.maximum}"
            message = f"outside the declared range {bounds}, in {{rows}}. Mend the extract or the metadata."
            inside = whole_number(column).is_between(declared.minimum, declared.maximum)
            probes.append(Probe("NDL-V014", "error", column, ~inside, message))
    return tuple(probes)
