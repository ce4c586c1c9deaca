"""Orthogonal collocation of periodic orbits: condensation, elimination and border rows.

Time is scaled to [0, 1]: u' = T f(u). On every mesh interval u is a polynomial of degree m through
m + 1 equidistant nodes, collocated at the m Gauss points (de Boor & Swartz 1973; Doedel, Keller &
Kernevez 1991). Newton's equations are condensed: the interior nodes of an interval are eliminated
locally, mesh nodes by a sweep of orthogonal transformations (Wright 1992), which leaves a pair
W d0 + S dN whose pencil has the Floquet multipliers as eigenvalues. The unknowns besides the orbit
are z = (T, free parameters, extras); they ride along as columns. States are scaled by their typical
size throughout.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import int64, types

from continuation.cycles.local_equations import (
    MOST_LANES,
    Lanes,
    eliminate_group,
    solve_intervals,
)
from continuation.cycles.profiles import Collocation, Profile
from continuation.engine.field import Field
from continuation.engine.linear_algebra import ONE, ZERO
from dynsys.compiled.kernels import MATRIX, WIDTH
from dynsys.compiled.records import Cube, IndexRows, Matrix, Vector, record, signature
from dynsys.numba_cache import njit


@record
class Variation(NamedTuple):
    """A change of an orbit: of its nodes (N m + 1, n) and of z (K,)."""

    u: Matrix
    z: Vector


@record
class Condensed(NamedTuple):
    """Newton's equations of an orbit, condensed.

    ``local[j]`` (m n, n + K + 1): how the nodes 1..m of interval j depend on (d0 | dz | residual),
    d = -local (d0, dz, 1); ``lanes`` and ``pivots`` (lanes of all groups, m n) hold the
    factorizations it comes from (see ``local_equations``). ``kept[j]`` (n, 3 n + K + 1) = [node j |
    d0 | node j + 1 | dz | right side] and ``reflectors[j]`` (n, 2 n) eliminate mesh node j.
    ``pair`` (n, 2 n + K + 1) = [W | S | dz | right side] is what is left. ``growth`` and ``decay``
    (N,) are about how much a small difference from the orbit can grow or decay on an interval,
    ``divergence`` how a volume does: exponents.
    """

    local: Cube
    lanes: Lanes
    pivots: IndexRows
    kept: Cube
    reflectors: Cube
    pair: Matrix
    growth: Vector
    decay: Vector
    divergence: Vector


def condensed_system(intervals, degree, n, count):
    """Room for the equations of orbits with n states and ``count`` = K further unknowns."""
    size, width = degree * n, n + count + 1
    groups = (intervals + MOST_LANES - 1) // MOST_LANES
    lanes = ((intervals + groups - 1) // groups + WIDTH - 1) // WIDTH * WIDTH
    groups = (intervals + lanes - 1) // lanes  # each of a multiple of WIDTH lanes
    return Condensed(
        local=np.empty((intervals, size, width)),
        lanes=np.empty((groups, size, size + width, lanes)),
        pivots=np.empty((groups * lanes, size), np.int64),
        kept=np.empty((intervals, n, 3 * n + count + 1)),
        reflectors=np.zeros((intervals, n, 2 * n)),
        pair=np.empty((n, 2 * n + count + 1)),
        growth=np.empty(intervals),
        decay=np.empty(intervals),
        divergence=np.empty(intervals),
    )


compiled_condensed_system = njit(
    [signature(Condensed, int, int, int, int)], cache=True, nogil=True
)(condensed_system)


@njit(
    [signature(bool, Field, Collocation, Profile, Condensed)],
    cache=True, addressed=True, error_model="numpy", nogil=True,
)  # fmt: skip
def condense(field, collocation, profile, condensed):
    """Local elimination on every interval: fills ``local``, ``lanes``, ``pivots``, ``growth``,
    ``decay`` and ``divergence``.

    False where a local matrix is singular.
    """
    local, lanes, pivots = condensed.local, condensed.lanes, condensed.pivots
    intervals, size, width = local.shape
    beside, n = lanes.shape[3], field.scale.shape[0]
    degree, rates = size // n, np.empty((3, beside))
    for group in range(lanes.shape[0]):
        block, first = lanes[group], group * beside
        if not eliminate_group(field, collocation, profile, first, block, rates, pivots):
            return False
        for j in range(first, min(first + beside, intervals)):
            lane = j - first
            for k in range(degree):
                for s in range(n):
                    for c in range(width):
                        local[j, k * n + s, c] = block[s * degree + k, size + c, lane]
            condensed.growth[j], condensed.decay[j] = rates[0, lane], rates[1, lane]
            condensed.divergence[j] = rates[2, lane]
    return True


@njit([types.void(MATRIX, int64, MATRIX)], cache=True, error_model="numpy", nogil=True)
def orthogonal_sweep(block, columns, reflectors):
    """Householder transformations on all of ``block`` that make its first columns triangular.

    Row k of ``reflectors`` becomes the unit vector v of I - 2 v v^T.
    """
    rows, width = np.uintp(block.shape[0]), np.uintp(block.shape[1])
    dots = np.empty(width)
    for k in range(ZERO, np.uintp(columns)):
        v = reflectors[k]
        norm = 0.0
        for i in range(ZERO, rows):
            v[i] = 0.0
        for i in range(k, rows):
            norm += block[i, k] * block[i, k]
        norm = np.sqrt(norm)
        if norm == 0.0:
            continue
        for i in range(k, rows):
            v[i] = block[i, k]
        v[k] += norm if v[k] > 0.0 else -norm
        length = 0.0
        for i in range(k, rows):
            length += v[i] * v[i]
        inverse = 1.0 / np.sqrt(length)
        for c in range(k, width):
            dots[c] = 0.0
        for i in range(k, rows):
            v[i] *= inverse
            for c in range(k, width):
                dots[c] += v[i] * block[i, c]
        for i in range(k, rows):
            factor = 2.0 * v[i]
            for c in range(k, width):
                block[i, c] -= factor * dots[c]


def _sweep(n):
    """``orthogonal_sweep`` over n columns of 2 n rows, for one small n that is known when this is
    compiled: one loop over the columns for each transformation."""

    @njit([types.void(MATRIX, MATRIX)], cache=True, error_model="numpy", nogil=True)
    def at_once(block, reflectors):
        for k in range(n):
            norm = 0.0
            for i in range(k, 2 * n):
                norm += block[i, k] * block[i, k]
            norm = np.sqrt(norm)
            if norm == 0.0:
                for i in range(2 * n):
                    reflectors[k, i] = 0.0
                continue
            head = block[k, k] + (norm if block[k, k] > 0.0 else -norm)
            inverse = 1.0 / np.sqrt(norm * norm + abs(block[k, k]) * norm + norm * abs(head))
            for i in range(2 * n):
                reflectors[k, i] = inverse * block[i, k] if i > k else 0.0
            reflectors[k, k] = inverse * head
            for c in range(np.uintp(k), np.uintp(block.shape[1])):
                dot = 0.0
                for i in range(k, 2 * n):
                    dot += reflectors[k, i] * block[i, c]
                dot *= 2.0
                for i in range(k, 2 * n):
                    block[i, c] -= dot * reflectors[k, i]

    return at_once


_sweep_2, _sweep_3 = _sweep(2), _sweep(3)


@njit(
    [signature(types.void, Condensed)], cache=True, addressed=True, error_model="numpy", nogil=True
)
def reduce(condensed):
    """Eliminate the interior mesh nodes: fills ``kept``, ``reflectors`` and ``pair``."""
    local, kept, pair = condensed.local, condensed.kept, condensed.pair
    n, intervals = np.uintp(pair.shape[0]), np.uintp(local.shape[0])
    width = np.uintp(local.shape[2])
    wide, columns, last = n + n, width - n, np.uintp(local.shape[1]) - n  # dz and the right side
    stack = np.zeros((2 * pair.shape[0], 3 * pair.shape[0] + local.shape[2] - pair.shape[0]))
    for s in range(ZERO, n):
        for c in range(ZERO, n):
            pair[s, c] = local[ZERO, last + s, c]
            pair[s, n + c] = 1.0 if s == c else 0.0
        for c in range(ZERO, columns):
            pair[s, wide + c] = local[ZERO, last + s, n + c]
        pair[s, wide + columns - ONE] *= -1.0
    for j in range(ONE, intervals):
        for s in range(ZERO, n):
            for c in range(ZERO, n):
                stack[s, c] = pair[s, n + c]
                stack[s, n + c] = pair[s, c]
                stack[s, wide + c] = 0.0
                stack[n + s, c] = local[j, last + s, c]
                stack[n + s, n + c] = 0.0
                stack[n + s, wide + c] = 1.0 if s == c else 0.0
            for c in range(ZERO, columns):
                stack[s, wide + n + c] = pair[s, wide + c]
                stack[n + s, wide + n + c] = local[j, last + s, n + c]
            stack[n + s, wide + n + columns - ONE] *= -1.0
        if n == 2:
            _sweep_2(stack, condensed.reflectors[j])
        elif n == 3:
            _sweep_3(stack, condensed.reflectors[j])
        else:
            orthogonal_sweep(stack, n, condensed.reflectors[j])
        for s in range(ZERO, n):
            for c in range(ZERO, wide + width):
                kept[j, s, c] = stack[s, c]
            for c in range(ZERO, n):
                pair[s, c] = stack[n + s, n + c]
                pair[s, n + c] = stack[n + s, wide + c]
            for c in range(ZERO, columns):
                pair[s, wide + c] = stack[n + s, wide + n + c]


@njit(
    [signature(types.void, Matrix, Vector, Condensed, Matrix, Vector)],
    cache=True, error_model="numpy", nogil=True,
)  # fmt: skip
def eliminate_border(row, tail, condensed, carried, out):
    """Express row . du + tail . (dz, right side) by the end nodes alone.

    ``row`` (N m + 1, n), ``tail`` (K + 1,); fills ``out`` (2 n + K + 1,) = [d0 | dN | dz | right]
    and ``carried`` (N, n), by which ``kept`` rows were subtracted.
    """
    local, kept = condensed.local, condensed.kept
    intervals, n = np.uintp(local.shape[0]), np.uintp(row.shape[1])
    degree, columns = np.uintp(local.shape[1]) // n, np.uintp(local.shape[2]) - n
    wide = n + n
    for c in range(ZERO, wide):
        out[c] = 0.0
    for c in range(ZERO, columns):
        out[wide + c] = tail[c]
    for j in range(ZERO, intervals):
        target = ZERO if j == ZERO else n
        for c in range(ZERO, n):
            out[target + c] += row[j * degree, c]
        for k in range(ZERO, degree - ONE):
            for s in range(ZERO, n):
                weight, source = row[j * degree + k + ONE, s], k * n + s
                if weight != 0.0:
                    for c in range(ZERO, n):
                        out[target + c] -= weight * local[j, source, c]
                    for c in range(ZERO, columns - ONE):
                        out[wide + c] -= weight * local[j, source, n + c]
                    out[wide + columns - ONE] += weight * local[j, source, n + columns - ONE]
        if j == ZERO:
            continue
        for c in range(ZERO, n):  # solve y R = part on the current node, R upper triangular
            total = out[n + c]
            for k in range(ZERO, c):
                total -= carried[j, k] * kept[j, k, c]
            carried[j, c] = total / kept[j, c, c]
            out[n + c] = 0.0
        for s in range(ZERO, n):
            y = carried[j, s]
            for c in range(ZERO, n):
                out[c] -= y * kept[j, s, n + c]
                out[n + c] -= y * kept[j, s, wide + c]
            for c in range(ZERO, columns):
                out[wide + c] -= y * kept[j, s, wide + n + c]
    for c in range(ZERO, n):
        out[n + c] += row[intervals * degree, c]


@njit(
    [signature(types.void, Condensed, Vector, Vector, Vector, float, Matrix)],
    cache=True, error_model="numpy", nogil=True,
)  # fmt: skip
def back_substitute(condensed, first, end, dz, residual, delta):
    """All nodes (N m + 1, n) from end nodes and dz; ``residual`` 0 for homogeneous solutions."""
    local, kept = condensed.local, condensed.kept
    intervals, n = np.uintp(local.shape[0]), np.uintp(first.shape[0])
    degree, count = np.uintp(local.shape[1]) // n, np.uintp(local.shape[2]) - n - ONE
    wide = n + n
    for c in range(ZERO, n):
        delta[ZERO, c] = first[c]
        delta[intervals * degree, c] = end[c]
    for turn in range(ONE, intervals):
        j = intervals - turn
        for back in range(ONE, n + ONE):
            s = n - back
            total = residual * kept[j, s, wide + n + count]
            for c in range(ZERO, count):
                total -= kept[j, s, wide + n + c] * dz[c]
            for c in range(ZERO, n):
                total -= kept[j, s, n + c] * delta[ZERO, c]
                total -= kept[j, s, wide + c] * delta[(j + ONE) * degree, c]
            for c in range(s + ONE, n):
                total -= kept[j, s, c] * delta[j * degree, c]
            delta[j * degree, s] = total / kept[j, s, s]
    for j in range(ZERO, intervals):
        for k in range(ZERO, degree - ONE):
            for s in range(ZERO, n):
                row = k * n + s
                total = -residual * local[j, row, n + count]
                for c in range(ZERO, count):
                    total -= local[j, row, n + c] * dz[c]
                for c in range(ZERO, n):
                    total -= local[j, row, c] * delta[j * degree, c]
                delta[j * degree + k + ONE, s] = total


@njit(
    [signature(types.void, Condensed, Vector, Matrix)],
    cache=True, error_model="numpy", nogil=True,
)  # fmt: skip
def carry_back(condensed, left, omega):
    """Multipliers (N, m n) of the collocation equations from those (n,) of the reduced pair."""
    reflectors, n = condensed.reflectors, left.shape[0]
    intervals, size = omega.shape
    stacked, upper = np.empty(2 * n), left.copy()
    for j in range(intervals - 1, -1, -1):
        if j > 0:
            for s in range(n):
                stacked[s] = 0.0
                stacked[n + s] = upper[s]
            for k in range(n - 1, -1, -1):
                v = reflectors[j, k]
                dot = 0.0
                for i in range(2 * n):
                    dot += v[i] * stacked[i]
                for i in range(2 * n):
                    stacked[i] -= 2.0 * dot * v[i]
            for s in range(n):
                upper[s] = stacked[s]
        row = omega[j]
        for s in range(size - n):
            row[s] = 0.0
        for s in range(n):
            row[size - n + s] = stacked[n + s] if j > 0 else upper[s]
    solve_intervals(condensed.lanes, condensed.pivots, n, omega, True)
