"""Every area code must be one of the release's boundary vintage, or an old one with a single successor.

Whether a child's place lies outside the release is told after the population is known (``outcome.py``).
"""

import narwhals as nw

from ndl_publish.geography.lookup import Geography
from ndl_publish.records.areas import OLD, TRANSLATED, area_columns, is_outside, origin
from ndl_publish.records.checks.probe import Probe
from ndl_publish.records.model import LINKS
from ndl_publish.spec.load import ReleaseSpec


def area_codes(name: str, spec: ReleaseSpec, geography: Geography) -> tuple[Probe, ...]:
    """Return three probes per area column: ``NDL-V016`` unknown, ``NDL-V017`` split since, ``NDL-V018`` translated."""
    if name == LINKS:
        return ()
    probes: list[Probe] = []
    vintage = geography.vintage
    for column, level in area_columns(spec.dataset.sources[name].columns).items():
        came = nw.col(origin(column))
        is_unknown = ~nw.col(column).is_null() & came.is_null() & ~is_outside(column, geography, level)
        message = f"not a code of level {level} in geography {vintage}, in {{rows}}. Mend it or choose the vintage."
        probes.append(Probe("NDL-V016", "error", column, is_unknown, message, names_areas=True))
        message = f"codes of an older vintage without a single successor in {vintage}, in {{rows}}. Recode them."
        probes.append(Probe("NDL-V017", "error", column, came == OLD, message, names_areas=True))
        message = f"codes of an older vintage were replaced by their one successor in {vintage}, in {{rows}}."
        probes.append(Probe("NDL-V018", "note", column, came == TRANSLATED, message))
    return tuple(probes)
