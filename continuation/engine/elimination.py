"""Several right sides at once: solved from a factorization, or together with it."""

from __future__ import annotations

import numpy as np
from numba import types

from continuation.engine.linear_algebra import ONE, PIVOTS, ZERO, lu_factor, subtract_rows
from dynsys.compiled.kernels import MATRIX
from dynsys.numba_cache import njit


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


def _elimination(size):
    """``lu_factor`` and ``lu_solve_rows`` at once, for matrices of one small size that is known
    when this is compiled: loops without counters, on what is still in registers."""

    @njit([types.boolean(MATRIX, PIVOTS, MATRIX)], cache=True, error_model="numpy", nogil=True)
    def at_once(a, pivots, b):
        width = np.uintp(b.shape[1])
        for k in range(size):
            best, largest = k, abs(a[k, k])
            for i in range(k + 1, size):
                if abs(a[i, k]) > largest:
                    best, largest = i, abs(a[i, k])
            pivots[k] = best
            if not largest > 0.0:
                return False
            if best != k:
                for j in range(size):
                    a[k, j], a[best, j] = a[best, j], a[k, j]
                for c in range(ZERO, width):
                    b[k, c], b[best, c] = b[best, c], b[k, c]
            inverse = 1.0 / a[k, k]
            for i in range(k + 1, size):
                factor = a[i, k] * inverse
                a[i, k] = factor
                for j in range(k + 1, size):
                    a[i, j] -= factor * a[k, j]
                for c in range(ZERO, width):
                    b[i, c] -= factor * b[k, c]
        for k in range(size):
            i = size - 1 - k
            for j in range(i + 1, size):
                factor = a[i, j]
                for c in range(ZERO, width):
                    b[i, c] -= factor * b[j, c]
            inverse = 1.0 / a[i, i]
            for c in range(ZERO, width):
                b[i, c] *= inverse
        return True

    return at_once


_eliminate_8, _eliminate_12 = _elimination(8), _elimination(12)  # two and three states


@njit([types.boolean(MATRIX, PIVOTS, MATRIX)], cache=True, addressed=True, error_model="numpy")
def eliminate(a, pivots, b):
    """Factorize ``a`` and overwrite ``b`` with the solutions of ``a x = b``; False if singular."""
    if a.shape[0] == 8:
        return _eliminate_8(a, pivots, b)
    if a.shape[0] == 12:
        return _eliminate_12(a, pivots, b)
    if not lu_factor(a, pivots):
        return False
    lu_solve_rows(a, pivots, b)
    return True
