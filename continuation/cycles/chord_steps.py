"""Newton's equations of an orbit for a new residual, on the factorization of an earlier orbit.

A chord step costs a small part of one of Newton's: the field is evaluated, not its derivatives, and
what ``condense`` and ``reduce`` factorized is used again. It converges linearly, the faster the
nearer the earlier orbit is.
"""

from __future__ import annotations

import numpy as np
from numba import types

from continuation.cycles.collocation import Collocation, Condensed, Profile
from continuation.cycles.local_equations import gather, weighted
from continuation.engine.elimination import solve_lanes
from continuation.engine.field import Field
from dynsys.compiled.kernels import WIDTH
from dynsys.compiled.records import Matrix, signature
from dynsys.numba_cache import njit


@njit(
    [signature(types.void, Field, Collocation, Profile, Condensed)],
    cache=True, addressed=True, error_model="numpy", nogil=True,
)  # fmt: skip
def condense_residual(field, collocation, profile, condensed):
    """The right sides of ``local``, for the residual of another orbit on the same mesh."""
    p, tables, scale = field.p, field.tables, field.scale
    values, slopes, lanes = collocation.values, collocation.slopes, condensed.lanes
    local, pivots, period = condensed.local, condensed.pivots, profile.z[0]
    degree, n, beside = values.shape[0], scale.shape[0], lanes.shape[3]
    last, x, f = local.shape[2] - 1, np.empty(n * WIDTH), np.empty(n * WIDTH)
    nodes, lengths = np.empty((degree + 1, n, beside)), np.empty(beside)
    states, slope = np.empty((n, beside)), np.empty((n, beside))
    right = np.empty((degree * n, beside))
    for group in range(lanes.shape[0]):
        first = group * beside
        gather(profile, first, nodes, lengths)
        for i in range(degree):
            weighted(values[i], nodes, states)
            weighted(slopes[i], nodes, slope)
            for start in range(0, beside, WIDTH):
                for s in range(n):
                    for lane in range(WIDTH):
                        x[s * WIDTH + lane] = states[s, start + lane] * scale[s]
                field.rates(x, p, tables, f)
                for s in range(n):
                    factor = period / scale[s]
                    for lane in range(WIDTH):
                        part = lengths[start + lane] * factor * f[s * WIDTH + lane]
                        right[s * degree + i, start + lane] = slope[s, start + lane] - part
        solve_lanes(lanes[group], pivots[first : first + beside], right)
        for j in range(first, min(first + beside, local.shape[0])):
            for k in range(degree):
                for s in range(n):
                    local[j, k * n + s, last] = right[s * degree + k, j - first]


@njit([signature(types.void, Condensed)], cache=True, error_model="numpy", nogil=True)
def reduce_residual(condensed):
    """The right sides of ``kept`` and ``pair``, from those of ``local``."""
    local, kept, pair = condensed.local, condensed.kept, condensed.pair
    reflectors = condensed.reflectors
    n = pair.shape[0]
    intervals, size, width = local.shape
    first, last = size - n, width - 1
    right, end = kept.shape[2] - 1, pair.shape[1] - 1
    stacked = np.empty(2 * n)
    for s in range(n):
        stacked[n + s] = -local[0, first + s, last]
    for j in range(1, intervals):
        for s in range(n):
            stacked[s] = stacked[n + s]
            stacked[n + s] = -local[j, first + s, last]
        for k in range(n):
            v = reflectors[j, k]
            dot = 0.0
            for i in range(k, 2 * n):
                dot += v[i] * stacked[i]
            for i in range(k, 2 * n):
                stacked[i] -= 2.0 * dot * v[i]
        for s in range(n):
            kept[j, s, right] = stacked[s]
    for s in range(n):
        pair[s, end] = stacked[n + s]


@njit(
    [signature(float, Matrix, Matrix, Condensed)], cache=True, error_model="numpy", nogil=True
)  # fmt: skip
def eliminated_right(row, carried, condensed):
    """What the right sides of ``local`` and ``kept`` add to that of a border row, which
    ``eliminate_border`` has ``carried`` (N, n) over the mesh nodes."""
    local, kept = condensed.local, condensed.kept
    intervals, size, width = local.shape
    n = row.shape[1]
    degree, last, right = size // n, width - 1, kept.shape[2] - 1
    total = 0.0
    for j in range(intervals):
        for k in range(degree - 1):
            for s in range(n):
                total += row[j * degree + k + 1, s] * local[j, k * n + s, last]
        if j > 0:
            for s in range(n):
                total -= carried[j, s] * kept[j, s, right]
    return total
