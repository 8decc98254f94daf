"""Figures that are public already, added to what an outsider knows: earlier releases, other publishers' tables."""

from dataclasses import replace
from itertools import chain

import numpy as np
import polars as pl

from ndl_publish import columns as c
from ndl_publish.audit.from_tables import with_differences
from ndl_publish.audit.published import BoolArray, PublishedCells
from ndl_publish.cube.grid import Block, IntArray
from ndl_publish.cube.layout import YES, CubeLayout, total_label
from ndl_publish.errors import Finding
from ndl_publish.spec.load import ReleaseSpec

LINE = "_line"
"""Column of a known figure's line in its file."""


def add_known_figures(
    spec: ReleaseSpec, layout: CubeLayout, published: PublishedCells, known: list[pl.DataFrame]
) -> tuple[PublishedCells, tuple[Finding, ...]]:
    """Return what an outsider has who also knows these counts, and what is to be said about them.

    Args:
        spec: The release; its figure names are those of the known tables.
        layout: Its cells.
        published: What the package shows.
        known: Frames with ``area_code``, ``measure``, ``value`` and any breakdown columns; no breakdown means total.

    Returns:
        The widened cells, differences of known and shown counts included, and ``NDL-D015`` (warning: a known count
        differs from a shown one), ``NDL-D016`` (warning: withheld counts are public already), ``NDL-D022`` (warning:
        rows that are no count of the release), ``NDL-D024`` (warning: columns that are no breakdown of it),
        ``NDL-D017`` (note: noisy figures cannot be undone with exact ones) and ``NDL-D018`` (note: how many were used).
    """
    if not published.is_count:
        message = (
            "noisy figures do not follow from exact ones: known figures change nothing about withheld noisy counts."
        )
        return published, (Finding("NDL-D017", "note", "known figures", message),)
    values, is_shown = published.values.copy(), published.is_shown.copy()
    differ = already = used = 0
    lost = 0
    for frame in known:
        placed: set[int] = set()
        for cells, figures, lines in chain.from_iterable(
            _matches(spec, layout, frame, block) for block in layout.grid.blocks
        ):
            placed.update(lines)
            shown = is_shown[cells]
            differ += int((shown & (values[cells] != figures)).sum())
            already += int((~shown).sum())
            used += len(cells)
            values[cells[~shown]] = figures[~shown]
            is_shown[cells] = True
        lost += frame.height - len(placed)
    findings = tuple(
        Finding(code, "warning", "known figures", text)
        for code, n, text in (
            ("NDL-D015", differ, f"{differ} known counts differ from the shown ones; the shown ones were used."),
            ("NDL-D022", lost, f"{lost} rows are no count of an area, category and measure of this release: not used."),
            (
                "NDL-D016",
                already,
                f"{already} withheld counts are public already; withholding them here hides nothing.",
            ),
        )
        if n
    )
    note = Finding("NDL-D018", "note", "known figures", f"{used} known counts are cells of this release.")
    widened = with_differences(layout, replace(published, values=values, is_shown=is_shown))
    return widened, (*_ignored_columns(spec, known), *findings, note)


def _ignored_columns(spec: ReleaseSpec, known: list[pl.DataFrame]) -> tuple[Finding, ...]:
    """Return ``NDL-D024`` naming the columns that neither the release nor the layout of its tables has."""
    usual = {*c.LEADING, *c.OF_FIGURES, *spec.dataset.breakdowns, LINE}
    odd = sorted({name for frame in known for name in frame.columns} - usual)
    message = (
        f"columns that are no breakdown of this release were ignored, their rows read as totals: {', '.join(odd)}."
    )
    return (Finding("NDL-D024", "warning", "known figures", message),) if odd else ()


def _matches(
    spec: ReleaseSpec, layout: CubeLayout, frame: pl.DataFrame, block: Block
) -> list[tuple[IntArray, IntArray, list[int]]]:
    """Return, for each figure of a block, the cells that the frame has a value for, the values and their lines."""
    found = []
    for name, figure in _figures(spec, layout, block):
        keys, cells = _keyed_cells(spec, layout, block, name)
        split = (
            (c.TIME_PERIOD, *spec.dataset.breakdowns) if len(spec.release.time_periods) > 1 else spec.dataset.breakdowns
        )
        breakdowns = [x for x in frame.columns if x in split]
        absent = [x for x in keys.columns if x in split and x not in breakdowns]
        if any((keys[x] != total_label(x, spec)).any() for x in absent):
            continue
        on = [x for x in keys.columns if x not in (*absent, "_cell")]
        others = [x for x in breakdowns if x not in keys.columns]
        rows = frame.filter(pl.col(c.MEASURE) == figure, *(pl.col(x) == total_label(x, spec) for x in others))
        joined = keys.with_columns(pl.Series("_cell", cells)).join(rows.unique(on, keep="first"), on=on, how="inner")
        whole = joined.filter(pl.col(c.VALUE) == pl.col(c.VALUE).round(0))
        found.append((whole["_cell"].to_numpy(), whole[c.VALUE].to_numpy().astype(np.int64), whole[LINE].to_list()))
    return found


def _figures(spec: ReleaseSpec, layout: CubeLayout, block: Block) -> list[tuple[str | None, str]]:
    """Return the measure (none for children) and figure name that a block holds counts of."""
    named = {i: block.levels[i] for i in layout.outcome_dimension.values() if block.levels[i] != c.TOTAL_LEVEL}
    if not named:
        return [(None, spec.dataset.count_name)]
    name = next(iter(named.values()))
    measure = spec.dataset.measures.get(name)
    return [(name, measure.count_name)] if measure is not None and measure.kind == "share" else []


def _keyed_cells(
    spec: ReleaseSpec, layout: CubeLayout, block: Block, measure: str | None
) -> tuple[pl.DataFrame, IntArray]:
    """Return area and category labels of a block's cells, and the cells; of the children who reached, for a share."""
    index = np.stack(np.unravel_index(np.arange(block.n_cells), block.shape))
    keep: BoolArray = np.ones(block.n_cells, bool)
    if measure is not None:
        axis = layout.outcome_dimension[spec.dataset.outcome_of(measure)]
        keep = np.asarray(index[axis] == layout.grid.dimensions[axis].level(measure).groups.index(YES))
    areas = pl.Series(layout.grid.dimensions[0].level(block.levels[0]).groups, dtype=pl.String)
    data = {c.AREA_CODE: areas.gather(index[0][keep].astype(np.uint32))}
    for name, axis in layout.breakdown_dimension.items():
        if block.levels[axis] == name:
            groups = pl.Series(layout.grid.dimensions[axis].level(name).groups, dtype=pl.String)
            data[name] = groups.gather(index[axis][keep].astype(np.uint32))
    return pl.DataFrame(data), np.flatnonzero(keep) + block.offset
