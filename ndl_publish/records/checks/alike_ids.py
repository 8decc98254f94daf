"""Ids of children that differ in upper and lower case only: often one child, written in two ways."""

import narwhals as nw

from ndl_publish.engines.protocol import Engine
from ndl_publish.errors import Finding
from ndl_publish.geography.lookup import Geography
from ndl_publish.records.checks.probe import in_words
from ndl_publish.records.model import ID, Records


def alike_ids(records: Records, geography: Geography, *, engine: Engine) -> tuple[Finding, ...]:
    """Return ``NDL-V043``, a warning, when ids of the spine coincide without regard to case."""
    del geography
    name = records.spec.dataset.spine
    ids = records.sources[name].select(ID).unique()
    counts = engine.collect(
        ids.select(nw.len().alias("written"), nw.col(ID).str.to_lowercase().n_unique().alias("read"))
    )
    written, read = counts.row(0)
    if written <= read:
        return ()
    message = (
        f"ids that differ in upper and lower case only: {in_words(written - read)} too many if they are one child each,"
        " which would then be counted twice and lose more than is charged. Make sure that case tells children apart."
    )
    return (Finding("NDL-V043", "warning", records.extracts[name].where(name, ID), message),)
