"""From what a release asks for to dimensions, blocks and figures: public knowledge only, no record is read.

The **area dimension** comes first. Its finest codes are the areas of the coarsest level that still decides every
level and area characteristic the release uses. **Breakdowns** that nest (minor in major ethnic group) are one
dimension with two levels. A release of several **time periods** has them as a dimension like any other, whose total
is the children of all periods together. An **outcome** is one dimension, too: its measures contain one another
(communication and literacy, GLD, all goals), so a child's code is how many of them it reached; each measure is a
level with the groups ``no`` and ``yes``. Complements ("did not reach") and what lies between two published measures
are therefore cells like any other, and the disclosure rules see them.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import combinations

import numpy as np
import polars as pl

from ndl_publish.columns import TIME_PERIOD, TOTAL, TOTAL_LEVEL
from ndl_publish.cube.grid import CellGrid, Dimension, make_dimension
from ndl_publish.cube.protected import Implication
from ndl_publish.errors import RuleError
from ndl_publish.geography.lookup import Geography
from ndl_publish.spec.dataset import ShareMeasure
from ndl_publish.spec.derived import AreaCharacteristic
from ndl_publish.spec.load import ReleaseSpec
from ndl_publish.spec.release import Table

AREA = "area"
NO, YES = "no", "yes"
Crossing = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CubeLayout:
    """What the cube of a release consists of.

    Attributes:
        grid: All cells, complements included.
        base: The blocks without outcomes, one for each level and crossing that a mean is wanted for.
        area_level: Level whose areas are the finest codes of the area dimension.
        breakdown_dimension: Breakdown -> index of its dimension.
        outcome_dimension: Outcome -> index of its dimension.
        chains: Outcome -> measures in use, widest first; a child's code is how many of them it reached.
        implications: Dimensions decided by the area.
        count_measure: The measure that counts everybody.
        share_of: Share in use -> the measure it is a share of.
    """

    grid: CellGrid
    base: CellGrid
    area_level: str
    breakdown_dimension: dict[str, int]
    outcome_dimension: dict[str, int]
    chains: dict[str, tuple[str, ...]]
    implications: tuple[Implication, ...] = field(repr=False)
    count_measure: str
    share_of: dict[str, str]

    @property
    def breakdown_dimensions(self) -> tuple[Dimension, ...]:
        """The dimensions between the areas and the outcomes."""
        return self.grid.dimensions[1 : len(self.grid.dimensions) - len(self.chains)]

    def levels_for(self, level: str, crossing: Crossing, outcome: tuple[str, str] | None = None) -> tuple[str, ...]:
        """Return the block levels of an area level, a crossing of breakdowns and, if given, an outcome's level.

        Args:
            level: Area level.
            crossing: Breakdown names.
            outcome: Outcome name and the level wanted of it.
        """
        levels = [TOTAL_LEVEL] * len(self.grid.dimensions)
        levels[0] = level
        for name in crossing:
            levels[self.breakdown_dimension[name]] = name
        if outcome is not None:
            levels[self.outcome_dimension[outcome[0]]] = outcome[1]
        return tuple(levels)


def between_level(measures: tuple[str, ...]) -> str:
    """Return the name of the level that tells apart how many of several nested measures were reached."""
    return "+".join(measures)


def closure(crossings: tuple[Crossing, ...]) -> tuple[Crossing, ...]:
    """Return all crossings with their margins, fewest breakdowns first.

    Example:
        >>> closure((("sex", "fsm"),))
        ((), ('sex',), ('fsm',), ('sex', 'fsm'))
    """
    parts = [part for c in crossings for k in range(len(c) + 1) for part in combinations(c, k)]
    unique = {frozenset(part): part for part in reversed(parts)}
    return tuple(sorted(unique.values(), key=lambda part: (len(part), parts.index(part))))


def crossings_of(table: Table, spec: ReleaseSpec) -> tuple[Crossing, ...]:
    """Return all crossings of a table with their margins; those of single periods before those of all together."""
    crossings = closure(table.breakdowns)
    if len(spec.release.time_periods) == 1:
        return crossings
    single = tuple((TIME_PERIOD, *crossing) for crossing in crossings)
    wanted = {"each": single, "pooled": crossings, "both": (*single, *crossings)}
    return wanted[table.periods]


def ordered_crossing(crossing: Crossing, spec: ReleaseSpec) -> Crossing:
    """Return a crossing in the order of the dimensions: time first, then breakdowns as the metadata list them."""
    return tuple(sorted(crossing, key=(TIME_PERIOD, *spec.dataset.breakdowns).index))


def total_label(name: str, spec: ReleaseSpec) -> str:
    """Return what stands in a column of a table for all its groups together."""
    return spec.release.pooled_period if name == TIME_PERIOD else TOTAL


def blocks_of(table: Table, spec: ReleaseSpec, layout: "CubeLayout") -> Iterator[tuple[str, ...]]:
    """Yield the levels of every block that a table is read from; one between measures may be finer in the grid."""
    for level in table.levels:
        for crossing in crossings_of(table, spec):
            yield from _block_levels(layout, level, crossing, set(table.measures))


def _block_levels(
    layout: "CubeLayout", level: str, crossing: Crossing, measures: set[str]
) -> Iterator[tuple[str, ...]]:
    yield layout.levels_for(level, crossing)
    for outcome, chain in layout.chains.items():
        published = tuple(m for m in chain if m in measures)
        for name in dict.fromkeys([*published, *([between_level(published)] if published else [])]):
            yield layout.levels_for(level, crossing, (outcome, name))


def lay_out(spec: ReleaseSpec, geography: Geography) -> CubeLayout:
    """Return the dimensions and blocks of a release.

    Args:
        spec: A release whose names are already checked against its metadata.
        geography: The areas the release covers.
    """
    tables = spec.release.tables
    used = tuple(dict.fromkeys(name for table in tables for c in table.breakdowns for name in c))
    area_level = _finest_needed(spec, geography, used)
    areas = _area_dimension(geography, area_level, tables)
    dimensions: list[Dimension] = [areas]
    breakdown_dimension: dict[str, int] = {}
    for dimension in (*_time_dimension(spec), *_breakdown_dimensions(spec, used)):
        for level in dimension.levels[1:]:
            breakdown_dimension[level.name] = len(dimensions)
        dimensions.append(dimension)
    wanted = _measures_wanted(spec)
    chains = _chains(spec)
    outcome_dimension: dict[str, int] = {}
    for outcome, chain in chains.items():
        outcome_dimension[outcome] = len(dimensions)
        dimensions.append(_outcome_dimension(outcome, chain, wanted.values()))
    implied = tuple(_implications(spec, geography, area_level, dimensions, breakdown_dimension))
    none = CellGrid((), ())
    count, share_of = spec.dataset.count_measure, _share_of(spec, chains)
    layout = CubeLayout(
        none, none, area_level, breakdown_dimension, outcome_dimension, chains, implied, count, share_of
    )
    return _with_grids(spec, layout, tuple(dimensions), wanted)


def _with_grids(
    spec: ReleaseSpec,
    layout: CubeLayout,
    dimensions: tuple[Dimension, ...],
    wanted: dict[tuple[str, Crossing], set[str]],
) -> CubeLayout:
    shell = replace(layout, grid=CellGrid(dimensions, ()))
    blocks: list[tuple[str, ...]] = []
    base: list[tuple[str, ...]] = []
    for (level, crossing), measures in wanted.items():
        blocks.extend(_block_levels(shell, level, crossing, measures))
        if any(spec.dataset.measures[m].kind == "mean" for m in measures):
            base.append(shell.levels_for(level, crossing))
    return replace(layout, grid=CellGrid.build(dimensions, blocks), base=CellGrid.build(dimensions, base))


def _measures_wanted(spec: ReleaseSpec) -> dict[tuple[str, Crossing], set[str]]:
    """Return every area level and crossing with the measures that any table publishes there."""
    wanted: dict[tuple[str, Crossing], set[str]] = {}
    for table in spec.release.tables:
        for level in table.levels:
            for crossing in crossings_of(table, spec):
                key = (level, ordered_crossing(crossing, spec))
                wanted.setdefault(key, set()).update(table.measures)
    return wanted


def _chains(spec: ReleaseSpec) -> dict[str, tuple[str, ...]]:
    used = {measure for table in spec.release.tables for measure in table.measures}
    found = {name: tuple(m for m in outcome.measures if m in used) for name, outcome in spec.dataset.outcomes.items()}
    return {name: chain for name, chain in found.items() if chain}


def _share_of(spec: ReleaseSpec, chains: dict[str, tuple[str, ...]]) -> dict[str, str]:
    used = [name for chain in chains.values() for name in chain]
    shares = {name: spec.dataset.measures[name] for name in used}
    return {name: share.of for name, share in shares.items() if isinstance(share, ShareMeasure)}


def _finest_needed(spec: ReleaseSpec, geography: Geography, used: tuple[str, ...]) -> str:
    """Return the coarsest level that decides every published level and every area characteristic in use."""
    if any(spec.dataset.is_area_characteristic(name) for name in used):
        return geography.finest
    published = {level for table in spec.release.tables for level in table.levels}
    for candidate in reversed(geography.levels):
        rest = [level for level in published if level != candidate]
        pairs = geography.nesting.select(candidate, *rest).unique()
        if pairs[candidate].n_unique() == pairs.height and "" not in pairs[candidate]:
            return candidate
    return geography.finest


def _area_dimension(geography: Geography, area_level: str, tables: tuple[Table, ...]) -> Dimension:
    levels = [x for x in geography.levels if x == area_level or any(x in table.levels for table in tables)]
    rows = geography.nesting.select(levels).unique().sort(list(reversed(levels)))
    groupings = {level: tuple(code or None for code in rows[level].to_list()) for level in reversed(levels)}
    return make_dimension(AREA, tuple(rows[area_level].to_list()), groupings)


def _time_dimension(spec: ReleaseSpec) -> Iterator[Dimension]:
    periods = spec.release.time_periods
    if len(periods) > 1:
        yield make_dimension(TIME_PERIOD, periods, {TIME_PERIOD: periods})


def _breakdown_dimensions(spec: ReleaseSpec, used: tuple[str, ...]) -> Iterator[Dimension]:
    known = spec.dataset.breakdowns
    parents = {known[name].within for name in used if known[name].within in used}
    for name in known:
        if name not in used or name in parents:
            continue
        codes = spec.dataset.categories(known[name].column) or ()
        groupings: dict[str, tuple[str | None, ...]] = {}
        parent = known[name].within
        if parent is not None and parent in used:
            groupings[parent] = spec.dataset.parent_labels(name)
        groupings[name] = codes
        yield make_dimension(name, codes, groupings)


def _outcome_dimension(outcome: str, chain: tuple[str, ...], wanted: Iterable[set[str]]) -> Dimension:
    codes = tuple(str(i) for i in range(len(chain) + 1))
    groupings: dict[str, tuple[str | None, ...]] = {
        measure: tuple(YES if code >= k else NO for code in range(len(codes))) for k, measure in enumerate(chain, 1)
    }
    order = dict.fromkeys(chain, (NO, YES))
    for measures in (set(chain), *wanted):
        published = tuple(m for m in chain if m in measures)
        if len(published) > 1:
            ranks = [sum(code >= chain.index(m) + 1 for m in published) for code in range(len(codes))]
            groupings[between_level(published)] = tuple(str(rank) for rank in ranks)
    return make_dimension(outcome, codes, groupings, order)


def _implications(
    spec: ReleaseSpec, geography: Geography, area_level: str, dimensions: list[Dimension], where: dict[str, int]
) -> Iterator[Implication]:
    for name, index in where.items():
        if name == TIME_PERIOD or not spec.dataset.is_area_characteristic(name):
            continue
        codes = dimensions[index].codes
        labels = area_labels(spec, geography, name)
        by_area = dict(zip(labels[area_level], labels[name], strict=True))
        position = {code: i for i, code in enumerate(codes)}
        lacking = sum(by_area[area] not in position for area in dimensions[0].codes)
        if lacking:
            raise RuleError(
                "NDL-R013",
                f"{name}: {lacking} areas have none of its categories in geography {geography.vintage}. Complete "
                "characteristics.csv, or give the breakdown a label for areas without one (missing).",
            )
        yield Implication(index, 0, np.array([position[by_area[a]] for a in dimensions[0].codes], np.int64))


def area_labels(spec: ReleaseSpec, geography: Geography, breakdown: str) -> pl.DataFrame:
    """Return the label of an area characteristic for every finest area: columns finest level and ``breakdown``."""
    rule = spec.dataset.derived[spec.dataset.breakdowns[breakdown].column]
    if not isinstance(rule, AreaCharacteristic):
        raise TypeError(f"{breakdown} is not decided by the area")
    column = rule.characteristic
    joined = geography.nesting.select(geography.finest).join(geography.characteristics, on=geography.finest, how="left")
    known = pl.col(column).is_in(rule.categories)
    label = pl.when(known).then(column).otherwise(pl.lit(rule.missing)).alias(breakdown)
    return joined.select(geography.finest, label)


def shares_without_denominator(spec: ReleaseSpec) -> Iterator[tuple[int, str, str]]:
    """Yield table index, share and missing denominator where a table asks for a share but not what it is a share of."""
    for i, table in enumerate(spec.release.tables):
        for name in table.measures:
            measure = spec.dataset.measures[name]
            if isinstance(measure, ShareMeasure) and measure.of not in table.measures:
                yield i, name, measure.of
