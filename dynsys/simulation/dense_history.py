"""The past of delayed signals under adaptive steps: one polynomial of degree 4 per step.

Every accepted step keeps the signals at five equidistant times, computed from the integrator's
dense output. No polynomial straddles a kink, because the steps end there.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import float64, types

from dynsys.compiled.kernels import VECTOR
from dynsys.compiled.records import Cube, Indices, Matrix, Vector, record, signature
from dynsys.numba_cache import njit

NODES = 5


@record
class Steps(NamedTuple):
    """Signals over steps: step s covers times[s] to times[s + 1], values (s, 5, k)."""

    times: Vector
    values: Cube


@record
class Reader(NamedTuple):
    """Reads signals ``lags`` (k,) ago; ``cursor`` (k,) remembers in which step each was read last,
    ``weight`` (5,) is room."""

    lags: Vector
    cursor: Indices
    weight: Vector


@record
class Drives(NamedTuple):
    """What is added to the parameters ``driven`` (d,): piecewise polynomials.

    ``pieces`` (cells, d * NODES) holds each at the five nodes of every cell of ``breaks``.
    """

    driven: Indices
    breaks: Vector
    pieces: Matrix


@njit([types.void(float64, VECTOR)], cache=True)
def node_weights(theta, out):
    """Lagrange weights (5,) of the nodes 0, 1/4, 1/2, 3/4, 1."""
    for i in range(NODES):
        product = 1.0
        for j in range(NODES):
            if j != i:
                product *= (4.0 * theta - j) / (i - j)
        out[i] = product


@njit([signature(types.void, float, Reader, int, Steps, int, bool, Vector)], cache=True)
def read_signals(t, reader, n, steps, count, before, x):
    """Write the signals at ``t - lags`` behind the ``n`` states in ``x``.

    ``count`` steps are known. Signals before the first step: at rest at its first node where
    ``before``, its polynomial otherwise.
    """
    lags, cursor, weight = reader.lags, reader.cursor, reader.weight
    times, values = steps.times, steps.values
    for k in range(lags.shape[0]):
        at = t - lags[k]
        s = min(max(cursor[k], 0), max(count - 1, 0))
        while s + 1 < count and times[s + 1] < at:
            s += 1
        while s > 0 and times[s] > at:
            s -= 1
        cursor[k] = s
        if at <= times[0] and before:
            x[n + k] = values[0, 0, k]
            continue
        node_weights((at - times[s]) / (times[s + 1] - times[s]), weight)
        value = 0.0
        for i in range(NODES):
            value += weight[i] * values[s, i, k]
        x[n + k] = value


@njit([signature(types.void, float, float, float, Drives, Vector, Vector)], cache=True)
def add_drive(t, low, high, drives, p, out):
    """Set ``out`` to the parameters at time t: ``p`` plus the drives.

    The cell is the one inside the step (low, high), so that a step sees the limits on its side.
    """
    driven, breaks, pieces = drives.driven, drives.breaks, drives.pieces
    margin = 1e-9 * (high - low)
    inside = min(max(t, low + margin), high - margin)
    cells = breaks.shape[0] - 1
    cell = min(max(np.searchsorted(breaks, inside, side="right") - 1, 0), cells - 1)
    theta = (t - breaks[cell]) / (breaks[cell + 1] - breaks[cell])
    for d in range(driven.shape[0]):
        total = 0.0
        for i in range(NODES):
            product = 1.0
            for j in range(NODES):
                if j != i:
                    product *= (4.0 * theta - j) / (i - j)
            total += product * pieces[cell, d * NODES + i]
        out[driven[d]] = p[driven[d]] + total
