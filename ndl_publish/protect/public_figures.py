"""Headcounts that are public already and that the rules name as invariants: the estimate keeps to them exactly.

They are read from a file of published figures, never from the records: what is not public cannot become so here. The
guarantee is then about what is learned beyond them.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

import polars as pl

from ndl_publish.columns import AREA_CODE, TIME_PERIOD, VALUE
from ndl_publish.cube.grid import CellGrid, IntArray
from ndl_publish.cube.layout import CubeLayout
from ndl_publish.errors import Finding, InputError, RuleError
from ndl_publish.privacy.area_tree import area_tree
from ndl_publish.privacy.strategy import Known
from ndl_publish.protect.measure import Measurements, measurement_rows
from ndl_publish.spec.load import ReleaseSpec
from ndl_publish.spec.rules import DpRules

LINE = "_line"
SHOWN = 5
PUBLIC_FIGURES = "public figures"
"""What stands for a query where noisy measurements are listed."""


@dataclass(frozen=True, slots=True)
class PublicFigures:
    """Children already public.

    Attributes:
        known: Their level, and whether they are by time period.
        children: ``(n_areas,)`` or ``(n_areas, n_periods)``, areas in the order of the level.
    """

    known: Known
    children: IntArray = field(repr=False)

    @property
    def level(self) -> str:
        """Level of the areas whose headcounts are public."""
        return self.known.level

    def as_rows(self, grid: CellGrid) -> pl.DataFrame:
        """Return the figures as rows beside those of the noisy measurements."""
        dimensions = grid.dimensions
        groups = [dimensions[axis].codes for axis in sorted(self.known.dimensions)]
        areas = dimensions[0].level(self.known.level).groups
        return measurement_rows(PUBLIC_FIGURES, areas, groups, self.children.ravel())


def known_of(spec: ReleaseSpec, layout: CubeLayout, measurements: Measurements) -> PublicFigures | None:
    """Return the figures already public that stand beside noisy measurements; none where the rules name none."""
    if not isinstance(spec.rules, DpRules) or spec.rules.invariant is None:
        return None
    known = _known(spec.rules.invariant.level, layout)
    areas = layout.grid.dimensions[0].level(known.level).groups
    sizes = (len(layout.grid.dimensions[axis].codes) for axis in sorted(known.dimensions))
    return PublicFigures(known, measurements[PUBLIC_FIGURES].reshape(len(areas), *sizes))


def _known(level: str, layout: CubeLayout) -> Known:
    axis = layout.breakdown_dimension.get(TIME_PERIOD)
    return Known(level, frozenset() if axis is None else frozenset({axis}))


def read_public_figures(spec: ReleaseSpec, layout: CubeLayout) -> PublicFigures | None:
    """Return the headcounts that the rules name as invariants; none where they name none.

    The file that the release names under ``public_figures`` has the columns ``area_code``, ``value`` and, for several
    time periods, ``time_period``: one row for every area of the level (and period).

    Raises:
        RuleError: ``NDL-R068`` when the rules name an invariant that this release cannot keep.
        InputError: ``NDL-V096`` when the file cannot be read or does not hold exactly one count for every area.
    """
    rules = spec.rules
    if not isinstance(rules, DpRules) or rules.invariant is None:
        return None
    level = rules.invariant.level
    path = spec.release.public_figures
    if path is None:
        message = "the rules hold headcounts exact: name the file of published figures under public_figures."
        raise RuleError("NDL-R068", f"{spec.source.path.name}: {message}")
    if level not in area_tree(layout.grid).levels:
        message = f"no table is published at level {level}, or its areas do not nest: its headcounts cannot be held."
        raise RuleError("NDL-R068", f"{spec.source.path.name}: {message}")
    areas = layout.grid.dimensions[0].level(level).groups
    periods = spec.release.time_periods if len(spec.release.time_periods) > 1 else ()
    frame = _read(spec, path, periods)
    findings = tuple(_findings(frame, path, areas, periods))
    if findings:
        raise InputError("NDL-V096", f"{path}: does not hold the published headcounts of {level}.", findings=findings)
    keys = [AREA_CODE, *([TIME_PERIOD] if periods else [])]
    order = {AREA_CODE: areas, TIME_PERIOD: periods}
    ranked = frame.sort(*(pl.col(key).replace_strict(list(order[key]), range(len(order[key]))) for key in keys))
    shape = (len(areas), *((len(periods),) if periods else ()))
    children = ranked[VALUE].cast(pl.Int64).to_numpy().reshape(shape)
    return PublicFigures(_known(level, layout), children)


def _read(spec: ReleaseSpec, path: str, periods: tuple[str, ...]) -> pl.DataFrame:
    """Return the wanted columns as text, with the line of each row."""
    wanted = [AREA_CODE, *([TIME_PERIOD] if periods else []), VALUE]
    file = spec.folder / path
    if not file.is_file():
        raise InputError("NDL-V096", f"{file}: is not there. Correct public_figures in {spec.source.path.name}.")
    try:
        frame = pl.read_csv(file, infer_schema=False)
    except (OSError, pl.exceptions.PolarsError):
        raise InputError("NDL-V096", f"{path}: cannot be read as CSV. Name a file with {', '.join(wanted)}.") from None
    missing = [name for name in wanted if name not in frame.columns]
    if missing:
        raise InputError("NDL-V096", f"{path}: lacks the columns {', '.join(missing)}.")
    return frame.select(wanted).with_columns(pl.col(VALUE).str.replace(r"\.0+$", "")).with_row_index(LINE, offset=2)


def _findings(frame: pl.DataFrame, path: str, areas: tuple[str, ...], periods: tuple[str, ...]) -> Iterator[Finding]:
    """Yield what is wrong with the rows; areas are public, so they are named."""
    keys = pl.DataFrame({AREA_CODE: areas})
    if periods:
        keys = keys.join(pl.DataFrame({TIME_PERIOD: periods}), how="cross")
    lacking = keys.join(frame, on=keys.columns, how="anti", maintain_order="left")
    strange = frame.join(keys, on=keys.columns, how="anti", maintain_order="left")
    twice = frame.filter(pl.struct(keys.columns).is_duplicated() & pl.struct(keys.columns).is_first_distinct().not_())
    wrong = frame.filter(~pl.col(VALUE).fill_null("").str.contains(r"^[0-9]{1,9}$"))
    told = {
        "no row for": lacking.select(pl.concat_str(keys.columns, separator=" "))[AREA_CODE].to_list(),
        "of no area or period of this release: line": strange[LINE].to_list(),
        "an area (and period) again: line": twice[LINE].to_list(),
        "not a whole number from 0, written in digits alone: line": wrong[LINE].to_list(),
    }
    for what, found in told.items():
        if found:
            shown = ", ".join(map(str, found[:SHOWN])) + (", ..." if len(found) > SHOWN else "")
            yield Finding("NDL-V096", "error", path, f"{what} {shown} ({len(found)} in all).")
