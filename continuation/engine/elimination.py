"""Elimination of several right sides at once, and of many small matrices side by side.

Side by side the same entry of all matrices makes a row, their lanes, and processors take several
numbers at once from it. What is zero in all lanes is left out: matrices of models with many states
mostly are. Rows are exchanged, in every lane for itself, where a multiplier of the elimination
would be larger than ``_LARGEST``.
"""

from __future__ import annotations

import numpy as np
from numba import types

from continuation.engine.linear_algebra import ONE, PIVOTS, ZERO, subtract_rows
from dynsys.compiled.kernels import MATRIX
from dynsys.compiled.records import CUBE
from dynsys.numba_cache import njit

_LARGEST = 2.0  # where a mesh resolves the field, multipliers stay below it
_DENSE = np.uintp(12)  # matrices so small have few zeros
_ROWS = types.Array(types.int64, 2, "C")


@njit([types.void(MATRIX, PIVOTS, MATRIX)], cache=True, error_model="numpy", nogil=True)
def lu_solve_rows(lu, pivots, b):
    """Overwrite ``b`` (n, k) with the solutions of ``a x = b`` for all its columns."""
    n, width = np.uintp(b.shape[0]), np.uintp(b.shape[1])
    for i in range(ZERO, n):
        other = np.uintp(pivots[i])
        if other != i:
            for c in range(ZERO, width):
                swap = b[i, c]
                b[i, c] = b[other, c]
                b[other, c] = swap
    for i in range(ONE, n):
        subtract_rows(lu, i, ZERO, i, b, ZERO)
    for k in range(ZERO, n):
        i = n - ONE - k
        subtract_rows(lu, i, i + ONE, n, b, ZERO)
        inverse = 1.0 / lu[i, i]
        for c in range(ZERO, width):
            b[i, c] *= inverse


@njit
def _is_zero(row):
    """Whether an entry is zero in all lanes."""
    largest = 0.0
    for lane in range(ZERO, np.uintp(row.shape[0])):
        if row[lane] != 0.0:  # nan included
            largest = 1.0
    return largest == 0.0


@njit
def _exchange(block, k, best, zero, pivots):
    """Exchange row k of the lanes in which a multiplier would be too large, with the row of the
    ``best`` (lanes,) entry below; False where a lane has no pivot."""
    good = ZERO
    for lane in range(ZERO, np.uintp(block.shape[2])):
        own = abs(block[k, k, lane])
        good += np.uintp(own > 0.0 and best[lane] <= _LARGEST * own)
    if good == np.uintp(block.shape[2]):
        return True
    for lane in range(ZERO, np.uintp(block.shape[2])):
        own = abs(block[k, k, lane])
        if not best[lane] <= _LARGEST * own:
            for i in range(k + ONE, np.uintp(block.shape[0])):
                if abs(block[i, k, lane]) == best[lane]:
                    for c in range(ZERO, np.uintp(block.shape[1])):
                        swap = block[k, c, lane]
                        block[k, c, lane] = block[i, c, lane]
                        block[i, c, lane] = swap
                    pivots[lane, k], zero[i], own = i, False, best[lane]
                    break
        if not own > 0.0:
            return False
    return True


@njit([types.boolean(CUBE, _ROWS)], cache=True, addressed=True, error_model="numpy", nogil=True)
def eliminate_lanes(block, pivots):
    """Factorize the matrices in ``block`` (size, size + width, lanes), whose right sides become the
    solutions; ``pivots`` (lanes, size). False where one is singular."""
    size, width = np.uintp(block.shape[0]), np.uintp(block.shape[1])
    lanes = np.uintp(block.shape[2])
    factor, inverse, best = np.empty(lanes), np.empty(lanes), np.empty(lanes)
    zero, columns = np.zeros(size, np.bool_), np.empty(width, np.uintp)
    for lane in range(ZERO, lanes):
        for k in range(ZERO, size):
            pivots[lane, k] = k
    for k in range(ZERO, size):
        for lane in range(ZERO, lanes):
            best[lane] = 0.0
        for i in range(k + ONE, size):
            zero[i] = size > _DENSE and _is_zero(block[i, k])
            if not zero[i]:
                for lane in range(ZERO, lanes):
                    entry = abs(block[i, k, lane])
                    best[lane] = entry if entry > best[lane] else best[lane]
        if not _exchange(block, k, best, zero, pivots):
            return False
        count = ZERO
        for c in range(k + ONE, width):
            if size <= _DENSE or not _is_zero(block[k, c]):
                columns[count] = c
                count += ONE
        for lane in range(ZERO, lanes):
            inverse[lane] = 1.0 / block[k, k, lane]
        for i in range(k + ONE, size):
            if zero[i]:
                continue
            for lane in range(ZERO, lanes):
                factor[lane] = block[i, k, lane] * inverse[lane]
                block[i, k, lane] = factor[lane]
            if k + ONE + count == width:
                for c in range(k + ONE, width):
                    for lane in range(ZERO, lanes):
                        block[i, c, lane] -= factor[lane] * block[k, c, lane]
                continue
            for q in range(ZERO, count):
                c = columns[q]
                for lane in range(ZERO, lanes):
                    block[i, c, lane] -= factor[lane] * block[k, c, lane]
    for turn in range(ZERO, size):
        i = size - ONE - turn
        for k in range(i + ONE, size):
            if size > _DENSE and _is_zero(block[i, k]):
                continue
            for c in range(size, width):
                for lane in range(ZERO, lanes):
                    block[i, c, lane] -= block[i, k, lane] * block[k, c, lane]
        for lane in range(ZERO, lanes):
            inverse[lane] = 1.0 / block[i, i, lane]
        for c in range(size, width):
            for lane in range(ZERO, lanes):
                block[i, c, lane] *= inverse[lane]
    return True


@njit
def _swap(right, pivots, k):
    for lane in range(right.shape[1]):
        other = pivots[lane, k]
        if other != k:
            right[k, lane], right[other, lane] = right[other, lane], right[k, lane]


@njit([types.void(CUBE, _ROWS, MATRIX)], cache=True, error_model="numpy", nogil=True)
def solve_lanes(block, pivots, right):
    """Overwrite ``right`` (size, lanes) with the solutions for the matrices factorized in
    ``block``."""
    size, lanes = np.uintp(right.shape[0]), np.uintp(right.shape[1])
    for k in range(right.shape[0]):
        _swap(right, pivots, k)
    for i in range(ONE, size):
        for k in range(ZERO, i):
            for lane in range(ZERO, lanes):
                right[i, lane] -= block[i, k, lane] * right[k, lane]
    for turn in range(ZERO, size):
        i = size - ONE - turn
        for k in range(i + ONE, size):
            for lane in range(ZERO, lanes):
                right[i, lane] -= block[i, k, lane] * right[k, lane]
        for lane in range(ZERO, lanes):
            right[i, lane] /= block[i, i, lane]


@njit([types.void(CUBE, _ROWS, MATRIX)], cache=True, error_model="numpy", nogil=True)
def solve_lanes_transposed(block, pivots, right):
    """The same for the transposed matrices."""
    size, lanes = np.uintp(right.shape[0]), np.uintp(right.shape[1])
    for i in range(ZERO, size):
        for k in range(ZERO, i):
            for lane in range(ZERO, lanes):
                right[i, lane] -= block[k, i, lane] * right[k, lane]
        for lane in range(ZERO, lanes):
            right[i, lane] /= block[i, i, lane]
    for turn in range(ZERO, size):
        i = size - ONE - turn
        for k in range(i + ONE, size):
            for lane in range(ZERO, lanes):
                right[i, lane] -= block[k, i, lane] * right[k, lane]
    for turn in range(right.shape[0]):
        _swap(right, pivots, right.shape[0] - 1 - turn)
