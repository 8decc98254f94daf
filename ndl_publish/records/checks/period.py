"""The spine must hold rows of the release's time period."""

import narwhals as nw

from ndl_publish.engines.protocol import Engine
from ndl_publish.errors import Finding
from ndl_publish.geography.lookup import Geography
from ndl_publish.records.checks.probe import in_words
from ndl_publish.records.model import PERIOD, Records


def period(records: Records, geography: Geography, *, engine: Engine) -> tuple[Finding, ...]:
    """Return ``NDL-V032`` when no row is of the time period, ``NDL-V033`` for rows left out, of another or of none."""
    del geography
    spine = records.spec.dataset.spine
    if records.spec.dataset.sources[spine].period is None:
        return ()
    periods = records.spec.release.time_periods
    tests = {name: (nw.col(PERIOD) == name).fill_null(value=False) for name in periods}
    sums = [test.cast(nw.Int64).sum().alias(n) for n, test in {**tests, "blank": nw.col(PERIOD).is_null()}.items()]
    counts = engine.collect(records.all_periods.select(nw.len().cast(nw.Int64).alias("rows"), *sums))
    rows, *found, without = counts.row(0)
    here = sum(found)
    if not rows:
        return ()
    where = records.extracts[spine].where(spine, PERIOD)
    findings = []
    for wanted in (name for name, n in zip(periods, found, strict=True) if not n):
        message = f"no row is of the release's time period {wanted}. Check time_period in the release, and the files."
        findings.append(Finding("NDL-V032", "error", where, message))
    if without:
        message = f"no time period in {in_words(without)}, which are left out. Mend the extract."
        findings.append(Finding("NDL-V033", "warning", where, message))
    if here and rows - here - without:
        message = f"another time period in {in_words(rows - here - without)}, which are left out."
        findings.append(Finding("NDL-V033", "note", where, message))
    return tuple(findings)
