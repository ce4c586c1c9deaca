"""Small dense linear algebra for compiled loops: pivoted LU and LAPACK eigenvalues."""

from __future__ import annotations

import llvmlite.binding
import numpy as np
from numba import int32, int64, types, uint8
from numba.core.types import ExternalFunction
from numba.extending import get_cython_function_address

from dynsys.compiled.kernels import MATRIX, VECTOR
from dynsys.numba_cache import njit

# A named symbol (not a raw address) keeps the compiled callers cacheable on disk.
llvmlite.binding.add_symbol(
    "dynsys_dgeev", get_cython_function_address("scipy.linalg.cython_lapack", "dgeev")
)
_dgeev = ExternalFunction("dynsys_dgeev", types.void(*[types.intp] * 14))

PIVOTS = types.Array(int64, 1, "C")


@njit([types.void(VECTOR, VECTOR)], cache=True)
def copy_into(target, source):
    """``target[:] = source``; numba's own assignment compiles a second for its error message."""
    for i in range(source.shape[0]):
        target[i] = source[i]


# Counters without a sign: compiled code need not ask of every index whether it is negative.
ZERO, ONE = np.uintp(0), np.uintp(1)
_PANEL, _LEAST = np.uintp(4), np.uintp(20)  # columns eliminated together, from this size on


@njit
def _swap_rows(a, i, k):
    for j in range(ZERO, np.uintp(a.shape[1])):
        swap = a[i, j]
        a[i, j] = a[k, j]
        a[k, j] = swap


@njit
def _factor_panel(a, pivots, first, last):
    """Eliminate the columns first..last - 1 among themselves; False where one has no pivot."""
    n = np.uintp(a.shape[0])
    for k in range(first, last):
        best = k
        largest = abs(a[k, k])
        for i in range(k + ONE, n):
            if abs(a[i, k]) > largest:
                largest = abs(a[i, k])
                best = i
        pivots[k] = best
        if not largest > 0.0:
            return False
        if best != k:
            _swap_rows(a, k, best)
        inverse = 1.0 / a[k, k]
        for i in range(k + ONE, n):
            if a[i, k] != 0.0:
                factor = a[i, k] * inverse
                a[i, k] = factor
                for j in range(k + ONE, last):
                    a[i, j] -= factor * a[k, j]
    return True


@njit
def subtract_rows(factors, i, first, last, b, start):
    """Subtract the rows first..last - 1 of ``b``, times row i of ``factors``, from its row i, from
    column ``start`` on: by fours, so that fewer rows are written than read."""
    width, j = np.uintp(b.shape[1]), first
    while j + _PANEL <= last:
        q, r, s = j + ONE, j + np.uintp(2), j + np.uintp(3)
        fj, fq, fr, fs = factors[i, j], factors[i, q], factors[i, r], factors[i, s]
        for c in range(start, width):
            b[i, c] -= (fj * b[j, c] + fq * b[q, c]) + (fr * b[r, c] + fs * b[s, c])
        j += _PANEL
    while j < last:
        factor = factors[i, j]
        if factor != 0.0:
            for c in range(start, width):
                b[i, c] -= factor * b[j, c]
        j += ONE


@njit([types.boolean(MATRIX, PIVOTS)], cache=True, addressed=True, error_model="numpy")
def lu_factor(a, pivots):
    """Factorize ``a`` (n, n) in place with partial pivoting; False where it is singular."""
    n = np.uintp(a.shape[0])
    width = _PANEL if n >= _LEAST else n
    first = ZERO
    while first < n:
        last = min(first + width, n)
        if not _factor_panel(a, pivots, first, last):
            return False
        if last < n:
            for k in range(first + ONE, last):
                subtract_rows(a, k, first, k, a, last)
            for i in range(last, n):
                subtract_rows(a, i, first, last, a, last)
        first = last
    return True


@njit([types.void(MATRIX, PIVOTS, VECTOR)], cache=True, error_model="numpy")
def lu_solve(lu, pivots, b):
    """Overwrite ``b`` (n,) with the solution of ``a x = b``."""
    n = np.uintp(lu.shape[0])
    for k in range(ZERO, n):
        other = pivots[k]
        if np.uintp(other) != k:
            swap = b[k]
            b[k] = b[other]
            b[other] = swap
    for i in range(ONE, n):
        total = b[i]
        for j in range(ZERO, i):
            total -= lu[i, j] * b[j]
        b[i] = total
    for k in range(ZERO, n):
        i = n - ONE - k
        total = b[i]
        for j in range(i + ONE, n):
            total -= lu[i, j] * b[j]
        b[i] = total / lu[i, i]


@njit([types.void(MATRIX, PIVOTS, VECTOR)], cache=True, error_model="numpy")
def lu_solve_transposed(lu, pivots, b):
    """Overwrite ``b`` (n,) with the solution of ``a.T x = b``."""
    n = lu.shape[0]
    for i in range(n):
        total = b[i]
        for j in range(i):
            total -= lu[j, i] * b[j]
        b[i] = total / lu[i, i]
    for i in range(n - 2, -1, -1):
        total = b[i]
        for j in range(i + 1, n):
            total -= lu[j, i] * b[j]
        b[i] = total
    for k in range(n - 1, -1, -1):
        other = pivots[k]
        if other != k:
            swap = b[k]
            b[k] = b[other]
            b[other] = swap


@njit([types.float64(MATRIX, PIVOTS)], cache=True)
def lu_sign(lu, pivots):
    """Sign of the determinant from a factorization."""
    sign = 1.0
    for k in range(lu.shape[0]):
        if pivots[k] != k:
            sign = -sign
        if lu[k, k] < 0.0:
            sign = -sign
    return sign


@njit([int64(MATRIX, VECTOR, VECTOR)], cache=True)
def eigenvalues(a, real, imaginary):
    """Eigenvalues of ``a`` (n, n), which is overwritten, through LAPACK dgeev; returns its info."""
    n = a.shape[0]
    work = np.empty(8 * n)
    flag = np.empty(1, uint8)
    flag[0] = 78  # 'N': no eigenvectors
    integers = np.empty(4, int32)
    integers[0] = n
    integers[1] = 1
    integers[2] = work.shape[0]
    integers[3] = 0
    _dgeev(
        flag.ctypes.data,
        flag.ctypes.data,
        integers.ctypes.data,
        a.ctypes.data,
        integers.ctypes.data,
        real.ctypes.data,
        imaginary.ctypes.data,
        work.ctypes.data,
        integers[1:].ctypes.data,
        work.ctypes.data,
        integers[1:].ctypes.data,
        work.ctypes.data,
        integers[2:].ctypes.data,
        integers[3:].ctypes.data,
    )
    return int64(integers[3])
