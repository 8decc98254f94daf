"""Every link must name a source, and have a match weight from 0 to 1."""

import narwhals as nw

from ndl_publish.geography.lookup import Geography
from ndl_publish.records.checks.probe import Probe
from ndl_publish.records.link import weight
from ndl_publish.records.model import LINKS, SOURCE, WEIGHT
from ndl_publish.spec.load import ReleaseSpec


def link_rows(name: str, spec: ReleaseSpec, geography: Geography) -> tuple[Probe, ...]:
    """Return the probes of the link table.

    ``NDL-V025`` for a weight that is no number from 0 to 1, ``NDL-V028`` for a source that is not declared,
    ``NDL-V030`` for links that are not used because their weight is too low.
    """
    del geography
    links = spec.dataset.links
    if name != LINKS or links is None:
        return ()
    linked = [source for source, declared in spec.dataset.sources.items() if declared.role == "linked"]
    unknown = nw.col(SOURCE).is_null() | ~nw.col(SOURCE).is_in(linked)
    is_weight = weight().is_between(0, 1).fill_null(value=False)
    wrong_weight = "not a number from 0 to 1, in {rows}. Mend the weights."
    no_source = f"not the name of a linked source, in {{rows}}. Write one of: {', '.join(linked)}."
    too_low = f"below the minimum weight {links.minimum_weight}, in {{rows}}: these links are not used."
    return (
        Probe("NDL-V025", "error", WEIGHT, ~is_weight, wrong_weight),
        Probe("NDL-V028", "error", SOURCE, unknown, no_source),
        Probe("NDL-V030", "note", WEIGHT, weight() < links.minimum_weight, too_low),
    )
