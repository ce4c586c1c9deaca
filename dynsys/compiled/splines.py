"""Compiled evaluation of tables: quintic B-splines on a uniform grid, with all derivatives.

A packed table is one array: the header, then the coefficients, quantity by quantity in each cell.
"""

from __future__ import annotations

import math

import numpy as np
from numba import float64, int64, types, uint64, void

from dynsys.numba_cache import njit

HEADER = 7  # nx, ny, number of quantities, x0, hx, y0, hy
HIGHEST = 5  # a quintic has no further derivatives

# Row k: the k-th uniform quintic B-spline over a cell, coefficients of the powers of u on [0, 1].
BASIS = (
    np.array(
        [
            [1, -5, 10, -10, 5, -1],
            [26, -50, 20, 20, -20, 5],
            [66, 0, -60, 0, 30, -10],
            [26, 50, 20, -20, -20, 10],
            [1, 5, 10, 10, 5, -5],
            [0, 0, 0, 0, 0, 1],
        ],
        dtype=float,
    )
    / 120.0
)

# [d, m, k]: coefficient of u^m in the d-th derivative of basis function k.
_DERIVATIVES = np.zeros((HIGHEST + 1, 6, 6))
for _d in range(HIGHEST + 1):
    for _m in range(_d, 6):
        _DERIVATIVES[_d, _m - _d] = BASIS[:, _m] * math.perm(_m, _d)

_PACKED = types.Array(float64, 1, "C")
_SIX = types.UniTuple(float64, 6)


@njit([_SIX(float64, float64, int64)], cache=True)
def _pieces(u, h, d):
    """The six basis functions over a cell of width h at u in [0, 1], differentiated d times."""
    if d > HIGHEST:
        return 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    c = _DERIVATIVES[d]
    scale = 1.0
    for _ in range(d):
        scale /= h
    # Six scalars rather than an array: nothing is allocated, everything stays in registers.
    b0, b1, b2, b3, b4, b5 = c[5, 0], c[5, 1], c[5, 2], c[5, 3], c[5, 4], c[5, 5]
    for m in range(4, -1, -1):
        b0, b1, b2 = b0 * u + c[m, 0], b1 * u + c[m, 1], b2 * u + c[m, 2]
        b3, b4, b5 = b3 * u + c[m, 3], b4 * u + c[m, 4], b5 * u + c[m, 5]
    return b0 * scale, b1 * scale, b2 * scale, b3 * scale, b4 * scale, b5 * scale


# Unsigned positions: signed ones might count from the end, which keeps loops from vectorization.
_position = np.uint64


@njit([float64(_PACKED, uint64, uint64, _SIX)], cache=True)
def _row(t, at, stride, w):
    """Weighted sum of six coefficients, ``stride`` apart."""
    two = stride + stride
    return (
        (w[0] * t[at] + w[1] * t[at + stride])
        + (w[2] * t[at + two] + w[3] * t[at + two + stride])
        + (w[4] * t[at + two + two] + w[5] * t[at + two + two + stride])
    )


@njit([void(_PACKED, int64, float64, float64, int64, types.Array(float64, 3, "C"))], cache=True)
def table_jet(t, offset, a, b, order, out):
    """All partial derivatives up to ``order``: ``out[i, j, q]`` = d^i_a d^j_b of quantity q.

    ``t`` holds packed tables, this one from ``offset``; ``out`` has shape (order + 1, order + 1,
    quantities), order at most 5, and entries with i + j > order are left as they are. Outside the
    domain the polynomials of the edge cells are continued, so that Newton iterations stay smooth;
    ``table_margin`` tells.
    """
    nx, ny, quantities = int(t[offset]), int(t[offset + 1]), int(t[offset + 2])
    hx, hy = t[offset + 4], t[offset + 6]
    u, v = (a - t[offset + 3]) / hx, (b - t[offset + 5]) / hy
    i0 = min(max(int(np.floor(u)), 0), nx - 2)
    j0 = min(max(int(np.floor(v)), 0), ny - 2)
    u -= i0
    v -= j0
    each, down = _position(quantities), _position((ny + 4) * quantities)
    corner = _position(offset + HEADER + (i0 * (ny + 4) + j0) * quantities)
    two = down + down
    for j in range(order + 1):
        along_b = _pieces(v, hy, j)
        for i in range(order + 1 - j):
            w = _pieces(u, hx, i)
            for q in range(each):
                at = corner + q
                out[i, j, q] = (
                    w[0] * _row(t, at, each, along_b)
                    + w[1] * _row(t, at + down, each, along_b)
                    + w[2] * _row(t, at + two, each, along_b)
                    + w[3] * _row(t, at + two + down, each, along_b)
                    + w[4] * _row(t, at + two + two, each, along_b)
                    + w[5] * _row(t, at + two + two + down, each, along_b)
                )


@njit(
    [void(_PACKED, int64, int64, int64, types.Array(float64, 2, "C"), _PACKED)],
    cache=True,
)
def fill(t, quantity, i, j, points, result):
    """d^i_a d^j_b of one quantity at the points (2, k)."""
    jet = np.empty((i + j + 1, i + j + 1, int(t[2])))
    for k in range(points.shape[1]):
        table_jet(t, 0, points[0, k], points[1, k], i + j, jet)
        result[k] = jet[i, j, quantity]


@njit([float64(_PACKED, int64, float64, float64)], cache=True)
def table_margin(t, offset, a, b):
    """Smallest distance to an edge of the domain in units of the axis; negative outside."""
    u = (a - t[offset + 3]) / (t[offset + 4] * (t[offset] - 1.0))
    v = (b - t[offset + 5]) / (t[offset + 6] * (t[offset + 1] - 1.0))
    return min(min(u, 1.0 - u), min(v, 1.0 - v))
