"""Both ends of a link must exist: more than half missing means that the ids are of another extract."""

from collections.abc import Iterator

import narwhals as nw

from ndl_publish.engines.protocol import Engine, Frame
from ndl_publish.errors import Finding
from ndl_publish.geography.lookup import Geography
from ndl_publish.records.checks.probe import in_words
from ndl_publish.records.model import CHILD, ID, LINKED, LINKS, SOURCE, Extract, Records


def link_targets(records: Records, geography: Geography, *, engine: Engine) -> tuple[Finding, ...]:
    """Return ``NDL-V026`` for links from children the spine lacks, ``NDL-V027`` for links to records a source lacks.

    A child of another time period counts as there. Warnings; errors when more than half of the links lead nowhere.
    """
    del geography
    dataset = records.spec.dataset
    if dataset.links is None:
        return ()
    links, extract = records.sources[LINKS], records.extracts[LINKS]
    ends = [("NDL-V026", CHILD, dataset.spine, links, records.all_periods)]
    for name, source in dataset.sources.items():
        if source.role == "linked":
            ends.append(("NDL-V027", LINKED, name, links.filter(nw.col(SOURCE) == name), records.sources[name]))
    findings: list[Finding] = []
    for code, column, name, from_links, to_records in ends:
        findings += _missing(code, column, name, extract, _counts(from_links, column, to_records, engine))
    return tuple(findings)


def _counts(links: Frame, column: str, records: Frame, engine: Engine) -> tuple[int, int]:
    """Return how many links have an id in ``column``, and for how many of them there is no record."""
    known = records.select(nw.col(ID).alias(column)).filter(~nw.col(column).is_null())
    ends = links.filter(~nw.col(column).is_null()).select(column)
    all_links = engine.collect(ends.select(nw.len())).item()
    return int(all_links), int(engine.collect(ends.join(known, on=column, how="anti").select(nw.len())).item())


def _missing(code: str, column: str, name: str, extract: Extract, counts: tuple[int, int]) -> Iterator[Finding]:
    all_links, lost = counts
    if not lost:
        return
    where = extract.where(LINKS, column)
    if 2 * lost > all_links:
        message = f"no record of {name} for most links ({in_words(lost)}). Are the ids of another extract?"
        yield Finding(code, "error", where, message)
    else:
        message = f"no record of {name} for {in_words(lost)}: not used."
        yield Finding(code, "warning", where, message)
