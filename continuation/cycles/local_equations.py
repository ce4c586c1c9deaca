"""The collocation equations of the mesh intervals, made, eliminated and solved side by side.

Unknowns and equations of an interval stand state by state: node or Gauss point k of state s at
s m + k. What is eliminated first couples to few others then, where a state depends on few.
"""

from __future__ import annotations

from typing import Annotated

import numpy as np
from numba import float64, types

from continuation.cycles.profiles import Collocation, Profile
from continuation.engine.elimination import (
    eliminate_lanes,
    solve_lanes,
    solve_lanes_transposed,
)
from continuation.engine.field import Field
from continuation.engine.linear_algebra import ONE, ZERO
from dynsys.compiled.kernels import WIDTH
from dynsys.compiled.records import Cube, IndexRows, Matrix, signature
from dynsys.numba_cache import njit

LANES = types.Array(float64, 4, "C")
Lanes = Annotated[np.ndarray, LANES]

MOST_LANES = 64  # intervals side by side, of WIDTH each: what is at work stays near the processor
_WIDTH = np.uintp(WIDTH)


@njit
def gather(profile, first, nodes, lengths):
    """The nodes (m + 1, n, lanes) and lengths (lanes,) of the intervals from ``first`` on; the last
    interval stands in where there are no more."""
    mesh, u = profile.mesh, profile.u
    degree, n = np.uintp(nodes.shape[0]) - ONE, np.uintp(nodes.shape[1])
    last = np.uintp(mesh.shape[0]) - ONE - ONE
    for lane in range(ZERO, np.uintp(lengths.shape[0])):
        j = min(np.uintp(first) + lane, last)
        lengths[lane] = mesh[j + ONE] - mesh[j]
        for k in range(ZERO, degree + ONE):
            for s in range(ZERO, n):
                nodes[k, s, lane] = u[j * degree + k, s]


@njit
def weighted(weights, nodes, out):
    """Sums ``out`` (n, lanes) of the nodes times ``weights`` (m + 1,)."""
    for s in range(ZERO, np.uintp(out.shape[0])):
        for lane in range(ZERO, np.uintp(out.shape[1])):
            out[s, lane] = weights[ZERO] * nodes[ZERO, s, lane]
        for k in range(ONE, np.uintp(nodes.shape[0])):
            weight = weights[k]
            for lane in range(ZERO, np.uintp(out.shape[1])):
                out[s, lane] += weight * nodes[k, s, lane]


@njit
def _raise_rates(out, a, first, beside, rates):
    """``rates`` of the lanes from ``first`` on raised to about the fastest ones of growth and decay
    by the Jacobians in ``out`` from row ``a`` on: their diagonals and, of loops of two states, what
    remains where the states are scaled to suit, which is gathered ``beside`` (n, WIDTH)."""
    n = np.uintp(beside.shape[0])
    for s in range(ZERO, n):
        for lane in range(ZERO, _WIDTH):
            beside[s, lane] = 0.0
        for c in range(ZERO, s):
            row, other = (a + s * n + c) * _WIDTH, (a + c * n + s) * _WIDTH
            for lane in range(ZERO, _WIDTH):
                root = np.sqrt(max(out[row + lane] * out[other + lane], 0.0))
                beside[s, lane] += root
                beside[c, lane] += root
    for s in range(ZERO, n):
        for lane in range(ZERO, _WIDTH):
            own = out[(a + s * n + s) * _WIDTH + lane]
            rates[0, first + lane] = max(rates[0, first + lane], beside[s, lane] + own)
            rates[1, first + lane] = max(rates[1, first + lane], beside[s, lane] - own)


@njit
def _room(field):
    """What ``_linearize`` works in: states, what they give, and directions."""
    n, parameters = field.scale.shape[0], field.p.shape[0]
    direction = np.zeros(parameters)
    if field.free.shape[0] > 0:
        direction[field.free[0]] = 1.0
    out = np.empty((2 * n + n * n) * WIDTH)
    return np.empty(n * WIDTH), out, np.empty((n, WIDTH)), direction, np.zeros(parameters)


@njit
def _linearize(field, states, factors, weight, room, slopes, rates):
    """At the ``states`` (n, lanes): ``slopes`` (n, n + 1 + k, lanes), the scaled Jacobian, field
    and derivatives by the free parameters, times ``factors`` (lanes,); the Jacobian's ``rates``."""
    scale, n = field.scale, np.uintp(field.scale.shape[0])
    count, a, end = np.uintp(field.free.shape[0]), n, n + n * n
    x, out, beside, direction, other = room
    for block in range(ZERO, np.uintp(states.shape[1]) // _WIDTH):
        first = block * _WIDTH
        for s in range(ZERO, n):
            for lane in range(ZERO, _WIDTH):
                x[s * _WIDTH + lane] = states[s, first + lane] * scale[s]
        field.linearize(x, field.p, field.tables, direction, out)
        _raise_rates(out, a, first, beside, rates)
        for s in range(ZERO, n):
            for lane in range(ZERO, _WIDTH):
                rates[2, first + lane] += weight * out[(a + s * n + s) * _WIDTH + lane]
            for c in range(ZERO, n):
                row, part = a + s * n + c, scale[c] / scale[s]
                for lane in range(ZERO, _WIDTH):
                    slopes[s, c, first + lane] = (
                        part * factors[first + lane] * out[row * _WIDTH + lane]
                    )
            inverse = 1.0 / scale[s]
            for lane in range(ZERO, _WIDTH):
                slopes[s, n, first + lane] = (
                    inverse * factors[first + lane] * out[s * _WIDTH + lane]
                )
            if count > ZERO:
                for lane in range(ZERO, _WIDTH):
                    slopes[s, n + ONE, first + lane] = (
                        inverse * factors[first + lane] * out[(end + s) * _WIDTH + lane]
                    )
        for q in range(ONE, count):
            _along(field, q, x, other, factors[first:], slopes[:, n + ONE + q, first:])


@njit
def _along(field, q, x, direction, factors, slopes):
    """The derivatives by free parameter q in ``slopes`` (n, WIDTH)."""
    scale, still = field.scale, np.zeros(field.scale.shape[0])
    state, fp = np.empty_like(scale), np.empty_like(scale)
    direction[field.free[q]] = 1.0
    for lane in range(WIDTH):
        for s in range(state.shape[0]):
            state[s] = x[s * WIDTH + lane]
        field.tangent(state, field.p, field.tables, still, direction, fp)
        for s in range(state.shape[0]):
            slopes[s, lane] = factors[lane] / scale[s] * fp[s]
    direction[field.free[q]] = 0.0


@njit(
    [signature(types.void, Field, Collocation, Profile, int, Cube, Matrix)],
    cache=True, addressed=True,
)  # fmt: skip
def make_lanes(field, collocation, profile, first, block, rates):
    """Matrices and right sides ``block`` (m n, m n + n + K + 1, lanes) of the intervals from
    ``first`` on: how the residuals depend on nodes 1..m, node 0 and z, and the residuals.

    ``rates`` (3, lanes) become the fastest growth and decay and the divergence, as exponents.
    """
    values, slopes, weights = collocation.values, collocation.slopes, collocation.weights
    degree, n = np.uintp(values.shape[0]), np.uintp(field.scale.shape[0])
    lanes, size, period = np.uintp(block.shape[2]), degree * n, profile.z[0]
    count, last = np.uintp(field.free.shape[0]), np.uintp(block.shape[1]) - ONE
    nodes, lengths = np.empty((degree + ONE, n, lanes)), np.empty(lanes)
    states, slope = np.empty((n, lanes)), np.empty((n, lanes))
    parts, factors = np.empty((n, n + ONE + count, lanes)), np.empty(lanes)
    room = _room(field)
    gather(profile, first, nodes, lengths)
    for lane in range(ZERO, lanes):
        factors[lane] = -lengths[lane] * period
        rates[0, lane], rates[1, lane], rates[2, lane] = -np.inf, -np.inf, 0.0
    for i in range(ZERO, degree):
        weighted(values[i], nodes, states)
        weighted(slopes[i], nodes, slope)
        _linearize(field, states, factors, weights[i], room, parts, rates)
        for s in range(ZERO, n):
            row = s * degree + i
            for c in range(ZERO, n):
                for k in range(ZERO, degree + ONE):
                    value, own = values[i, k], slopes[i, k] if c == s else 0.0
                    column = size + c if k == ZERO else c * degree + k - ONE
                    for lane in range(ZERO, lanes):
                        block[row, column, lane] = value * parts[s, c, lane] + own
            for q in range(ZERO, count):
                for lane in range(ZERO, lanes):
                    block[row, size + n + ONE + q, lane] = parts[s, n + ONE + q, lane]
            for c in range(size + n + ONE + count, last):  # extras do not enter
                for lane in range(ZERO, lanes):
                    block[row, c, lane] = 0.0
            for lane in range(ZERO, lanes):
                block[row, size + n, lane] = parts[s, n, lane] / period
                block[row, last, lane] = slope[s, lane] + parts[s, n, lane]
    for k in range(3):
        for lane in range(ZERO, lanes):
            rates[k, lane] *= -factors[lane]


@njit(
    [signature(bool, Field, Collocation, Profile, int, Cube, Matrix, IndexRows)],
    cache=True, addressed=True,
)  # fmt: skip
def eliminate_group(field, collocation, profile, first, block, rates, pivots):
    """Make and eliminate the intervals from ``first`` on, as many as ``block`` has lanes for; see
    ``make_lanes``. False where one is singular."""
    make_lanes(field, collocation, profile, first, block, rates)
    return eliminate_lanes(block, pivots[first : first + block.shape[2]])


@njit(
    [signature(types.void, Lanes, IndexRows, int, Matrix, bool)],
    cache=True, error_model="numpy", nogil=True,
)  # fmt: skip
def solve_intervals(lanes, pivots, n, sides, transposed):
    """Overwrite ``sides`` (N, m n), point by point of n states, with the solutions on all intervals
    for the matrices factorized in ``lanes`` (groups, m n, m n + width, lanes), or for their
    transposes."""
    (intervals, size), beside = sides.shape, lanes.shape[3]
    degree, right = size // n, np.zeros((size, beside))
    for group in range(lanes.shape[0]):
        first = group * beside
        count, rows = min(beside, intervals - first), pivots[first : first + beside]
        for k in range(degree):
            for s in range(n):
                for lane in range(count):
                    right[s * degree + k, lane] = sides[first + lane, k * n + s]
        if transposed:
            solve_lanes_transposed(lanes[group], rows, right)
        else:
            solve_lanes(lanes[group], rows, right)
        for k in range(degree):
            for s in range(n):
                for lane in range(count):
                    sides[first + lane, k * n + s] = right[s * degree + k, lane]
