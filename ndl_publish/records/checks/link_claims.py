"""One linked record should be claimed by one child."""

import narwhals as nw

from ndl_publish.engines.protocol import Engine
from ndl_publish.errors import Finding
from ndl_publish.geography.lookup import Geography
from ndl_publish.records.link import best_links
from ndl_publish.records.model import LINKED, LINKS, Records


def link_claims(records: Records, geography: Geography, *, engine: Engine) -> tuple[Finding, ...]:
    """Return ``NDL-V029`` for each source of which records are the best link of several children."""
    del geography
    dataset = records.spec.dataset
    if dataset.links is None:
        return ()
    findings = []
    for name, source in dataset.sources.items():
        if source.role == "linked":
            minimum = dataset.links.minimum_weight
            best = best_links(records.sources[LINKS], source=name, minimum_weight=minimum)
            claims = best.filter(~nw.col(LINKED).is_null()).group_by(LINKED).agg(nw.len().alias("claims"))
            several = engine.collect(claims.filter(nw.col("claims") > 1).select(nw.len())).item()
            if several:
                records_claimed = "1 record is" if several == 1 else f"{several:,} records are"
                message = f"{records_claimed} claimed by several children; each keeps the link. Check the linkage."
                findings.append(Finding("NDL-V029", "warning", f"links to {name}", message))
    return tuple(findings)
