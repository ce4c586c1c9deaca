"""Fixed steps for many equal nodes on a graph: one compiled node, edges as arrays, one past.

Every signal's past is kept once and read by all edges that carry it, at the edge's own delay.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import float64, types, uint8

from dynsys.compiled.clock import Clock
from dynsys.compiled.kernels import VECTOR
from dynsys.compiled.records import Cube, Indices, Matrix, record, signature
from dynsys.coupling.node_kernel import Wiring
from dynsys.numba_cache import njit
from dynsys.simulation.arguments import Method, Rates, Stencils
from dynsys.simulation.history import FLAGS, INTEGERS, mark_kinks, stencils

FEW = 64  # delays whose echoes of kinks are followed through five levels


@record
class Nodes(NamedTuple):
    """The nodes: state (N, n) initial, final on return; p (N, rows) as prepared;
    past (N * width, H) signals up to now, H a power of two, column 0 the oldest, read if
    ``has_past``, final on return."""

    state: Matrix
    p: Matrix
    past: Matrix
    has_past: bool


@record
class Instant(NamedTuple):
    """Edges without delay. ``direct`` (width,): the state that a signal is, or -1; ``twice`` where
    a signal that is no state is carried, which must be known before it arrives."""

    wiring: Wiring
    direct: Indices
    twice: bool


@record
class Patterns(NamedTuple):
    """What is added to the parameters ``driven`` (k,): profile (k, N) times course (k, steps, 3);
    edges: steps at which it jumps."""

    driven: Indices
    profile: Matrix
    course: Cube
    edges: Indices


@record
class Recording(NamedTuple):
    """What to record: columns (r,), observables (``observed`` of them) first, then states; out
    (samples, N, r). outside (1,): the first recorded step at which a node leaves a table, or -1."""

    columns: Indices
    observed: int
    out: Cube
    outside: Indices


@njit(
    [signature(types.void, Matrix, FLAGS, int, int, Stencils, Wiring, Matrix)],
    cache=True,
    nogil=True,
)
def read_edges(past, kinks, now, stage, stencils, wiring, arrived):
    """Write what arrives over delayed edges at every slot (N, width) at a stage of a step."""
    base, low, weights = stencils.base, stencils.low, stencils.weights
    first, row, weight, lag = wiring.first, wiring.row, wiring.weight, wiring.lag
    length = past.shape[1]
    mask = length - 1
    points = weights.shape[3]
    count = base.shape[1]
    starts = np.empty(count, np.int64)
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


@njit([signature(types.void, Instant, int, Matrix, Matrix)], cache=True, nogil=True)
def add_instant(instant, n, x, rate):
    """Add what arrives at once: states as they are in ``x``, other signals from ``rate``."""
    first, row, weight = instant.wiring.first, instant.wiring.row, instant.wiring.weight
    direct = instant.direct
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
    [signature(types.void, Rates, Matrix, Instant, Matrix, Matrix, Matrix)],
    cache=True,
    nogil=True,
)
def evaluate(rates, p, instant, arrived, x, rate):
    """Rates of change and signals of all nodes, behind whose states ``x`` the input is written."""
    n = x.shape[1] - arrived.shape[1]
    for j in range(x.shape[0]):
        for r in range(arrived.shape[1]):
            x[j, n + r] = arrived[j, r]
    if instant.twice:
        for j in range(x.shape[0]):
            rates.field(x[j], p[j], rates.tables, rate[j])
    add_instant(instant, n, x, rate)
    for j in range(x.shape[0]):
        rates.field(x[j], p[j], rates.tables, rate[j])


@njit([signature(types.void, Rates, Matrix, Patterns, int, int, Matrix)], cache=True, nogil=True)
def drive(rates, base, patterns, step, part, p):
    """Parameters of all nodes at a part (0, 1, 2: start, middle, end) of a step."""
    driven, profile, course = patterns.driven, patterns.profile, patterns.course
    for k in range(driven.shape[0]):
        for j in range(p.shape[0]):
            p[j, driven[k]] = base[j, driven[k]]
    for k in range(driven.shape[0]):
        for j in range(p.shape[0]):
            p[j, driven[k]] += profile[k, j] * course[k, step, part]
    if driven.shape[0] > 0:
        for j in range(p.shape[0]):
            rates.prepare(p[j], p[j], rates.tables, p[j])


@njit
def _begin_past(nodes, late, instant, rates, reads, kinks, x, ring):
    """Fill the ring with the signals' past: the one given, or that of nodes at rest."""
    length = ring.shape[1]
    count, n = nodes.state.shape
    width = x.shape[1] - n
    rate, arrived = np.zeros((count, rates.room)), np.zeros((count, width))
    if nodes.has_past:
        for q in range(ring.shape[0]):
            for i in range(length):
                ring[q, (i + 1) & (length - 1)] = nodes.past[q, i]
        return
    for _ in range(200):  # signals may depend on what arrives: until all are at rest
        read_edges(ring, kinks, 0, 0, reads, late, arrived)
        evaluate(rates, nodes.p, instant, arrived, x, rate)
        change, size = 0.0, 1e-300
        for j in range(count):
            for r in range(width):
                value = rate[j, n + r]
                change = max(change, abs(value - ring[j * width + r, 0]))
                size = max(size, abs(value))
                for i in range(length):
                    ring[j * width + r, i] = value
        if not change > 1e-13 * size:
            break


@njit
def _finite(x, n):
    finite = True
    for j in range(x.shape[0]):
        for i in range(n):
            finite = finite and math.isfinite(x[j, i])
    return finite


@njit
def _record(recording, sample, step, rates, x, pw, watched, before):
    """Record all nodes; in ``watched`` the observables stand after ``before`` numbers."""
    columns, observed, outside = recording.columns, recording.observed, recording.outside
    for j in range(x.shape[0]):
        rates.watch(x[j], pw[j], rates.tables, watched)
        if watched[before + observed] < 0.0 and outside[0] < 0:
            outside[0] = step
        for r in range(columns.shape[0]):
            at = columns[r]
            value = watched[before + at] if at < observed else x[j, at - observed]
            recording.out[sample, j, r] = value


@njit(
    [signature(int, Rates, Method, Nodes, Wiring, Instant, Clock, Patterns, Recording)],
    cache=True,
    nogil=True,
)
def integrate_graph(rates, method, nodes, late, instant, clock, patterns, recording):
    """Integrate all nodes, whose delayed edges are ``late``.

    Returns the number of steps done (fewer where a state is not finite).
    """
    a, b, c = method.a, method.b, method.c
    dt, settle, steps, stride = clock.dt, clock.settle, clock.steps, clock.stride
    p, past = nodes.p, nodes.past
    count, n = nodes.state.shape
    width = past.shape[0] // count
    length = past.shape[1]
    stages = b.shape[0]
    x, work = np.zeros((count, n + width)), np.zeros((count, n + width))
    rate, arrived = np.zeros((count, rates.room)), np.zeros((count, width))
    k = np.empty((stages, count, n))
    seen = np.zeros(rates.room)
    recording.outside[0] = -1
    pw = p.copy()
    ring = np.zeros((past.shape[0], length))
    reads = stencils(late.lags, c, dt, method.points)
    kinks = np.zeros(settle + steps + 2, uint8)
    shifted = np.empty(patterns.edges.shape[0], np.int64)
    for e in range(shifted.shape[0]):
        shifted[e] = patterns.edges[e] + settle
    mark(late.lags, dt, shifted, kinks)
    for j in range(count):
        for i in range(n):
            x[j, i] = nodes.state[j, i]
    _begin_past(nodes, late, instant, rates, reads, kinks, x, ring)
    total = settle + steps
    done = total
    for step in range(total + 1):
        forced = step - settle
        if 0 <= forced < steps:
            drive(rates, p, patterns, forced, 0, pw)
        elif forced == steps and steps > 0:
            drive(rates, p, patterns, steps - 1, 2, pw)
        read_edges(ring, kinks, step, 0, reads, late, arrived)
        evaluate(rates, pw, instant, arrived, x, rate)
        for j in range(count):
            for r in range(width):
                ring[j * width + r, step & (length - 1)] = rate[j, n + r]
        recorded = forced >= 0 and forced % stride == 0
        if (recorded or step % 64 == 0) and not _finite(x, n):
            done = step
            break
        if recorded:
            _record(recording, forced // stride, step, rates, x, pw, seen, n + width)
        if step == total:
            break
        for j in range(count):
            for i in range(n):
                k[0, j, i] = rate[j, i]
        for s in range(1, stages):
            for j in range(count):
                for i in range(n):
                    move = 0.0
                    for q in range(s):
                        move += a[s, q] * k[q, j, i]
                    work[j, i] = x[j, i] + dt * move
            if forced >= 0:
                drive(rates, p, patterns, forced, int(2.0 * c[s] + 0.5), pw)
            if c[s] != c[s - 1]:  # what arrives depends on the past and on the time alone
                read_edges(ring, kinks, step, s, reads, late, arrived)
            evaluate(rates, pw, instant, arrived, work, rate)
            for j in range(count):
                for i in range(n):
                    k[s, j, i] = rate[j, i]
        for j in range(count):
            for i in range(n):
                move = 0.0
                for s in range(stages):
                    move += b[s] * k[s, j, i]
                x[j, i] += dt * move
    for j in range(count):
        for i in range(n):
            nodes.state[j, i] = x[j, i]
    for q in range(past.shape[0]):
        for i in range(length):
            past[q, i] = ring[q, (done + i + 1) & (length - 1)]
    return done
