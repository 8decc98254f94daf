"""Row checks as expressions, so that all those of one source are counted in a single pass.

A probe says which rows are wrong. Only when there are some are the first of them looked up, by their line in the file;
what stands in them is never read back.
"""

from dataclasses import dataclass
from typing import Final

import narwhals as nw

from ndl_publish.engines.protocol import ROW, ROWS_PER_FILE, Engine, Frame
from ndl_publish.errors import Finding, Severity
from ndl_publish.records.areas import CODE_PATTERN
from ndl_publish.records.model import Extract

_SHOWN: Final = 3


@dataclass(frozen=True, slots=True)
class Probe:
    """One way a row can be wrong.

    Attributes:
        code: ``NDL-Vnnn``.
        severity: Of the finding, when there is a row.
        column: Canonical name of the column; ``None`` for the whole row.
        failing: True for a row that is wrong; null counts as not wrong.
        message: ``{rows}`` stands for how many rows.
        names_areas: Whether the message goes on to name public area codes found in ``column``.
    """

    code: str
    severity: Severity
    column: str | None
    failing: nw.Expr
    message: str
    names_areas: bool = False


def in_words(rows: int) -> str:
    """Return a number of rows in words.

    Example:
        >>> in_words(1), in_words(26000)
        ('1 row', '26,000 rows')
    """
    return "1 row" if rows == 1 else f"{rows:,} rows"


def lines(positions: list[int], extract: Extract, *, more: bool) -> str:
    """Return where rows stand: the lines, with the name of the file where a source has several.

    Args:
        positions: Values of ``ROW``.
        extract: The files ``ROW`` counts in.
        more: Whether there are further rows.
    """
    shown = []
    for position in positions:
        file, line = divmod(position, ROWS_PER_FILE)
        shown.append(f"{line}" if len(extract.files) == 1 else f"{line} of {extract.files[file].name}")
    return f" See line{'s' if len(shown) > 1 else ''} {', '.join(shown)}{', ...' if more else '.'}"


def run_probes(
    frame: Frame, probes: tuple[Probe, ...], *, name: str, extract: Extract, engine: Engine
) -> tuple[Finding, ...]:
    """Return a finding for each probe that found rows."""
    counts = [_failing(probe).cast(nw.Int64).sum().alias(f"probe_{i}") for i, probe in enumerate(probes)]
    counted = engine.collect(frame.select(*counts)).row(0, named=True)
    found = [(probe, int(counted[f"probe_{i}"] or 0)) for i, probe in enumerate(probes)]
    hit = [(probe, rows) for probe, rows in found if rows]
    positions = iter(_first_rows(frame, [probe for probe, _ in hit if probe.severity != "note"], engine))
    findings = []
    for probe, rows in hit:
        message = probe.message.format(rows=in_words(rows))
        if probe.names_areas:
            message += _public_codes(frame, probe, engine)
        if probe.severity != "note":
            message += lines(next(positions), extract, more=rows > _SHOWN)
        findings.append(Finding(probe.code, probe.severity, extract.where(name, probe.column), message))
    return tuple(findings)


def _failing(probe: Probe) -> nw.Expr:
    return probe.failing.fill_null(value=False)


def _public_codes(frame: Frame, probe: Probe, engine: Engine) -> str:
    """Return the first few area codes a probe found; a value that is not written like one is never read."""
    code = nw.col(probe.column or "")
    well_formed = frame.filter(_failing(probe) & code.str.contains(CODE_PATTERN)).select(code.alias("code"))
    codes = engine.collect(well_formed.unique().sort("code").head(_SHOWN))["code"].to_list()
    return f" Among them {', '.join(codes)}." if codes else ""


def _first_rows(frame: Frame, probes: list[Probe], engine: Engine) -> list[list[int]]:
    """Return the first few positions of each probe's rows: all probes at once, one pass per position."""
    positions: list[list[int]] = [[] for _ in probes]
    for _ in range(_SHOWN if probes else 0):
        after = [found[-1] if found else -1 for found in positions]
        firsts = [
            nw.when(_failing(probe) & (nw.col(ROW) > last)).then(nw.col(ROW)).min().alias(f"probe_{i}")
            for i, (probe, last) in enumerate(zip(probes, after, strict=True))
        ]
        for found, value in zip(positions, engine.collect(frame.select(*firsts)).row(0), strict=True):
            if value is not None:
                found.append(int(value))
    return positions
