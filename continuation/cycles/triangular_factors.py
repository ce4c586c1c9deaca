"""A product of square matrices as a full matrix times few upper triangular ones.

M_p ... M_1 = F T_m ... T_1 2^e. Neighbors are multiplied while that costs few digits: all of them
where the product is well conditioned, otherwise about one factor is left for every five orders of
magnitude between its extreme singular values. Every factor is then met by the orthogonal matrix
that the one before left over, and split by Householder reflections (the discrete QR method).
"""

from __future__ import annotations

import math

import numpy as np
from numba import boolean, float64, int64, types

from dynsys.compiled.kernels import MATRIX, VECTOR
from dynsys.numba_cache import njit

CUBE = types.Array(float64, 3, "C")
EPSILON = 2.0**-52
_NOISE = 16.0  # below this many last digits of its row a diagonal entry has no digit left
# A product costs ||A|| ||B|| ||(A B)^-1|| units of the last digit: here 1e5 of 1e-16.
_BENIGN = 1e5
_TAME = 1e30  # norms whose products neither overflow nor vanish


@njit([types.void(MATRIX, MATRIX, VECTOR, VECTOR)], cache=True, error_model="numpy", nogil=True)
def triangularize(w, reflectors, noise, dots):
    """Upper triangle of ``w`` (n, n) in place; row k of ``reflectors`` is v of I - 2 v v^T.

    ``noise`` (n,) holds, per row, the size of the entries before: diagonal entries that cancel to
    their rounding become zero, which makes the matrix exactly singular.
    """
    n = w.shape[0]
    for k in range(n - 1):
        below = 0.0
        for i in range(k + 1, n):
            below = max(below, abs(w[i, k]))
        if below == 0.0:
            reflectors[k, k] = 0.0
            continue
        largest, total = max(below, abs(w[k, k])), 0.0
        for i in range(k, n):
            reflectors[k, i] = w[i, k] / largest
            total += reflectors[k, i] * reflectors[k, i]
        norm, head = math.sqrt(total), reflectors[k, k]
        inverse = 1.0 / math.sqrt(2.0 * (total + abs(head) * norm))
        signed = norm if head > 0.0 else -norm
        reflectors[k, k] = head + signed
        for c in range(k + 1, n):
            dots[c] = 0.0
        for i in range(k, n):
            part = reflectors[k, i] * inverse
            reflectors[k, i] = part
            for c in range(k + 1, n):
                dots[c] += part * w[i, c]
        for i in range(k, n):
            factor = 2.0 * reflectors[k, i]
            for c in range(k + 1, n):
                w[i, c] -= factor * dots[c]
            noise[i] = max(noise[i], abs(w[i, i]))
            w[i, k] = 0.0
        w[k, k] = -signed * largest
    for k in range(n):
        if abs(w[k, k]) <= _NOISE * n * EPSILON * noise[k]:
            w[k, k] = 0.0


@njit([types.void(MATRIX, MATRIX, boolean, VECTOR)], cache=True, error_model="numpy", nogil=True)
def reflect_rows(w, reflectors, backwards, dots):
    """The reflections applied to the rows of ``w``: the first of them first, or last."""
    n = w.shape[0]
    for turn in range(n - 1):
        k = n - 2 - turn if backwards else turn
        if reflectors[k, k] == 0.0:
            continue
        for c in range(n):
            dots[c] = 0.0
        for i in range(k, n):
            for c in range(n):
                dots[c] += reflectors[k, i] * w[i, c]
        for i in range(k, n):
            factor = 2.0 * reflectors[k, i]
            for c in range(n):
                w[i, c] -= factor * dots[c]


@njit([int64(MATRIX)], cache=True, error_model="numpy", nogil=True)
def normalize(w):
    """Scale by a power of two to a largest entry in [1/2, 1); returns the exponent taken out."""
    n, largest = w.shape[0], 0.0
    for i in range(n):
        for c in range(n):
            largest = max(largest, abs(w[i, c]))
    if largest == 0.0:
        return 0
    exponent = math.frexp(largest)[1]
    half = exponent // 2  # in two steps: 2^-exponent itself may be out of range
    first, second = math.ldexp(1.0, -half), math.ldexp(1.0, half - exponent)
    for i in range(n):
        for c in range(n):
            w[i, c] *= first
            w[i, c] *= second
    return exponent


@njit([float64(MATRIX, MATRIX)], cache=True, error_model="numpy", nogil=True)
def inverse_norm(matrix, a):
    """Frobenius norm of the inverse (inf if singular), by elimination in ``a`` (n, 2 n)."""
    n = matrix.shape[0]
    for i in range(n):
        for c in range(n):
            a[i, c] = matrix[i, c]
            a[i, n + c] = 1.0 if i == c else 0.0
    for k in range(n):
        best = k
        for i in range(k + 1, n):
            if abs(a[i, k]) > abs(a[best, k]):
                best = i
        if not abs(a[best, k]) > 0.0:
            return np.inf
        if best != k:
            for c in range(k, 2 * n):
                a[k, c], a[best, c] = a[best, c], a[k, c]
        for i in range(k + 1, n):
            factor = a[i, k] / a[k, k]
            for c in range(k + 1, 2 * n):
                a[i, c] -= factor * a[k, c]
    total = 0.0
    for k in range(n - 1, -1, -1):
        for i in range(k + 1, n):
            factor = a[k, i]
            for c in range(n, 2 * n):
                a[k, c] -= factor * a[i, c]
        inverse = 1.0 / a[k, k]
        for c in range(n, 2 * n):
            a[k, c] *= inverse
            total += a[k, c] * a[k, c]
    return math.sqrt(total)


@njit([float64(MATRIX)], cache=True, error_model="numpy", nogil=True)
def _squares(a):
    total = 0.0
    for i in range(a.shape[0]):
        for c in range(a.shape[0]):
            total += a[i, c] * a[i, c]
    return total


@njit([types.void(MATRIX, MATRIX, MATRIX)], cache=True, error_model="numpy", nogil=True)
def _multiply(after, before, product):
    n = product.shape[0]
    for i in range(n):
        for c in range(n):
            product[i, c] = after[i, 0] * before[0, c]
        for k in range(1, n):
            factor = after[i, k]
            for c in range(n):
                product[i, c] += factor * before[k, c]


@njit([types.UniTuple(int64, 2)(CUBE, CUBE)], cache=True, error_model="numpy", nogil=True)
def merge(maps, merged):
    """Multiply neighbors of ``maps`` (p, n, n) while it costs few digits.

    Fills the first m of ``merged`` (p, n, n), whose product times 2^e is the product of all;
    returns (m, e). Near the identity the inverses are bounded by the distance; else computed.
    """
    n, used, exponent = maps.shape[1], 0, 0
    after, product, work = np.empty((n, n)), np.empty((n, n)), np.empty((n, 2 * n))
    size, inverse = 0.0, np.inf  # of the last of the merged: norm, and bound on the inverse's
    refused, pause = 0, 0  # where maps in a row do not fit, the next attempts are spared
    for j in range(maps.shape[0]):
        own, distance = 0.0, 0.0
        for i in range(n):
            for c in range(n):
                entry = maps[j, i, c]
                after[i, c] = entry
                own += entry * entry
            distance += 1.0 - 2.0 * after[i, i]
        distance = math.sqrt(max(own + distance, 0.0))  # from the identity
        if not _TAME**-2 < own < _TAME**2:
            exponent += normalize(after)
            own, distance = _squares(after), np.inf
        own, fits = math.sqrt(own), False
        bound = 1.0 / (1.0 - distance) if distance < 0.9 else np.inf
        if used > 0 and pause == 0:
            _multiply(after, merged[used - 1], product)
            joint = bound * inverse
            if not own * size * joint <= _BENIGN:
                joint = inverse_norm(product, work)
            fits = own * size * joint <= _BENIGN
            refused = 0 if fits else refused + 1
            pause = refused
        elif pause > 0:
            pause -= 1
        if fits:
            total, inverse = _squares(product), joint
            if not _TAME**-2 < total < _TAME**2:
                shift = normalize(product)
                exponent += shift
                total, inverse = _squares(product), math.ldexp(inverse, shift)
            size = math.sqrt(total)
        else:
            used += 1
            size, inverse = own, bound
        for i in range(n):
            for c in range(n):
                merged[used - 1, i, c] = product[i, c] if fits else after[i, c]
    return used, exponent


@njit(
    [types.UniTuple(int64, 2)(CUBE, CUBE, MATRIX)],
    cache=True, addressed=True, error_model="numpy", nogil=True,
)  # fmt: skip
def triangular_factors(maps, factors, full):
    """Split the product maps[p - 1] ... maps[0] of ``maps`` (p, n, n).

    Fills the first m of ``factors`` (p, n, n), upper triangles, and ``full`` (n, n), of any shape,
    all with entries of about 1, so that full T_m ... T_1 2^e is the product; returns (m, e). Where
    the last factor is singular, ``full`` is orthogonal, so that zeros are on diagonals.
    """
    count, exponent = merge(maps, factors)
    n = maps.shape[1]
    reflectors, turned = np.zeros((n, n)), np.empty((n, n))
    noise, buffer = np.empty(n), np.empty(n)
    for j in range(count):
        w = factors[j]
        exponent += normalize(w)
        if j > 0:
            for i in range(n):
                for c in range(n):
                    turned[c, i] = w[i, c]
            reflect_rows(turned, reflectors, False, buffer)
        for i in range(n):
            noise[i] = 0.0
            for c in range(n):
                if j > 0:
                    w[i, c] = turned[c, i]
                noise[i] = max(noise[i], abs(w[i, c]))
        triangularize(w, reflectors, noise, buffer)
        exponent += normalize(w)
    last, singular = factors[count - 1], False
    for i in range(n):
        singular |= last[i, i] == 0.0
        for c in range(n):
            full[i, c] = 1.0 if i == c else 0.0
    if not singular:
        count -= 1
        for i in range(n):
            for c in range(n):
                full[i, c] = last[i, c]
    reflect_rows(full, reflectors, True, buffer)
    return count, exponent
