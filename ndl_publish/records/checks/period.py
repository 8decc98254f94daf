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
    wanted = records.spec.release.time_period
    is_wanted = (nw.col(PERIOD) == wanted).fill_null(value=False)
    blank = nw.col(PERIOD).is_null()
    sums = [test.cast(nw.Int64).sum().alias(n) for n, test in (("wanted", is_wanted), ("blank", blank))]
    counts = engine.collect(records.all_periods.select(nw.len().cast(nw.Int64).alias("rows"), *sums))
    rows, here, without = counts.row(0)
    if not rows:
        return ()
    where = records.extracts[spine].where(spine, PERIOD)
    findings = []
    if not here:
        message = f"no row is of the release's time period {wanted}. Check time_period in the release, and the files."
        findings.append(Finding("NDL-V032", "error", where, message))
    if without:
        message = f"no time period in {in_words(without)}, which are left out. Mend the extract."
        findings.append(Finding("NDL-V033", "warning", where, message))
    if here and rows - here - without:
        message = f"another time period in {in_words(rows - here - without)}, which are left out."
        findings.append(Finding("NDL-V033", "note", where, message))
    return tuple(findings)
