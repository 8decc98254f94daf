"""Non-negative matrices with given whole margins: rake a seed to them, then round without leaving them. Compiled.

A batch is many matrices at once: the rows of an array ``(n_rows, n_layers, n_columns)`` fall into segments, and each
segment and layer is one matrix with fixed row sums and fixed column sums. Raking alternates between the two margins;
what is left over is spread, so that real margins are met whatever the seed. Rounding follows cycles of cells that are
not whole: alternately adding to and taking from the cells of a cycle leaves every margin as it is and makes at least
one cell whole. The direction is drawn so that the real value is the mean (Cox), so nothing moves by one or more, and
whole cells - zeros among them - stay as they are.

Source:
    Deming and Stephan, "On a least squares adjustment of a sampled frequency table" (1940) for raking;
    Cox, "A constructive procedure for unbiased controlled rounding" (1987).
"""

# ruff: noqa: ANN401 - compiled: numba infers types and takes no keyword-only arguments.

from typing import Any, NamedTuple

import numpy as np
from numba import njit

from ndl_publish.cube.grid import IntArray
from ndl_publish.privacy.least_squares import FloatArray

SWEEPS = 60
"""Most rounds of raking; what is not met by then is spread over rows and columns."""
CLOSE = 1e-3
"""Raking stops once no column misses its sum by more than this."""
WHOLE = 1e-9
"""A cell closer than this to a whole number is one."""


class Cells(NamedTuple):
    """Which cells of one matrix are not whole yet, and the path of the search for a cycle.

    Attributes:
        whole: Whole part of each cell, ``(n_rows, n_columns)``.
        part: What is left of it, 0 where the cell is whole.
        rows: Rows whose cell in a column is not whole, ``(n_columns, n_rows)``, the first ``n_open`` of each.
        place: Where a cell's row stands in ``rows``.
        n_open: Number of them, ``n_columns``.
        row_seen: Place in the path after a row was entered, -1 where it was not.
        column_seen: The same for columns.
        path: Row and column of each cell of the path, ``(2 * n_columns + 3, 2)``.
    """

    whole: IntArray
    part: FloatArray
    rows: IntArray
    place: IntArray
    n_open: IntArray
    row_seen: IntArray
    column_seen: IntArray
    path: IntArray


def fit_whole(
    seeds: FloatArray, starts: IntArray, row_sums: IntArray, column_sums: IntArray, uniforms: FloatArray
) -> IntArray:
    """Return whole matrices with exactly the wanted margins, as near to the raked seeds as rounding goes.

    Args:
        seeds: ``(n_rows, n_layers, n_columns)``, not negative.
        starts: First row of each segment and, last, ``n_rows``: ``n_segments + 1``.
        row_sums: ``(n_rows, n_layers)``, not negative.
        column_sums: ``(n_segments, n_layers, n_columns)``, not negative, with the rows' total in each matrix.
        uniforms: Uniform on [0, 1), shaped as the seeds.

    Returns:
        Integer array shaped as the seeds.

    Example:
        >>> seeds, u = np.ones((2, 1, 2)), np.full((2, 1, 2), 0.5)
        >>> fit_whole(seeds, np.array([0, 2]), np.array([[3], [1]]), np.array([[[4, 0]]]), u)[:, 0].tolist()
        [[3, 0], [1, 0]]
    """
    raked = rake(seeds, starts, row_sums, column_sums)
    return round_whole(raked, starts, uniforms)


def divide_whole(seeds: FloatArray, starts: IntArray, totals: IntArray, uniforms: FloatArray) -> IntArray:
    """Return whole numbers in proportion to the seeds with exactly the wanted totals, rounded without bias.

    Args:
        seeds: ``(n,)``, not negative; where a segment has none above 0 its total is divided evenly.
        starts: First place of each segment and, last, ``n``: ``n_segments + 1``.
        totals: ``(n_segments,)``, not negative.
        uniforms: ``(n_segments,)``, uniform on [0, 1).

    Example:
        >>> divide_whole(np.array([1.0, 2.0, 1.0]), np.array([0, 3]), np.array([6]), np.array([0.5])).tolist()
        [2, 3, 1]
    """
    out = np.zeros(len(seeds), np.int64)
    _divide_all(seeds, starts, totals, uniforms, out)
    return out


def rake(seeds: FloatArray, starts: IntArray, row_sums: IntArray, column_sums: IntArray) -> FloatArray:
    """Return real matrices with the wanted margins; arguments as of ``fit_whole``."""
    raked = np.array(seeds, np.float64, order="C")
    _rake_all(raked, starts, row_sums.astype(np.float64), column_sums.astype(np.float64))
    return raked


def round_whole(real: FloatArray, starts: IntArray, uniforms: FloatArray) -> IntArray:
    """Return matrices rounded to whole numbers with their (whole) margins kept; arguments as of ``fit_whole``."""
    out = np.zeros(real.shape, np.int64)
    _round_all(np.ascontiguousarray(real), starts, np.ascontiguousarray(uniforms), out)
    return out


@njit(cache=True, nogil=True, error_model="numpy")
def _divide_all(seeds: Any, starts: Any, totals: Any, uniforms: Any, out: Any) -> None:
    for segment in range(len(starts) - 1):
        first, end, total = starts[segment], starts[segment + 1], totals[segment]
        there = seeds[first:end].sum()
        reached, done = 0.0, 0
        for i in range(first, end):
            reached += seeds[i] * (total / there) if there > 0 else total / (end - first)
            whole = int(np.floor(reached + WHOLE))
            is_up = reached - whole > WHOLE and reached - whole + uniforms[segment] >= 1
            here = total if i == end - 1 else min(total, whole + is_up)
            out[i] = here - done
            done = here


@njit(cache=True, nogil=True, error_model="numpy")
def _rake_all(x: Any, starts: Any, row_sums: Any, column_sums: Any) -> None:
    for segment in range(len(starts) - 1):
        first, end = starts[segment], starts[segment + 1]
        if end > first:
            for layer in range(x.shape[1]):
                _rake_one(x[first:end, layer, :], row_sums[first:end, layer], column_sums[segment, layer])


@njit(cache=True, nogil=True, error_model="numpy")
def _rake_one(x: Any, row_sums: Any, column_sums: Any) -> None:
    for _ in range(SWEEPS):
        worst = 0.0
        for c in range(x.shape[1]):
            total = 0.0
            for r in range(x.shape[0]):
                total += x[r, c]
            worst = max(worst, abs(total - column_sums[c]))
            scale = column_sums[c] / total if total > 0 else 0.0
            for r in range(x.shape[0]):
                x[r, c] *= scale
        for r in range(x.shape[0]):
            total = x[r].sum()
            scale = row_sums[r] / total if total > 0 else 0.0
            for c in range(x.shape[1]):
                x[r, c] *= scale
        if worst < CLOSE:
            break
    _meet_columns(x, row_sums, column_sums)


@njit(cache=True, nogil=True, error_model="numpy")
def _meet_columns(x: Any, row_sums: Any, column_sums: Any) -> None:
    """Cut columns that hold too much, then share what rows and columns lack in proportion to both."""
    lack = np.zeros(x.shape[1])
    for c in range(x.shape[1]):
        total = 0.0
        for r in range(x.shape[0]):
            total += x[r, c]
        lack[c] = column_sums[c] - total
        if lack[c] < 0:
            for r in range(x.shape[0]):
                x[r, c] *= column_sums[c] / total
            lack[c] = 0.0
    left = lack.sum()
    if left <= WHOLE:
        return
    for r in range(x.shape[0]):
        missing = max(0.0, row_sums[r] - x[r].sum())
        for c in range(x.shape[1]):
            x[r, c] += missing * lack[c] / left


@njit(cache=True, nogil=True, error_model="numpy")
def _round_all(x: Any, starts: Any, uniforms: Any, out: Any) -> None:
    for segment in range(len(starts) - 1):
        first, end = starts[segment], starts[segment + 1]
        if end > first:
            for layer in range(x.shape[1]):
                _round_one(x[first:end, layer, :], uniforms[first:end, layer, :], out[first:end, layer, :])


@njit(cache=True, nogil=True, error_model="numpy")
def _round_one(x: Any, uniforms: Any, out: Any) -> None:
    cells = _open_cells(x, out)
    used = 0
    for column in range(x.shape[1]):
        while cells.n_open[column] > 0:
            first, end = _walk(cells, column)
            if first < 0:
                r, c = cells.path[end - 1]
                _settle(cells, r, c, 1.0 if cells.part[r, c] >= 1 / 2 else 0.0)  # only errors of floats lead here
            else:
                _push(cells, first, end, uniforms[used // x.shape[1], used % x.shape[1]])
                used += 1


@njit(cache=True, nogil=True, error_model="numpy")
def _open_cells(x: Any, whole: Any) -> Any:
    n_rows, n_columns = x.shape
    rows = np.empty((n_columns, n_rows), np.int64)
    place = np.empty((n_rows, n_columns), np.int64)
    n_open = np.zeros(n_columns, np.int64)
    part = np.empty((n_rows, n_columns))
    path = np.empty((2 * n_columns + 3, 2), np.int64)
    cells = Cells(whole, part, rows, place, n_open, np.full(n_rows, -1), np.full(n_columns, -1), path)
    for r in range(n_rows):
        for c in range(n_columns):
            whole[r, c] = int(np.floor(x[r, c]))
            part[r, c] = 0.0
            rows[c, n_open[c]] = r
            place[r, c] = n_open[c]
            n_open[c] += 1
            _settle(cells, r, c, x[r, c] - whole[r, c])
    return cells


@njit(cache=True, nogil=True, error_model="numpy")
def _settle(cells: Any, r: int, c: int, part: float) -> None:
    """Give an open cell its new part and close it if that is 0 or 1."""
    cells.part[r, c] = part
    if WHOLE < part < 1 - WHOLE:
        return
    cells.part[r, c] = 0.0
    if part >= 1 / 2:
        cells.whole[r, c] += 1
    cells.n_open[c] -= 1
    last = cells.rows[c, cells.n_open[c]]
    cells.rows[c, cells.place[r, c]] = last
    cells.place[last, c] = cells.place[r, c]


@njit(cache=True, nogil=True, error_model="numpy")
def _walk(cells: Any, column: int) -> Any:
    """Return where in the path a cycle begins and ends; the beginning is -1 where the path came to a dead end."""
    n, row, first = 0, -1, -1
    cells.column_seen[column] = 0
    while first < 0:
        n_open = cells.n_open[column]
        following = cells.rows[column, n_open - 1]
        if following == row:
            if n_open == 1:
                break
            following = cells.rows[column, n_open - 2]
        row = following
        cells.path[n, 0], cells.path[n, 1] = row, column
        n += 1
        first = cells.row_seen[row]
        if first >= 0:
            break
        cells.row_seen[row] = n
        column = _other_column(cells, row, column)
        if column < 0:
            break
        cells.path[n, 0], cells.path[n, 1] = row, column
        n += 1
        first = cells.column_seen[column]
        if first < 0:
            cells.column_seen[column] = n
    for i in range(n):
        cells.row_seen[cells.path[i, 0]] = -1
        cells.column_seen[cells.path[i, 1]] = -1
    return first, n


@njit(cache=True, nogil=True, error_model="numpy")
def _other_column(cells: Any, row: int, column: int) -> int:
    for c in range(cells.part.shape[1]):
        if c != column and cells.part[row, c] > 0:
            return c
    return -1


@njit(cache=True, nogil=True, error_model="numpy")
def _push(cells: Any, first: int, end: int, uniform: float) -> None:
    """Move the cells of a cycle, in turn up and down, until one is whole; the mean of the move is 0."""
    up = down = 1.0
    for i in range(first, end):
        part = cells.part[cells.path[i, 0], cells.path[i, 1]]
        room = 1 - part if (i - first) % 2 == 0 else part
        up, down = min(up, room), min(down, 1 - room)
    step = up if uniform * (up + down) < down else -down
    for i in range(first, end):
        r, c = cells.path[i, 0], cells.path[i, 1]
        _settle(cells, r, c, cells.part[r, c] + (step if (i - first) % 2 == 0 else -step))
