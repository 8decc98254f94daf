"""Sparse elimination modulo a prime, and random solutions of homogeneous equations. Compiled."""

# ruff: noqa: ANN401, C901, PLR0912, PLR0913, PLR0915, PLR0917 - compiled: numba infers types, takes no
# keyword-only arguments, and is fastest when the inner loop stands in one function.

from typing import Any

import numpy as np
from numba import njit

PRIME = 2_147_483_629


@njit(cache=True, nogil=True, error_model="numpy")
def _inverse(value: Any) -> Any:
    """Return the inverse modulo the prime (Fermat)."""
    result, base, power = 1, value % PRIME, PRIME - 2
    while power > 0:
        if power & 1:
            result = result * base % PRIME
        base = base * base % PRIME
        power >>= 1
    return result


@njit(cache=True, nogil=True, error_model="numpy")
def _push(heap: Any, size: Any, value: Any) -> Any:
    """Put a value on a binary heap; return its new size."""
    at = size
    heap[at] = value
    while at > 0 and heap[(at - 1) // 2] > heap[at]:
        heap[at], heap[(at - 1) // 2] = heap[(at - 1) // 2], heap[at]
        at = (at - 1) // 2
    return size + 1


@njit(cache=True, nogil=True, error_model="numpy")
def _pop(heap: Any, size: Any) -> Any:
    """Take the least value off a binary heap to its place ``size - 1``; return the new size."""
    least = heap[0]
    size -= 1
    heap[0] = heap[size]
    at = 0
    while True:
        child = 2 * at + 1
        if child >= size:
            break
        if child + 1 < size and heap[child + 1] < heap[child]:
            child += 1
        if heap[at] <= heap[child]:
            break
        heap[at], heap[child] = heap[child], heap[at]
        at = child
    heap[size] = least
    return size


@njit(cache=True, nogil=True, error_model="numpy")
def null_vectors(start: Any, columns: Any, data: Any, order: Any, n_columns: Any, draws: Any, most: Any) -> Any:
    """Return random solutions of ``A x = 0`` modulo the prime, ``(n_vectors, n_columns)``.

    Empty when the work is too much.

    Args:
        start: Row starts of the matrix.
        columns: Column of each entry.
        data: Entries, 1 or -1.
        order: Order in which to take the rows.
        n_columns: Number of unknowns.
        draws: Random values for the free unknowns, ``(n_vectors, n_columns)``.
        most: Give up when the eliminated rows hold more entries than this.
    """
    rarity = np.zeros(n_columns, np.int64)
    for column in columns:
        rarity[column] += 1
    pivot_of = np.full(n_columns, -1, np.int64)
    pivot_column = np.empty(len(order), np.int64)
    pivot_start = np.zeros(len(order) + 1, np.int64)
    kept_columns = np.empty(max(16, 2 * len(columns)), np.int64)
    kept_data = np.empty(len(kept_columns), np.int64)
    scratch = np.zeros(n_columns, np.int64)
    is_listed = np.zeros(n_columns, np.bool_)
    listed = np.empty(n_columns, np.int64)
    heap = np.empty(n_columns + 1, np.int64)
    n_pivots = 0
    work = 0
    for row in order:
        n_listed = 0
        n_heap = 0
        for i in range(start[row], start[row + 1]):
            column = columns[i]
            scratch[column] = (scratch[column] + data[i]) % PRIME
            if not is_listed[column]:
                is_listed[column] = True
                listed[n_listed] = column
                n_listed += 1
                if pivot_of[column] >= 0:
                    n_heap = _push(heap, n_heap, pivot_of[column])
        while n_heap > 0:
            n_heap = _pop(heap, n_heap)
            pivot = heap[n_heap]
            factor = scratch[pivot_column[pivot]]
            if factor == 0:
                continue
            work += pivot_start[pivot + 1] - pivot_start[pivot]
            for i in range(pivot_start[pivot], pivot_start[pivot + 1]):
                column = kept_columns[i]
                scratch[column] = (scratch[column] - factor * kept_data[i]) % PRIME
                if not is_listed[column]:
                    is_listed[column] = True
                    listed[n_listed] = column
                    n_listed += 1
                    if pivot_of[column] >= 0:
                        n_heap = _push(heap, n_heap, pivot_of[column])
        chosen = -1
        n_left = 0
        for i in range(n_listed):
            column = listed[i]
            if scratch[column] != 0:
                n_left += 1
                if chosen < 0 or rarity[column] < rarity[chosen]:
                    chosen = column
        if chosen >= 0:
            begin = pivot_start[n_pivots]
            if begin + n_left > most or work > 40 * most:
                return draws[:0]
            if begin + n_left > len(kept_columns):
                larger = np.empty(2 * (begin + n_left), np.int64)
                larger[:begin] = kept_columns[:begin]
                kept_columns = larger
                larger = np.empty(2 * (begin + n_left), np.int64)
                larger[:begin] = kept_data[:begin]
                kept_data = larger
            scale = _inverse(scratch[chosen])
            at = begin
            for i in range(n_listed):
                column = listed[i]
                if scratch[column] != 0:
                    kept_columns[at] = column
                    kept_data[at] = scratch[column] * scale % PRIME
                    at += 1
            pivot_of[chosen] = n_pivots
            pivot_column[n_pivots] = chosen
            n_pivots += 1
            pivot_start[n_pivots] = at
        for i in range(n_listed):
            scratch[listed[i]] = 0
            is_listed[listed[i]] = False
    found = draws.copy()
    for vector in range(len(found)):
        for pivot in range(n_pivots - 1, -1, -1):
            total = 0
            for i in range(pivot_start[pivot], pivot_start[pivot + 1]):
                if kept_columns[i] != pivot_column[pivot]:
                    total = (total + kept_data[i] * found[vector, kept_columns[i]]) % PRIME
            found[vector, pivot_column[pivot]] = (PRIME - total) % PRIME
    return found
