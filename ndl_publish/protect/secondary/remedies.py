"""What could be done about small counts that nothing protects, tried out: does it help, and what does it cost?"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from itertools import combinations, islice

import numpy as np

from ndl_publish.columns import TOTAL_LEVEL, Mask
from ndl_publish.cube.grid import Block, CellGrid, IntArray, Level
from ndl_publish.cube.layout import AREA
from ndl_publish.protect.secondary.altered import Altered, with_merged, without_blocks
from ndl_publish.protect.secondary.problem import Suppression, SuppressionProblem
from ndl_publish.protect.secondary.suppress import suppress

Progress = Callable[[str, int, int], None]

MOST_CELLS = 50_000
"""Largest grid that remedies are tried on."""
MOST_REMEDIES = 6
SECONDS = 3.0
"""Wall time after which the search for one remedy is not improved further."""
MOST_CATEGORIES = 30
"""A level with more groups than this is taken to be one of areas, which cannot be merged at will."""
FEWEST_CATEGORIES = 3

TABLES_FILE = "tables in the release or tables file"
RULE_BOOK = "the rule book"
CATEGORIES_FILE = "the categories in the metadata, or the codes in the counts"


@dataclass(frozen=True)
class Remedy:
    """A change that may help.

    Attributes:
        words: What to do.
        file: Which file to change.
        block: Index of the block that it was thought of for.
        altered: The problem after it.
    """

    words: str
    file: str
    block: int
    altered: Altered = field(repr=False)


@dataclass(frozen=True)
class Tried:
    """What came of a remedy; numbers of cells only.

    Attributes:
        words: What to do.
        file: Which file to change.
        block: Index of the block that it was thought of for.
        n_unprotected: Small counts that still cannot be protected.
        n_unpublished: Cells that the tables hold no longer.
        n_more_blank: Cells blank that were not blank in the pattern that failed, less those shown instead; among the
            cells that are still published.
    """

    words: str
    file: str
    block: int
    n_unprotected: int
    n_unpublished: int
    n_more_blank: int


def try_remedies(
    problem: SuppressionProblem, failed: Suppression, *, progress: Progress | None = None
) -> tuple[Tried, ...]:
    """Return what at most ``MOST_REMEDIES`` changes would do, those that help first, then the cheapest.

    Args:
        problem: What was asked.
        failed: The answer, with cells that nothing protects.
        progress: Called with (stage, done, of).

    Returns:
        Nothing for a grid of more than ``MOST_CELLS`` cells.
    """
    if problem.grid.n_cells > MOST_CELLS:
        return ()
    remedies = _remedies(problem, failed)
    found = []
    for i, remedy in enumerate(remedies):
        if progress is not None:
            progress("trying remedies", i, len(remedies))
        found.append(_try(remedy, failed))
    return tuple(sorted(found, key=lambda tried: (tried.n_unprotected, tried.n_unpublished + tried.n_more_blank)))


def _try(remedy: Remedy, failed: Suppression) -> Tried:
    answer = suppress(replace(remedy.altered.problem, seconds=SECONDS))
    place = remedy.altered.place
    stays = np.zeros(len(answer.mask), bool)
    was_blank = np.zeros(len(answer.mask), bool)
    stays[place[place >= 0]] = True
    was_blank[place[(place >= 0) & (failed.mask != Mask.SHOWN)]] = True
    is_blank = answer.mask != Mask.SHOWN
    return Tried(
        remedy.words,
        remedy.file,
        remedy.block,
        len(answer.unprotected),
        len(place) - int(stays.sum()),
        int(is_blank.sum()) - int(was_blank.sum()),
    )


def _remedies(problem: SuppressionProblem, failed: Suppression) -> tuple[Remedy, ...]:
    """Return different changes, for the blocks with most unprotected cells first, in turn."""
    worst = worst_blocks(problem.grid, failed.unprotected)
    found: dict[str, Remedy] = {}
    for remedy in _by_rules(problem, worst[0]):
        found.setdefault(remedy.words, remedy)
    queues = [_by_tables(problem, b) for b in worst]
    while queues and len(found) < MOST_REMEDIES:
        queue = queues.pop(0)
        for new in islice(queue, 1):
            found.setdefault(new.words, new)
            queues.append(queue)
    return tuple(found.values())


def worst_blocks(grid: CellGrid, cells: IntArray) -> tuple[int, ...]:
    """Return the indices of the blocks that hold any of the cells, those with most first."""
    offsets = np.array([block.offset for block in grid.blocks])
    n_cells = np.bincount(np.searchsorted(offsets, cells, side="right") - 1, minlength=len(offsets))
    return tuple(int(b) for b in np.argsort(-n_cells, kind="stable") if n_cells[b])


def block_words(grid: CellGrid, block: Block) -> str:
    """Return the levels of a block that are not totals.

    Example:
        >>> block_words(CellGrid((), ()), Block((), (), 0))
        'grand total'
    """
    pairs = zip(grid.dimensions, block.levels, strict=True)
    return " x ".join(f"{dim.name}:{level}" for dim, level in pairs if level != TOTAL_LEVEL) or "grand total"


def _by_rules(problem: SuppressionProblem, block: int) -> Iterator[Remedy]:
    same = np.arange(problem.grid.n_cells)
    if problem.has_insiders and not problem.signed:
        words = "leave out the protection against insiders"
        yield Remedy(words, RULE_BOOK, block, Altered(replace(problem, has_insiders=False), same))
    if problem.forced is not None and problem.forced.any():
        words = "let cells that must be shown be withheld"
        yield Remedy(words, RULE_BOOK, block, Altered(replace(problem, forced=None), same))


def _by_tables(problem: SuppressionProblem, b: int) -> Iterator[Remedy]:
    """Give the changes to tables and categories that concern a block: drop it, merge, drop one of its levels."""
    grid, block = problem.grid, problem.grid.blocks[b]
    levels = [(axis, name) for axis, name in enumerate(block.levels) if name != TOTAL_LEVEL]
    gone = frozenset(i for i, other in enumerate(grid.blocks) if _is_finer(grid, other.levels, block.levels))
    if len(gone) < len(grid.blocks):
        words = f"leave out {block_words(grid, block)}" + (" and what is finer" if len(gone) > 1 else "")
        yield Remedy(words, TABLES_FILE, b, without_blocks(problem, gone))
    for axis, name in levels:
        pair = _smallest_pair(problem, block, axis)
        if pair is not None:
            altered = with_merged(problem, dimension=axis, level=name, groups=pair)
            words = f"merge the two smallest categories of {grid.dimensions[axis].name}:{name}"
            yield Remedy(words, CATEGORIES_FILE, b, altered)
    for axis, name in levels if len(levels) > 1 else ():
        drop = frozenset(i for i, other in enumerate(grid.blocks) if _refines(grid, axis, other.levels[axis], name))
        if len(drop) < len(grid.blocks):
            words = f"leave out the level {grid.dimensions[axis].name}:{name} everywhere"
            yield Remedy(words, TABLES_FILE, b, without_blocks(problem, drop))


def _is_finer(grid: CellGrid, levels: tuple[str, ...], of: tuple[str, ...]) -> bool:
    """Say whether the cells of one block add up to those of the other."""
    return all(_refines(grid, axis, level, of[axis]) for axis, level in enumerate(levels))


def _refines(grid: CellGrid, axis: int, level: str, of: str) -> bool:
    """Say whether each group of a level lies in one group of the other."""
    if of in {level, TOTAL_LEVEL}:
        return True
    fine, coarse = grid.dimensions[axis].level(level), grid.dimensions[axis].level(of)
    return all(len(parts) == 1 for parts in _parts(fine, coarse))


def _parts(level: Level, other: Level) -> list[tuple[int, ...]]:
    """Return, for each group of a level, the groups of another that its codes are in."""
    pairs = np.unique(np.column_stack([level.group_of, other.group_of]), axis=0)
    return [tuple(pairs[pairs[:, 0] == group, 1].tolist()) for group in range(len(level.groups))]


def _smallest_pair(problem: SuppressionProblem, block: Block, axis: int) -> tuple[int, int] | None:
    """Return the two groups with fewest children that lie in the same groups of all other levels in use.

    None where the level is not one of categories, or a finer one is published too, which would give both back.
    """
    grid, name = problem.grid, block.levels[axis]
    dimension, n_groups = grid.dimensions[axis], block.shape[axis]
    used = {other.levels[axis] for other in grid.blocks} - {name, TOTAL_LEVEL}
    if dimension.name == AREA or not FEWEST_CATEGORIES <= n_groups <= MOST_CATEGORIES:
        return None
    if any(_refines(grid, axis, other, name) for other in used):
        return None
    parts = [_parts(dimension.level(name), dimension.level(other)) for other in sorted(used)]
    others = tuple(i for i in range(len(block.shape)) if i != axis)
    sizes = problem.values[block.cells].reshape(block.shape).sum(axis=others)
    pairs = [
        (int(sizes[a] + sizes[b]), a, b)
        for a, b in combinations(range(n_groups), 2)
        if all(part[a] == part[b] for part in parts)
    ]
    return min(pairs)[1:] if pairs else None
