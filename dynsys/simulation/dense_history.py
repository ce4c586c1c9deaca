"""The past of delayed signals under adaptive steps: one polynomial of degree 4 per step.

Every accepted step keeps the signals at five equidistant times, computed from the integrator's
dense output. No polynomial straddles a kink, because the steps end there.
"""

from __future__ import annotations

import numpy as np
from numba import float64, int64, types

from dynsys.compiled.kernels import MATRIX, VECTOR
from dynsys.numba_cache import njit

NODES = 5
CUBE = types.Array(float64, 3, "C")
INTEGERS = types.Array(int64, 1, "C")


@njit([types.void(float64, VECTOR)], cache=True)
def node_weights(theta, out):
    """Lagrange weights (5,) of the nodes 0, 1/4, 1/2, 3/4, 1."""
    for i in range(NODES):
        product = 1.0
        for j in range(NODES):
            if j != i:
                product *= (4.0 * theta - j) / (i - j)
        out[i] = product


@njit(
    [types.void(float64, VECTOR, int64, VECTOR, CUBE, int64, INTEGERS, int64, VECTOR, VECTOR)],
    cache=True,
)
def read_signals(t, lags, n, times, values, count, cursor, before, weight, x):
    """Write the signals at ``t - lags`` behind the ``n`` states in ``x``.

    Step s covers times[s] to times[s + 1], ``count`` steps are known; ``cursor`` (k,) remembers
    where each signal was read last. Signals before the first step: polynomial 0 where ``before``
    is 0, at rest at the first node otherwise.
    """
    for k in range(lags.shape[0]):
        at = t - lags[k]
        s = min(max(cursor[k], 0), max(count - 1, 0))
        while s + 1 < count and times[s + 1] < at:
            s += 1
        while s > 0 and times[s] > at:
            s -= 1
        cursor[k] = s
        if at <= times[0] and before > 0:
            x[n + k] = values[0, 0, k]
            continue
        node_weights((at - times[s]) / (times[s + 1] - times[s]), weight)
        value = 0.0
        for i in range(NODES):
            value += weight[i] * values[s, i, k]
        x[n + k] = value


@njit([types.void(float64, float64, float64, VECTOR, MATRIX, INTEGERS, VECTOR, VECTOR)], cache=True)
def add_drive(t, low, high, breaks, pieces, driven, p, out):
    """Set ``out`` to the parameters at time t: ``p`` plus the drives, piecewise polynomials.

    ``pieces`` (cells, d * NODES) holds each drive at the five nodes of every cell of ``breaks``;
    the cell is the one inside the step (low, high), so that a step sees the limits on its side.
    """
    if driven.shape[0] == 0:
        return
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
