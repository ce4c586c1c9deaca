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


@njit([types.boolean(MATRIX, PIVOTS)], cache=True, error_model="numpy")
def lu_factor(a, pivots):
    """Factorize ``a`` (n, n) in place with partial pivoting; False where it is singular."""
    n = a.shape[0]
    for k in range(n):
        best = k
        largest = abs(a[k, k])
        for i in range(k + 1, n):
            if abs(a[i, k]) > largest:
                largest = abs(a[i, k])
                best = i
        pivots[k] = best
        if not largest > 0.0:
            return False
        if best != k:
            for j in range(n):
                swap = a[k, j]
                a[k, j] = a[best, j]
                a[best, j] = swap
        inverse = 1.0 / a[k, k]
        for i in range(k + 1, n):
            if a[i, k] != 0.0:
                factor = a[i, k] * inverse
                a[i, k] = factor
                for j in range(k + 1, n):
                    a[i, j] -= factor * a[k, j]
    return True


@njit([types.void(MATRIX, PIVOTS, VECTOR)], cache=True, error_model="numpy")
def lu_solve(lu, pivots, b):
    """Overwrite ``b`` (n,) with the solution of ``a x = b``."""
    n = lu.shape[0]
    for k in range(n):
        other = pivots[k]
        if other != k:
            swap = b[k]
            b[k] = b[other]
            b[other] = swap
    for i in range(1, n):
        total = b[i]
        for j in range(i):
            total -= lu[i, j] * b[j]
        b[i] = total
    for i in range(n - 1, -1, -1):
        total = b[i]
        for j in range(i + 1, n):
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
