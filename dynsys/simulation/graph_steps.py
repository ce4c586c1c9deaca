"""Fixed steps for many equal nodes on a graph: one compiled node, edges as arrays, one past.

Every signal's past is kept once and read by all edges that carry it, at the edge's own delay.
"""

from __future__ import annotations

import math

import numpy as np
from numba import float64, int64, types, uint8

from dynsys.compiled.kernels import FIELD_TYPE, MATRIX, VECTOR
from dynsys.numba_cache import njit
from dynsys.simulation.history import (
    BASES,
    FLAGS,
    INTEGERS,
    OFFSETS,
    WEIGHTS,
    mark_kinks,
    stencils,
)

FEW = 64  # delays whose echoes of kinks are followed through five levels
CUBE = types.Array(float64, 3, "C")


@njit(
    [
        types.void(
            MATRIX, FLAGS, int64, int64, BASES, OFFSETS, WEIGHTS, INTEGERS, INTEGERS, VECTOR,
            INTEGERS, MATRIX,
        )
    ],
    cache=True,
    nogil=True,
)  # fmt: skip
def read_edges(past, kinks, now, stage, base, low, weights, first, row, weight, lag, arrived):
    """Write what arrives over delayed edges at every slot (N, width) at a stage of a step."""
    length = past.shape[1]
    mask = length - 1
    points = weights.shape[3]
    count = base.shape[1]
    starts = np.empty(count, int64)
    parts = np.empty((count, points))
    for k in range(count):
        cell = now + base[stage, k]
        variant = 0  # a stencil does not straddle a kink: see ``history``
        if cell >= 0 and kinks[cell] > 0:
            variant = 1
        elif cell + 1 >= 0 and kinks[cell + 1] > 0:
            variant = 2
        starts[k] = cell + low[stage, k, variant]
        for i in range(points):
            parts[k, i] = weights[stage, k, variant, i]
    for j in range(arrived.shape[0]):
        for r in range(arrived.shape[1]):
            slot = j * arrived.shape[1] + r
            total = 0.0
            for e in range(first[slot], first[slot + 1]):
                k, q = lag[e], row[e]
                at = starts[k] & mask
                if points == 4 and at + 4 <= length:
                    value = (
                        parts[k, 0] * past[q, at] + parts[k, 1] * past[q, at + 1]
                        + parts[k, 2] * past[q, at + 2] + parts[k, 3] * past[q, at + 3]
                    )  # fmt: skip
                else:
                    value = 0.0
                    for i in range(points):
                        value += parts[k, i] * past[q, (at + i) & mask]
                total += weight[e] * value
            arrived[j, r] = total


@njit([types.void(VECTOR, float64, INTEGERS, FLAGS)], cache=True, nogil=True)
def mark(lags, dt, edges, kinks):
    """``mark_kinks``; where delays are so many that their echoes are everywhere, the first ones."""
    if lags.shape[0] <= FEW:
        mark_kinks(lags, dt, edges, kinks)
        return
    mark_kinks(lags[:1], dt, edges, kinks)
    for e in range(-1, edges.shape[0]):
        start = edges[e] if e >= 0 else 0
        for lag in lags:
            at = start + math.floor(lag / dt + 0.5)
            if 0 <= at < kinks.shape[0] and kinks[at] == 0:
                kinks[at] = 2


@njit(
    [types.void(INTEGERS, INTEGERS, VECTOR, INTEGERS, int64, MATRIX, MATRIX)],
    cache=True,
    nogil=True,
)
def add_instant(first, row, weight, direct, n, x, rate):
    """Add what arrives at once: states as they are in ``x``, other signals from ``rate``."""
    width = x.shape[1] - n
    for j in range(x.shape[0]):
        for r in range(width):
            slot = j * width + r
            for e in range(first[slot], first[slot + 1]):
                i, s = row[e] // width, row[e] % width
                if direct[s] >= 0:
                    x[j, n + r] += weight[e] * x[i, direct[s]]
                else:
                    x[j, n + r] += weight[e] * rate[i, n + s]


@njit(
    [
        types.void(
            FIELD_TYPE, MATRIX, VECTOR, INTEGERS, INTEGERS, VECTOR, INTEGERS, int64, MATRIX,
            MATRIX, MATRIX,
        )
    ],
    cache=True,
    nogil=True,
)  # fmt: skip
def evaluate(field, p, tables, first, row, weight, direct, twice, arrived, x, rate):
    """Rates of change and signals of all nodes, behind whose states ``x`` the input is written."""
    n = x.shape[1] - arrived.shape[1]
    for j in range(x.shape[0]):
        for r in range(arrived.shape[1]):
            x[j, n + r] = arrived[j, r]
    if twice > 0:  # instantaneous signals that are no states must be known before they arrive
        for j in range(x.shape[0]):
            field(x[j], p[j], tables, rate[j])
    add_instant(first, row, weight, direct, n, x, rate)
    for j in range(x.shape[0]):
        field(x[j], p[j], tables, rate[j])


@njit([types.void(MATRIX, INTEGERS, MATRIX, CUBE, int64, int64, MATRIX)], cache=True, nogil=True)
def drive(base, driven, profile, course, step, part, p):
    """Parameters of all nodes at a part (0, 1, 2: start, middle, end) of a step."""
    for k in range(driven.shape[0]):
        for j in range(p.shape[0]):
            p[j, driven[k]] = base[j, driven[k]]
    for k in range(driven.shape[0]):
        for j in range(p.shape[0]):
            p[j, driven[k]] += profile[k, j] * course[k, step, part]


@njit(
    [
        types.int64(
            FIELD_TYPE, FIELD_TYPE, int64, MATRIX, VECTOR, VECTOR, int64,
            MATRIX, MATRIX, VECTOR, int64, MATRIX, int64,
            INTEGERS, INTEGERS, VECTOR, INTEGERS, VECTOR,
            INTEGERS, INTEGERS, VECTOR, INTEGERS, int64,
            INTEGERS, MATRIX, CUBE, INTEGERS,
            float64, int64, int64, int64, INTEGERS, int64, CUBE, INTEGERS,
        )
    ],
    cache=True,
    nogil=True,
)  # fmt: skip
def integrate_graph(
    field, watch, room, a, b, c, points,
    state, p, tables, n, past, has_past,
    first, row, weight, lag, lags,
    now_first, now_row, now_weight, direct, twice,
    driven, profile, course, edges,
    dt, settle, steps, stride, columns, observed, out, outside,
):  # fmt: skip
    """Integrate all nodes; returns the number of steps done (fewer where a state is not finite).

    field, watch, room: see ``Motion``. state (N, n): initial, final on return. p (N, m).
    past (N * width, H): signals up to now, H a power of two, column 0 the oldest; read if
    ``has_past``, final on return. first .. lags: the delayed edges (see ``Wiring``),
    now_first .. direct: the instantaneous ones, ``twice`` where their signals are no states.
    driven (k,), profile (k, N), course (k, steps, 3): what is added to parameters; edges: steps at
    which it jumps. columns (r,): what to record, observables first, then states.
    out (samples, N, r), every ``stride`` steps after ``settle``. outside (1,): the first recorded
    step at which a node leaves a table, or -1.
    """
    nodes = p.shape[0]
    width = past.shape[0] // nodes
    length = past.shape[1]
    stages = b.shape[0]
    x, work = np.zeros((nodes, n + width)), np.zeros((nodes, n + width))
    rate, arrived = np.zeros((nodes, room)), np.zeros((nodes, width))
    k = np.empty((stages, nodes, n))
    seen = np.zeros(room)
    outside[0] = -1
    pw = p.copy()
    ring = np.zeros((past.shape[0], length))
    base = np.empty((stages, lags.shape[0]), int64)
    low = np.empty((stages, lags.shape[0], 3), int64)
    weights = np.empty((stages, lags.shape[0], 3, points))
    stencils(lags, c, dt, points, base, low, weights)
    kinks = np.zeros(settle + steps + 2, uint8)
    shifted = np.empty(edges.shape[0], int64)
    for e in range(edges.shape[0]):
        shifted[e] = edges[e] + settle
    mark(lags, dt, shifted, kinks)
    for j in range(nodes):
        for i in range(n):
            x[j, i] = state[j, i]
    if has_past > 0:
        for q in range(past.shape[0]):
            for i in range(length):
                ring[q, (i + 1) & (length - 1)] = past[q, i]
    else:
        for _ in range(200):  # signals may depend on what arrives: until all are at rest
            read_edges(ring, kinks, 0, 0, base, low, weights, first, row, weight, lag, arrived)
            evaluate(
                field, pw, tables, now_first, now_row, now_weight, direct, twice, arrived, x, rate
            )
            change, size = 0.0, 1e-300
            for j in range(nodes):
                for r in range(width):
                    value = rate[j, n + r]
                    change = max(change, abs(value - ring[j * width + r, 0]))
                    size = max(size, abs(value))
                    for i in range(length):
                        ring[j * width + r, i] = value
            if not change > 1e-13 * size:
                break
    total = settle + steps
    done = total
    for step in range(total + 1):
        forced = step - settle
        if 0 <= forced < steps:
            drive(p, driven, profile, course, forced, 0, pw)
        elif forced == steps and steps > 0:
            drive(p, driven, profile, course, steps - 1, 2, pw)
        read_edges(ring, kinks, step, 0, base, low, weights, first, row, weight, lag, arrived)
        evaluate(field, pw, tables, now_first, now_row, now_weight, direct, twice, arrived, x, rate)
        for j in range(nodes):
            for r in range(width):
                ring[j * width + r, step & (length - 1)] = rate[j, n + r]
        recorded = forced >= 0 and forced % stride == 0
        if recorded or step % 64 == 0:
            finite = True
            for j in range(nodes):
                for i in range(n):
                    finite = finite and math.isfinite(x[j, i])
            if not finite:
                done = step
                break
        if recorded:
            for j in range(nodes):
                watch(x[j], pw[j], tables, seen)
                if seen[n + width + observed] < 0.0 and outside[0] < 0:
                    outside[0] = step
                for r in range(columns.shape[0]):
                    at = columns[r]
                    value = seen[n + width + at] if at < observed else x[j, at - observed]
                    out[forced // stride, j, r] = value
        if step == total:
            break
        for j in range(nodes):
            for i in range(n):
                k[0, j, i] = rate[j, i]
        for s in range(1, stages):
            for j in range(nodes):
                for i in range(n):
                    move = 0.0
                    for q in range(s):
                        move += a[s, q] * k[q, j, i]
                    work[j, i] = x[j, i] + dt * move
            if forced >= 0:
                drive(p, driven, profile, course, forced, int(2.0 * c[s] + 0.5), pw)
            if c[s] != c[s - 1]:  # what arrives depends on the past and on the time alone
                read_edges(
                    ring, kinks, step, s, base, low, weights, first, row, weight, lag, arrived
                )
            evaluate(
                field,
                pw,
                tables,
                now_first,
                now_row,
                now_weight,
                direct,
                twice,
                arrived,
                work,
                rate,
            )
            for j in range(nodes):
                for i in range(n):
                    k[s, j, i] = rate[j, i]
        for j in range(nodes):
            for i in range(n):
                move = 0.0
                for s in range(stages):
                    move += b[s] * k[s, j, i]
                x[j, i] += dt * move
    for j in range(nodes):
        for i in range(n):
            state[j, i] = x[j, i]
    for q in range(past.shape[0]):
        for i in range(length):
            past[q, i] = ring[q, (done + i + 1) & (length - 1)]
    return done
