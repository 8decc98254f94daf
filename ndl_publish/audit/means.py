"""Exact means: does a withheld one follow from the mean of a larger area and the means of its other parts?

A mean rounded to so many decimals gives the sum behind it within half a unit of the last decimal times the children, so
a single blank among the parts of an area is as good as printed.
"""

from collections.abc import Iterator, Mapping

import numpy as np
import polars as pl

from ndl_publish import columns as c
from ndl_publish.cube.grid import Dimension, IntArray, Level
from ndl_publish.cube.layout import CubeLayout
from ndl_publish.errors import Finding
from ndl_publish.spec.dataset import MeanMeasure
from ndl_publish.spec.load import ReleaseSpec


def mean_findings(spec: ReleaseSpec, layout: CubeLayout, tables: Mapping[str, pl.DataFrame]) -> tuple[Finding, ...]:
    """Return ``NDL-D021`` for every pair of levels at which a single withheld mean follows from the others."""
    areas = layout.grid.dimensions[0]
    found = []
    for name, measure in spec.dataset.measures.items():
        if isinstance(measure, MeanMeasure):
            shown = _shown_by_level(spec, tables, measure)
            for coarse, fine, parent in _nested(areas, tuple(shown)):
                n = _alone(areas, shown, coarse, fine, parent)
                if n:
                    where = f"{name}: {coarse} x {fine}"
                    found.append(Finding("NDL-D021", "error", where, f"{n} withheld means follow from the others."))
    return tuple(found)


def _shown_by_level(spec: ReleaseSpec, tables: Mapping[str, pl.DataFrame], measure: MeanMeasure) -> dict[str, set[str]]:
    """Return, for each level that prints the mean without breakdowns, the areas whose mean is shown."""
    shown: dict[str, set[str]] = {}
    for table in spec.release.tables:
        frame = tables[table.name]
        breakdowns = [x for x in frame.columns if x in spec.dataset.breakdowns]
        rows = frame.filter(pl.col(c.MEASURE) == measure.mean_name, *(pl.col(x) == c.TOTAL for x in breakdowns))
        for level in rows[c.GEOGRAPHIC_LEVEL].unique():
            here = rows.filter(pl.col(c.GEOGRAPHIC_LEVEL) == level, pl.col(c.STATUS) == c.PUBLISHED)
            shown.setdefault(level, set()).update(here[c.AREA_CODE])
    return shown


def _nested(areas: Dimension, levels: tuple[str, ...]) -> Iterator[tuple[str, str, IntArray]]:
    """Yield pairs of levels of which the second splits the first, with the parent of each of its areas."""
    for coarse in levels:
        for fine in levels:
            parent = _parents(areas.level(coarse), areas.level(fine))
            if coarse != fine and parent is not None:
                yield coarse, fine, parent


def _parents(coarse: Level, fine: Level) -> IntArray | None:
    inside = fine.group_of >= 0
    pairs = np.unique(np.column_stack([fine.group_of[inside], coarse.group_of[inside]]), axis=0)
    splits = len(fine.groups) > len(coarse.groups) and len(pairs) == len(fine.groups)
    return pairs[:, 1].astype(np.int64) if splits else None


def _alone(areas: Dimension, shown: dict[str, set[str]], coarse: str, fine: str, parent: IntArray) -> int:
    """Return how many areas with a shown mean have exactly one part whose mean is withheld."""
    hidden = np.array([code not in shown[fine] for code in areas.level(fine).groups])
    inside = parent >= 0
    n_hidden = np.bincount(parent[inside], weights=hidden[inside], minlength=len(areas.level(coarse).groups))
    whole = np.array([code in shown[coarse] for code in areas.level(coarse).groups])
    return int((whole & (n_hidden == 1)).sum())
