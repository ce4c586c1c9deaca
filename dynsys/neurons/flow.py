"""From one state to the next spike, with exact derivatives: the compiled engine of hybrid orbits.

Time is stretched so that the potential never moves faster than ``SPEED``: with
dt/ds = g = 1/sqrt(1 + (V'/SPEED)^2) the upstroke, which lasts 1e-15 ms and less, is as smooth as
the rest. Dormand & Prince's method of order 5(4) carries time, state and the tangents (derivatives
with respect to starting states and parameters). The spike is where the last step, its length found
by Newton's method, ends on the cutoff: it is as accurate as the integration.

Rows of ``y``: (t, x), then one tangent (dt, dx) each.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Annotated, NamedTuple

import numpy as np
from numba import boolean, float64, int64, types

from dynsys.compiled.kernels import FIELD_TYPE, MATRIX, TANGENT_TYPE, VECTOR
from dynsys.compiled.records import Cube, Indices, Matrix, Vector, record, signature
from dynsys.numba_cache import njit
from dynsys.simulation.dormand_prince_tableau import ERROR, STAGES

SPEED = 1.0  # mV/ms
TOLERANCE = 1e-10  # of the integration, relative to the states' scales
SPIKED, RESTED, TIMED_OUT, TOO_MANY, FAILED = 0, 1, 2, 3, 4
INTEGERS = types.Array(int64, 1, "C")
CUBE = types.Array(float64, 3, "C")


@record
class Hybrid(NamedTuple):
    """A neuron: its vector field, parameters p (m,), the packed ``SpikeRule``, the states' scales
    (n,), and the stable equilibria (k, n) in which a flight may end."""

    field: Annotated[Callable, FIELD_TYPE]
    tangent: Annotated[Callable, TANGENT_TYPE]
    p: Vector
    tables: Vector
    rule: Indices
    scale: Vector
    rests: Matrix


@njit(
    [signature(types.void, Hybrid, Matrix, Matrix, Matrix, Matrix)],
    cache=True, error_model="numpy",
)  # fmt: skip
def rates(neuron, directions, y, out, work):
    """d/ds of time, state and tangents. ``directions`` (m, p): parameter part of each tangent."""
    p, tables = neuron.p, neuron.tables
    n = y.shape[1] - 1
    x, f, dx, df = work[0], work[1], work[2], work[3]
    for i in range(n):
        x[i] = y[0, i + 1]
    neuron.field(x, p, tables, f)
    q = f[0] / SPEED
    g = 1.0 / math.sqrt(1.0 + q * q)
    out[0, 0] = g
    for i in range(n):
        out[0, i + 1] = g * f[i]
    for j in range(directions.shape[0]):
        for i in range(n):
            dx[i] = y[j + 1, i + 1]
        neuron.tangent(x, p, tables, dx, directions[j], df)
        dg = -g * g * g * q * df[0] / SPEED
        out[j + 1, 0] = dg
        for i in range(n):
            out[j + 1, i + 1] = dg * f[i] + g * df[i]


@njit(
    [signature(types.void, Hybrid, Matrix, float, Matrix, Matrix, Cube, Matrix, Matrix)],
    cache=True, error_model="numpy",
)  # fmt: skip
def take_step(neuron, directions, h, y, new, k, stage, work):
    """One step of length ``h`` from ``y`` to ``new``; k[0] holds the rates at ``y``."""
    rows, columns = y.shape
    for s in range(1, 7):
        for r in range(rows):
            for c in range(columns):
                total = 0.0
                for u in range(s):
                    total += STAGES[s, u] * k[u, r, c]
                stage[r, c] = y[r, c] + h * total
        rates(neuron, directions, stage, k[s], work)
    for r in range(rows):
        for c in range(columns):
            new[r, c] = stage[r, c]


@njit([float64(float64, MATRIX, MATRIX, CUBE, VECTOR, float64)], cache=True, error_model="numpy")
def step_error(h, y, new, k, scale, tolerance):
    """Largest embedded error over its tolerance; a tangent counts relative to its own length."""
    rows, columns = y.shape
    worst = 0.0
    for r in range(rows):
        length = 1.0
        if r > 0:
            length = 1e-12
            for c in range(columns):
                size = 1.0 if c == 0 else scale[c - 1]
                length = max(length, abs(y[r, c]) / size, abs(new[r, c]) / size)
        for c in range(columns):
            size = 1.0 if c == 0 else scale[c - 1]
            error = 0.0
            for s in range(7):
                error += ERROR[s] * k[s, r, c]
            ratio = abs(h * error) / (tolerance * size * length)
            if not ratio <= 1e300:
                return 1e300
            worst = max(worst, ratio)
    return worst


@njit([types.void(MATRIX, MATRIX, VECTOR, MATRIX, int64)], cache=True)
def project(y, speed, p, directions, cutoff):
    """Tangents at the spike: moved along the flow to where V is the (moved) cutoff."""
    for j in range(directions.shape[0]):
        shift = (directions[j, cutoff] - y[j + 1, 1]) / speed[0, 1]
        for c in range(y.shape[1]):
            y[j + 1, c] += shift * speed[0, c]


@njit([boolean(MATRIX, VECTOR, MATRIX)], cache=True)
def at_rest(y, scale, rests):
    """Whether the state is within 1e-7 of its scale from one of the stable equilibria (k, n)."""
    for r in range(rests.shape[0]):
        far = 0.0
        for i in range(scale.shape[0]):
            far = max(far, abs(y[0, i + 1] - rests[r, i]) / scale[i])
        if far < 1e-7:
            return True
    return False


@njit([types.void(MATRIX)], cache=True)
def identity_tangents(y):
    """Tangents become the unit vectors of the states."""
    for j in range(y.shape[0] - 1):
        for c in range(y.shape[1]):
            y[j + 1, c] = 1.0 if c == j + 1 else 0.0


@njit(
    [signature(types.UniTuple(int64, 2), Hybrid, Matrix, float, float, Matrix, Cube, bool)],
    cache=True, nogil=True, error_model="numpy",
)  # fmt: skip
def fly(neuron, directions, tolerance, latest, y, record, restart):
    """Integrate ``y`` in place to the next spike, before its reset.

    latest : time at which to give up. record (k, rows, columns) receives ``y`` after every
    accepted step while there is room; with ``restart`` the tangents (one per state) begin anew as
    unit vectors at every step, so that the record holds the derivative of each step.
    Returns (status, number of steps).
    """
    p, rule, scale, rests = neuron.p, neuron.rule, neuron.scale, neuron.rests
    rows, columns = y.shape
    n = columns - 1
    cutoff = p[rule[0]]
    k = np.empty((7, rows, columns))
    new, stage, work = np.empty_like(y), np.empty_like(y), np.empty((4, n))
    h, steps = 1e-2, 0
    if restart:
        identity_tangents(y)
    rates(neuron, directions, y, k[0], work)
    while steps < 200_000:
        take_step(neuron, directions, h, y, new, k, stage, work)
        error = step_error(h, y, new, k, scale, tolerance)
        if error > 1.0:
            h *= max(0.1, 0.9 * error**-0.2)
            if h < 1e-14:
                return FAILED, steps
            continue
        reached = new[0, 1] >= cutoff
        if reached:
            length = h * (cutoff - y[0, 1]) / (new[0, 1] - y[0, 1])
            for _ in range(12):
                take_step(neuron, directions, length, y, new, k, stage, work)
                change = (cutoff - new[0, 1]) / k[6, 0, 1]
                length += change
                if abs(change) < 1e-14 * (1.0 + h):
                    break
            if not k[6, 0, 1] > 0.0:
                return FAILED, steps
            project(new, k[6], p, directions, rule[0])
        for r in range(rows):
            for c in range(columns):
                y[r, c] = new[r, c]
                k[0, r, c] = k[6, r, c]
        if steps < record.shape[0]:
            for r in range(rows):
                for c in range(columns):
                    record[steps, r, c] = y[r, c]
        steps += 1
        if reached:
            return SPIKED, steps
        if y[0, 0] > latest:
            return TIMED_OUT, steps
        if at_rest(y, scale, rests):
            return RESTED, steps
        if restart:
            identity_tangents(y)
            rates(neuron, directions, y, k[0], work)
        h *= min(5.0, max(0.2, 0.9 * max(error, 1e-10) ** -0.2))
    return TOO_MANY, steps


@njit([types.void(VECTOR, INTEGERS, MATRIX, MATRIX)], cache=True)
def apply_reset(p, rule, directions, y):
    """The reset and the refractory time, on state and tangents."""
    y[0, 0] += p[rule[2]]
    y[0, 1] = p[rule[1]]
    for j in range(directions.shape[0]):
        y[j + 1, 0] += directions[j, rule[2]]
        y[j + 1, 1] = directions[j, rule[1]]
    for i in range(2, y.shape[1]):
        index = rule[i + 1]
        if index >= 0:
            y[0, i] += p[index]
            for j in range(directions.shape[0]):
                y[j + 1, i] += directions[j, index]


@njit(
    [
        signature(
            types.UniTuple(int64, 2), Hybrid, float, float, Vector, Vector, Matrix, Cube
        )
    ],
    cache=True, nogil=True, error_model="numpy",
)  # fmt: skip
def spike_train(neuron, tolerance, patience, start, intervals, after, derivatives):
    """Spike after spike from the state ``start`` (n,), until ``intervals`` (k,) is full.

    ``intervals``: time to each spike from the start or the end of the silence after the one
    before, plus the silence after it. ``after`` (k, n): states after the resets; ``derivatives``
    (k, n - 1, n - 1): of the reset states with respect to the ones before (of V = Vr only the
    others vary). ``patience``: longest wait for a spike. Returns (status, number of spikes).
    """
    p, rule = neuron.p, neuron.rule
    n = start.shape[0]
    directions = np.zeros((n - 1, p.shape[0]))
    y, none = np.zeros((n, n + 1)), np.empty((0, n, n + 1))
    for i in range(n):
        y[0, i + 1] = start[i]
    for count in range(intervals.shape[0]):
        y[0, 0] = 0.0
        for j in range(n - 1):
            for c in range(n + 1):
                y[j + 1, c] = 1.0 if c == j + 2 else 0.0
        status, _ = fly(neuron, directions, tolerance, patience, y, none, False)
        if status != SPIKED:
            return status, count
        apply_reset(p, rule, directions, y)
        intervals[count] = y[0, 0]
        for i in range(n):
            after[count, i] = y[0, i + 1]
        for i in range(n - 1):
            for j in range(n - 1):
                derivatives[count, i, j] = y[j + 1, i + 2]
    return SPIKED, intervals.shape[0]
