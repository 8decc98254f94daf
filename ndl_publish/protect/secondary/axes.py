"""The grid seen from the finest rows: independent axes, and what each code adds to the index of a cell.

A dimension that follows from another (``Implication``) is folded into it, so that every crossing of codes of the axes
is structurally possible. In block ``b`` the row with codes ``c`` belongs to the cell ``offset[b] + sum(step[b, c])``,
or to none when one of the steps is negative. Two codes are in the same group of a block if and only if their steps are
equal.
"""

from dataclasses import dataclass

import numpy as np

from ndl_publish.cube.grid import Block, CellGrid, IntArray
from ndl_publish.errors import RuleError
from ndl_publish.protect.secondary.problem import Implication

LARGEST_KEY = 2**62


@dataclass(frozen=True)
class Axes:
    """Independent axes of a grid.

    Attributes:
        root: Dimension each axis stands for, ``n_axes``.
        axis_of: Axis each dimension is folded into, ``n_dimensions``.
        code_of: For each dimension, its code for every code of its axis.
        sizes: Number of codes of each axis.
        starts: Where each axis begins among all codes, ``n_axes + 1``.
        strides: Weights that turn the codes of a row into one number.
        steps: ``(n_blocks, n_codes)``: what each code adds to the index of a cell, -1 outside every group.
    """

    root: tuple[int, ...]
    axis_of: tuple[int, ...]
    code_of: tuple[IntArray, ...]
    sizes: IntArray
    starts: IntArray
    strides: IntArray
    steps: IntArray

    @classmethod
    def build(cls, grid: CellGrid, implications: tuple[Implication, ...]) -> "Axes":
        """Return the axes of a grid.

        Raises:
            RuleError: ``NDL-R032`` when implications contradict each other; ``NDL-R033`` when there are too many codes.
        """
        of = _parents(grid, implications)
        root = tuple(d for d in range(len(grid.dimensions)) if d not in of)
        axis_of, code_of = [], []
        for dim in range(len(grid.dimensions)):
            chain, top = [], dim
            while top in of:
                chain.append(of[top].code_of)
                top = of[top].of
            codes = np.arange(len(grid.dimensions[top].codes))
            for step in reversed(chain):
                codes = np.asarray(step, np.int64)[codes]
            axis_of.append(root.index(top))
            code_of.append(codes)
        sizes = np.array([len(grid.dimensions[d].codes) for d in root], np.int64)
        if float(np.prod(sizes.astype(float))) >= LARGEST_KEY:
            raise RuleError(
                "NDL-R033", "the tables cross too many codes for one run; drop a dimension or coarsen its codes"
            )
        strides = np.concatenate([np.cumprod(sizes[::-1])[::-1][1:], [1]]).astype(np.int64)
        starts = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
        steps = np.zeros((len(grid.blocks), int(starts[-1])), np.int64)
        for b, block in enumerate(grid.blocks):
            steps[b] = _steps(grid, block, (axis_of, code_of), starts)
        return cls(root, tuple(axis_of), tuple(code_of), sizes, starts, strides, steps)

    def fold(self, codes: IntArray) -> IntArray:
        """Return the codes of finest rows on the axes, ``(n_rows, n_axes)``.

        Raises:
            RuleError: ``NDL-R034`` when a row contradicts an implication.
        """
        folded = np.ascontiguousarray(codes[:, list(self.root)])
        for dim, (axis, code_of) in enumerate(zip(self.axis_of, self.code_of, strict=True)):
            if not np.array_equal(code_of[folded[:, axis]], codes[:, dim]):
                raise RuleError("NDL-R034", f"rows contradict the rule that dimension {dim} follows from another")
        return folded

    def unfold(self, keys: IntArray) -> IntArray:
        """Return the codes on all dimensions of rows given as one number each, ``(n_rows, n_dimensions)``."""
        folded = (keys[:, None] // self.strides[None, :]) % self.sizes[None, :]
        columns = [code_of[folded[:, axis]] for axis, code_of in zip(self.axis_of, self.code_of, strict=True)]
        return np.stack(columns, axis=1) if columns else np.zeros((len(keys), 0), np.int64)

    def axis_steps(self, block: int, axis: int) -> IntArray:
        """Return what each code of one axis adds to the index of a cell of one block."""
        found: IntArray = self.steps[block, self.starts[axis] : self.starts[axis + 1]]
        return found


def _parents(grid: CellGrid, implications: tuple[Implication, ...]) -> dict[int, Implication]:
    """Return the implication of each dimension that follows from another; refuse two for one, circles and bad codes."""
    of: dict[int, Implication] = {}
    for implication in implications:
        n_codes = len(grid.dimensions[implication.dimension].codes)
        codes = np.asarray(implication.code_of)
        fits = len(codes) == len(grid.dimensions[implication.of].codes) and ((codes >= 0) & (codes < n_codes)).all()
        if implication.dimension in of or not fits:
            name = grid.dimensions[implication.dimension].name
            raise RuleError("NDL-R032", f"{name}: give one complete look-up of its code from one other dimension")
        of[implication.dimension] = implication
    for dim in of:
        top, seen = dim, set()
        while top in of:
            if top in seen:
                raise RuleError(
                    "NDL-R032", f"{grid.dimensions[dim].name}: dimensions follow from each other in a circle"
                )
            seen.add(top)
            top = of[top].of
    return of


def _steps(grid: CellGrid, block: Block, folding: tuple[list[int], list[IntArray]], starts: IntArray) -> IntArray:
    """Return what each code of each axis adds to the index of a cell of the block."""
    steps = np.zeros(int(starts[-1]), np.int64)
    outside = np.zeros(int(starts[-1]), bool)
    stride = np.concatenate([np.cumprod(block.shape[::-1])[::-1][1:], [1]]).astype(np.int64)
    for dim, (axis, code_of) in enumerate(zip(*folding, strict=True)):
        group = grid.dimensions[dim].level(block.levels[dim]).group_of[code_of]
        span = slice(int(starts[axis]), int(starts[axis + 1]))
        steps[span] += group * stride[dim]
        outside[span] |= group < 0
    return np.where(outside, -1, steps)
