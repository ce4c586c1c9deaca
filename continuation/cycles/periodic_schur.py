"""Floquet multipliers from the maps of the mesh intervals, without forming their product.

Eigenvalues of M_p ... M_1 by the periodic QR algorithm (Bojanczyk, Golub & Van Dooren 1992;
Kressner 2006): implicitly shifted sweeps of rotations on a Hessenberg matrix and upper triangular
factors that are similar to the product, factor by factor. Rounding disturbs every M_k by units of
its own last digits, so that each multiplier keeps relative accuracy however large or small it is:
what limits it is the condition of the single maps and the angles between the directions. The
product itself, or the pencil of the condensed system (by QZ), is disturbed relative to its largest
entries, and multipliers below 1e-16 of them are rounding. The maps are those of the collocation,
whose pairs are (M_k, -I): no inverse is taken.

Multipliers come as log10 of the modulus, -inf where a map is singular, and angle in (-pi, pi].
"""

from __future__ import annotations

import math

import numpy as np
from numba import boolean, float64, int64, types

from continuation.cycles.triangular_factors import CUBE, EPSILON, normalize, triangular_factors
from dynsys.compiled.kernels import MATRIX, VECTOR
from dynsys.numba_cache import njit

_SWEEPS = 60  # sweeps for one deflation before the decomposition is given up
_BEGINNINGS = 8  # maps from which the decomposition begins, until it converges
_UNUSUAL = 10  # every so many sweeps without deflation, an unusual shift breaks a stalemate
_SORTING = 2  # sweeps with shift zero at first, which sort by modulus,
_SPREAD = 100  # where diagonals of the product are so many powers of two apart
_RELATIVE = 1e-100  # to its first, entries of a column whose digits the next factors keep


@njit([types.UniTuple(float64, 3)(float64, float64)], error_model="numpy", cache=True, nogil=True)
def rotation(x, y):
    """(c, s, r) with c x + s y = r and c y - s x = 0."""
    r = math.sqrt(x * x + y * y)
    if not 1e-140 < r < 1e140:
        r = math.hypot(x, y)
    if r == 0.0:
        return 1.0, 0.0, 0.0
    return x / r, y / r, r


@njit([types.void(MATRIX, int64, float64, float64, int64, int64)], error_model="numpy", cache=True,
      nogil=True)  # fmt: skip
def rotate_rows(a, i, c, s, first, last):
    """Rotate rows i, i + 1 on the columns first..last."""
    for k in range(first, last + 1):
        x, y = a[i, k], a[i + 1, k]
        a[i, k] = c * x + s * y
        a[i + 1, k] = c * y - s * x


@njit([types.void(MATRIX, int64, float64, float64, int64, int64)], error_model="numpy", cache=True,
      nogil=True)  # fmt: skip
def rotate_columns(a, i, c, s, first, last):
    """Rotate columns i, i + 1 on the rows first..last."""
    for k in range(first, last + 1):
        x, y = a[k, i], a[k, i + 1]
        a[k, i] = c * x + s * y
        a[k, i + 1] = c * y - s * x


_CARRY = types.void(CUBE, MATRIX, int64, int64, float64, float64, int64, int64, int64)


@njit([_CARRY], error_model="numpy", cache=True, nogil=True)
def carry(factors, h, count, i, c, s, low, high, last):
    """Rotate columns i, i + 1 of the first factor, triangularize it by a rotation of rows, which
    rotates the columns of the next factor, and so on, up to columns of the Hessenberg ``h``.

    On the window low..high; ``last`` is the last row of ``h`` that is not zero there. A zero on a
    diagonal stays exactly zero: the determinant of the two rows is kept in relative accuracy.
    """
    for k in range(count):
        t = factors[k]
        a, b, d = t[i, i], t[i, i + 1], t[i + 1, i + 1]
        rotate_columns(t, i, c, s, low, i - 1)
        upper, lower = c * b - s * a, c * d
        c, s, r = rotation(c * a + s * b, s * d)
        t[i, i], t[i, i + 1] = r, c * upper + s * lower
        if r == 0.0:
            t[i + 1, i + 1] = lower
        else:
            t[i + 1, i + 1] = a * (d / r) if abs(d) < abs(a) else d * (a / r)
        rotate_rows(t, i, c, s, i + 2, high)
    rotate_columns(h, i, c, s, low, last)


@njit([types.void(CUBE, MATRIX, int64)], error_model="numpy", cache=True, nogil=True)
def reduce_to_hessenberg(factors, h, count):
    """Make ``h`` (n, n) upper Hessenberg by similarity, the ``count`` factors stay triangular."""
    n = h.shape[0]
    for j in range(n - 2):
        for i in range(n - 2, j, -1):
            if h[i + 1, j] != 0.0:
                c, s, r = rotation(h[i, j], h[i + 1, j])
                rotate_rows(h, i, c, s, j + 1, n - 1)
                h[i, j], h[i + 1, j] = r, 0.0
                carry(factors, h, count, i, c, s, 0, n - 1, n - 1)


@njit([int64(CUBE, int64, int64, int64, MATRIX)], error_model="numpy", cache=True, nogil=True)
def _diagonal_block(factors, count, first, size, out):
    """``size`` rows and columns from ``first`` of the product of the factors, times 2^-e, in the
    corner of ``out`` (3, 3); returns e."""
    for i in range(3):
        for c in range(3):
            out[i, c] = 0.0
    exponent = 0
    for i in range(size):
        for c in range(size):
            out[i, c] = 1.0 if i == c else 0.0
    for k in range(count):
        t = factors[k]
        for i in range(size):
            for c in range(size - 1, i - 1, -1):
                total = 0.0
                for q in range(i, c + 1):
                    total += t[first + i, first + q] * out[q, c]
                out[i, c] = total
        exponent += normalize(out)
    return exponent


@njit([boolean(CUBE, MATRIX, int64, int64, int64, boolean, VECTOR, MATRIX)],
      error_model="numpy", cache=True, nogil=True)  # fmt: skip
def _first_column(factors, h, count, low, high, unusual, x, block):
    """First column ``x`` (3,) of (A - s1) (A - s2), s1 and s2 the eigenvalues of the last two rows
    and columns of A = h T_m ... T_1; False where the shifts are of no use."""
    size = _diagonal_block(factors, count, high - 2, 3, block)
    before = h[high - 1, high - 2]
    b11 = before * block[0, 1] + h[high - 1, high - 1] * block[1, 1]
    b12 = before * block[0, 2] + h[high - 1, high - 1] * block[1, 2] + (
        h[high - 1, high] * block[2, 2]
    )  # fmt: skip
    b21 = h[high, high - 1] * block[1, 1]
    b22 = h[high, high - 1] * block[1, 2] + h[high, high] * block[2, 2]
    half = 0.5 * (b11 - b22)
    root = half * half + b12 * b21
    if unusual:
        trace = 1.5 * (abs(b21) + abs(before * block[0, 0]))
        determinant = trace * trace / 2.25
    elif root >= 0.0:  # twice the one nearer to the last entry
        root = half + math.copysign(math.sqrt(root), half)
        trace = 2.0 * (b22 - b12 * (b21 / root) if root != 0.0 else b22)
        determinant = 0.25 * trace * trace
    else:
        trace, determinant = b11 + b22, b11 * b22 - b12 * b21
    size -= _diagonal_block(factors, count, low, 2, block)
    if size > 40:
        return False
    unit = math.ldexp(1.0, max(size, -1000))
    trace *= unit
    determinant *= unit * unit
    a11, a21 = h[low, low] * block[0, 0], h[low + 1, low] * block[0, 0]
    a12 = h[low, low] * block[0, 1] + h[low, low + 1] * block[1, 1]
    a22 = h[low + 1, low] * block[0, 1] + h[low + 1, low + 1] * block[1, 1]
    x[0] = a11 * (a11 - trace) + determinant + a12 * a21
    x[1] = a21 * (a11 + a22 - trace)
    x[2] = a21 * h[low + 2, low + 1] * block[1, 1]
    below = abs(x[1]) + abs(x[2])
    # Smaller ones would lose digits where they are below all normal numbers, and be wrong for good
    # where factors make them large again.
    return np.isfinite(abs(x[0]) + below) and below > _RELATIVE * abs(x[0])


@njit([types.void(CUBE, MATRIX, int64, int64, int64, VECTOR)],
      error_model="numpy", cache=True, nogil=True)  # fmt: skip
def _double_sweep(factors, h, count, low, high, first):
    """A sweep with two shifts: ``first`` (3,) starts a bulge that is chased down the window."""
    x, y, z = first[0], first[1], first[2]
    for k in range(low - 1, high - 1):
        if k >= low:
            x, y = h[k + 1, k], h[k + 2, k]
            z = h[k + 3, k] if k + 3 <= high else 0.0
        end = min(k + 4, high)
        if k + 3 <= high:
            c, s, y = rotation(y, z)
            rotate_rows(h, k + 2, c, s, max(k, low), high)
            carry(factors, h, count, k + 2, c, s, low, high, end)
        c, s, r = rotation(x, y)
        rotate_rows(h, k + 1, c, s, max(k, low), high)
        if k >= low:
            h[k + 1, k], h[k + 2, k] = r, 0.0
            if k + 3 <= high:
                h[k + 3, k] = 0.0
        carry(factors, h, count, k + 1, c, s, low, high, end)


@njit([types.void(CUBE, MATRIX, int64, int64, int64, MATRIX)],
      error_model="numpy", cache=True, nogil=True)  # fmt: skip
def _plain_sweep(factors, h, count, low, high, turns):
    """A sweep with shift zero: sorts by modulus, and carries zeros of the factors to the end."""
    for k in range(low, high):
        c, s, r = rotation(h[k, k], h[k + 1, k])
        rotate_rows(h, k, c, s, k + 1, high)
        h[k, k], h[k + 1, k] = r, 0.0
        turns[k, 0], turns[k, 1] = c, s
    for k in range(low, high):
        carry(factors, h, count, k, turns[k, 0], turns[k, 1], low, high, k + 1)


@njit([boolean(CUBE, int64, int64, int64)], error_model="numpy", cache=True, nogil=True)
def _singular(factors, count, low, high):
    """Whether a factor has a zero on its diagonal."""
    for k in range(count):
        for i in range(low, high + 1):
            if factors[k, i, i] == 0.0:
                return True
    return False


@njit([int64(CUBE, int64, int64, int64)], error_model="numpy", cache=True, nogil=True)
def _spread(factors, count, low, high):
    """How many powers of two the diagonal entries of the product of the factors are apart."""
    least, most = 0, 0
    for i in range(low, high + 1):
        value, exponent = 1.0, 0
        for k in range(count):
            value, shift = math.frexp(value * factors[k, i, i])
            exponent += shift
        least = exponent if i == low else min(least, exponent)
        most = exponent if i == low else max(most, exponent)
    return most - least


@njit([types.Tuple((float64, float64))(CUBE, int64, int64, float64)],
      error_model="numpy", cache=True, nogil=True)  # fmt: skip
def _diagonal(factors, count, i, value):
    """(log10 of the modulus, sign) of ``value`` times the diagonal entries i of all factors."""
    exponent = 0
    for k in range(-1, count):
        mantissa, shift = math.frexp(value if k < 0 else value * factors[k, i, i])
        value = mantissa
        exponent += shift
    if value == 0.0:
        return -np.inf, 1.0
    return math.log10(abs(value)) + exponent * math.log10(2.0), math.copysign(1.0, value)


@njit([types.void(CUBE, MATRIX, int64, int64, VECTOR, VECTOR)],
      error_model="numpy", cache=True, nogil=True)  # fmt: skip
def _single(factors, h, count, i, logs, angles):
    """The eigenvalue of a deflated row."""
    logs[i], sign = _diagonal(factors, count, i, h[i, i])
    angles[i] = math.pi if sign < 0.0 else 0.0


@njit([boolean(CUBE, MATRIX, int64, int64, VECTOR, VECTOR, MATRIX)],
      error_model="numpy", cache=True, nogil=True)  # fmt: skip
def _pair(factors, h, count, low, logs, angles, block):
    """The eigenvalues of the rows low, low + 1 where they are complex (True). Real ones are split:
    a rotation turns the direction of the larger one into the first column."""
    _diagonal_block(factors, count, low, 2, block)
    h11, h12, h21, h22 = h[low, low], h[low, low + 1], h[low + 1, low], h[low + 1, low + 1]
    a11, a21 = h11 * block[0, 0], h21 * block[0, 0]
    a12 = h11 * block[0, 1] + h12 * block[1, 1]
    a22 = h21 * block[0, 1] + h22 * block[1, 1]
    size = max(abs(a11), abs(a12), abs(a21), abs(a22))
    a11, a12, a21, a22 = a11 / size, a12 / size, a21 / size, a22 / size
    half, mean = 0.5 * (a11 - a22), 0.5 * (a11 + a22)
    root = half * half + a12 * a21
    if root >= 0.0:
        signed = math.copysign(math.sqrt(root), mean)
        x, y = (half + signed, a21) if half * signed >= 0.0 else (a12, signed - half)
        c, s, _ = rotation(x, y)
        rotate_rows(h, low, c, s, low, low + 1)
        carry(factors, h, count, low, c, s, low, low + 1, low + 1)
        return False
    # The modulus from the determinant, which is a product: exact to its last digits.
    first, _ = _diagonal(factors, count, low, h11 * h22 - h12 * h21)
    second, _ = _diagonal(factors, count, low + 1, 1.0)
    logs[low] = logs[low + 1] = 0.5 * (first + second)
    angles[low] = math.atan2(math.sqrt(-root), mean)
    angles[low + 1] = -angles[low]
    return True


@njit(
    [
        int64(
            CUBE, MATRIX, int64, int64,
            types.UniTuple(VECTOR, 2), types.Tuple((VECTOR, MATRIX, MATRIX)), int64,
        )
    ],
    error_model="numpy", cache=True, addressed=True, nogil=True,
)  # fmt: skip
def _deflated(factors, h, count, high, found, work, sweeps):
    """How many eigenvalues split off at the end of the rows ..high, after one more sweep if none
    did. ``found`` holds logarithms and angles, ``work`` scratch arrays."""
    (logs, angles), (x, block, turns) = found, work
    low = high
    while low > 0:
        if abs(h[low, low - 1]) <= EPSILON * (abs(h[low - 1, low - 1]) + abs(h[low, low])):
            h[low, low - 1] = 0.0
            break
        low -= 1
    if low == high:
        _single(factors, h, count, high, logs, angles)
        return 1
    sorts = sweeps < _SORTING and _spread(factors, count, low, high) > _SPREAD
    if sorts or _singular(factors, count, low, high):
        _plain_sweep(factors, h, count, low, high, turns)
    elif low + 1 == high:
        return 2 if _pair(factors, h, count, low, logs, angles, block) else 0
    elif _first_column(factors, h, count, low, high, sweeps % _UNUSUAL == _UNUSUAL - 1, x, block):
        _double_sweep(factors, h, count, low, high, x)
    else:
        _plain_sweep(factors, h, count, low, high, turns)
    return 0


@njit([types.void(VECTOR, VECTOR)], cache=True, nogil=True)
def _sort(logs, angles):
    """Largest modulus first; pairs stay together."""
    for i in range(1, logs.shape[0]):
        log, angle, k = logs[i], angles[i], i
        while k > 0 and logs[k - 1] < log:
            logs[k], angles[k] = logs[k - 1], angles[k - 1]
            k -= 1
        logs[k], angles[k] = log, angle


@njit([boolean(CUBE, VECTOR, VECTOR)], error_model="numpy", cache=True, addressed=True, nogil=True)
def periodic_eigenvalues(maps, logs, angles):
    """Eigenvalues of the product maps[p - 1] ... maps[0] of ``maps`` (p, n, n), largest first.

    Fills ``logs`` (n,) with log10 of the moduli, -inf for zero, and ``angles`` (n,) in radians in
    (-pi, pi], of complex pairs the positive one first. False, and nan for what is missing, where
    the iteration did not converge, from whichever map it begins, or the maps are not finite.
    """
    count = maps.shape[0]
    for attempt in range(min(_BEGINNINGS, count)):
        first = attempt * count // _BEGINNINGS
        turned = maps if attempt == 0 else np.concatenate((maps[first:], maps[:first]))
        if _from_first(turned, logs, angles):
            return True
    return False


@njit
def _from_first(maps, logs, angles):
    """See ``periodic_eigenvalues``; pairs that coincide, as symmetry makes them, may not converge
    from one map, but do from another."""
    n = maps.shape[1]
    factors, h = np.empty(maps.shape), np.empty((n, n))
    x, block, turns = np.empty(3), np.empty((3, 3)), np.empty((n, 2))
    count, exponent = triangular_factors(maps, factors, h)
    reduce_to_hessenberg(factors, h, count)
    high, sweeps = n - 1, 0
    while high >= 0 and sweeps < _SWEEPS:
        split = _deflated(factors, h, count, high, (logs, angles), (x, block, turns), sweeps)
        sweeps = sweeps + 1 if split == 0 else 0
        high -= split
    for i in range(n):
        if i <= high:
            logs[i], angles[i] = np.nan, np.nan
        logs[i] += exponent * math.log10(2.0)
    _sort(logs, angles)
    return high < 0
