"""Which cells are withheld, in either mode: primary rules, then secondary suppression, then what cannot occur.

In mode ``dp`` the rules read noisy counts and look only at counts that are published; complements and what lies between
two published measures are noise already and are withheld only where a published blank could be computed from them. In
mode ``classic`` every cell that a reader could compute is judged like a published one.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from ndl_publish.columns import TOTAL_LEVEL, Mask
from ndl_publish.cube.grid import IntArray
from ndl_publish.cube.layout import CubeLayout
from ndl_publish.cube.model import Cube
from ndl_publish.cube.possible import possible_cells
from ndl_publish.cube.printed import printed_cells
from ndl_publish.cube.protected import BoolArray
from ndl_publish.protect.give_back import Figures, Recoverable, give_back
from ndl_publish.protect.posed import Posed, posed_exactly
from ndl_publish.protect.primary.judged import judged_release
from ndl_publish.protect.primary.noisy_threshold import noisy_threshold_rule
from ndl_publish.protect.primary.sensitive import Sensitive
from ndl_publish.protect.secondary.problem import MaskArray, Suppression, SuppressionProblem
from ndl_publish.protect.secondary.refuse import suppress_or_refuse
from ndl_publish.protect.selected import selected_cells
from ndl_publish.spec.rules import ClassicRules, DpRules

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Withheld:
    """Masks of every cell. Internal: it tells primary from secondary.

    Attributes:
        mask: A ``columns.Mask`` per cell, ``n_cells``.
        is_possible: False for structural zeros, ``n_cells``.
        sensitive: What the primary rules found; mode ``classic`` only.
        suppression: Witnesses and how the pattern came about; mode ``classic`` only.
    """

    mask: MaskArray = field(repr=False)
    is_possible: BoolArray = field(repr=False)
    sensitive: Sensitive | None = field(repr=False, default=None)
    suppression: Suppression | None = field(repr=False, default=None)

    @property
    def is_shown(self) -> BoolArray:
        """Whether the cell's count may be seen."""
        return np.asarray(self.mask == Mask.SHOWN)


def withhold_noisy(
    layout: CubeLayout,
    values: IntArray,
    rules: DpRules,
    *,
    tie_break: bytes,
    recoverable: Recoverable,
    progress: Progress | None = None,
) -> Withheld:
    """Return what is withheld of noisy counts that add up.

    A noisy count can be anything, negative too, so a withheld one either follows exactly from the seen ones or is not
    limited at all. Most small counts of small areas hide one another; only those that would follow get help.

    Args:
        layout: What the cells are.
        values: Noisy counts, ``n_cells``.
        rules: Gives the smallest noisy count that is shown.
        tie_break: Secret bytes that decide between equally good patterns.
        recoverable: Finds the withheld cells that follow from the others.
        progress: Called with (stage, done, of).

    Raises:
        DisclosureError: ``NDL-D020`` when a withheld count cannot be kept from being computed.
    """
    minimum_count = int(rules.withhold.minimum_count.value)
    possible = possible_cells(layout.grid, layout.implications)
    printed = printed_cells(layout)
    primary = noisy_threshold_rule(values, minimum_count=minimum_count) & printed & possible
    demanded = recoverable(layout.grid, values, printed & ~primary, layout.implications)
    problem = SuppressionProblem(
        grid=layout.grid, values=values, primary=primary, signed=True,
        demanded=demanded, unpublished=~printed, implications=layout.implications, tie_break=tie_break,
    )  # fmt: skip
    found = suppress_or_refuse(problem, progress=progress).mask
    mask = give_back(Figures(layout.grid, values, printed, layout.implications), found, recoverable)
    hide_underivable(layout, mask)
    return Withheld(mask, possible)


def withhold_exact(
    cube: Cube,
    rules: ClassicRules,
    *,
    tie_break: bytes,
    found: IntArray | None = None,
    progress: Progress | None = None,
) -> Withheld:
    """Return what is withheld of exact counts.

    Args:
        cube: Exact counts.
        rules: The rule book.
        tie_break: Secret bytes that decide between equally good patterns.
        found: How often attacks found each cell in earlier patterns, ``n_cells``.
        progress: Called with (stage, done, of).

    Raises:
        DisclosureError: ``NDL-D020`` when a withheld count cannot be protected; names the remedies. ``NDL-D040`` when
            the rules keep a count shown that they withhold.
    """
    possible = possible_cells(cube.layout.grid, cube.layout.implications)
    posed = pose_exact(cube, rules, possible=possible, tie_break=tie_break)
    answer = suppress_or_refuse(posed.problem, found=found, progress=progress)
    return Withheld(answer.mask, possible, posed.sensitive, answer)


def pose_exact(cube: Cube, rules: ClassicRules, *, possible: BoolArray, tie_break: bytes) -> Posed:
    """Return what a rule book marks among exact counts, and the problem that poses.

    Args:
        cube: Exact counts.
        rules: The rule book.
        possible: False for structural zeros, ``n_cells``.
        tie_break: Secret bytes that decide between equally good patterns.

    Raises:
        DisclosureError: ``NDL-D040`` when the rules keep a count shown that they withhold.
    """
    judged = judged_release(cube, possible=possible)
    return posed_exactly(
        judged, rules, rows=(cube.rows.codes, cube.rows.children), selected=selected_cells(cube.layout, rules),
        implications=cube.layout.implications, tie_break=tie_break,
    )  # fmt: skip


def hide_underivable(layout: CubeLayout, mask: MaskArray) -> None:
    """Mark, in place, the cells no table prints as withheld unless they are differences of shown counts."""
    levels = {block.levels for block in layout.grid.blocks}
    for outcome, chain in layout.chains.items():
        axis = layout.outcome_dimension[outcome]
        for block in layout.grid.blocks:
            name = block.levels[axis]
            base = _at(block.levels, axis, TOTAL_LEVEL)
            if name == TOTAL_LEVEL or base not in levels:
                continue
            steps = [name] if name in chain else [m for m in chain if _at(block.levels, axis, m) in levels]
            shown = [_shown(layout, mask, base, axis, 0)]
            shown += [_shown(layout, mask, _at(block.levels, axis, m), axis, 1) for m in steps]
            own = mask[block.cells].reshape(block.shape)
            for group in range(len(steps)):
                index: list[slice | int] = [slice(None)] * len(block.shape)
                index[axis] = group
                seen = shown[group] & shown[group + 1]
                own[tuple(index)] = np.where(seen, Mask.SHOWN, Mask.SECONDARY_SUPPRESSED)
            if name not in chain:
                index[axis] = len(steps)
                own[tuple(index)] = np.where(shown[-1], Mask.SHOWN, Mask.SECONDARY_SUPPRESSED)


def _at(levels: tuple[str, ...], axis: int, name: str) -> tuple[str, ...]:
    return (*levels[:axis], name, *levels[axis + 1 :])


def _shown(layout: CubeLayout, mask: MaskArray, levels: tuple[str, ...], axis: int, group: int) -> BoolArray:
    block = layout.grid.block(levels)
    return np.asarray(np.take(mask[block.cells].reshape(block.shape), group, axis=axis) == Mask.SHOWN)
